"""Confines the process that it runs in, for good: limits, another user, Landlock and seccomp.

It runs in the subject's process, after NumPy is imported and before anything of the subject's is.
A plan is plain values: "path" is what Python's path gains, "read" what may be read, "landlock",
"seccomp" whether these are applied, "user" the id of the user to become (None keeps it), "limits"
the resource limits by name, "core" the processor's core to run on (None: any).

Sources: Linux's include/uapi/linux/{landlock,seccomp,filter,bpf_common,audit}.h.
"""

import contextlib
import ctypes
import errno
import os
import platform
import resource
import signal
import struct
import sys
from typing import Any

from .syscalls import ALLOWED, REFUSED, SPECIAL

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP = 1, 4, 38, 22
PR_SET_NAME, PR_GET_NAME = 15, 16
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same everywhere
READ_FILE, READ_DIR, WRITE_FILE = 1 << 2, 1 << 3, 1 << 1
# All rights that an ABI knows, by its number: those of files, of TCP, and of scopes.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
LATEST_FILE_RIGHTS = (1 << 16) - 1
TCP, SCOPES = 0b11, 0b11
WRITABLE = ("/dev/null",)
DEVICES = ("/dev/zero", "/dev/random", "/dev/urandom")

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: ld abs word, jeq, jset, ret
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
CLONE_THREAD = 0x00010000
DESCRIPTORS = (0, 1, 2, 3, 4, 1030, 1032)  # fcntl: DUPFD, GETFD … SETFL, DUPFD_CLOEXEC, GETPIPE_SZ
TERMINAL_ASKED = (0x5401, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, FIONREAD, FIONBIO, FIO(N)CLEX


class Unconfined(Exception):
    """A part of the plan cannot be carried out here."""


def apply(plan: dict[str, Any]) -> None:
    """Carry the plan out. What it takes away cannot be had back.

    Raises:
        Unconfined: the system refuses a part of it.
    """
    for name, most in plan["limits"].items():
        _limit(getattr(resource, f"RLIMIT_{name}"), most)
    if plan["core"] is not None:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, [plan["core"]])
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    rules = _rules(libc, plan["read"]) if plan["landlock"] else None
    if plan["user"] is not None:
        os.setgroups([])
        os.setresgid(plan["user"], plan["user"], plan["user"])
        os.setresuid(plan["user"], plan["user"], plan["user"])
    _drop_capabilities(libc)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _demand(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    if rules is not None:
        _demand(libc.syscall(RESTRICT_SELF, rules, 0), "Landlock")
        os.close(rules)
    if plan["seccomp"]:
        _filter(libc)


def landlock_abi() -> int:
    """The version of Landlock's interface; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(CREATE_RULESET, None, 0, 1)))


def knows_seccomp() -> bool:
    """Whether there is a filter for this machine's architecture."""
    return sys.platform == "linux" and platform.machine() in ARCHITECTURES


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(OSError, ValueError):  # macOS refuses some
        resource.setrlimit(what, (most, most))


def _demand(answer: int, what: str) -> None:
    if answer:
        raise Unconfined(f"{what}: {os.strerror(ctypes.get_errno())}")


def _drop_capabilities(libc: Any) -> None:
    """Keep none; "no new privileges" then lets none be gained."""
    header = struct.pack("<Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    _demand(libc.capset(header, bytes(24)), "capset")


def _rules(libc: Any, read: list[str]) -> int:
    """The descriptor of a rule set under which only `read` can be read, and nothing written."""
    abi = landlock_abi()
    rights = FILE_RIGHTS.get(abi, LATEST_FILE_RIGHTS)
    attributes = struct.pack("<QQQ", rights, TCP if abi >= 4 else 0, SCOPES if abi >= 6 else 0)
    attributes = attributes[: 8 if abi < 4 else 16 if abi < 6 else 24]
    rules = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if rules < 0:
        raise Unconfined(f"Landlock: {os.strerror(ctypes.get_errno())}")
    for path in (*read, *DEVICES, *WRITABLE):
        listed = path.endswith("/.")  # a folder that may be listed, no more
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what cannot be opened is not allowed
        if listed:
            allowed = READ_DIR
        elif path in WRITABLE:
            allowed = READ_FILE | WRITE_FILE
        else:
            allowed = READ_FILE | (READ_DIR if os.path.isdir(path) else 0)  # noqa: PTH112
        rule = struct.pack("<Qi", allowed, place)
        _demand(libc.syscall(ADD_RULE, rules, 1, rule, 0), f"Landlock for {path}")
        os.close(place)
    return int(rules)


def _filter(libc: Any) -> None:
    """Leave the process the system calls of `ALLOWED`, and `SPECIAL` ones with some arguments."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise Unconfined(f"seccomp: there is no filter for {machine}")
    column, audit = ARCHITECTURES[machine]
    program: list[tuple[int, int, int, int | None]]
    program = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, audit), (RETURN, 0, 0, KILL)]
    program.append((LOAD, 0, 0, NUMBER))
    refuse = ERRNO | errno.EPERM
    for table, action in ((ALLOWED, ALLOW), (REFUSED, refuse)):
        for numbers in table.values():
            if numbers[column] is not None:
                program += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, action)]
    own = os.getpid()
    for name, argument, test, values in (
        ("clone", 0, ANY_BIT, [CLONE_THREAD]),
        ("kill", 0, EQUAL, [own]),
        ("tgkill", 0, EQUAL, [own]),
        ("prlimit64", 0, EQUAL, [0]),
        ("prctl", 0, EQUAL, [PR_SET_NAME, PR_GET_NAME]),
        ("ioctl", 1, EQUAL, TERMINAL_ASKED),
        ("fcntl", 1, EQUAL, DESCRIPTORS),  # no owner, no lease, no lock
    ):
        body = [(LOAD, 0, 0, ARGUMENTS + 8 * argument)]
        for value in values:
            body += [(test, 0, 1, value), (RETURN, 0, 0, ALLOW)]
        body.append((RETURN, 0, 0, refuse))
        program += [(EQUAL, 0, len(body), SPECIAL[name][column]), *body]
    program.append((RETURN, 0, 0, ERRNO | errno.ENOSYS))  # clone3 among them
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))
    head = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    _demand(libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(head), 0, 0), "seccomp")
