"""The faults, a file per family."""
