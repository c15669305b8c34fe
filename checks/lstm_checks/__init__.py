"""lstm-checks: tells anyone who wrote an LSTM whether it is right, and if not, what is wrong.

    import lstm_checks
    report = lstm_checks.check("my_lstm.py")     # or check(LSTM)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_checks.api import as_layer as as_layer
    from lstm_checks.api import check as check
    from lstm_checks.api import parametrize as parametrize
    from lstm_checks.api import show as show
    from lstm_checks.engine.outcome import Result as Result
    from lstm_checks.launch.limits import Limits as Limits
    from lstm_checks.report.report import Report as Report
    from lstm_checks.subjects.source import Unusable as Unusable

_HOMES = {
    "as_layer": "lstm_checks.api",
    "check": "lstm_checks.api",
    "parametrize": "lstm_checks.api",
    "show": "lstm_checks.api",
    "Limits": "lstm_checks.launch.limits",
    "Report": "lstm_checks.report.report",
    "Result": "lstm_checks.engine.outcome",
    "Unusable": "lstm_checks.subjects.source",
}
__all__ = ["Limits", "Report", "Result", "Unusable", "as_layer", "check", "parametrize", "show"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lstm_checks' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
