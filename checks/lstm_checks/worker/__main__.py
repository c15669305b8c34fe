"""The subject's process: python -I .../worker/__main__.py CHANNEL JUDGE MEMORY HOST [PLAN].

CHANNEL is the descriptor that requests come by, JUDGE one that is closed when the judge is done or
dead, MEMORY the bytes of data that the process may hold (0 sets no limit), HOST the module of this
package whose `make` gives the host, PLAN how to confine the process (JSON; see `confine`), by
default not at all. The package is loaded from its own folder under a name that cannot be imported,
and taken out of `sys.modules`.
"""

import importlib.util
import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PRIVATE = "_lstm_worker"


def _package() -> str:
    """Make the folder of this file a package under a private name."""
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        PRIVATE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[PRIVATE] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return PRIVATE


def _begin(arguments: list[str]) -> tuple[Any, list[Any], Any]:
    channel, judge, memory = map(int, arguments[:3])
    plan = json.loads(arguments[4]) if arguments[4:] else None
    package = _package()
    importlib.import_module(f"{package}.keeper").fork(judge, channel)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    os.set_inheritable(channel, False)
    sys.path += plan["path"] if plan else []
    serve = importlib.import_module(f"{package}.serve")
    host = importlib.import_module(f"{package}.{arguments[3]}").make()
    if plan:
        importlib.import_module(f"{package}.confine").apply(plan)
    box = serve.start(channel)
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]
    sys.argv = ["lstm"]
    sys.modules["__main__"] = ModuleType("__main__")
    return serve.loop, box, host.answer


if __name__ == "__main__":
    _run, _box, _answer = _begin(sys.argv[1:])
    for _name in [name for name in globals() if name not in ("_run", "_box", "_answer")]:
        del globals()[_name]
    _run(_box, _answer)
