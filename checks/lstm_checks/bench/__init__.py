"""lstm-checks bench: a subject timed against rivals and the floor, by the judge's clock."""
