"""LSTMs in PyTorch as people write them; every one is right."""

import torch
from torch import nn


def advance(i, f, g, o, c):
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


class Base(nn.Module):
    """Runs `step` over a sequence, batch first; returns y, (h, c)."""

    def zeros(self, x, batch):
        return x.new_zeros(batch, self.hidden_size)

    def forward(self, x, state=None):
        h, c = state or (self.zeros(x, len(x)), self.zeros(x, len(x)))
        outputs = []
        for t in range(x.shape[1]):
            h, c = self.step(x[:, t], h, c)
            outputs.append(h)
        return torch.stack(outputs, 1), (h, c)


class LinearPerGate(Base):
    """A Linear per gate on [h, x]."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.forget_gate = nn.Linear(hidden_size + input_size, hidden_size)
        self.input_gate = nn.Linear(hidden_size + input_size, hidden_size)
        self.candidate = nn.Linear(hidden_size + input_size, hidden_size)
        self.output_gate = nn.Linear(hidden_size + input_size, hidden_size)

    def step(self, x, h, c):
        z = torch.cat([h, x], 1)
        gates = (self.input_gate, self.forget_gate, self.candidate, self.output_gate)
        return advance(*(gate(z) for gate in gates), c)


class TwoLinearsPerGate(Base):
    """Two Linears per gate, each with a bias."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for gate in "ifgo":
            setattr(self, f"x{gate}", nn.Linear(input_size, hidden_size))
            setattr(self, f"h{gate}", nn.Linear(hidden_size, hidden_size))

    def step(self, x, h, c):
        z = [getattr(self, f"x{g}")(x) + getattr(self, f"h{g}")(h) for g in "ifgo"]
        return advance(*z, c)


class BiasOnOneSide(TwoLinearsPerGate):
    """Two Linears per gate, only the recurrent ones with a bias."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        for gate in "ifgo":
            setattr(self, f"x{gate}", nn.Linear(input_size, hidden_size, bias=False))


class OneLinear(Base):
    """One Linear on [x, h]; out, h, c; the state as two arguments."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        self.linear = nn.Linear(input_size + hidden_size, 4 * hidden_size)

    def step(self, x, h, c):
        return advance(*self.linear(torch.cat([x, h], 1)).chunk(4, 1), c)

    def forward(self, x, h=None, c=None):
        y, (h, c) = super().forward(x, None if h is None else (h, c))
        return y, h, c


class OutputsAlone(OneLinear):
    def forward(self, x):
        return Base.forward(self, x)[0]


class EveryState(OneLinear):
    """Time first; returns every h and every c."""

    def forward(self, x, state=None):
        h, c = state or (self.zeros(x, x.shape[1]), self.zeros(x, x.shape[1]))
        hs, cs = [], []
        for x_t in x:
            h, c = self.step(x_t, h, c)
            hs.append(h)
            cs.append(c)
        return torch.stack(hs), torch.stack(cs)


class ParametersPerGate(Base):
    """Parameters per gate, named as in PyTorch's equations; W is (in, out)."""

    def __init__(self, input_sz, hidden_sz):
        super().__init__()
        self.hidden_size = hidden_sz
        for gate in "ifgo":
            setattr(self, f"W_i{gate}", nn.Parameter(torch.randn(input_sz, hidden_sz)))
            setattr(self, f"W_h{gate}", nn.Parameter(torch.randn(hidden_sz, hidden_sz)))
            setattr(self, f"b_i{gate}", nn.Parameter(torch.randn(hidden_sz)))
            setattr(self, f"b_h{gate}", nn.Parameter(torch.randn(hidden_sz)))

    def step(self, x, h, c):
        def z(gate):
            W, U = getattr(self, f"W_i{gate}"), getattr(self, f"W_h{gate}")
            return x @ W + getattr(self, f"b_i{gate}") + h @ U + getattr(self, f"b_h{gate}")

        return advance(*map(z, "ifgo"), c)


class PlainTensors(Base):
    """Weights that are no parameters; gates declared."""

    gate_order = "fiog"

    def __init__(self, input_dim, hidden_dim):
        super().__init__()
        self.hidden_size = hidden_dim
        self.kernel = torch.randn(input_dim, 4 * hidden_dim)
        self.recurrent = torch.randn(hidden_dim, 4 * hidden_dim)
        self.bias = torch.zeros(1, 4 * hidden_dim)

    def step(self, x, h, c):
        f, i, o, g = (x @ self.kernel + h @ self.recurrent + self.bias).chunk(4, 1)
        return advance(i, f, g, o, c)


class DeclaredNames(Base):
    """Names that say nothing, declared in the class."""

    gate_order = "ogif"
    names = {
        "W": ["p1", "p2", "p3", "p4"],
        "U": ["q1", "q2", "q3", "q4"],
        "b": ["r1", "r2", "r3", "r4"],
    }

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.hidden_size = hidden_size
        for k in "1234":
            setattr(self, f"p{k}", nn.Parameter(torch.randn(hidden_size, input_size)))
            setattr(self, f"q{k}", nn.Parameter(torch.randn(hidden_size, hidden_size)))
            setattr(self, f"r{k}", nn.Parameter(torch.randn(hidden_size)))

    def step(self, x, h, c):
        def z(k):
            p, q, r = (getattr(self, f"{name}{k}") for name in "pqr")
            return x @ p.T + h @ q.T + r

        return advance(z(3), z(4), z(2), z(1), c)


class Scripted(torch.jit.ScriptModule):
    def __init__(self, input_size: int, hidden_size: int):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4 * hidden_size, input_size))
        self.u = nn.Parameter(torch.randn(4 * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.randn(4 * hidden_size))

    @torch.jit.script_method
    def forward(self, x, state):
        # type: (torch.Tensor, tuple[torch.Tensor, torch.Tensor]) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]
        h, c = state
        inputs = x.unbind(1)
        outputs = torch.jit.annotate(list[torch.Tensor], [])
        for x_t in inputs:
            i, f, g, o = (torch.mm(x_t, self.w.t()) + torch.mm(h, self.u.t()) + self.b).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs += [h]
        return torch.stack(outputs, 1), (h, c)


class Stateful(Base):
    """Carries its state if it is stateful."""

    def __init__(self, input_size, hidden_size, stateful=False):
        super().__init__()
        self.hidden_size, self.stateful, self.kept = hidden_size, stateful, None
        self.x2h = nn.Linear(input_size, 4 * hidden_size)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=False)

    def step(self, x, h, c):
        return advance(*(self.x2h(x) + self.h2h(h)).chunk(4, 1), c)

    def reset_state(self):
        self.kept = None

    def forward(self, x, state=None):
        y, (h, c) = super().forward(x, state or (self.kept if self.stateful else None))
        self.kept = (h.detach().clone(), c.detach().clone())
        return y, (h, c)


class Tagger(nn.Module):
    """A network with a head; the LSTM inside is named as Tagger.lstm."""

    def __init__(self, input_size, hidden_size, output_size):
        super().__init__()
        self.lstm = OneLinear(input_size, hidden_size)
        self.head = nn.Linear(hidden_size, output_size)

    def forward(self, x):
        return self.head(self.lstm(x)[0])
