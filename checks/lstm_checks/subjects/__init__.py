"""What is under check: what a user typed, its conventions, and the judge's handle on it."""
