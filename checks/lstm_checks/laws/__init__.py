"""The laws, one file per rung; `registry.py` has them in their order."""
