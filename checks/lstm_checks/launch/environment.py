"""The environment variables that reach the subject: what a library needs to run, nothing else."""

import os

SYSTEM = ("PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR")
LOADER = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CONDA_PREFIX")
PREFIXES = ("LC_", "KERAS_", "TF_", "JAX_", "XLA_", "TORCH_", "CUDA_", "NUMBA_")
TINYGRAD = ("DEV", "CC")  # its device, and its compiler
LIBRARIES = ("OMP", "OPENBLAS", "MKL")


def clean(threads: int) -> dict[str, str]:
    """The subject's environment.

    Args:
        threads: how many threads its linear algebra may use.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in SYSTEM + LOADER + TINYGRAD or name.startswith(PREFIXES)
    }
    return kept | {f"{name}_NUM_THREADS": str(threads) for name in LIBRARIES}
