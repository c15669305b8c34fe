"""What the figures depend on: processor, versions, threads, load."""

import os
import platform
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "torch", "lstm-checks")


def describe(threads: int, device: str) -> dict[str, Any]:
    """The machine and the versions, as they stand in a report; torch is imported for CUDA alone."""
    on_device = describe_device(device) if device == "cuda" else {}
    return on_device | {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "threads": threads,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "load_before": load(),
    }


def describe_device(device: str) -> dict[str, Any]:
    """A device of torch's, "cuda" or "cpu", and the speed at which it copies memory."""
    torch = import_module("torch")
    on_cuda = device == "cuda"
    count = 1 << (28 if on_cuda else 24)
    source = torch.zeros(count, dtype=torch.uint8, device=device)
    into, taken = torch.empty_like(source), []
    for _ in range(10):
        begun = time.perf_counter()
        into.copy_(source)
        if on_cuda:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun)
    return {
        "device": torch.cuda.get_device_name() if on_cuda else device,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "tf32": False,
        "bandwidth_bytes_per_second": 2 * count / min(taken),  # read and written
    }


def load() -> float | None:
    """Processes that wanted a core, averaged over the last minute; None where unknown."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None


def blas(said: dict[str, Any]) -> str:
    """The linear algebra libraries that a contender's process has loaded, in words."""
    return ", ".join(
        f"{one.get('internal_api', 'of unknown name')} {one.get('version') or ''}".strip()
        for one in said.get("blas", ())
        if one.get("user_api") == "blas"
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(found, platform.processor() or platform.machine())


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
