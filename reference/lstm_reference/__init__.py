"""The reference: LSTMs that are right, a network to train them in, and memory tasks.

The public names are `LSTM`, `LSTMCell`, `SimpleRNN`, `step_forward`, `step_backward` and
`TorchLSTM`. Each is imported when it is first used, so that importing the package loads neither
NumPy nor PyTorch, and only `TorchLSTM` needs PyTorch. The package knows nothing of the checks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_reference.cells.cell import step_backward, step_forward
    from lstm_reference.cells.lstm import LSTM
    from lstm_reference.cells.lstm_cell import LSTMCell
    from lstm_reference.cells.rnn import SimpleRNN
    from lstm_reference.cells.torch_lstm import TorchLSTM

__all__ = ["LSTM", "LSTMCell", "SimpleRNN", "TorchLSTM", "step_backward", "step_forward"]

_MODULES = {
    "LSTM": "lstm",
    "LSTMCell": "lstm_cell",
    "SimpleRNN": "rnn",
    "TorchLSTM": "torch_lstm",
    "step_backward": "cell",
    "step_forward": "cell",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.cells.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
