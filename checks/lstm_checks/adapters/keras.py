"""Keras 3: keras.layers.LSTM, LSTMCell and subclasses, on any backend (JAX, PyTorch, TensorFlow).

The layer is built with return_sequences and return_state, and called through `stateless_call`, so
that the backend's autograd sees its weights. Stateful is what Keras means by it.
"""

import keras
import lstm_bridge as bridge

BACKEND = keras.backend.backend()
NAMES = {"W": "kernel", "U": "recurrent_kernel", "b": "bias"}


def adapt(target):
    if BACKEND == "jax":
        import_jax()
    is_cell = not hasattr(target, "go_backwards") and "Cell" in target.__name__
    options = {"return_sequences": True, "return_state": True, "dtype": "float64"}

    def make(input_size, hidden_size):
        if is_cell:
            layer = keras.layers.RNN(target(hidden_size, dtype="float64"), **options)
        else:
            layer = target(hidden_size, **options)
        if getattr(layer, "go_backwards", False):
            raise bridge.OutOfScope("this layer has go_backwards, which reverses the sequence")
        layer.build((None, None, input_size))
        names = [variable.name for variable in layer.trainable_variables]
        fixed = [variable.value for variable in layer.non_trainable_variables]

        def run(weights, x, state):
            given = {} if state is None else {"initial_state": list(state)}
            variables = [weights[name] for name in names]
            (y, h, c), _ = layer.stateless_call(variables, fixed, x, **given)
            return y, (h, c)

        return run, {v.name: started(v.value) for v in layer.trainable_variables}

    def started(value):
        return value.detach().clone() if BACKEND == "torch" else keras.ops.convert_to_numpy(value)

    form = f"Keras {keras.__version__} on {BACKEND}: the layer's kernel, recurrent_kernel and bias."
    return bridge.differentiated(
        BACKEND, make, gate_order="ifco", names=NAMES, lstm_form=form,
        not_offered={"stateful": "a stateful layer is built for one batch size"},
    )  # fmt: skip


def import_jax():
    import jax

    jax.config.update("jax_enable_x64", True)
