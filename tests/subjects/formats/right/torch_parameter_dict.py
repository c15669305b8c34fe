"""PyTorch: a ParameterDict, time first."""

import torch
from torch import nn


class LSTM(nn.Module):
    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.p = nn.ParameterDict(
            {
                "W": nn.Parameter(torch.zeros(input_size, 4 * hidden_size)),
                "U": nn.Parameter(torch.zeros(hidden_size, 4 * hidden_size)),
                "b": nn.Parameter(torch.zeros(4 * hidden_size)),
            }
        )

    def forward(self, x, state=None):
        if state is None:
            zeros = x.new_zeros(x.shape[1], self.p["U"].shape[0])
            state = (zeros, zeros)
        h, c = state
        out = []
        for x_t in x.unbind(0):
            i, f, g, o = (x_t @ self.p["W"] + h @ self.p["U"] + self.p["b"]).chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            out.append(h)
        return torch.stack(out), (h, c)
