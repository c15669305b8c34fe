"""Keras 3: keras.layers.LSTM, LSTMCell, subclasses and layers of one's own, on any backend.

A layer of Keras's is built with return_sequences and return_state, and a cell is run by
keras.layers.RNN. On JAX the layer is called by `stateless_call`, as Keras's own training does; else
it is called as it is. A layer is built per dtype, and a stateful one per batch size: another takes
its place after reset_state, or where a state of another batch size is given.
"""

import inspect

import keras
import lstm_bridge as bridge
import numpy as np
from lstm_bridge import D, H, Layout, Unclear

BACKEND = keras.backend.backend()
STATES = ("initial_state", "state", "states", "initial_states")
N, T = 2, 4


def adapt(target):
    if BACKEND == "jax":
        import_jax().config.update("jax_enable_x64", True)
    maker = Maker(target)
    run, weights = maker.make(D, H)
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    layout = Layout.of(shapes, declared(target))
    if layout.joints:
        layout = Layout.of(
            shapes, declared(target), layout.begins_with_x(*with_weights(run, shapes))
        )
    gives_state = len(shapes_of(run, weights, maker.takes_state)) == 3
    not_offered = {}
    if not maker.takes_state:
        why = "its call takes no initial state"
        not_offered |= {"initial_h": why, "initial_c": why}
    if not gives_state:
        why = "its call returns no final state"
        not_offered |= {"final_h": why, "final_c": why}
    if not maker.keeps_state:
        not_offered["stateful"] = "it has no stateful mode of its own"
    return bridge.differentiated(
        BACKEND, maker.make, layout=layout, keeps_state=maker.keeps_state, not_offered=not_offered,
        composes=maker.composes(),
        framework_s_own=own(target),
        lstm_form=f"Keras {keras.__version__} on {BACKEND}: {layout.said}.",
    )  # fmt: skip


class Maker:
    """Makes layers of a class, and what runs them on the backend."""

    def __init__(self, target):
        self.target = target
        layer = self.layer(D, H)
        taken = inspect.signature(layer.call).parameters
        self.state_name = next((name for name in STATES if name in taken), None)
        self.takes_state = self.state_name is not None
        self.keeps_state = "stateful" in arguments(target) or issubclass(target, keras.layers.RNN)

    def layer(self, input_size, hidden_size, batch=None, dtype="float64", layers=1, directions=1):
        """A layer that is built; stateful where the batch size is given."""
        use(dtype)
        options = {"return_sequences": True, "return_state": True}
        if batch is not None:
            options["stateful"] = True
        target, takes = self.target, arguments(self.target)
        own = options
        if not issubclass(target, keras.layers.RNN):
            own = {name: value for name, value in options.items() if name in takes}
        sizes = (hidden_size,)
        if {"input_size", "input_dim"} & set(takes):
            sizes = (input_size, hidden_size)

        def made():
            layer = target(*sizes, **own)
            if is_cell(layer):
                more = [target(*sizes, **own) for _ in range(layers - 1)]
                layer = keras.layers.RNN([layer, *more] if more else layer, **options)
            if directions == 2:
                with keras.saving.custom_object_scope({target.__name__: target}):  # it is copied
                    layer = keras.layers.Bidirectional(layer)
            if getattr(layer, "go_backwards", False):
                raise bridge.OutOfScope(
                    "this layer has go_backwards = True, so that it reads the sequence from its "
                    "end; check it without"
                )
            if not layer.built:
                layer.build((batch, None, input_size))
            return layer

        return made() if BACKEND != "jax" else with_zeros(made)

    def composes(self):
        """What Keras makes of several: a stack of cells, two directions, and rows with a mask."""
        if issubclass(self.target, keras.layers.RNN):
            return ("directions", "lengths")
        return ("layers", "lengths") if is_cell(self.target(H)) else ()

    def make(self, input_size, hidden_size, stateful=False, layers=0, directions=1):
        composed = {"layers": layers, "directions": directions} if layers else {}
        built = {}  # by the batch size, for which a stateful one is built, and the dtype

        def layer_for(x, state):
            batch, dtype = x.shape[0], keras.backend.standardize_dtype(x.dtype)
            kept = built.get(("kept", dtype))
            if stateful and kept is not None and (state is None or kept[0] == batch):
                return kept[1]  # of another batch size, Keras says so
            key = (batch if stateful else None, dtype)
            if key not in built:
                built[key] = self.layer(input_size, hidden_size, *key, **composed)
            layer = built[key]
            if stateful and BACKEND != "jax":
                layer.reset_state()
                built["kept", dtype] = batch, layer
            return layer

        def run(weights, x, state, *lengths):
            use(keras.backend.standardize_dtype(x.dtype))
            layer = layer_for(x, state)
            given = {}
            if state is not None:
                given[self.state_name] = states_of(state, layers > 1) if composed else list(state)
            if lengths:
                time = keras.ops.arange(x.shape[1])[None]
                given["mask"] = time < keras.ops.convert_to_tensor(lengths[0])[:, None]
            y, states = parts_of(RUN[BACKEND](layer, named(layer, layers), weights, x, given))
            if composed:
                return y, tuple(keras.ops.stack(states[k::2]) for k in (0, 1))
            return y, states or (None, None)

        def reset():
            for key in [key for key in built if key[0] == "kept"]:
                built.pop(key)[1].reset_state()

        run.reset = reset
        first = self.layer(input_size, hidden_size, 1 if stateful else None, **composed)
        weights = {name: np.zeros(one.shape) for name, one in named(first, layers).items()}
        if BACKEND == "torch":
            weights = {name: keras.ops.convert_to_tensor(one) for name, one in weights.items()}
        return run, weights


def states_of(state, of_a_stack):
    """The states of all parts as a layer takes them: of a stack in pairs, else in one list."""
    pairs = [[state[0][k], state[1][k]] for k in range(len(state[0]))]
    return pairs if of_a_stack else keras.tree.flatten(pairs)


def on_jax(layer, variables, weights, x, given):
    names = {id(one): name for name, one in variables.items()}
    ordered = [weights[names[id(one)]] for one in layer.trainable_variables]
    others = [one.value for one in layer.non_trainable_variables]
    return layer.stateless_call(ordered, others, x, **given)[0]


def on_tensorflow(layer, variables, weights, x, given):
    mapping = [(one, weights[name]) for name, one in variables.items()]
    with keras.StatelessScope(state_mapping=mapping) as scope:
        result = layer(x, **given)
    for one in [*layer.non_trainable_variables, *keras.tree.flatten(getattr(layer, "states", ()))]:
        value = scope.get_current_value(one)
        if value is not None:
            one.assign(value)
    return result


def on_torch(layer, variables, weights, x, given):
    for name, one in variables.items():
        one.value.data = weights[name].data
        weights[name] = one.value
    return layer(x, **given)


RUN = {"jax": on_jax, "tensorflow": on_tensorflow, "torch": on_torch}


def use(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)


def parts_of(result):
    """y and the states in one list, of what a layer returns."""
    y, *state = keras.tree.flatten(result)
    if len(y.shape) != 3 or len(state) % 2:
        shapes = [tuple(one.shape) for one in (y, *state)]
        raise Unclear(
            f"its call returns arrays of {', '.join(map(str, shapes))}; the kit needs the outputs "
            "of every step, (N, T, H), alone or with h and c; accept return_sequences=True and "
            "return_state=True"
        )
    return y, tuple(state)


def shapes_of(run, weights, takes_state):
    """The results of a call at small sizes, or on JAX their shapes, in one list."""
    x, state = np.zeros((N, T, D)), (np.zeros((N, H)), np.zeros((N, H))) if takes_state else None
    if BACKEND == "jax":
        found = import_jax().eval_shape(run, weights, x, state)
    else:
        given = keras.tree.map_structure(keras.ops.convert_to_tensor, (weights, x))
        found = run(*given, state and tuple(map(keras.ops.convert_to_tensor, state)))
    return [one for one in keras.tree.flatten(found) if one is not None]


def with_weights(run, shapes):
    """Arrays for weights, and whether with some weights a layer gives the same for every x."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, T, D))

    def ignores_x(weights):
        given = {name: keras.ops.convert_to_tensor(one) for name, one in weights.items()}
        one, other = (run(given, keras.ops.convert_to_tensor(x + k), None)[0][:, 0] for k in (0, 1))
        return np.array_equal(*map(keras.ops.convert_to_numpy, (one, other)))

    return {name: rng.normal(size=shape) for name, shape in shapes.items()}, ignores_x


def is_cell(layer):
    return hasattr(layer, "state_size") and not isinstance(layer, keras.layers.RNN)


def named(layer, layers=0):
    """The trainable variables by name; of several LSTMs, with the number of the part."""
    if isinstance(layer, keras.layers.Bidirectional):
        parts = [layer.forward_layer, layer.backward_layer]
    else:
        cell = getattr(layer, "cell", None)
        parts = cell.cells if isinstance(cell, keras.layers.StackedRNNCells) else [layer]
    if layers:
        found = [named(part) for part in parts]
        return {f"{k}.{name}": one for k, some in enumerate(found) for name, one in some.items()}
    variables = layer.trainable_variables
    short = [one.path.rpartition("/")[2] for one in variables]
    unique = len(set(short)) == len(short)
    paths = [one.path.split("/", 1)[-1] for one in variables]
    return dict(zip(short if unique else paths, variables, strict=True))


def declared(target):
    found = {key: getattr(target, key) for key in ("gate_order", "names") if hasattr(target, key)}
    keras_s = issubclass(target, (keras.layers.LSTM, keras.layers.LSTMCell))
    return {"gate_order": "ifco"} | found if keras_s else found


def own(target):
    """Keras's LSTM or LSTMCell, beside which a class of one's own is to be judged."""
    if target.__module__.startswith("keras."):
        return None
    return "keras.layers:LSTM" if issubclass(target, keras.layers.RNN) else "keras.layers:LSTMCell"


def arguments(target):
    return list(inspect.signature(target.__init__).parameters)


def with_zeros(make):
    """A layer whose initial values are not computed, which takes JAX a second per shape."""
    made = []
    import_jax().eval_shape(lambda: made.append(make()))
    layer = made[0]
    for one in [*layer.variables, *keras.tree.flatten(getattr(layer, "states", None) or ())]:
        one.assign(np.zeros(one.shape, keras.backend.standardize_dtype(one.dtype)))
    return layer


def import_jax():
    import jax

    return jax
