"""The ladder's rungs in their order, what each stands on, and the levels of thoroughness."""

RUNGS = ("load", "shapes", "step", "sequence", "state", "gradients", "memory", "numerics")
LEVELS = ("quick", "standard", "deep")

# Where a law of one of these rungs has failed, the laws that stand on it are blocked.
NEEDS: dict[str, tuple[str, ...]] = {
    "load": ("load",),
    "shapes": ("load",),
    "step": ("load", "shapes"),
    "sequence": ("load", "shapes", "step"),
    "state": ("load", "shapes", "step", "sequence"),
    "gradients": ("load", "shapes", "step", "sequence"),
    "memory": ("load", "shapes", "step", "sequence", "state", "gradients"),
    "numerics": ("load", "shapes", "step", "sequence", "gradients"),
}
