"""A small network to train recurrent layers in: layers, losses, optimizers, weight files."""
