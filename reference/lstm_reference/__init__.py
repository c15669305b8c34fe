"""The reference: what is right. Knows nothing of checks."""
