"""The ladder's rungs in their order, and the levels of thoroughness."""

RUNGS = ("load", "shapes", "step", "sequence", "state", "gradients", "memory", "numerics")
ALL_RUNGS = (*RUNGS, "composition")  # the last is about what some formats compose of single LSTMs
LEVELS = ("quick", "standard", "deep")
