"""torch.nn.LSTM, torch.nn.LSTMCell, and an nn.Module of one's own in one of these two forms.

A module is built once with D = 3 and H = 5 to see its form: which of its parameters are W, U and
the biases (by their shapes), where the batch stands, and whether a state is (N, H) or (1, N, H).
Its gate order is torch's i, f, g, o unless the class declares another in `gate_order`.
"""

import torch

D, H, N, T = 3, 5, 2, 4


class OutOfScope(TypeError):
    """The module is something else than one LSTM layer in one direction."""

    out_of_scope = True


def adapt(target):
    probe = target(D, H)
    named = _named_weights(probe)
    form = _form(probe)
    is_cell, flat_state, has_batch_first, needs_state = form
    keeps = {key: getattr(target, key) for key in ("forget_bias",) if hasattr(target, key)}

    class LSTM:
        gate_order = getattr(target, "gate_order", "ifgo")
        batch_first = has_batch_first
        weights = "out_in" if _shape(probe, named["W"]) == (4 * H, D) else "in_out"
        biases = len(named["b"])
        names = {"W": named["W"], "U": named["U"]} | (
            {"b": list(named["b"])} if biases == 2 else {}
        )
        if biases == 1:
            names["b"] = named["b"][0]
        not_offered = {"stateful": "a torch module returns its state and keeps none"}

        def __init__(self, input_size, hidden_size):
            self.module = target(input_size, hidden_size)
            self.hidden_size = hidden_size
            self.params = {
                name: parameter.detach().numpy()
                for name, parameter in self.module.named_parameters()
            }

        def forward(self, x, state=None):
            self.weights_in = dict(self.module.named_parameters())
            for name, parameter in self.weights_in.items():
                parameter.data = torch.from_numpy(self.params[name])
            self.x = torch.from_numpy(x).requires_grad_()
            batch = x.shape[0 if has_batch_first else 1]
            if state is None:
                zeros = self.x.new_zeros(batch, self.hidden_size)
                state_in = [zeros, zeros.clone()]
            else:
                state_in = [torch.from_numpy(part) for part in state]
            self.state = [part.requires_grad_() for part in state_in]
            self.given = state is not None
            shaped = [part if flat_state else part[None] for part in self.state]
            given = (tuple(shaped),) if self.given or needs_state else ()
            if is_cell:
                self.out = self._unroll(given)
            else:
                y, (h, c) = self.module(self.x, *given)
                self.out = (y, h if flat_state else h[0], c if flat_state else c[0])
            for name, parameter in self.weights_in.items():
                self.params[name] = parameter.detach().numpy()  # forward may have changed it
            y, h, c = (part.detach().numpy() for part in self.out)
            return y, (h, c)

        def _unroll(self, given):
            outputs = []
            for step in self.x:
                given = (self.module(step, *given),)
                outputs.append(given[0][0])
            return (torch.stack(outputs), *given[0])

        def backward(self, dy, dstate=None):
            upstream = [dy] if dstate is None else [dy, *dstate]
            inputs = [self.x, *(self.state if self.given else ()), *self.weights_in.values()]
            grads = torch.autograd.grad(
                self.out[: len(upstream)],
                inputs,
                [torch.from_numpy(part) for part in upstream],
                allow_unused=True,
                retain_graph=True,
            )
            found = [
                torch.zeros_like(into) if grad is None else grad
                for into, grad in zip(inputs, grads, strict=True)
            ]
            arrays = [grad.numpy() for grad in found]
            count = len(self.weights_in)
            self.grads = dict(zip(self.weights_in, arrays[-count:], strict=True))
            return arrays[0], tuple(arrays[1:3]) if self.given else (None, None)

    for key, value in keeps.items():
        setattr(LSTM, key, value)
    return LSTM


def _shape(module, name):
    return tuple(dict(module.named_parameters())[name].shape)


def _named_weights(module):
    """Which parameters are W, U and the biases, told by their shapes."""
    shapes = {name: tuple(value.shape) for name, value in module.named_parameters()}
    matrices = {
        "W": [n for n, s in shapes.items() if s in ((4 * H, D), (D, 4 * H))],
        "U": [n for n, s in shapes.items() if s in ((4 * H, H), (H, 4 * H))],
    }
    biases = [n for n, s in shapes.items() if s == (4 * H,)]
    if (
        len(matrices["W"]) != 1
        or len(matrices["U"]) != 1
        or len(biases) > 2
        or (len(shapes) != 2 + len(biases))
    ):
        looks_like = _other_than_lstm(shapes)
        if looks_like:
            raise OutOfScope(f"this looks like {looks_like}")
        raise TypeError(
            f"the module's parameters are {shapes} with D = {D} and H = {H}; this adapter knows "
            "one matrix (4H, D), one (4H, H) and up to two biases (4H,): write your own adapter"
        )
    return {"W": matrices["W"][0], "U": matrices["U"][0], "b": biases}


def _other_than_lstm(shapes):
    """What parameters of these shapes look like, where they are no single LSTM layer's."""
    inputs = [max(s) // H for s in shapes.values() if len(s) == 2 and min(s) == D]
    recurrent = [s for s in shapes.values() if len(s) == 2 and s[0] % H == s[1] % H == 0]
    if any("reverse" in name for name in shapes):
        return "a layer of two directions"
    if any("weight_hr" in name for name in shapes):
        return "an LSTM with a projection"
    if inputs == [4] and len(recurrent) > 2:
        return "several layers in a stack"
    if inputs == [3]:
        return "a GRU: there are three blocks of weights, where an LSTM has four"
    if inputs == [1] and len(recurrent) == 1:
        return "a simple recurrent layer: there is one block of weights, where an LSTM has four"
    return ""


def _form(module):
    """Is it a cell, is its state (N, H), does its batch come first, must it be given a state?"""
    if not isinstance(module, torch.nn.RNNCellBase):
        x = torch.zeros(N, T, D)
        for state in (
            (),
            ((torch.zeros(1, T, H),) * 2,),
            ((torch.zeros(T, H),) * 2,),
            ((torch.zeros(1, N, H),) * 2,),
            ((torch.zeros(N, H),) * 2,),
        ):
            try:
                y, (h, _) = module(x, *state)
            except Exception:  # it is not of this form; the next one is tried
                continue
            if tuple(y.shape) == (N, T, H) and h.dim() in (2, 3) and h.shape[-1] == H:
                return False, h.dim() == 2, h.shape[-2] == N, bool(state)
    try:
        h, c = module(torch.zeros(N, D))
    except TypeError:
        h, c = module(torch.zeros(N, D), (torch.zeros(N, H), torch.zeros(N, H)))
        return True, True, False, True
    if tuple(h.shape) == tuple(c.shape) == (N, H):
        return True, True, False, False
    raise TypeError("the module returns neither y, (h, c) for a sequence nor (h, c) for a step")
