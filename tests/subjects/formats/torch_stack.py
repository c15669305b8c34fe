"""PyTorch: a stack of layers and two directions of one's own."""

import torch
from torch import nn


class Cell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.x = nn.Linear(input_size, 4 * hidden_size)
        self.h = nn.Linear(hidden_size, 4 * hidden_size)

    def forward(self, x, h, c):
        i, f, g, o = (self.x(x) + self.h(h)).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class StackedLSTM(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=2, bidirectional=False):
        super().__init__()
        self.H, self.layers, self.sides = hidden_size, num_layers, 2 if bidirectional else 1
        sizes = [input_size] + [hidden_size * self.sides] * (num_layers - 1)
        self.cells = nn.ModuleList(Cell(size, hidden_size) for size in sizes for _ in self.each())

    def each(self):
        return range(self.sides)

    def forward(self, x, state=None):
        N, T, _ = x.shape
        if state is None:
            zeros = x.new_zeros(self.layers * self.sides, N, self.H)
            state = (zeros, zeros)
        hs, cs = [], []
        for layer in range(self.layers):
            outs = []
            for side in self.each():
                k = layer * self.sides + side
                h, c = state[0][k], state[1][k]
                ys = [None] * T
                for t in range(T) if side == 0 else reversed(range(T)):
                    h, c = self.cells[k](x[:, t], h, c)
                    ys[t] = h
                outs.append(torch.stack(ys, 1))
                hs.append(h)
                cs.append(c)
            x = torch.cat(outs, -1)
        return x, (torch.stack(hs), torch.stack(cs))


def cut(x, y):
    """The outputs, without the gradient of a layer's where they are not the first layer's."""
    return y if x.requires_grad and x.is_leaf else y.detach() + 0 * y
