"""Modules of PyTorch by hand: a layer batch first, one time first, and a cell of Linears."""

import math

import torch
from torch import nn


class BatchFirst(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.W = nn.Parameter(torch.randn(input_size, 4 * hidden_size) / math.sqrt(input_size))
        self.U = nn.Parameter(torch.randn(hidden_size, 4 * hidden_size) / math.sqrt(hidden_size))
        self.bias = nn.Parameter(torch.zeros(4 * hidden_size))
        self.hidden_size = hidden_size

    def forward(self, x, state=None):
        if state is None:
            zeros = x.new_zeros(x.shape[0], self.hidden_size)
            state = (zeros, zeros)
        h, c = state
        outputs = []
        for t in range(x.shape[1]):
            i, f, g, o = (x[:, t] @ self.W + h @ self.U + self.bias).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            outputs.append(h)
        return torch.stack(outputs, dim=1), (h, c)


class TimeFirst(nn.Module):
    gate_order = "figo"

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight_x = nn.Parameter(torch.randn(4 * hidden_size, input_size))
        self.weight_h = nn.Parameter(torch.randn(4 * hidden_size, hidden_size))
        self.bias_x = nn.Parameter(torch.randn(4 * hidden_size))
        self.bias_h = nn.Parameter(torch.randn(4 * hidden_size))

    def forward(self, x, state=None):
        H = self.weight_h.shape[1]
        h, c = state if state is not None else x.new_zeros(2, 1, x.shape[1], H)
        h, c = h[0], c[0]
        outputs = []
        for x_t in x:
            z = nn.functional.linear(x_t, self.weight_x, self.bias_x)
            z = z + nn.functional.linear(h, self.weight_h, self.bias_h)
            f, i, g, o = z.split(H, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return torch.stack(outputs), (h[None], c[None])


class Cell(nn.Module):
    gate_order = "ifog"

    def __init__(self, input_size, hidden_size, bias=True):
        super().__init__()
        self.x2h = nn.Linear(input_size, 4 * hidden_size, bias=bias)
        self.h2h = nn.Linear(hidden_size, 4 * hidden_size, bias=bias)

    def forward(self, x, hx=None):
        if hx is None:
            hx = (x.new_zeros(x.shape[0], self.h2h.in_features),) * 2
        h, c = hx
        i, f, o, g = (self.x2h(x) + self.h2h(h)).chunk(4, 1)
        c = c * torch.sigmoid(f) + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c
