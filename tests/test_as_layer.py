"""Any subject stands in a network as a layer, and trains as the reference's own layer does."""

from pathlib import Path

import numpy as np
import pytest

from lstm_checks import as_layer
from lstm_checks.findings import Breach
from lstm_checks.subjects.source import Unusable
from lstm_reference.cells.lstm import LSTM
from lstm_reference.training.layers import Dense
from lstm_reference.training.network import Sequential

ROOT = Path(__file__).parent.parent
RIGHT = ROOT / "tests" / "subjects" / "right"
SUBJECTS = {
    "its own conventions": (RIGHT / "time_major_two_biases.py", None),
    "a matrix a gate": (RIGHT / "gates_apart.py", None),
    "torch": ("torch.nn:LSTM", None),
    "functions": (ROOT / "examples" / "cs231n_lstm.py", "cs231n"),
    "the reference": ("lstm_reference.cells.lstm:LSTM", None),
}
X = np.random.default_rng(1).standard_normal((6, 4, 3))
Y = np.random.default_rng(2).standard_normal((6, 4, 2))


def network(layer):
    return Sequential([layer, Dense(5, 2, rng=np.random.default_rng(3))])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.torch if name == "torch" else ()) for name in SUBJECTS],
)
def test_a_subject_trains_as_the_reference_does(name):
    subject, adapter = SUBJECTS[name]
    layer = as_layer(str(subject), 3, 5, adapter=adapter)
    got, want = network(layer), network(LSTM(3, 5))
    losses = want.fit(X, Y, batch_size=2, epochs=3)
    assert got.fit(X, Y, batch_size=2, epochs=3) == pytest.approx(losses, rel=1e-11)
    assert losses[-1] < losses[0]
    np.testing.assert_allclose(got.weights.vector, want.weights.vector, rtol=0, atol=1e-11)
    assert layer._subject.calls == []  # however long it trains


def test_a_class_at_hand_and_carried_state():
    got, want = network(as_layer(LSTM, 3, 5, stateful=True)), network(LSTM(3, 5, stateful=True))
    assert got.stateful
    for _ in range(2):
        first = want.predict(X)
        np.testing.assert_allclose(got.predict(X), first, rtol=0, atol=1e-14)
        assert not np.allclose(want.predict(X), first)  # the state is carried
        got.predict(X)
        for one in (got, want):
            one.reset_state()


def test_what_cannot_be_had_is_said(tmp_path):
    file = tmp_path / "lstm.py"
    file.write_text(
        "import numpy as np\n"
        "class LSTM:\n"
        "    def __init__(self, D, H):\n"
        "        self.params = {'W': np.zeros((D, 4 * H)), 'U': np.zeros((H, 4 * H)),\n"
        "                       'b': np.zeros(4 * H)}\n"
        "    def forward(self, x, state=None):\n"
        "        return 1 / 0\n"
    )
    with pytest.raises(ValueError, match="offers no stateful mode"):
        as_layer(str(file), 3, 5, stateful=True)
    with pytest.raises(Breach, match="forward raised ZeroDivisionError"):
        as_layer(str(file), 3, 5).forward(X)
    with pytest.raises(Unusable, match="there is no file"):
        as_layer(str(tmp_path / "nowhere.py"), 3, 5)
