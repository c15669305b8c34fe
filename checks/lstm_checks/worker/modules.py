"""Loads modules in the process that runs them: the subject's, and adapters."""

import ast
import importlib
import importlib.util
import inspect
import linecache
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from . import notebook
from .detect import NoSubject
from .encode import text, type_name

MODULE_NAME = "lstm_subject"
NOTEBOOKS: dict[str, notebook.Notebook] = {}  # those that were loaded, by their paths
OTHER_CODE = [
    ".c",
    ".cc",
    ".cpp",
    ".cu",
    ".cs",
    ".go",
    ".h",
    ".java",
    ".jl",
    ".js",
    ".m",
    ".r",
    ".rs",
    ".swift",
    ".ts",
]
NO_CODE = (
    dict.fromkeys((".pt", ".pth", ".ckpt", ".safetensors", ".h5", ".keras"), "a file of weights")
    | dict.fromkeys((".npy", ".npz", ".csv", ".pkl", ".pickle", ".mat"), "a file of data")
    | dict.fromkeys((".md", ".rst", ".txt", ".html", ".pdf"), "a text")
    | dict.fromkeys((".json", ".yaml", ".yml", ".toml"), "a file of settings or data")
    | dict.fromkeys((".zip", ".gz", ".tar", ".whl"), "an archive")
    | dict.fromkeys(OTHER_CODE, "code in another language")
)
BRIDGE = "lstm_bridge"  # what adapters share, beside the bundled ones


def load_module(
    source: str, is_file: bool, name: str = MODULE_NAME, neighbors: bool = True
) -> ModuleType:
    """The module that a file holds, or that an importable name means.

    A file's folder goes to the end of the path, so that its neighbors can be imported and none
    of them can take the place of an installed package; `neighbors` false leaves it out.

    Raises:
        SyntaxError, UnicodeDecodeError: the file is not valid Python 3.
        Exception: whatever the module's own code raises.
    """
    if not is_file:
        sys.path.append(str(Path.cwd()))
        return importlib.import_module(source)
    path = Path(source)
    if path.suffix.lower() in NO_CODE:
        raise NoSubject(
            f"it is {NO_CODE[path.suffix.lower()]}, and no Python code; name the .py or .ipynb "
            "file that defines the LSTM"
        )
    try:
        data = path.read_bytes()
        code = compile(_source(path, data), str(path), "exec", dont_inherit=True)
    except ValueError as error:  # null bytes
        if isinstance(error, UnicodeDecodeError):
            raise
        raise SyntaxError(str(error), (str(path), 1, 0, "")) from error
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    if neighbors:
        home, package = path.parent, ""
        while (home / "__init__.py").is_file() and home.name.isidentifier():
            home, package = home.parent, f"{home.name}.{package}".rstrip(".")
        module.__package__ = package  # for relative imports
        sys.path += [str(path.parent)] + [str(home)] * bool(package)
    exec(code, vars(module))
    return module


def _source(path: Path, data: bytes) -> Any:
    """What is compiled of a file: its text, or what a notebook in it defines."""
    if b"get_ipython" in data and not data.lstrip().startswith(b"{"):
        return notebook.without_get_ipython(ast.parse(data, str(path)))
    try:
        found = notebook.read(data)
    except SyntaxError as error:
        error.filename = str(path)
        raise
    if found is None:
        return data
    NOTEBOOKS[str(path)] = found
    lines = found.text.splitlines(keepends=True)
    linecache.cache[str(path)] = (len(found.text), None, lines, str(path))
    return found.tree


def declare(target: Any, names: dict[str, Any]) -> None:
    """Give a class, or the module of functions, `names` besides those that it declares itself.

    Raises:
        NoSubject: it is neither, or it declares them where no attribute counts.
    """
    home = sys.modules.get(target.__module__) if inspect.isfunction(target) else target
    if not isinstance(home, (ModuleType, type)) or hasattr(target, "__wrapped__"):
        raise NoSubject("--names goes with a class or with functions; declare names in the class")
    if "names" in (getattr(home, "__lstm__", None) or ()):
        raise NoSubject("it declares names in __lstm__; change them there instead of by --names")
    own = getattr(home, "names", None)
    setattr(home, "names", (own if isinstance(own, dict) else {}) | names)  # noqa: B010


def load_bridge(folder: str) -> None:
    """Make what adapters share importable, as `lstm_bridge`."""
    home = Path(folder) / BRIDGE
    spec = importlib.util.spec_from_file_location(
        BRIDGE, home / "__init__.py", submodule_search_locations=[str(home)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[BRIDGE] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


def adapted(adapter: str, is_file: bool, folder: str, target: Any) -> Any:
    """The class in the native contract that an adapter makes of the target.

    Args:
        adapter: the name of a bundled adapter, or a file of the user's own.
        is_file: which of the two.
        folder: where the bundled adapters lie.
        target: what FILE[:NAME] names.

    Raises:
        NoSubject: there is no such adapter, or one of the user's own is at fault.
        Exception: whatever the subject's own code raises under a bundled adapter.
    """
    if not is_file:
        path = Path(folder) / f"{adapter}.py"
        if not adapter.isidentifier() or not path.is_file():
            raise NoSubject(f"there is no adapter {adapter!r}")
        load_bridge(folder)
        # Its neighbors are named after the packages that they adapt.
        return load_module(str(path), True, f"{MODULE_NAME}_adapter", neighbors=False).adapt(target)
    file = Path(adapter).name
    load_bridge(folder)
    try:
        module = load_module(str(Path(adapter).resolve()), True, f"{MODULE_NAME}_adapter")
        if not callable(getattr(module, "adapt", None)):
            raise NoSubject(f"the adapter {file} has no function adapt(target)")
        made = module.adapt(target)
    except NoSubject:
        raise
    except SyntaxError as error:
        raise NoSubject(
            f"the adapter {file} is not valid Python: {error.msg} (line {error.lineno})"
        ) from None
    except BaseException as error:
        raise NoSubject(
            f"the adapter {file} raised {type_name(type(error))}: {text(error, 300)}"
        ) from None
    if not inspect.isclass(made):
        kind = "None" if made is None else f"a {type_name(type(made))}"
        raise NoSubject(f"adapt(target) of the adapter {file} returned {kind}; it must be a class")
    return made
