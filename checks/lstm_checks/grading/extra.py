"""What grading needs beside the kit: the packages of the extra `grade`."""

from importlib.util import find_spec

PACKAGES = ("jinja2", "jsonschema")


def missing() -> str | None:
    """What to install, in one line; None where everything is there."""
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if not absent:
        return None
    return f"grading needs {' and '.join(absent)}: pip install 'lstm-checks[grade]'"
