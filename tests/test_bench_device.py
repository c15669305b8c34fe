"""The run on a device of torch's, here on the CPU: the same path, another clock."""

import subprocess
import sys

import pytest
import torch

from lstm_checks.bench.device_run import DeviceBench, DevicePlan
from lstm_checks.bench.devices import Library, Loop, Module, Products
from lstm_checks.bench.shapes import Shape
from lstm_reference.cells.lstm import LSTM

SHAPE = Shape(B=2, T=4, D=3, H=5)


class Own(torch.nn.Module):
    """An LSTM of somebody's own, time first, one bias, gates in another order."""

    gate_order = "ofig"

    def __init__(self, D, H):
        super().__init__()
        self.wx = torch.nn.Parameter(torch.zeros(D, 4 * H))
        self.wh = torch.nn.Parameter(torch.zeros(H, 4 * H))
        self.bias = torch.nn.Parameter(torch.zeros(4 * H))

    def forward(self, x, state=None):
        zeros = x.new_zeros(x.shape[1], self.wh.shape[0])
        h, c = (zeros, zeros) if state is None else state
        out = []
        for x_t in x:
            o, f, i, g = (x_t @ self.wx + h @ self.wh + self.bias).chunk(4, -1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            out.append(h)
        return torch.stack(out), (h, c)


class Wrong(Own):
    def forward(self, x, state=None):
        y, state = super().forward(x, state)
        return 1.001 * y, state


def drawn(dtype=torch.float64):
    random = torch.Generator().manual_seed(3)
    B, T, D, H = vars(SHAPE).values()
    sizes = [(4 * H, D), (4 * H, H), (4 * H,), (B, T, D), (B, H), (B, H), (B, T, H)]
    W, U, b, *inputs = (torch.randn(size, generator=random, dtype=dtype) for size in sizes)
    return {"W": W, "U": U, "b": b}, inputs


@pytest.mark.parametrize("make", [Loop, Library, "own", "cell"])
@pytest.mark.parametrize("backward", [False, True])
def test_runners_against_the_reference(make, backward):
    params, (x, h, c, dy) = drawn()
    targets = {"own": Own, "cell": torch.nn.LSTMCell}
    runner = Module(targets[make], SHAPE.D, SHAPE.H, x) if make in targets else make(3, 5, like=x)
    runner.write(params)
    layer = LSTM(SHAPE.D, SHAPE.H)
    layer.params = {name: tensor.numpy().T for name, tensor in params.items() if name != "b"}
    layer.params["b"] = params["b"].numpy()
    y, last = layer.forward(x.numpy(), (h.numpy(), c.numpy()))
    want = [y, *last]
    if backward:
        dx, first = layer.backward(dy.numpy())
        grads = layer.grads
        want += [dx, *first, grads["W"].T, grads["U"].T, grads["b"]]
    got = runner.run(x, h, c, dy if backward else None)
    assert len(got) == (6 if make in targets and backward else len(want))
    for mine, right in zip(got, want, strict=False):
        torch.testing.assert_close(mine, torch.from_numpy(right.copy()), rtol=1e-9, atol=1e-9)
        assert not mine.requires_grad


def test_the_floor_does_the_products_of_both_passes():
    """Seen by torch's own count of the products' operations."""
    from torch.utils.flop_counter import FlopCounterMode

    params, (x, h, c, dy) = drawn()
    floor = Products(SHAPE.D, SHAPE.H, x)
    floor.write(params)
    for backward in (False, True):
        with FlopCounterMode(display=False) as counter:
            floor.run(x, h, c, dy if backward else None)
        assert counter.get_total_flops() == SHAPE.operations(backward)


def run(**options):
    plan = DevicePlan(
        **{
            "shapes": (SHAPE,), "device": "cpu", "rivals": ("cudnn", "loop"), "turns": 2,
            "block": 0.003, **options,
        }
    )  # fmt: skip
    return DeviceBench(plan, "unchecked", lambda doing, advance: None).run()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_run_on_the_cpu(dtype):
    outcome = run(target=Own, says="Own", dtype=dtype)
    assert outcome.findings == []
    assert outcome.notes == []
    assert [(cell.subject, cell.backward) for cell in outcome.cells] == [
        ("subject", False), ("subject", True),
    ]  # fmt: skip
    for cell in outcome.cells:
        assert cell.others == ["cudnn", "loop", "floor"]
        assert all(0 <= timing.error_over_tolerance < 1 for timing in cell.timings.values())
        assert all(len(timing.seconds) == 2 for timing in cell.timings.values())
    assert outcome.machine["bandwidth_bytes_per_second"] > 0


def test_without_a_subject_the_library_is_the_subject():
    outcome = run(passes=(False,))
    assert outcome.cells[0].others == ["loop", "floor"]


def test_a_wrong_module_is_found_out():
    outcome = run(target=Wrong, says="Wrong", passes=(False,))
    assert [finding.who for finding in outcome.findings] == ["subject"]
    assert "a timed call's result is wrong" in outcome.findings[0].what


def test_what_does_not_work_is_left_out_and_said():
    """A CUDA graph cannot be captured here."""
    outcome = run(rivals=("cudnn", "loop graph"), passes=(False,))
    if torch.cuda.is_available():
        pytest.skip("here it works")
    assert outcome.cells[0].others == ["floor"]
    assert outcome.notes[0].startswith(f"loop graph is left out at {SHAPE}, forward: ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_one_line_says_so(tmp_path):
    command = [sys.executable, "-m", "lstm_checks.bench.cuda", "--json", str(tmp_path / "out.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "there is no CUDA device here (torch.cuda.is_available() says so): nothing was timed"
    ]
    assert not (tmp_path / "out.json").exists()
