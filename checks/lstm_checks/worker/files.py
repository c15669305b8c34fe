"""Loads a subject's module from a file or an importable name, in the process that runs it."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

MODULE_NAME = "lstm_subject"


def load_module(source: str, is_file: bool, name: str = MODULE_NAME) -> ModuleType:
    """The module that a file holds, or that an importable name means.

    A file's folder goes to the end of the path, so that its neighbours can be imported and none
    of them can take the place of an installed package.

    Raises:
        SyntaxError, UnicodeDecodeError: the file is no Python of today.
        Exception: whatever the module's own code raises.
    """
    if not is_file:
        sys.path.append(str(Path.cwd()))
        return importlib.import_module(source)
    path = Path(source)
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except ValueError as error:  # null bytes
        if isinstance(error, UnicodeDecodeError):
            raise
        raise SyntaxError(str(error), (str(path), 1, 0, "")) from error
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    sys.path.append(str(path.parent))
    exec(code, vars(module))
    return module
