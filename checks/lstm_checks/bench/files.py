"""What a benchmark writes; whether that can be done is asked before minutes of measuring."""

import json
from pathlib import Path
from typing import Any

from lstm_checks.sources import Unusable


def check_writable(path: str | None) -> None:
    """Raises Unusable: the path, if there is one, is a directory or lies in none."""
    if path is not None and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
        raise Unusable(f"{path} cannot be written: it is a directory, or lies in none")


def write_json(path: str, figures: dict[str, Any]) -> None:
    """Figures as JSON, in UTF-8."""
    text = json.dumps(figures, indent=2, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")
