"""Data for sequence tasks, and memory tasks with their exact ceilings."""
