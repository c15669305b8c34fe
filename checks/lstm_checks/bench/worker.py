"""The timed process: `python -m lstm_checks.bench.worker FD`.

It holds a subject as any worker does, and also runs blocks of calls on staged inputs. It measures
nothing that counts: the judge times a block with its own clock. The subject's code runs in here,
so the judge believes nothing that this process says without a check of its own.
"""

import ctypes
import gc
import hashlib
import os
import sys
import time
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

from lstm_checks.worker.__main__ import serve
from lstm_checks.worker.host import Host

CLOCKS = ("perf_counter", "monotonic", "time")
DIGEST = 32  # bytes
BLAS = ("user_api", "internal_api", "version", "num_threads", "architecture")


class TimedHost(Host):
    """A host that runs blocks of calls, of subjects on NumPy arrays or on torch's tensors."""

    _staged: list[tuple[Any, Any, Any]]  # x, state, dy
    _returned: list[tuple[list[Any], list[str]]]  # arrays, and the names of the last as gradients
    _torch: Any = None  # where the subject takes tensors
    _on_cuda = False

    def _identify(self) -> int:
        return os.getpid()

    def _prepare(self, threads: int, device: str, dtype: str) -> dict[str, Any]:
        """Tell torch, where it is loaded, what to use; what the libraries in use say."""
        said: dict[str, Any] = {
            "blas": [
                {key: one[key] for key in BLAS if key in one}
                for one in import_module("threadpoolctl").threadpool_info()
            ]
        }
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.set_num_threads(threads)
            said |= {"torch_threads": torch.get_num_threads(), "torch": str(torch.__version__)}
        if torch is not None and getattr(self._adapted, "takes_tensors", False):
            self._torch, self._on_cuda = torch, device == "cuda"
            torch.set_default_device(device)
            torch.set_default_dtype(getattr(torch, dtype))
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        return said

    def _stage(self, call: int, x: Any, state: Any, dy: Any) -> None:
        """Take the inputs of a call; call 0 begins a new block."""
        if call == 0:
            self._staged, self._returned = [], []
            gc.collect()
        state = None if state is None else tuple(map(self._given, state))
        self._staged.append((self._given(x), state, self._given(dy)))

    def _given(self, array: Any) -> Any:
        """An input as the subject takes it."""
        if self._torch is None or array is None:
            return array
        return self._torch.tensor(array, dtype=self._torch.get_default_dtype())

    def _go(self, key: int, order: list[int], backward: bool) -> dict[str, Any]:
        """Make the staged calls in `order`; an empty order does nothing.

        Off CUDA the reply holds a digest of all that each call returned, made when it returned:
        nothing that is fetched later can have been computed or changed after the reply.
        """
        layer: Any = self._layers.get(key)
        returned: list[tuple[list[Any], list[str]]] = []
        digests: list[bytes] = []
        odd: set[str] = set()
        if self._torch is not None:
            self._torch.set_grad_enabled(backward)
        before = [getattr(time, clock)() for clock in CLOCKS]
        for call in order:
            x, state, dy = self._staged[call]
            arrays = self._arrays(
                layer.forward(x) if state is None else layer.forward(x, state), odd
            )
            names: list[str] = []
            if backward:
                arrays += self._arrays(layer.backward(dy), odd)
                gradients = dict(layer.grads.items())
                names = [str(name) for name in gradients]
                found = self._arrays(tuple(gradients.values()), odd)
                # The next call may write into the same arrays.
                arrays += [one.copy() if type(one) is np.ndarray else one for one in found]
            if not self._on_cuda:
                digests.append(digest(arrays))
            returned.append((arrays, names))
        if self._on_cuda:
            self._torch.cuda.synchronize()
        clocks = [getattr(time, name)() - begun for name, begun in zip(CLOCKS, before, strict=True)]
        self._returned = returned
        joined = np.frombuffer(b"".join(digests), np.uint8)
        return {"digests": joined, "clocks": clocks, "odd": sorted(odd)}

    def _arrays(self, value: Any, odd: set[str]) -> list[Any]:
        """The arrays and the Nones in a result, in order; anything else is made an array, in time.

        Tensors on CUDA stay there until they are fetched.
        """
        if type(value) is np.ndarray or value is None:
            return [value]
        if isinstance(value, (tuple, list)):
            return [array for part in value for array in self._arrays(part, odd)]
        if self._torch is not None and isinstance(value, self._torch.Tensor):
            return [value if self._on_cuda else _plain(value)]
        odd.add(type(value).__name__[:80])
        return [np.asarray(value)]

    def _fetch(self, call: int, start: int, stop: int | None) -> dict[str, Any]:
        """Some of the arrays that a call returned, as they are now, and how many there are."""
        arrays, names = self._returned[call]
        some = [
            _plain(one) if self._on_cuda and one is not None else one for one in arrays[start:stop]
        ]
        return {"arrays": some, "count": len(arrays), "gradients": names}

    def _tidy(self) -> int:
        """Give freed memory back, so that a peak from here on can be seen; what CUDA's torch has.

        The same when asked again: the peak since then is `_cuda_peak`.
        """
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)
        if not self._on_cuda:
            return 0
        self._torch.cuda.reset_peak_memory_stats()
        return int(self._torch.cuda.memory_allocated())

    def _cuda_peak(self) -> int:
        return int(self._torch.cuda.max_memory_allocated())


def digest(arrays: Iterable[Any]) -> bytes:
    """The SHA-256 of the numbers in some arrays, one after the other."""
    found = hashlib.sha256()
    for array in arrays:
        if array is not None:
            found.update(np.ascontiguousarray(array).data)
    return found.digest()


def _plain(tensor: Any) -> Any:
    """A tensor as an array; NumPy has no bfloat16."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.element_size() < 4 else tensor).cpu().numpy()


if __name__ == "__main__":
    serve(TimedHost())
