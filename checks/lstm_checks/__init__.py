"""lstm-checks: tells anyone who wrote an LSTM whether it is right, and if not, what is wrong."""
