"""What a subject may take: seconds and memory."""

from dataclasses import dataclass

DAY = 86400.0


@dataclass(frozen=True)
class Limits:
    """Limits on a subject.

    Attributes:
        load: seconds for importing it.
        call: seconds for one call.
        run: seconds for the run as a whole.
        memory: bytes of data that its process may hold; None sets no limit.
    """

    load: float = 30.0
    call: float = 10.0
    run: float = 300.0
    memory: int | None = 4 << 30

    def __post_init__(self) -> None:
        """Raises ValueError where a limit is not positive."""
        for name in ("load", "call", "run", "memory"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"the limit {name!r} is {value!r}; it must be positive")
