"""Sandboxes: what a subject can do at each level that this machine offers.

Each test runs at every level that works here; a level that does not is skipped, and says why.
"""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import lstm_checks
from lstm_checks.launch.channel import Halted
from lstm_checks.launch.process import Process
from lstm_checks.launch.sandbox import sandbox as sandboxes
from lstm_checks.launch.sandbox.reach import NotInstalled, reach
from lstm_checks.launch.sandbox.sandbox import ADAPTERS, LEVELS, NoSandbox, attempt, find

CONFINED = ("namespaces", "landlock")
TRIED = """
import json as _json
def tried(**actions):
    found = {}
    for name, action in actions.items():
        try:
            found[name] = str(action())
        except BaseException as error:
            found[name] = type(error).__name__
    print("FOUND" + _json.dumps(found), flush=True)
class LSTM:
    def forward(self, x): return x
"""


def offered(level, distributions=()):
    found, why = attempt(level, distributions)
    if found is None:
        pytest.skip(f"level {level} does not work here: {why}")
    return found


@pytest.fixture(params=LEVELS)
def level(request):
    offered(request.param)
    return request.param


@pytest.fixture(params=CONFINED)
def confined(request):
    offered(request.param)
    return request.param


def loaded(level, folder, code, memory=1 << 30, seconds=20.0, **changes):
    """What the module printed as it was loaded in a sandbox, and the reply."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    file = folder / "subject.py"
    file.write_text(TRIED + code)
    sandbox = sandboxes.replace(offered(level).holding(str(folder)), **changes)
    request = {"source": str(file), "is_file": True, "name": None, "adapter": "native"}
    request |= {"adapter_is_file": False, "adapters": str(ADAPTERS)}
    with Process(memory, sandbox=sandbox) as process:
        try:
            reply = process.ask({"do": "load", "with": request}, seconds, 1 << 20)
        except Halted as halted:
            reply = halted
    return process.output()[0], reply


def found(level, folder, actions, before="", **options):
    out, reply = loaded(level, folder, f"{before}\ntried({actions})", **options)
    assert "FOUND" in out, (out, reply)
    return json.loads(out.partition("FOUND")[2].splitlines()[0])


def test_a_plain_subject_loads_at_every_level(level, tmp_path):
    _, reply = loaded(level, tmp_path / "s", "import numpy, statistics, json, decimal\n")
    assert reply["ok"]["name"] == "LSTM"


def test_a_neighbour_file_of_its_own_can_be_imported(level, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "helper.py").write_text("VALUE = 7\n")
    assert found(level, tmp_path / "s", "v=lambda: __import__('helper').VALUE") == {"v": "7"}


def test_nothing_of_the_kit_and_no_other_package_can_be_imported(confined, tmp_path):
    tried = "a=lambda: __import__('lstm_checks'), b=lambda: __import__('lstm_reference'), "
    tried += "c=lambda: __import__('torch'), d=lambda: __import__('hypothesis')"
    results = found(confined, tmp_path / "s", tried)
    assert set(results.values()) <= {"ModuleNotFoundError", "PermissionError"}, results


def test_the_weakest_level_leaves_what_is_installed_beside_numpy_within_reach(tmp_path):
    """docs/sandbox.md says so. Where this changes, the page has to."""
    results = found("process", tmp_path / "s", "v=lambda: __import__('hypothesis').__name__")
    assert results == {"v": "hypothesis"}


def test_no_byte_code_is_written(level, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "helper.py").write_text("VALUE = 7\n")
    found(level, tmp_path / "s", "v=lambda: __import__('helper').VALUE")
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["helper.py", "subject.py"]


def test_files_of_the_judge_cannot_be_read(confined, tmp_path):
    secret = tmp_path / "neighbour.py"
    secret.write_text("a neighbour's")
    secret.chmod(0o644)
    package = Path(lstm_checks.__file__).parent
    reference = package.parent.parent / "reference" / "lstm_reference" / "cells" / "cell.py"
    read = [secret, package / "api.py", package / "laws" / "step.py", reference, "/etc/passwd"]
    read += ["/proc/self/mem", f"/proc/{os.getpid()}/environ", f"/proc/{os.getpid()}/cmdline"]
    tried = ", ".join(
        f"f{k}=lambda: len(open({str(path)!r}).read())" for k, path in enumerate(read)
    )
    results = found(confined, tmp_path / "s", tried)
    assert set(results.values()) <= {"PermissionError", "FileNotFoundError"}, results


def test_nothing_can_be_written_beside_the_submission(confined, tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (target / "there").write_text("before")
    tried = ", ".join(
        f"f{k}=lambda: open({str(path)!r}, 'w').write('x')"
        for k, path in enumerate(
            [target / "new", target / "there", tmp_path / "s" / "subject.py", "/usr/lib/x.py"]
        )
    )
    tried += f", g=lambda: os.unlink({str(target / 'there')!r})"
    tried += f", h=lambda: os.chmod({str(target / 'there')!r}, 0)"
    tried += f", i=lambda: os.symlink('/etc/passwd', {str(target / 'link')!r})"
    tried += f", j=lambda: os.truncate({str(target / 'there')!r}, 0)"
    results = found(confined, tmp_path / "s", tried, "import os")
    assert not {"None", "1"} & set(results.values()), results
    assert [path.name for path in target.iterdir()] == ["there"]
    assert (target / "there").read_text() == "before"


def test_no_network_and_no_sockets(confined, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        tried = f"tcp=lambda: socket.create_connection(('127.0.0.1', {port}), 2), "
        tried += "udp=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), "
        tried += "unix=lambda: socket.socket(socket.AF_UNIX), pair=lambda: socket.socketpair()"
        results = found(confined, tmp_path / "s", tried, "import socket")
    assert set(results.values()) == {"PermissionError"}, results


def test_no_processes_no_programs_and_no_signals(confined, tmp_path):
    tried = "fork=lambda: os.fork(), run=lambda: os.execv('/bin/true', ['true']), "
    tried += "sub=lambda: subprocess.run(['/bin/true']), spawn=lambda: os.posix_spawn("
    tried += "'/bin/true', ['true'], {}), parent=lambda: os.kill(os.getppid(), 9), "
    tried += f"judge=lambda: os.kill({os.getpid()}, 0), all=lambda: os.kill(-1, 0)"
    results = found(confined, tmp_path / "s", tried, "import os, subprocess")
    assert set(results.values()) <= {"PermissionError", "OSError"}, results


def test_no_dangerous_system_calls(confined, tmp_path):
    before = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
    before += "def call(*a):\n    r = libc.syscall(*a)\n    return r if r < 0 else 'worked'\n"
    numbers = {
        "ptrace": (101, 16, os.getpid(), 0, 0),
        "vm_readv": (310, os.getpid(), 0, 0, 0, 0, 0),
    }
    numbers |= {"io_uring": (425, 1, 0), "unshare": (272, 0x10000000), "memfd": (319, b"x", 0)}
    numbers |= {"clone3": (435, 0, 0), "bpf": (321, 0, 0, 0), "keyctl": (250, 0, 0)}
    numbers |= {"prlimit": (302, os.getppid(), 7, 0, 0)}
    tried = ", ".join(f"{name}=lambda: call(*{given!r})" for name, given in numbers.items())
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers of the system calls are those of x86_64")
    results = found(confined, tmp_path / "s", tried, before)
    assert set(results.values()) == {"-1"}, results


def test_threads_are_allowed(confined, tmp_path):
    before = "import threading\ndone = []\n"
    before += "t = threading.Thread(target=done.append, args=(1,)); t.start(); t.join()"
    assert found(confined, tmp_path / "s", "v=lambda: done", before) == {"v": "[1]"}


def test_the_environment_holds_nothing_of_the_judges(level, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_KEY", "secret")
    monkeypatch.setenv("PATH_OF_THE_JUDGE", "secret")
    results = found(level, tmp_path / "s", "v=lambda: dict(os.environ)", "import os")
    assert "secret" not in results["v"]
    assert "PATH" not in results["v"]


def test_the_devices_that_libraries_need_are_there(level, tmp_path):
    tried = "a=lambda: len(open('/dev/urandom', 'rb').read(3)), b=lambda: open('/dev/null', 'w')"
    results = found(level, tmp_path / "s", tried)
    assert results["a"] == "3"
    assert "null" in results["b"]


def test_the_process_has_no_capability_and_can_gain_none(confined):
    with Process(1 << 30, sandbox=offered(confined)) as process:
        process.ready()
        leaf = psutil.Process(process.pid)
        while leaf.children():
            (leaf,) = leaf.children()
        status = Path(f"/proc/{leaf.pid}/status").read_text()
    facts = dict(line.split(":\t") for line in status.splitlines() if ":\t" in line)
    assert {int(facts[name], 16) for name in ("CapEff", "CapPrm", "CapInh")} == {0}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")


def test_installed_packages_are_out_of_reach(confined, tmp_path):
    there = [
        next(Path(folder).rglob("*.py"), None)
        for folder in offered(confined).reach.hidden
        if Path(folder).is_dir()
    ]
    there = [path for path in there if path is not None]
    tried = ", ".join(f"f{k}=lambda: open({str(path)!r}).read()" for k, path in enumerate(there))
    results = found(confined, tmp_path / "s", tried)
    assert there, "nothing is installed that could be read"
    assert set(results.values()) <= {"PermissionError", "FileNotFoundError"}, results


def test_memory_is_limited_shared_memory_too(level, tmp_path):
    if sys.platform != "linux":
        pytest.skip("the limit on address space is Linux's")
    tried = "own=lambda: len(bytearray(4 << 30)), shared=lambda: len(mmap.mmap(-1, 4 << 30))"
    results = found(level, tmp_path / "s", tried, "import mmap", memory=512 << 20)
    assert set(results.values()) <= {"MemoryError", "OSError"}, results


def test_the_disk_is_limited(confined, tmp_path):
    before = "import os, tempfile\ndef fill():\n    written = 0\n    for k in range(100):\n"
    before += "        with open(f'/tmp/{k}', 'wb') as f:\n            f.write(bytes(4 << 20))\n"
    before += "        written += 4\n    return written\n"
    marker = Path("/tmp/0")
    existed = marker.exists()
    results = found(confined, tmp_path / "s", "v=fill", before)
    assert results["v"] in ("OSError", "PermissionError")
    assert marker.exists() == existed


def test_processor_time_is_limited(level, tmp_path):
    begun = time.monotonic()
    _, reply = loaded(level, tmp_path / "s", "while True: pass", cpu=1, seconds=20.0)
    assert isinstance(reply, Halted)
    assert "SIGXCPU" in reply.text or "SIGKILL" in reply.text
    assert time.monotonic() - begun < 15


def test_a_crash_inside_has_its_signal(level, tmp_path):
    _, reply = loaded(level, tmp_path / "s", "import ctypes; ctypes.string_at(0)")
    assert reply.text == "crashed its process (SIGSEGV)"


def test_an_exit_inside_has_its_status(level, tmp_path):
    _, reply = loaded(level, tmp_path / "s", "import os; os._exit(3)")
    assert reply.text == "ended its process (exit code 3)"


def test_a_sandbox_that_is_required_and_does_not_work_is_refused(monkeypatch):
    monkeypatch.setattr(sandboxes, "attempt", lambda level, _: (None, "it is switched off"))
    with pytest.raises(NoSandbox, match="namespaces: it is switched off"):
        find("namespaces")


def test_the_strongest_that_works_is_found_and_tells_why_not_a_stronger(monkeypatch):
    real = sandboxes.attempt
    weak = {"namespaces": (None, "it is switched off")}
    monkeypatch.setattr(sandboxes, "attempt", lambda level, d: weak.get(level) or real(level, d))
    sandbox = find("process")
    assert sandbox.level in ("landlock", "process")
    assert sandbox.weaker[0] == "namespaces: it is switched off"


def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(NotInstalled, match="no_such_package"):
        reach(("no_such_package",))


def test_a_package_that_the_assignment_allows_can_be_imported(tmp_path):
    sandbox = find("process", ("rich",))
    file = tmp_path / "subject.py"
    file.write_text(
        "import rich.console, markdown_it\nclass LSTM:\n    def forward(self, x): pass\n"
    )
    tmp_path.chmod(0o755)
    request = {"source": str(file), "is_file": True, "name": None, "adapter": "native"}
    request |= {"adapter_is_file": False, "adapters": str(ADAPTERS)}
    with Process(1 << 30, sandbox=sandbox.holding(str(tmp_path))) as process:
        reply = process.ask({"do": "load", "with": request}, 20.0, 1 << 20)
    assert "ok" in reply, reply


def test_the_machine_of_the_tests_has_the_strongest_level():
    """Where .ci/run installed bubblewrap, it is not enough that weaker levels are tested."""
    if subprocess.run(["which", "bwrap"], capture_output=True).returncode:
        pytest.skip("bubblewrap is not installed; only weaker levels are tested")
    assert attempt("namespaces")[0] is not None or "not permitted" in attempt("namespaces")[1]
