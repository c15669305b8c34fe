"""The recurrent cells and layers: the LSTM in several forms, and the simple recurrent layer."""
