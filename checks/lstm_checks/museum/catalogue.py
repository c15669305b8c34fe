"""All faults of the museum, by family."""

from lstm_checks.museum.fault import Fault
from lstm_checks.museum.faults import backward, gates, manners, sequence, state, update

FORWARD: tuple[Fault, ...] = (
    *gates.all_faults(),
    *update.all_faults(),
    *sequence.all_faults(),
)
STATE: tuple[Fault, ...] = tuple(
    fault for fault in state.all_faults() if not fault.id.startswith("stateful.backward")
)
BACKWARD: tuple[Fault, ...] = (
    *backward.all_faults(),
    *(fault for fault in state.all_faults() if fault.id.startswith("stateful.backward")),
)
NAMED: tuple[Fault, ...] = FORWARD + STATE + BACKWARD
MANNERS: tuple[Fault, ...] = tuple(manners.all_faults())
ALL = NAMED + MANNERS
# What can be written as source text of one bias.
WRITABLE = tuple(fault for fault in ALL if fault.biases == 1)
BY_ID = {fault.id: fault for fault in ALL}
assert len(BY_ID) == len(ALL)
