"""A sandbox of one of three levels: the command that starts a worker in it, and its plan.

- "namespaces": bubblewrap gives the process namespaces of its own (files, processes, network, …)
  in which the system is read-only and only what `reach` lists exists; seccomp within.
- "landlock": Landlock and seccomp, which the process applies to itself before it loads the subject.
- "process": a process of its own with limits. It is not for hostile code.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from shutil import which
from typing import Any

from lstm_checks import adapters, worker
from lstm_checks.findings import plain
from lstm_checks.launch.sandbox.reach import Reach, reach, within
from lstm_checks.worker.confine import knows_seccomp, landlock_abi

LEVELS = ("process", "landlock", "namespaces")  # from the weakest to the strongest
SAYS = {
    "namespaces": "bubblewrap: namespaces of its own, a read-only system, no network; seccomp",
    "landlock": "Landlock and seccomp: no files but Python's and its own, no network, no processes",
    "process": "a separate process with limits only; it is not for hostile code",
}
WORKER = Path(worker.__file__).parent / "__main__.py"
PROBE = Path(__file__).parent / "probe.py"
ADAPTERS = Path(adapters.__file__).parent
SCRATCH = 64 << 20  # bytes of files that a subject may write, where it may write at all
OPEN_FILES = 128
THREADS = 64
ADDRESSES = 1 << 30  # bytes of address space beyond the memory limit: libraries, stacks
USERS = range(61184, 65520)  # ids that no account has: systemd's DynamicUser range
ENVIRONMENT = {"LANG": "C.UTF-8", "HOME": "/tmp", "TMPDIR": "/tmp"}
LIBRARIES = ("OMP", "OPENBLAS", "MKL")


class NoSandbox(Exception):
    """No sandbox, or none as strong as required, works here; the message says why."""


@dataclass(frozen=True)
class Sandbox:
    """How a worker is started.

    Attributes:
        level: one of `LEVELS`.
        reach: what it may read.
        files: the subject's own files and folders, which it may read, too.
        user: the id of the user that it becomes; None keeps that of the judge.
        own_user_namespace: bubblewrap makes a user namespace, as it must without root.
        core: the processor's core that it runs on; None for any.
        cpu: seconds of processor time that one process may take.
        weaker: why each stronger level does not work here.
    """

    level: str
    reach: Reach
    files: tuple[str, ...] = ()
    user: int | None = None
    own_user_namespace: bool = True
    core: int | None = None
    cpu: int = 120
    weaker: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """The sandbox in one sentence."""
        user = ", as a user of its own" if self.user is not None else ""
        return f"{self.level} ({SAYS[self.level]}{user})"

    def holding(self, *files: str, core: int | None = None) -> "Sandbox":
        """The same for a subject whose files these are."""
        return replace(self, files=files, core=core)

    def command(self, descriptors: list[int], memory: int, host: str) -> list[str]:
        """What starts the worker."""
        plan = json.dumps(self._plan(memory))
        python = [self.reach.python, "-I", "-S", "-B", "-u", str(WORKER)]
        return [*self._wrapper(), *python, *map(str, descriptors), str(memory), host, plan]

    def environment(self, threads: int) -> dict[str, str]:
        """Its environment: nothing of the judge's."""
        return ENVIRONMENT | {f"{name}_NUM_THREADS": str(threads) for name in LIBRARIES}

    def status(self, code: int) -> int:
        """The exit status of the process inside, negative for a signal, from the wrapper's."""
        return 128 - code if self.level == "namespaces" and code > 128 else code

    def _plan(self, memory: int) -> dict[str, Any]:
        landlock = self.level == "landlock"
        limits = {
            "CPU": self.cpu,
            "FSIZE": SCRATCH,
            "NOFILE": OPEN_FILES,
            "MEMLOCK": 1 << 20,
            "MSGQUEUE": 0,
        }
        if memory:
            limits["AS"] = memory + ADDRESSES
        if self.user is not None or self.level == "namespaces":
            limits["NPROC"] = THREADS
        else:
            limits["NPROC"] = _tasks_of_this_user() + THREADS
        return {
            "path": list(self.reach.path),
            "read": [*(self.reach.spelled_out() if landlock else ()), *self.files],
            "landlock": landlock,
            "seccomp": self.level != "process",
            "user": self.user,
            "limits": {key: value for key, value in limits.items() if _known(key)},
            "core": self.core,
        }

    def _wrapper(self) -> list[str]:
        if self.level != "namespaces":
            return []
        bwrap = which("bwrap")
        assert bwrap is not None
        command = [bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        command += ["--unshare-cgroup-try", "--die-with-parent", "--new-session"]
        if self.own_user_namespace:
            command += ["--unshare-user", "--uid", "61184", "--gid", "61184"]
        else:
            for capability in ("SETUID", "SETGID", "KILL"):
                command += ["--cap-add", f"CAP_{capability}"]
        command += ["--perms", "1777", "--size", str(SCRATCH), "--tmpfs", "/tmp"]
        for link in ("/lib", "/lib64"):
            if Path(link).is_symlink():
                command += ["--symlink", str(Path(link).readlink()), link]
        shown = (*self.reach.roots, *self.reach.packages, *self.files)
        parents = {str(parent) for path in shown for parent in Path(path).parents}
        for path in sorted(parents - {"/", "/tmp"}):  # bubblewrap would let its own user alone in
            if not any(within(path, root) for root in self.reach.roots):
                command += ["--dir", path]
        for path in self.reach.roots:
            command += ["--ro-bind", path, path]
        for path in self.reach.hidden:
            command += ["--tmpfs", path]
        for path in self.reach.packages:
            command += ["--ro-bind", path, path]
        for path in self.reach.hidden:
            command += ["--remount-ro", path]
        for path in self.files:
            command += ["--ro-bind", path, path]
        command += ["--dir", "/dev"]
        for device in ("null", "zero", "urandom", "random"):
            command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
        return [*command, "--remount-ro", "/", "--chdir", "/", "--"]


def find(required: str = "process", distributions: tuple[str, ...] = ()) -> Sandbox:
    """The strongest sandbox that works here.

    Args:
        required: the weakest level that is good enough.
        distributions: what a subject may import besides NumPy.

    Raises:
        NoSandbox: none works, or none that is strong enough.
        NotInstalled: one of the distributions is not installed.
    """
    reasons: list[str] = []
    for level in reversed(LEVELS):
        if LEVELS.index(level) < LEVELS.index(required):
            break
        found, why = attempt(level, distributions)
        if found is not None:
            return replace(found, weaker=tuple(reasons))
        reasons.append(f"{level}: {why}")
    raise NoSandbox(
        f"no sandbox of level {required!r} or stronger works here ({'; '.join(reasons)})"
    )


@lru_cache
def attempt(level: str, distributions: tuple[str, ...] = ()) -> tuple[Sandbox | None, str]:
    """The sandbox of this very level, or why there is none; found by starting a worker in it."""
    if level == "namespaces" and which("bwrap") is None:
        return None, "bubblewrap is not installed"
    if level == "landlock" and landlock_abi() < 1:
        return None, "the kernel has no Landlock"
    if level != "process" and not knows_seccomp():
        return None, "there is no seccomp filter for this machine"
    simple = Sandbox(level, reach(distributions))
    variants = [simple]
    if sys.platform == "linux" and os.geteuid() == 0:
        user = USERS[int.from_bytes(os.urandom(4)) % len(USERS)]
        variants.insert(0, replace(simple, user=user, own_user_namespace=False))
        variants.insert(1, replace(simple, own_user_namespace=False))
    why = ""
    for sandbox in variants:
        why = _trouble(sandbox)
        if not why:
            return sandbox, ""
    return None, why


def _trouble(sandbox: Sandbox) -> str:
    """What keeps a worker in this sandbox from answering; "" where nothing does."""
    from lstm_checks.launch.channel import Halted
    from lstm_checks.launch.process import Process

    try:
        with Process(1 << 30, sandbox=sandbox.holding(str(PROBE))) as process:
            try:
                process.ready()
                request = {"source": str(PROBE), "is_file": True, "name": None, "adapter": None}
                request |= {"adapter_is_file": False, "adapters": str(ADAPTERS)}
                reply = process.ask({"do": "load", "with": request}, 30.0, 0)
                return "" if "ok" in reply else plain(reply.get("error"))
            except Halted as halted:
                process.close()
                said = process.output()[1].strip().splitlines()[-1:]
                return " ".join([halted.text, *said])[:300]
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)


def _known(limit: str) -> bool:
    import resource

    return hasattr(resource, f"RLIMIT_{limit}")


def _tasks_of_this_user() -> int:
    """How many processes and threads the judge's user has: RLIMIT_NPROC counts all of them."""
    count, own = 0, os.getuid()
    for process in Path("/proc").glob("[0-9]*") if sys.platform == "linux" else ():
        try:
            if process.stat().st_uid == own:
                count += sum(1 for _ in (process / "task").iterdir())
        except OSError:
            continue
    return count
