"""One Report, and several ways to show it."""
