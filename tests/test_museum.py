"""The museum: its model is the textbook's, its faults are faults, and the diagnosis names them."""

import random
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from click.testing import CliRunner

from faults import FAULTS, SUBJECTS
from lstm_checks import check
from lstm_checks.cli import STYLES as OPTIONS
from lstm_checks.cli import main
from lstm_checks.engine.case import Case
from lstm_checks.findings import Diagnosis
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.local import Local
from lstm_checks.museum.catalogue import ALL, BY_ID, MANNERS, NAMED, WRITABLE
from lstm_checks.museum.diagnose import diagnose
from lstm_checks.museum.fault import Fault
from lstm_checks.museum.matrix import kill, module
from lstm_checks.museum.model import Model, program
from lstm_checks.museum.source import STYLES, source, source_of
from lstm_checks.museum.textbook import TEXTBOOK
from lstm_checks.subjects.source import of_object
from lstm_checks.subjects.subject import Subject
from lstm_reference.cells import unrolled
from unknown_mistakes import UNKNOWN

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
PLAIN = (SUBJECTS / "plain_lstm.py").read_text()


def diagnosed(target: object, seed: int = 0) -> tuple[Diagnosis, ...]:
    """The diagnosis of a class or module, whether its laws hold or not."""
    subject = Subject.load(Local(target), of_object(target, None)[0], Limits())
    return diagnose(subject, seed)


def named(target: object) -> list[str]:
    return [one.fault for one in diagnosed(target)]


def edited(*edits: tuple[str, str], file: str = "plain_lstm.py") -> ModuleType:
    """A module made of a subject's source with texts replaced."""
    text = (SUBJECTS / file).read_text()
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return module(text)


# The model ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "case", [Case(2, 3, 4, 3, seed=1), Case(1, 1, 1, 1, 2.0), Case(3, 5, 2, 4)]
)
def test_the_model_is_the_textbook(case: Case) -> None:
    model = Model(program(), case.params)
    y, h, c = model.forward(case.x, case.state)
    want, (want_h, want_c), caches = unrolled.forward(case.params, case.x, case.state)
    for got, wanted in ((y, want), (h, want_h), (c, want_c)):
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)
    gradients = unrolled.backward(case.params, caches, case.dy, case.dstate)
    for name, got in model.backward(case.dy, case.dstate).items():
        np.testing.assert_allclose(got, getattr(gradients, name), rtol=0, atol=1e-12)


def test_the_model_carries_its_state_and_resets_it() -> None:
    case = Case(N=2, T=3, D=2, H=3)
    model = Model(program(), case.params, stateful=True)
    first, h, c = model.forward(case.x)
    second, _, _ = model.forward(case.x)
    np.testing.assert_array_equal(second, unrolled.forward(case.params, case.x, (h, c))[0])
    model.reset_state()
    np.testing.assert_array_equal(model.forward(case.x)[0], first)


# The faults ---------------------------------------------------------------------------------------


def test_there_are_many_and_their_ids_are_unique() -> None:
    assert len(NAMED) >= 300
    assert len(BY_ID) == len(ALL)


def _row(fault: Fault | None) -> bytes:
    """What a fault gives in a few calls that show all of its choices, as bytes to compare."""
    choices, numbers = program(fault.choices if fault else {}), []
    for case, times in ((Case(3, 3, 4, 2, 4.0, 11), 20.0), (Case(2, 4, 2, 3, 1.0, 12), 1.0)):
        model = Model(choices, case.params, stateful=times == 1.0)
        for number, given in enumerate((True, False, True)):
            now = case.reseeded(case.seed + number)
            numbers += list(model.forward(now.x, now.state if given else None))
            numbers += model.backward(times * now.dy, now.dstate if given else None).values()
        model.reset_state()
        numbers += list(model.forward(case.x))
    long = Case(1, 40, 1, 1, 6.0, 13)
    numbers += list(Model(choices, long.params).forward(long.x, long.state))
    row = np.concatenate([np.ravel(one) for one in numbers])
    return (np.round(row, 6) + 0.0).tobytes()


def test_no_two_faults_are_the_same_and_none_is_the_textbook() -> None:
    rows = {_row(None): "the textbook"}
    with np.errstate(all="ignore"):
        for fault in NAMED[::4]:
            try:
                row = _row(fault)
            except (ValueError, IndexError):
                continue  # it fails on some sizes, which the diagnosis sees too
            assert row not in rows, (fault.id, rows[row])
            rows[row] = fault.id


def test_each_fault_replaces_slots_that_there_are_by_something_else() -> None:
    for fault in NAMED:
        assert fault.choices, fault.id
        for slot, expression in fault.choices.items():
            assert TEXTBOOK[slot] != expression, fault.id


def test_each_fault_says_what_is_wrong_and_how_to_fix_it() -> None:
    for fault in ALL:
        assert fault.says.endswith("."), fault.id
        assert "{" not in fault.says + fault.fix, fault.id
        assert fault.fix.endswith(".") or fault.convention, fault.id
        assert fault.says.isprintable(), fault.id


def test_a_sentence_holds_the_equation_as_it_was_written() -> None:
    fault = BY_ID["update.forget_left_out"]
    assert fault.says == "The forget gate is left out: c' = c + i·g."
    assert fault.fix == "Write c' = f·c + i·g."
    every = BY_ID["gates.every.bias_left_out"]
    assert every.says == "No gate gets the bias b: k = act(x·W_k + h·U_k)."


# The diagnosis ------------------------------------------------------------------------------------

SAMPLE = random.Random(3).sample([fault for fault in NAMED if fault.biases == 1], 20)


@pytest.mark.parametrize(
    ("fault", "style"),
    [pytest.param(f, list(STYLES)[n % 3], id=f.id) for n, f in enumerate(SAMPLE)],
)
def test_a_fault_in_source_text_is_named(fault: Fault, style: str) -> None:
    assert named(module(source(fault.choices, style)).LSTM) == [fault.id]


@pytest.mark.parametrize("style", STYLES)
def test_the_textbook_in_each_style_passes(style: str) -> None:
    report = check(module(source({}, style)).LSTM, level="quick", in_process=True)
    assert report.passed, str(report)
    assert report.diagnosis == ()


PAIRS = [
    pair
    for pair in combinations(random.Random(5).sample(SAMPLE, 8), 2)
    if not pair[0].choices.keys() & pair[1].choices.keys()
][::5]


@pytest.mark.parametrize("pair", [pytest.param(p, id=f"{p[0].id}+{p[1].id}") for p in PAIRS])
def test_two_faults_are_both_named(pair: tuple[Fault, Fault]) -> None:
    choices = {**pair[0].choices, **pair[1].choices}
    found = named(module(source(choices, "stacked")).LSTM)
    assert set(found) == {fault.id for fault in pair}


@pytest.mark.parametrize(
    "name", ["recomputes", "time_major_two_biases", "gates_apart", "no_bias", "cs231n_functions"]
)
def test_a_right_subject_is_not_diagnosed(name: str) -> None:
    made = edited(file=f"right/{name}.py")
    assert diagnosed(getattr(made, "LSTM", made)) == ()


@pytest.mark.parametrize("mistake", [pytest.param(one, id=one.id) for one in UNKNOWN[1::3]])
def test_an_unknown_mistake_gets_no_name(mistake: object) -> None:
    assert diagnosed(mistake.module().LSTM) == ()  # type: ignore[attr-defined]


@pytest.mark.parametrize("place", [UNKNOWN[12], UNKNOWN[17]], ids=lambda one: one.id)
def test_an_unknown_mistake_gets_a_true_place(place: object) -> None:
    report = check(place.module().LSTM, level="quick", in_process=True)  # type: ignore[attr-defined]
    assert report.cause is not None
    assert report.cause.rung == place.law  # type: ignore[attr-defined]
    assert report.as_dict()["diagnosis"] == []


def test_a_right_derivative_of_a_wrong_forward_pass_is_no_second_mistake() -> None:
    made = edited(
        ("c_next = f * c + i * g", "c_next = c + i * g"),
        ("dz_f = dc * c * f * (1 - f)", "dz_f = 0 * f"),
        ("dc = dc * f\n", "dc = dc\n"),
    )
    assert named(made.LSTM) == ["update.forget_left_out"]


def test_of_equal_explanations_the_backward_pass_decides() -> None:
    forward = ("c_next = f * c + i * g", "c_next = f * c - i * g")
    assert named(edited(forward).LSTM) == ["update.minus"]
    assert named(
        edited(("g = np.tanh(z[:, 2 * H : 3 * H])", "g = -np.tanh(z[:, 2 * H : 3 * H])")).LSTM
    ) == ["gates.candidate.is_falling"]


NOTHING_ELSE = dict.fromkeys(("initial_h", "initial_c", "backward"), "it has none")


def test_what_no_number_tells_apart_is_one_sentence() -> None:
    """Without a cell state that goes in or out, some mistakes of the first step are alike."""
    made = edited(("c_next = f * c + i * g", "c_next = f * c - i * g"))
    plain = made.LSTM

    class Outputs:
        returns = "y"
        not_offered = NOTHING_ELSE

        def __init__(self, input_size: int, hidden_size: int) -> None:
            self.inner = plain(input_size, hidden_size)
            self.params = self.inner.params

        def forward(self, x: object) -> object:
            return self.inner.forward(x)[0]

    (found,) = diagnosed(Outputs)
    assert "; or: " in found.says
    assert "minus" in found.says


def test_another_order_of_the_gate_blocks_gets_the_line_that_declares_it() -> None:
    (found,) = diagnosed(module(source(BY_ID["order.ifog"].choices, "stacked")).LSTM)
    assert '__lstm__ = {"gate_order": "ifog"}' in found.fix


def test_the_order_is_that_of_the_subject_where_it_declared_another() -> None:
    made = module(source({}, "stacked"))
    made.LSTM.gate_order = "fgio"
    (found,) = diagnosed(made.LSTM)
    assert '{"gate_order": "ifgo"}' in found.fix


def test_a_subject_of_float32_is_diagnosed() -> None:
    made = module(source(BY_ID["update.from_h"].choices, "dicts"))
    made.LSTM.dtype = "float32"
    assert named(made.LSTM) == ["update.from_h"]


def test_a_second_bias_that_is_skipped() -> None:
    made = edited((' + p["bias_hh"]\n', "\n"), file="right/time_major_two_biases.py")
    assert "gates.every.second_bias_left_out" in named(made.LSTM)


# The report ---------------------------------------------------------------------------------------


def test_the_report_begins_with_the_mistake() -> None:
    report = check(module(source(BY_ID["update.from_h"].choices, "apart")).LSTM, level="quick")
    first = str(report).replace("\n", " ")
    assert "The cell update continues h in place of c: c' = f·h + i·g." in first[:160]
    assert report.as_dict()["diagnosis"] == [
        {
            "fault": "update.from_h",
            "says": "The cell update continues h in place of c: c' = f·h + i·g.",
            "mend": "Write c' = f·c + i·g.",
        }
    ]


# Manners, the matrix and the command --------------------------------------------------------------


@pytest.mark.parametrize("fault", [pytest.param(f, id=f.id) for f in MANNERS[::6]])
def test_a_mistake_of_manners_is_named_by_its_law(fault: Fault) -> None:
    found = kill(fault, "stacked", "standard")
    assert (found.law, found.named) == (fault.law, ())


def test_every_fault_of_the_tests_is_in_the_museum_or_is_one_of_manners() -> None:
    laws = {fault.law for fault in MANNERS}
    unknown = []
    for fault in FAULTS[:: len(FAULTS) // 10]:
        made = fault.module()
        if fault.law not in laws and not named(getattr(made, "LSTM", made)):
            unknown.append(fault.id)
    assert unknown == []


def test_the_exercises_are_files_that_say_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lstm_checks.museum.command.WRITABLE", WRITABLE[::20])
    result = CliRunner().invoke(main, ["museum", "--export", str(tmp_path), "--style", "dicts"])
    assert result.exit_code == 0, result.output
    files = sorted(tmp_path.glob("*.py"))
    assert len(files) == len(WRITABLE[::20])
    answers = (tmp_path / "answers.md").read_text()
    for file in files:
        text = file.read_text()
        assert "#" not in text
        assert '"""' not in text
        assert file.name in answers


def test_a_fault_is_shown_with_its_equations() -> None:
    result = CliRunner().invoke(main, ["museum", "update.forget_left_out"])
    assert result.exit_code == 0
    assert "as it is written: c' = c + i·g" in result.output
    assert "as it should be:  c' = f·c + i·g" in result.output
    assert "c differs in 4 of 4 numbers" in result.output


def test_the_list_holds_every_fault() -> None:
    output = CliRunner().invoke(main, ["museum"]).output
    assert all(f"  {fault.id}\n" in output for fault in ALL)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no.such_fault"], "there is no fault"),
        (["update.forget"], "do you mean update.forget_left_out"),
        (["--style", "dicts"], "--style goes with --export"),
        (["update.minus", "--matrix"], "give one of"),
    ],
)
def test_an_unusable_call_gets_one_line(arguments: list[str], says: str) -> None:
    result = CliRunner().invoke(main, ["museum", *arguments])
    assert result.exit_code == 2
    assert says in result.output


def test_the_styles_of_the_command_are_those_there_are() -> None:
    assert tuple(STYLES) == OPTIONS


def test_the_pages_hold_the_totals() -> None:
    root = SUBJECTS.parent.parent
    choices = len([fault for fault in WRITABLE if not fault.law])
    page, readme = ((root / name).read_text() for name in ("docs/museum.md", "README.md"))
    assert f"Of {len(WRITABLE)} faults {len(WRITABLE)} are killed" in page
    assert f"Of the {choices} that are choices of an LSTM {choices} are named first" in page
    assert f"Of {choices} known mistakes" in readme
    assert f"of {len(MANNERS)} that are about" in readme


def test_what_is_edited_stands_in_the_source() -> None:
    for fault in MANNERS:
        assert source_of(fault) != source({}, "stacked")


# The line of the source ---------------------------------------------------------------------------


def line(tmp_path: Path, text: str) -> str:
    """The line that the diagnosis of a file shows."""
    file = tmp_path / "subject.py"
    file.write_text(text)
    (found,) = check(file, level="quick", in_process=True).diagnosis
    return found.code


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("c_next = f * c + i * g", "c_next = c + i * g"),
        ("h_next = o * np.tanh(c_next)", "h_next = o * c_next"),
        ("f = sigmoid(z[:, H : 2 * H])", "f = sigmoid((z - b)[:, H : 2 * H])"),
        ("dc = dc + dh * o * (1 - tanh_c**2)", "dc = dc + dh * o * (1 - c_next**2)"),
        ("dz_g = dc * i * (1 - g**2)", "dz_g = dc * i * g * (1 - g)"),
        ("dh = dz @ U.T\n", "dh = dz @ U.T + dh\n"),
    ],
)
def test_the_line_is_shown(tmp_path: Path, old: str, new: str) -> None:
    text = PLAIN.replace(old, new)
    shown = line(tmp_path, text)
    number, _, code = shown.removeprefix("line ").partition(": ")
    assert code == text.splitlines()[int(number) - 1].strip()
    assert new.strip() in code


def test_names_do_not_matter_for_the_line(tmp_path: Path) -> None:
    text = PLAIN.replace("c_next = f * c + i * g", "h_old = f * h + i * g")
    text = text.replace("c_next", "h_old")
    assert line(tmp_path, text).endswith("h_old = f * h + i * g")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # A value that is wrong here is right elsewhere, so that it is not certain which line it is.
        ("h, c = h_next, c_next", "h, c = h_next, h_next"),
        # The line reads what nothing explains.
        ("c_next = f * c + i * g", "part = f - f * g\n            c_next = c + i * g + 0 * part"),
        # The mistake is in σ, or in what it is given.
        ("i = sigmoid(z[:, :H])", "i = sigmoid(sigmoid(z[:, H : 2 * H]))"),
    ],
)
def test_a_line_that_is_not_certain_is_not_shown(tmp_path: Path, old: str, new: str) -> None:
    assert line(tmp_path, PLAIN.replace(old, new)) == ""
