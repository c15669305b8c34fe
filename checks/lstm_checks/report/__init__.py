"""Renderings of an outcome: terminal, JSON, page, script."""
