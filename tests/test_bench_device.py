"""Contenders on torch's tensors, here on the CPU: the same run as on CUDA, another device."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch

from lstm_checks.bench import contenders, machine
from lstm_checks.bench.calls import draw
from lstm_checks.bench.participant import Participant
from lstm_checks.bench.run import Plan, Run
from lstm_checks.bench.shapes import Shape
from lstm_checks.bench.torch_layers import Products
from lstm_checks.bench.verify import GIVEN, Verifier

SHAPE = Shape(N=2, T=4, D=3, H=5)
OWN = """
import torch

class Own(torch.nn.Module):
    '''An LSTM of somebody's own, time first, one bias, gates in another order.'''

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
"""
WRONG = OWN.replace("return torch.stack(out), (h, c)", "return 1.001 * torch.stack(out), (h, c)")


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return contenders.subject_on_tensors(str(file))


def named(name):
    return next(one for one in contenders.ON_TENSORS if one.name == name)


@pytest.mark.parametrize("name", ["cudnn", "loop", "own", "cell"])
@pytest.mark.parametrize("backward", [False, True])
def test_contenders_on_tensors_against_the_reference(name, backward, own):
    cell = contenders.subject_on_tensors("torch.nn:LSTMCell")
    contender = {"own": own, "cell": cell}.get(name) or named(name)
    calls = draw(SHAPE, "float64", 2, (3,))
    verifier = Verifier(calls, backward, "float64")
    participant = Participant(contender, dtype="float64")
    try:
        participant.new_layer(SHAPE, backward)
        results = participant.timed(calls).results
    finally:
        participant.close()
    for call, got in enumerate(results):
        weights = {"dx", "dh0", "dc0", "dW", "dU", "db"} if backward else set()
        assert {one.split()[0] for one in got} == {"y", "h", "c", *weights}
        assert verifier.worst(call, got, GIVEN)[1] < 1


def test_the_floor_does_the_products_of_both_passes():
    """Seen by torch's own count of the products' operations."""
    from torch.utils.flop_counter import FlopCounterMode

    N, T, D, H = vars(SHAPE).values()
    floor = Products(D, H)
    with FlopCounterMode(display=False) as counter:
        floor.forward(torch.randn(N, T, D), (torch.randn(N, H), torch.randn(N, H)))
    assert counter.get_total_flops() == SHAPE.operations(backward=False)
    with FlopCounterMode(display=False) as more:
        floor.backward(torch.randn(N, T, H))
    both = counter.get_total_flops() + more.get_total_flops()
    assert both == SHAPE.operations(backward=True)


def run(subject, rivals=("cudnn", "loop"), **options):
    plan = Plan(
        subject,
        tuple(map(named, rivals)),
        contenders.TENSOR_FLOOR,
        **{"shapes": (SHAPE,), "turns": 2, "block": 0.003, "growth": False, **options},
    )
    return Run(plan, "passed", lambda doing, advance: None).run()


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_a_run_on_the_cpu(dtype, own):
    outcome = run(own, dtype=dtype)
    assert outcome.findings == []
    # Other programs may hold the machine up, which a note then says.
    assert not [note for note in outcome.notes if "is held up" not in note]
    assert [one.backward for one in outcome.comparisons] == [False, True]
    for one in outcome.comparisons:
        assert one.others == ["cudnn", "loop", "floor"]
        assert all(0 <= timing.error_over_tolerance < 1 for timing in one.timings.values())
        assert all(len(timing.seconds) == 2 for timing in one.timings.values())


def test_a_device_is_described():
    assert machine.describe_device("cpu")["bandwidth_bytes_per_second"] > 0


def test_a_wrong_module_is_detected(tmp_path):
    file = tmp_path / "wrong.py"
    file.write_text(WRONG)
    outcome = run(contenders.subject_on_tensors(str(file)), passes=(False,))
    assert [finding.who for finding in outcome.findings] == ["subject"]
    assert "a timed call's result is wrong" in outcome.findings[0].what


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_what_does_not_work_is_left_out_and_said(own):
    """A CUDA graph cannot be captured here."""
    outcome = run(own, rivals=("cudnn", "loop graph"), passes=(False,))
    assert outcome.comparisons[0].others == ["cudnn", "floor"]
    assert outcome.notes[0].startswith(f"loop graph is left out at {SHAPE}, forward: ")


def test_what_is_not_a_module_is_refused(tmp_path):
    file = tmp_path / "plain.py"
    file.write_text(
        "from lstm_reference.cells.lstm import LSTM as Right\nclass LSTM(Right): pass\n"
    )
    with pytest.raises(Exception, match=r"LSTM is not a torch\.nn\.Module: only those run on CUDA"):
        Participant(contenders.subject_on_tensors(str(file)))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_without_a_device_one_line_says_so(tmp_path):
    out = tmp_path / "out.json"
    code = "from lstm_checks.cli import main; main()"
    command = [sys.executable, "-c", code, "bench", "torch.nn:LSTM", "--device", "cuda"]
    done = subprocess.run([*command, "--json", out], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        "Error: there is no CUDA device here (torch.cuda.is_available() says so): nothing was timed"
    )
    assert not Path(out).exists()
