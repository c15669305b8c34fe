"""Mistakes of published code, rebuilt in the plain LSTM from their description, each named as such.

The descriptions are those of issue trackers and of code that was run against autograd; the museum
tells them with the fault (`Fault.seen`).
"""

import pytest

from faults import (
    C_NEXT,
    CARRY,
    DB,
    DC,
    DC_BACK,
    DH,
    DH_BACK,
    DSTATE,
    DW,
    DZ_F,
    DZ_G,
    DZ_I,
    DZ_O,
    F_GATE,
    G_GATE,
    GRADS,
    H_NEXT,
    I_GATE,
    LINE,
    O_GATE,
    RETURN,
    SIGMOID,
    START,
    UNPACK,
    Fault,
    Z,
)
from lstm_checks.launch.limits import Limits
from lstm_checks.launch.local import Local
from lstm_checks.museum.catalogue import BY_ID, MANNERS
from lstm_checks.museum.diagnose import diagnose
from lstm_checks.subjects.source import of_object
from lstm_checks.subjects.subject import Subject

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
TANH_OF_F = "dz_f = dc * c * sigmoid(f)\n"
PUBLISHED = [
    # numpy-ml, issue 42
    Fault("bias_of_o_in_backward", "recomputed.bias_of_output", UNPACK,
          UNPACK + "            z = x_t @ W + h @ U + np.tile(b[3 * H :], 4)\n"
          "            i, f, g = sigmoid(z[:, :H]), sigmoid(z[:, H : 2 * H]), "
          "np.tanh(z[:, 2 * H : 3 * H])\n"),
    # an early LSTMCell of Equinox
    Fault("no_bias", "gates.every.bias_left_out", Z, "z = x_t @ W + h @ U\n"),
    # Deep Learning from Scratch 2
    Fault("dc_of_dstate_dropped", "dstate.c_ignored", DSTATE,
          "if dstate is not None:\n            dh = dstate[0]\n"),
    # torchrecurrent, issue 22
    Fault("plus_for_times", "update.plus_for_times", C_NEXT, "c_next = f * c + i + g\n"),
    # DeepLearningTutorials, issue 81
    Fault("bias_twice", "gates.every.bias_twice", Z, "z = x_t @ W + h @ U + b + b\n"),
    # learn_dl, issue 53
    Fault("wrong_delta", "backward.input.delta_of_forget", DZ_I,
          "dz_i = dc * c * f * (1 - f)\n"),
    # derivatives
    Fault("sigmoid_of_f", "backward.forget.slope_sigmoid_of_activated", DZ_F, TANH_OF_F),
    Fault("tanh_of_g", "backward.candidate.slope_of_activated", DZ_G,
          "dz_g = dc * i * (1 - np.tanh(g) ** 2)\n"),
    Fault("tanh_slope_for_o", "backward.output.slope_tanh", DZ_O,
          "dz_o = dh * tanh_c * (1 - o**2)\n"),
    Fault("precedence", "gates.every.is_precedence", SIGMOID, "return 1 / 1 + np.exp(-z)"),
    Fault("candidate_by_sigma", "gates.candidate.is_sigmoid", G_GATE,
          "g = sigmoid(z[:, 2 * H : 3 * H])"),
    Fault("argument_clipped", "gates.every.is_argument_cut", SIGMOID,
          "return 0.5 * (1 + np.tanh(0.5 * np.clip(z, 0, 1)))"),
    # carries
    Fault("dh_not_carried", "backward.time.dh_not_carried", DH_BACK, "dh = 0 * dh\n"),
    Fault("dc_not_carried", "backward.time.dc_not_carried", DC_BACK, "dc = 0 * dc\n"),
    Fault("dh_not_through_U", "backward.time.dh_not_through_U", DH_BACK, "pass\n"),
    Fault("dc_dropped", "backward.dc.not_carried", DC, "dc = dh * o * (1 - tanh_c**2)\n"),
    Fault("last_dy_at_each_step", "backward.time.dy_of_last", DH, "dh = dh + dy[:, -1]\n"),
    Fault("dW_of_the_last_input", "dW.every.x_last", DW, "dW += self.cache[-1][0].T @ dz\n"),
    Fault("db_given_to_others", "db.every.of_input", DB, "db += np.tile(dz_i.sum(axis=0), 4)\n"),
    Fault("never_zeroed", "weights.sum.pile_up", GRADS,
          "old = self.grads or {'W': 0, 'U': 0, 'b': 0}" + LINE +
          "self.grads = {'W': dW + old['W'], 'U': dU + old['U'], 'b': db + old['b']}\n"),
    Fault("clip_in_backward", "weights.sum.clipped_5", GRADS,
          "self.grads = {k: np.clip(v, -5, 5) for k, v in dict(W=dW, U=dU, b=db).items()}\n"),
    # wiring
    Fault("i_of_f", "gates.input.of_value_forget", I_GATE + "\n            " + F_GATE,
          F_GATE + "\n            i = sigmoid(f)"),
    Fault("one_gate_for_all", "gates.every.all_of_input", Z,
          "z = np.tile((x_t @ W + h @ U + b)[:, :H], 4)\n"),
    Fault("o_without_sigma", "gates.output.is_linear", O_GATE, "o = z[:, 3 * H :]"),
    Fault("tanh_c_carried", "carry.tanh_c", CARRY, "h, c = h_next, np.tanh(c_next)\n"),
    Fault("h_without_tanh", "hidden.without_tanh", H_NEXT, "h_next = o * c_next\n"),
    Fault("c_is_h", "final.c_is_h", RETURN, "return y, (h, h)\n"),
    Fault("exchanged_at_the_start", "begin.exchanged_and_kept", START,
          "c, h = self.initial_state(x, state)\n"),
]  # fmt: skip


@pytest.mark.parametrize("mistake", [pytest.param(one, id=one.id) for one in PUBLISHED])
def test_a_published_mistake_is_named_as_described(mistake: Fault) -> None:
    made = mistake.module().LSTM
    subject = Subject.load(Local(made), of_object(made, None)[0], Limits())
    assert [one.fault for one in diagnose(subject, 0)] == [mistake.law]


def test_each_tells_where_it_was_seen() -> None:
    unsaid = [one.law for one in PUBLISHED if not BY_ID[one.law].seen]
    assert unsaid == []
    assert sum(bool(fault.seen) for fault in MANNERS) >= 4
