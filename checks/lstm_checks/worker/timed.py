"""The host of a timed process: it also runs blocks of calls on staged inputs.

It measures nothing that counts: the judge times a block with its own clock. The subject's code runs
in here, so the judge believes nothing that this process says without a check of its own. While a
block runs, the thread that talks to the judge waits for the block's reply.
"""

import ctypes
import gc
import os
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np

from .digest import digest
from .encode import type_name
from .host import Host

CLOCKS = ("perf_counter", "monotonic", "time")
BLAS = ("user_api", "internal_api", "version", "num_threads", "architecture")
ODD = 8  # types of results that are named


class TimedHost(Host):
    """A host that runs blocks of calls, of subjects on NumPy arrays or on torch's tensors."""

    _staged: list[tuple[Any, Any, Any]]  # x, state, dy
    _made: list[list[list[Any]]]  # of each call what forward and backward returned, and grads
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
        if torch is not None and getattr(self.adapted, "takes_tensors", False):
            self._torch, self._on_cuda = torch, device == "cuda"
            torch.set_default_device(device)
            torch.set_default_dtype(getattr(torch, dtype))
            torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        gc.collect()
        gc.freeze()  # what is loaded stays, and need not be searched before every block
        return said

    def _clear(self) -> None:
        """Forget the block before, as the next one begins."""
        self._staged, self._made = [], []
        gc.collect()

    def _stage(self, x: Any, state: Any, dy: Any) -> None:
        """Take the inputs of the block's next call."""
        state = None if state is None else tuple(map(self._given, state))
        self._staged.append((self._given(x), state, self._given(dy)))

    def _given(self, array: Any) -> Any:
        """An input as the subject takes it."""
        if self._torch is None or array is None:
            return array
        return self._torch.tensor(array, dtype=self._torch.get_default_dtype())

    def _go(self, key: int, order: list[int], backward: bool, weights: list[str]) -> dict[str, Any]:
        """Make the staged calls in `order`; an empty order does nothing.

        With `backward`, the gradients of `weights` are kept too. Off CUDA the reply holds a digest
        of all that each call returned, made when it returned: nothing that is fetched later can
        have been computed or changed after the reply.
        """
        instance = self.instance(key)
        returned: list[list[list[Any]]] = []
        digests: list[bytes] = []
        odd: set[str] = set()
        if self._torch is not None:
            self._torch.set_grad_enabled(backward)
        before = [getattr(time, clock)() for clock in CLOCKS]
        for call in order:
            x, state, dy = self._staged[call]
            results = instance.forward(x) if state is None else instance.forward(x, state)
            arrays, back, found = self._arrays(results, odd), [], []
            if backward:
                back = self._arrays(instance.backward(dy), odd)
                grads = instance.grads
                found = [grads.get(name) for name in weights]
                # The next call may write into the same arrays.
                found = [self._own(one, odd) for one in found]
            if not self._on_cuda:
                digests.append(digest([*arrays, *back, *found]))
            returned.append([arrays, back, found])
        if self._on_cuda:
            self._torch.cuda.synchronize()
        clocks = [getattr(time, name)() - begun for name, begun in zip(CLOCKS, before, strict=True)]
        self._made = returned
        joined = np.frombuffer(b"".join(digests), np.uint8)
        return {"digests": joined, "clocks": clocks, "odd": sorted(odd)[:ODD]}

    def _arrays(self, value: Any, odd: set[str]) -> list[Any]:
        """The arrays and the Nones in a result, in order; anything else is made an array, in time.

        Tensors on CUDA stay there until they are fetched.
        """
        if isinstance(value, (tuple, list)):
            return [array for part in value for array in self._arrays(part, odd)]
        return [self._array(value, odd)]

    def _array(self, value: Any, odd: set[str]) -> Any:
        if type(value) is np.ndarray or value is None:
            return value
        if self._torch is not None and isinstance(value, self._torch.Tensor):
            return value if self._on_cuda else _plain(value)
        odd.add(type_name(type(value)))
        return np.asarray(value)

    def _own(self, value: Any, odd: set[str]) -> Any:
        array = self._array(value, odd)
        return array.copy() if type(value) is np.ndarray else array

    def _fetch(self, call: int, start: int, stop: int | None) -> dict[str, Any]:
        """Some of the arrays that a call returned, as they are now, and how many there are."""
        parts = self._made[call]
        some = [
            _plain(one) if self._on_cuda and one is not None else one
            for one in [array for part in parts for array in part][start:stop]
        ]
        return {"arrays": list(map(self._encoded, some)), "counts": list(map(len, parts))}

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


def _plain(tensor: Any) -> Any:
    """A tensor as an array; NumPy has no bfloat16."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.element_size() < 4 else tensor).cpu().numpy()


def make() -> TimedHost:
    """The host of a timed process. NumPy is left as it is, also where it gives memory as it is."""
    return TimedHost()
