"""PyTorch: a cell with a module per gate."""

import torch
from torch import nn


class Gate(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x, h):
        return self.linear(torch.cat([x, h], dim=-1))


class LSTMCell(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_gate = Gate(input_size, hidden_size)
        self.forget_gate = Gate(input_size, hidden_size)
        self.cell_gate = Gate(input_size, hidden_size)
        self.output_gate = Gate(input_size, hidden_size)

    def forward(self, x, state):
        h, c = state
        i, f = self.input_gate(x, h).sigmoid(), self.forget_gate(x, h).sigmoid()
        g, o = self.cell_gate(x, h).tanh(), self.output_gate(x, h).sigmoid()
        c = f * c + i * g
        return o * torch.tanh(c), c
