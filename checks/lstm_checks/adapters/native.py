"""The native contract: a class LSTM(input_size, hidden_size, stateful=False) on NumPy arrays."""


def adapt(target):
    return target
