"""The museum: known mistakes as choices of an LSTM, and the diagnosis that names them."""
