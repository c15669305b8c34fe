"""What a subject may take: seconds and memory."""

from dataclasses import dataclass

DAY = 86400.0
LONGEST = 10 * DAY


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
        """Raises ValueError where a limit is out of range."""
        for name in ("load", "call", "run"):
            seconds = getattr(self, name)
            if not isinstance(seconds, (int, float)) or not 0 < seconds <= LONGEST:
                raise ValueError(
                    f"the limit {name!r} is {seconds!r}; it must be a number of seconds above 0, "
                    f"at most {LONGEST:.0f}"
                )
        memory = self.memory
        if memory is not None and not (isinstance(memory, int) and 0 < memory < 1 << 62):
            raise ValueError(
                f"the limit 'memory' is {memory!r}; it must be a whole number of bytes above 0, "
                "or None for no limit"
            )
