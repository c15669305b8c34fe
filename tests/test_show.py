"""What `show` draws: gates that give the state, a solved and an unsolved way, readable pictures."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from click.testing import CliRunner

import lstm_checks
from lstm_checks import plots
from lstm_checks.cli import main
from lstm_checks.learn import demonstration as demo
from lstm_checks.learn import showing
from lstm_checks.learn.demonstration import ALIKE, SYMBOLS, UNITS, demonstrate
from lstm_checks.learn.pictures import ROWS, gates_over_time, gradient_against_lag
from lstm_checks.learn.showing import Shown, file_names
from lstm_reference.cells.cell import sigmoid
from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.rnn import SimpleRNN
from lstm_reference.training import gradient_lag

RIGHT = Path(__file__).parent.parent / "examples" / "right_lstm.py"
ANSWERS = "step", "symbol seen", "right next", "predicted", "its probability"


@pytest.fixture(scope="module")
def whole():
    return demonstrate(None, "mine")


@pytest.fixture
def short(monkeypatch):
    """Two epochs, for what does not depend on what is learned."""
    monkeypatch.setattr(demo, "EPOCHS", 2)
    monkeypatch.setattr(showing, "DRAWS", 3)


def test_the_gates_give_the_state_and_the_subjects_own_h(whole):
    for way in whole.ways:
        before = np.concatenate([np.zeros((2, 1, UNITS)), way.c[:, :-1]], axis=1)
        np.testing.assert_allclose(way.c, way.f * before + way.i * way.g, atol=1e-14)
        np.testing.assert_allclose(way.own_h, way.o * np.tanh(way.c), atol=1e-12)
        assert way.apart < 1e-12


def test_one_way_is_solved_and_the_other_is_not(whole):
    through, carried = whole.ways
    assert (through.solved, carried.solved) == (True, False)
    assert (through.answers == SYMBOLS[:, 1:]).all()
    assert (np.abs(carried.known - 0.5) < 0.1).all()  # the toss of a coin
    assert (np.diff(through.distance) > 0).all()
    assert (np.diff(carried.distance) < 0).all()
    assert whole.notes == ()


def test_a_subject_is_trained_in_its_own_process_as_the_reference_is(short):
    told = []
    shown = lstm_checks.show(RIGHT, advance=lambda: told.append(1))
    expected = demonstrate(None, "reference")
    assert len(told) == 2 * 2
    for one, other in zip(shown.demonstration.ways, expected.ways, strict=True):
        np.testing.assert_allclose(one.p, other.p, atol=1e-9)
    assert shown.demonstration.name.endswith("right_lstm.py")


class Halved(LSTM):
    """A wrong forward pass."""

    def forward(self, x, state=None):
        y, state = super().forward(x, state)
        return 0.5 * y, state


class NoBackward(LSTM):
    backward = None


class NoState(LSTM):
    not_offered: ClassVar = {"final_c": "it keeps c to itself"}

    def forward(self, x, state=None):
        y, (h, _) = super().forward(x, state)
        return y, (h, None)


def test_what_is_drawn_of_another_than_the_subject_is_told(short):
    def notes(subject):
        return " ".join(lstm_checks.show(subject).demonstration.notes)

    assert notes(LSTM) == ""
    assert "away from that of a right LSTM" in notes(Halved)
    assert "It has no backward, so the reference was trained" in notes(NoBackward)
    shown = lstm_checks.show(NoState).demonstration
    assert "the state is cut at every step" in shown.notes[0]
    assert [way.how for way in shown.ways] == ["through", "cut"]
    assert shown.ways[1].apart < ALIKE
    alike = shown.ways[1].c  # of what sees its own symbol alone, which is the same from step 2 on
    np.testing.assert_allclose(alike[0, 1:], alike[1, 1:], atol=1e-12)


def written(axes):
    """What is written in the lower right of a column: rows of texts, a text per step."""
    texts = sorted(axes.texts, key=lambda text: (text.get_position()[1], text.get_position()[0]))
    steps = SYMBOLS.shape[1] - 1
    found = [text.get_text() for text in texts]
    return [found[at : at + steps] for at in range(0, len(found), steps)]


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_holds_every_gate_and_every_answer(whole, dark):
    figure = gates_over_time(whole, dark)
    parts = figure.subfigs
    assert [part._suptitle.get_text().split(":")[0] for part in parts] == ["SOLVED", "NOT SOLVED"]
    for part, way in zip(parts, whole.ways, strict=True):
        columns = np.array(part.axes[: 2 * (len(ROWS) + 1)]).reshape(-1, 2).T
        order = np.argsort(-np.abs(way.c[0, -1] - way.c[1, -1]), kind="stable")
        for sequence, (*images, below) in enumerate(columns):
            for axes, name in zip(images, ROWS, strict=True):
                (image,) = axes.images
                want = getattr(way, name)[sequence][:, order].T
                np.testing.assert_array_equal(image.get_array(), want)
                low, high = image.get_clim()
                assert low <= want.min() <= want.max() <= high
            lines = tuple(label.get_text() for label in below.get_yticklabels())
            assert lines == (() if sequence else ANSWERS)
            _, seen, right, predicted, p = written(below)
            assert seen == [str(one) for one in SYMBOLS[sequence, :-1]]
            assert right == [str(one) for one in SYMBOLS[sequence, 1:]]
            wrong = [" ✗" in one for one in predicted]
            assert wrong == list(way.answers[sequence] != SYMBOLS[sequence, 1:])
            assert p == [f"{one:.2f}" for one in way.p[sequence].max(axis=1)]
    labels = [axes.get_ylabel() for axes in parts[0].axes]
    assert [f"{name}\nunit" for name in ROWS.values()] == [one for one in labels if "unit" in one]
    background = plots.DARK.paper if dark else plots.LIGHT.paper
    assert plots.contents(figure, "svg").count(background.encode()) > 0


def test_the_gradient_of_a_layer_that_only_carries_is_the_power_of_its_factor():
    def carrying(rng):
        layer = LSTM(5, 3)
        for array in layer.params.values():
            array[:] = 0
        layer.params["W"][:, 6:9] = rng.standard_normal(3)  # g, the same for every symbol
        layer.params["b"][3:6] = 2.0
        return layer

    (found,) = gradient_lag.norms(carrying, 30, 1)
    np.testing.assert_allclose(found, sigmoid(np.array(2.0)) ** np.arange(31), rtol=1e-12)

    def linear(rng):
        layer = SimpleRNN(5, 3)
        layer.params.update(W=1e-9 * rng.standard_normal((5, 3)), U=1.25 * np.eye(3), b=np.zeros(3))
        return layer

    (found,) = gradient_lag.norms(linear, 30, 1)
    np.testing.assert_allclose(found, 1.25 ** np.arange(31), rtol=1e-9)


def test_the_forget_bias_decides_how_much_gradient_is_left():
    left = {
        name: float(np.median(gradient_lag.norms(make, 100, 20)[:, 100]))
        for name, make in showing.LAYERS.items()
    }
    assert left["LSTM, forget bias 8"] > 1e-3
    assert left["LSTM, forget bias 1"] < 1e-6
    assert left["simple recurrent layer"] < 1e-6
    exploding = gradient_lag.norms(gradient_lag.simple(2.0), 100, 20)[:, 100]
    assert np.median(exploding) > 1e2


def test_the_gradients_picture_names_its_lines():
    found = {name: gradient_lag.norms(make, 20, 7) for name, make in showing.LAYERS.items()}
    figure = gradient_against_lag(found)
    (axes,) = figure.axes
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == [f"{name}: median, band 10 to 90 % of 7 draws" for name in found]
    for line, norms in zip(axes.lines, found.values(), strict=False):
        np.testing.assert_allclose(line.get_ydata(), np.median(norms, axis=0))
    assert axes.get_yscale() == "log"
    assert "lag" in axes.get_xlabel()
    assert "gradient" in axes.get_ylabel()


def run(*arguments):
    return CliRunner().invoke(main, ["show", *map(str, arguments)])


def test_the_command_writes_both_pictures_by_the_suffix(short, tmp_path):
    done = run("--out", tmp_path / "mine.svg")
    assert done.exit_code == 0, done.output
    for name in ("mine.svg", "mine-lag.svg"):
        assert (tmp_path / name).read_text().startswith("<?xml")
        assert str(tmp_path / name) in done.output
    done = run(RIGHT, "--out", tmp_path / "mine.png", "--dark")
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")
    assert "not solved" in done.output
    assert "4 (p 0." in done.output


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nothing.py",), 2, "there is no file 'nothing.py'"),
        (("--out", "mine.txt"), 2, "give it the suffix .png, .svg or .pdf"),
        (("--out", "no/such/place.png"), 2, "cannot be written"),
        (("empty.py",), 1, "empty.py cannot be trained"),
        (("raises.py",), 1, "raises.py cannot be trained"),
    ],
)
def test_bad_input_is_one_line(short, tmp_path, monkeypatch, arguments, status, said):
    monkeypatch.chdir(tmp_path)
    Path("empty.py").write_text("")
    Path("raises.py").write_text(RIGHT.read_text().replace("def forward", "def forward(no): 1 /"))
    done = run(*arguments)
    assert done.exit_code == status, done.output
    assert sum(said in line for line in done.output.splitlines()) == 1
    assert "Traceback" not in done.output
    assert list(Path().glob("*.png")) == []


def test_without_matplotlib_one_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(plots, "find_spec", lambda name: None)
    done = run("--out", tmp_path / "mine.png")
    assert done.exit_code == 2
    assert "pip install 'lstm-checks[examples]'" in done.output


def test_a_notebook_shows_both_pictures_and_escapes_names(whole):
    lags = {"a": gradient_lag.norms(gradient_lag.simple(), showing.LAGS, 2)}
    bad = demo.Demonstration("<script>", 0, whole.ways, ("<script>",))
    html = Shown(bad, lags)._repr_html_()
    assert html.count("data:image/png;base64,") == 2
    assert "<script>" not in html
    assert file_names("a/b.svg") == ("a/b.svg", "a/b-lag.svg")


def luminance(colour):
    """The relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    share = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in share]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    ("theme", "papers", "least"),
    [
        (plots.LIGHT, ("#ffffff",), 4.5),
        (plots.DARK, ("#0f1318",), 4.5),
        (plots.EITHER, ("#ffffff", "#131416"), 4.2),  # the papers of the site, by furo's switch
    ],
)
def test_colours_stand_out_from_the_paper(theme, papers, least):
    """WCAG 2.2 asks for a contrast of 3 for lines (1.4.11); what is read has more."""
    for paper in papers:
        for colour, needed in [
            *((line, 3.0) for line in (*theme.lines, theme.wrong)),
            (theme.ink, least),
            (theme.dim, least),
        ]:
            light, dark = sorted((luminance(colour), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= needed, (colour, paper)
