"""PyTorch: torch.nn.LSTM, torch.nn.LSTMCell, and modules of one's own.

A module is built with D = 3 and H = 5 to see its form: which of its arrays are W, U and biases, by
their shapes and names; what forward takes and returns, and where the batch stands, by trying. Its
gate order is PyTorch's i, f, g, o unless the class declares `gate_order`; `names` may be declared.
"""

import contextlib
import inspect
import io
import re

import lstm_bridge as bridge
import torch
from lstm_bridge import LAYERS, D, H, Layout, Unclear

N, T = 2, 4
DECLARE = ". Declare names = {'W': ..., 'U': ..., 'b': ...} in the class, or write an adapter"
SIMPLE = (torch.nn.Linear, torch.nn.Embedding, torch.nn.Dropout)
DECLARED = ("gate_order", "names")


def adapt(target):
    probe = build(target, D, H)
    declares = type(probe)
    declared = {key: getattr(declares, key) for key in DECLARED if hasattr(declares, key)}
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors(probe).items()}
    try:
        layout = Layout.of(shapes, declared)
    except Unclear as error:
        more = hint(probe) or (DECLARE if error.unknown_arrays else "")
        raise Unclear(f"{error}{more}") from None
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor in tensors(probe).values():
            tensor.copy_(torch.randn_like(tensor) / 2)
    if layout.joints:
        layout = Layout.of(shapes, declared, x_first(probe, layout, form_of(probe)))
    form = form_of(probe)
    keeps = "stateful" in parameters(target.__init__ if inspect.isclass(target) else target)

    composes = composes_of(target, form)

    def make(input_size, hidden_size, stateful=False, layers=0, directions=1):
        if layers:
            return composed(target, form, shapes, input_size, hidden_size, layers, directions)
        module = build(target, input_size, hidden_size, **({"stateful": stateful} if keeps else {}))
        renewed = form.resets and not keeps and not stateful

        def run(weights, x, state):
            if renewed:
                module.reset_state()
            return form.call(module, x, state, hidden_size)

        if form.resets:
            run.reset = module.reset_state
        return run, tensors(module)

    keeps_state = keeps or form.resets
    not_offered = dict(form.not_offered)
    if not keeps_state:
        not_offered["stateful"] = "a torch module returns its state and keeps none"
    more = {"forget_bias": declares.forget_bias} if hasattr(declares, "forget_bias") else {}
    said = f"PyTorch module: {layout.said}; {form.said}."
    return bridge.differentiated(
        "torch", make, layout=layout, keeps_state=keeps_state, batch_first=form.batch_first,
        composes=composes, not_offered=not_offered, lstm_form=said, **more,
    )  # fmt: skip


def composes_of(target, form):
    """What a class makes of several LSTMs: torch.nn.LSTM all, others by their arguments."""
    if form.is_cell or form.takes != "pair" or form.flat:
        return ()
    if inspect.isclass(target) and issubclass(target, torch.nn.LSTM):
        return ("layers", "directions", "lengths")
    names = parameters(target.__init__ if inspect.isclass(target) else target)
    found = ("layers",) if set(LAYERS) & set(names) else ()
    return (*found, "directions") if "bidirectional" in names else found


def composed(target, form, shapes, input_size, hidden_size, layers, directions):
    """What runs several LSTMs in one module, and its tensors by the names of its parts."""
    names = parameters(target.__init__ if inspect.isclass(target) else target)
    options = {next((n for n in names if n in LAYERS), "num_layers"): layers}
    if directions == 2:
        options["bidirectional"] = True
    module = build(target, input_size, hidden_size, **options)
    found = {}
    for name, tensor in tensors(module).items():
        found.setdefault(plain(name), []).append(tensor)
    parts = layers * directions
    if any(len(found.get(plain(name), ())) != parts for name in shapes):
        raise Unclear(f"the weights of its {parts} parts are not told by their names")
    weights = {f"{k}.{name}": found[plain(name)][k] for k in range(parts) for name in shapes}

    def run(weights, x, state, lengths=None):
        if lengths is not None:
            return form.of_lengths(module, x, state, lengths)
        y, (h, c) = module(x, state)
        return y, (h, c)

    return run, weights


def plain(name):
    """A weight's name without what tells parts apart: numbers, and words for a direction."""
    return re.sub(r"(reverse|backward|bwd|forward|fwd)?\d*", "", name).replace("_.", ".").strip("_")


def build(target, input_size, hidden_size, **options):
    return bridge.built(target, input_size, hidden_size, **options)


def hint(module):
    """Where an LSTM may stand inside a module, for a message."""
    inside = [name for name, part in module.named_children() if not isinstance(part, SIMPLE)]
    named = " or ".join(f"FILE:{type(module).__name__}.{name}" for name in inside[:3])
    return f". If the LSTM is a part of it, name that: {named}" if inside else ""


def tensors(module):
    """The module's parameters, and the plain tensors of floats among its attributes, by name."""
    found = dict(module.named_parameters())
    for prefix, part in module.named_modules():
        for name, value in vars(part).items():
            if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dim():
                found.setdefault(f"{prefix}.{name}" if prefix else name, value)
    return found


def parameters(function):
    try:
        return [p.name for p in inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return []


class Form:
    """How a module is called, and what it returns."""

    def __init__(self, module, is_cell, takes, flat, has_batch_first, result):
        self.is_cell, self.takes, self.flat = is_cell, takes, flat
        self.batch_first = has_batch_first
        self.needs_state = False
        self.resets = callable(getattr(module, "reset_state", None))
        parts = split(result, is_cell)
        self.gives_state = parts[1] is not None
        self.not_offered = {}
        if takes is None:
            self.not_offered |= dict.fromkeys(
                ("initial_h", "initial_c"), "its forward takes no initial state"
            )
        if not self.gives_state:
            self.not_offered |= dict.fromkeys(
                ("final_h", "final_c"), "its forward returns no final state"
            )

    @property
    def said(self):
        what = "one time step" if self.is_cell else "a sequence"
        takes = {None: "x", "pair": "x, (h, c)", "apart": "x, h, c"}[self.takes]
        first = "" if self.is_cell else ", the batch first" if self.batch_first else ", time first"
        state = "" if self.takes is None or self.flat else ", a state of (1, N, H)"
        return f"it computes {what} from {takes}{first}{state}"

    def call(self, module, x, state, hidden_size=H):
        if state is None and self.needs_state:
            batch = x.shape[0 if self.batch_first else 1]
            state = (x.new_zeros(batch, hidden_size), x.new_zeros(batch, hidden_size))
        return (self.unrolled if self.is_cell else self.sequence)(module, x, state)

    def given(self, state):
        if state is None:
            return ()
        state = tuple(part if self.flat else part[None] for part in state)
        return (state,) if self.takes == "pair" else state

    def sequence(self, module, x, state):
        y, h, c = split(module(x, *self.given(state)), False)
        last = 1 if self.batch_first else 0
        if h is not None and h.dim() == 3 and tuple(h.shape) == tuple(y.shape):  # of every step
            h, c = h.select(last, -1), c.select(last, -1)
        elif h is not None and h.dim() == 3:
            h, c = h[0], c[0]
        return y, (h, c)

    def of_lengths(self, module, x, state, lengths):
        """A call on rows of unequal lengths, which PyTorch packs."""
        packed = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.as_tensor(lengths), self.batch_first, enforce_sorted=False
        )
        y, (h, c) = module(packed, state)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(
            y, self.batch_first, total_length=x.shape[1 if self.batch_first else 0]
        )
        return y, (h, c)

    def unrolled(self, module, x, state):
        outputs = []
        for x_t in x:
            h, c = split(module(x_t, *self.given(state)), True)[1:]
            state = (h, c)
            outputs.append(h)
        return torch.stack(outputs), (h, c)


def split(result, is_cell):
    """y, h and c, from what a module returns; None for what it does not return."""
    parts = list(result) if isinstance(result, (tuple, list)) else [result]
    if is_cell:
        if len(parts) == 2 and isinstance(parts[1], (tuple, list)):  # h, (h, c)
            parts = parts[1]
        if len(parts) == 3:  # out, h, c
            parts = parts[1:]
        h, c = parts
        return h, h, c
    if len(parts) == 1:
        return parts[0], None, None
    if len(parts) == 2 and isinstance(parts[1], (tuple, list)):
        return parts[0], *parts[1]
    if len(parts) == 2:
        return parts[0], parts[0], parts[1]  # every h and every c
    y, h, c = parts
    return y, h, c


def form_of(module):
    """The form of a module, found by trying.

    Raises:
        TypeError: its results have none of the forms that are known.
        Exception: what its own code raised in the plainest call.
    """
    names = parameters(module.forward)
    more = [n for n in names[1:] if n not in ("args", "kwargs")]
    ways = [None, "pair", "apart"] if len(names) != len(more) + 1 else [None]
    ways += ["pair"] if len(more) >= 1 else []
    ways += ["apart"] if len(more) >= 2 else []
    first, tried = None, []
    for is_cell in (False, True):
        if isinstance(module, torch.nn.RNNCellBase) and not is_cell:
            continue
        for takes in dict.fromkeys(ways):
            for shape in ((N, H), (1, N, H), (T, H), (1, T, H)) if takes else (None,):
                x = torch.randn(N, D) if is_cell else torch.randn(N, T, D)
                state = () if shape is None else (torch.randn(shape), torch.randn(shape))
                given = (state,) if takes == "pair" else state
                try:
                    with torch.no_grad(), contextlib.redirect_stdout(io.StringIO()):
                        result = module(x, *given)
                        parts = split(result, is_cell)
                except Exception as error:
                    first = first or error
                    continue
                form = fitting(module, is_cell, takes, shape, x, given, parts, result)
                if isinstance(form, Form):
                    tried.append(form)
                elif first is None:
                    first = form
        if tried:
            break
    if not tried:
        raise first or TypeError("forward returns nothing that the kit knows")
    alone = [form for form in tried if form.takes is None]
    with_state = [form for form in tried if form.takes is not None]
    form = with_state[0] if with_state else alone[0]
    form.needs_state = not alone
    return form


def fitting(module, is_cell, takes, shape, x, given, parts, result):
    """The form if what came of a call fits it, else what does not fit, as an exception."""
    y, h, c = parts
    want = (N, H) if is_cell else (N, T, H)
    if not isinstance(y, torch.Tensor):
        return TypeError(f"forward returns a {type(y).__name__} where the outputs are expected")
    if tuple(y.shape) != want:
        return Unclear(
            f"for x {tuple(x.shape)} forward gives {tuple(y.shape)}, and an LSTM of H = {H} gives "
            f"{want}{hint(module)}"
        )
    batch_first = False if is_cell else batch_is_first(module, x, given)
    batch = N if is_cell or batch_first else T
    flat = True if shape is None else len(shape) == 2
    for part in (h, c):
        if part is None:
            continue
        every = tuple(part.shape) == want and not is_cell
        if not every and tuple(part.shape) not in ((batch, H), (1, batch, H)):
            return Unclear(f"forward gives a final state of shape {tuple(part.shape)}")
        if not every and shape is not None and (part.dim() == 2) != flat:
            return Unclear("the state that forward takes and the one that it gives differ")
    if shape is not None and shape[-2] != batch:
        return Unclear("the batch of the state is not the batch of x")
    return Form(module, is_cell, takes, flat, batch_first, result)


def batch_is_first(module, x, given):
    """Whether axis 0 of x is the batch: what x[0, -1] and x[-1, 0] change in the outputs tells."""

    def changed(a, b):
        other = x.clone()
        other[a, b] += 1.0
        with torch.no_grad():
            before, after = (split(module(one, *given), False)[0] for one in (x, other))
        return int((before != after).any(dim=-1).sum())

    return changed(-1, 0) >= changed(0, -1)


def x_first(module, layout, form):
    """Whether the matrix for x and h begins with the part for x, by setting columns to zero."""
    owned = tensors(module)
    x = torch.randn(N, 1, D)
    x = x if form.batch_first else x.transpose(0, 1)
    kept = {name: tensor.detach().clone() for name, tensor in owned.items()}
    silent = []
    for first in (True, False):
        with torch.no_grad():
            for joint in layout.joints:
                matrix = owned[joint.name].transpose(0, joint.axis)
                (matrix[:D] if first else matrix[-D:]).zero_()
            outputs = [form.call(module, one, None)[0] for one in (x, x + 1)]
            silent.append(bool(torch.equal(*outputs)))
            for name, tensor in owned.items():
                tensor.copy_(kept[name])
    if silent[0] == silent[1]:
        raise Unclear(
            "the matrix for x and h does not show which of its columns are for x; declare "
            "weights that are apart, or write an adapter of your own"
        )
    return silent[0]
