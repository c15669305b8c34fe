"""Shows, without the kit, what its report says of keras.layers.LSTM on some backends.

KERAS_BACKEND=jax python docs/formats/keras_defects.py      (or torch, or tensorflow)
"""

import keras
import numpy as np

BACKEND = keras.backend.backend()
if BACKEND == "jax":
    import jax

    jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")


def told(what, defect):
    print(f"Keras {keras.__version__} on {BACKEND}: {what}: {'defect' if defect else 'right'}")


def computes_in_float64(function, *arrays):
    given = [keras.ops.convert_to_tensor(array) for array in arrays]
    got = keras.ops.convert_to_numpy(getattr(keras.ops, function)(*given))
    return np.abs(got - getattr(np, function)(*arrays)).max() < 1e-12


def model():
    inputs = keras.layers.Input(batch_shape=(2, 3, 4))
    made = keras.Sequential([inputs, keras.layers.LSTM(5, stateful=True)])
    made.compile("sgd", "mse")
    return made


def trains_statefully():
    """Whether two updates on a stateful layer can be made."""
    try:
        model().fit(np.ones((4, 3, 4)), np.ones((4, 5)), batch_size=2, shuffle=False, verbose=0)
    except RuntimeError as error:
        print(f"    fit raised RuntimeError: {str(error)[:100]}…")
        return False
    return True


def keeps_its_state():
    """Whether predict leaves something in the state of a stateful layer."""
    made = model()
    made.predict(np.ones((2, 3, 4)), batch_size=2, verbose=0)
    return bool(np.any(keras.ops.convert_to_numpy(made.layers[0].states[0]) != 0))


values = np.linspace(-1, 1, 12)
matrices = values.reshape(3, 4), values.reshape(4, 3)
told("ops.tanh of float64 has the precision of float32", not computes_in_float64("tanh", values))
told("ops.matmul of float64 is float32", not computes_in_float64("matmul", *matrices))
told("a stateful LSTM cannot be trained", not trains_statefully())
told("predict does not carry the state of a stateful LSTM", not keeps_its_state())
