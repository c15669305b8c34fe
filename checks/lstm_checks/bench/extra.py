"""What timing needs beside the kit: the packages of the extra `bench`."""

from importlib.util import find_spec

PACKAGES = ("matplotlib", "psutil", "pytest_benchmark", "threadpoolctl")


def missing() -> str | None:
    """What to install, in one line; None where everything is there."""
    absent = [name.replace("_", "-") for name in PACKAGES if find_spec(name) is None]
    if not absent:
        return None
    return f"timing needs {' and '.join(absent)}: pip install 'lstm-checks[bench]'"
