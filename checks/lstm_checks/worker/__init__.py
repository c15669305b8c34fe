"""The subject's side of the channel. It needs NumPy alone and holds nothing of what is right."""
