"""Grades a class: submissions that are not trusted, a rubric, and results that can be."""
