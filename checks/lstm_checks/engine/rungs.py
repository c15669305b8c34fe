"""The ladder's rungs in their order, and the levels of thoroughness."""

RUNGS = ("load", "shapes", "step", "sequence", "state", "gradients", "memory", "numerics")
LEVELS = ("quick", "standard", "deep")
