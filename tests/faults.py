"""Single faults of the plain LSTM: a substitution in its source, and the law to be named first.

The law is the one whose statement somebody who made the mistake should read. `says` is a word
that the message must hold: the gate, the parameter or the array at fault, where there is one.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

SUBJECTS = Path(__file__).parent / "subjects"


@dataclass(frozen=True)
class Fault:
    """`old` stands once in the source of `file`; `new` in its place makes the fault."""

    id: str
    law: str
    old: str
    new: str
    says: str = ""
    file: str = "plain_lstm.py"
    level: str = "quick"

    def source(self) -> str:
        """The source with the fault in it. Raises ValueError where `old` does not stand once."""
        text = (SUBJECTS / self.file).read_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.id}: {self.old!r} stands {text.count(self.old)} times")
        return text.replace(self.old, self.new)

    def module(self) -> ModuleType:
        """A module made of that source."""
        module = ModuleType("faulty")
        exec(compile(self.source(), self.id, "exec"), vars(module))
        return module


# What is replaced ---------------------------------------------------------------------------------

Z = "z = x_t @ W + h @ U + b\n"
I_GATE = "i = sigmoid(z[:, :H])"
F_GATE = "f = sigmoid(z[:, H : 2 * H])"
G_GATE = "g = np.tanh(z[:, 2 * H : 3 * H])"
O_GATE = "o = sigmoid(z[:, 3 * H :])"
C_NEXT = "c_next = f * c + i * g\n"
H_NEXT = "h_next = o * np.tanh(c_next)\n"
CACHE = "self.cache.append((x_t, h, c, i, f, g, o, c_next))\n"
CARRY = "h, c = h_next, c_next\n"
STORE = "y[:, t] = h\n"
LOOP = "for t in range(T):\n"
X_T = "x_t = x[:, t]\n"
START = "h, c = self.initial_state(x, state)\n"
CAST = 'x = x.astype(self.params["W"].dtype, copy=False)\n'
MAKE_Y = "y = np.zeros((N, T, H), x.dtype)\n"
KEEP = (
    "if self.stateful:\n            self.carried_h = h.copy()\n"
    "            self.carried_c = c.copy()\n"
)
KEEP_H = "self.carried_h = h.copy()\n"
KEEP_C = "self.carried_c = c.copy()\n"
RETURN = "return y, (h, c)\n"
RESET = "self.carried_h = None\n        self.carried_c = None\n"
GIVEN = "if state is not None:\n            return state\n        zeros"
UNPACK = "x_t, h, c, i, f, g, o, c_next = self.cache[t]\n"
DSTATE = "if dstate is not None:\n            dh, dc = dstate\n"
DH = "dh = dh + dy[:, t]\n"
DC = "dc = dc + dh * o * (1 - tanh_c**2)\n"
DZ_I = "dz_i = dc * g * i * (1 - i)\n"
DZ_F = "dz_f = dc * c * f * (1 - f)\n"
DZ_G = "dz_g = dc * i * (1 - g**2)\n"
DZ_O = "dz_o = dh * tanh_c * o * (1 - o)\n"
DZ = "dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)\n"
DW = "dW += x_t.T @ dz\n"
DU = "dU += h.T @ dz\n"
DB = "db += dz.sum(axis=0)\n"
DX = "dx[:, t] = dz @ W.T\n"
DH_BACK = "dh = dz @ U.T\n"
DC_BACK = "dc = dc * f\n"
GRADS = 'self.grads = {"W": dW, "U": dU, "b": db}\n'
BACK = "\n    def backward(self, dy, dstate=None):\n"
RETURN_BACK = "return dx, (dh, dc)\n"
MAKE_DX = "dx = np.zeros((N, T, self.input_size), dy.dtype)\n"
BODY = "\n            "  # the indentation of a line in a loop over time
LINE = "\n        "  # and of one outside of it
HARD = "np.clip(0.2 * {} + 0.5, 0, 1)"
SIGMOID = "return 0.5 * (1 + np.tanh(0.5 * z))"

FORWARD = [
    # Activations
    Fault("i_is_tanh", "step.activation", I_GATE, "i = np.tanh(z[:, :H])", "input gate"),
    Fault("f_is_tanh", "step.activation", F_GATE, "f = np.tanh(z[:, H : 2 * H])", "forget gate"),
    Fault("o_is_tanh", "step.activation", O_GATE, "o = np.tanh(z[:, 3 * H :])", "output gate"),
    Fault("g_is_sigmoid", "step.activation", G_GATE, "g = sigmoid(z[:, 2 * H : 3 * H])", "candid"),
    Fault("g_is_relu", "step.activation", G_GATE, "g = np.maximum(z[:, 2 * H : 3 * H], 0)", "cand"),
    Fault("g_is_linear", "step.activation", G_GATE, "g = z[:, 2 * H : 3 * H]", "candidate"),
    Fault("i_is_hard", "step.activation", I_GATE, "i = " + HARD.format("z[:, :H]"), "input gate"),
    Fault("all_gates_hard", "step.activation", SIGMOID, "return " + HARD.format("z"), "gate"),
    Fault("sigmoid_is_steeper", "step.activation", SIGMOID,
          "return 0.5 * (1 + np.tanh(z))", "gate"),
    Fault("z_is_clipped", "step.activation", Z, Z + "            z = np.clip(z, -5, 5)\n"),
    # Gate blocks
    Fault("blocks_ifog", "step.gate_order", G_GATE + BODY + O_GATE,
          "g = np.tanh(z[:, 3 * H :])" + BODY + "o = sigmoid(z[:, 2 * H : 3 * H])", "i, f, o, g"),
    Fault("blocks_figo", "step.gate_order", I_GATE + BODY + F_GATE,
          "i = sigmoid(z[:, H : 2 * H])" + BODY + "f = sigmoid(z[:, :H])", "f, i, g, o"),
    Fault("blocks_fgio", "step.gate_order", Z,
          Z + "            parts = z[:, 2 * H : 3 * H], z[:, : 2 * H], z[:, 3 * H :]" + BODY +
          "z = np.concatenate(parts, axis=1)\n", "f, g, i, o"),
    Fault("i_and_f_exchanged", "step.gate_order", C_NEXT, "c_next = i * c + f * g\n", "f, i, g, o"),
    Fault("i_gated_by_o", "step.cell_state", C_NEXT, "c_next = f * c + o * g\n"),
    # Terms of the pre-activations
    Fault("no_bias", "load.weights", Z, "z = x_t @ W + h @ U\n", "b"),
    Fault("no_recurrent_product", "load.weights", Z, "z = x_t @ W + b\n", "U"),
    Fault("bias_twice", "step.bias", Z, "z = x_t @ W + b + h @ U + b\n", "twice"),
    Fault("f_without_bias", "step.bias", F_GATE,
          "f = sigmoid((z - b)[:, H : 2 * H])", "forget gate"),
    Fault("o_without_bias", "step.bias", O_GATE, "o = sigmoid((z - b)[:, 3 * H :])", "output gate"),
    Fault("bias_of_i_for_all", "step.bias", Z, "z = x_t @ W + h @ U + np.tile(b[:H], 4)\n"),
    Fault("one_on_forget", "step.bias", F_GATE, "f = sigmoid(z[:, H : 2 * H] + 1)", "constant 1"),
    Fault("bias_subtracted", "step.bias", Z, "z = x_t @ W + h @ U - b\n", "sign"),
    Fault("input_twice", "step.input_product", Z, "z = 2 * x_t @ W + h @ U + b\n", "twice"),
    Fault("f_from_inputs_of_i", "step.input_product", F_GATE,
          "f = sigmoid((x_t @ W)[:, :H] + (h @ U + b)[:, H : 2 * H])", "forget gate"),
    Fault("o_from_recurrence_of_f", "step.recurrent_product", O_GATE,
          "o = sigmoid((x_t @ W + b)[:, 3 * H :] + (h @ U)[:, H : 2 * H])", "output gate"),
    Fault("U_transposed", "step.recurrent_product", Z,
          "z = x_t @ W + b + np.concatenate([h @ u.T for u in np.split(U, 4, axis=1)], axis=1)\n"),
    Fault("recurrence_of_f_missing", "step.recurrent_product", F_GATE,
          "f = sigmoid((x_t @ W + b)[:, H : 2 * H])", "forget gate"),
    Fault("recurrence_subtracted", "step.recurrent_product", Z,
          "z = x_t @ W - h @ U + b\n", "is subtracted"),
    Fault("f_sees_the_cell", "step.whole", F_GATE,
          "f = sigmoid(z[:, H : 2 * H] + c)", "cell state"),
    Fault("i_sees_the_cell", "step.whole", I_GATE, "i = sigmoid(z[:, :H] + c)", "cell state"),
    Fault("o_sees_the_cell", "step.whole", H_NEXT,
          "o = sigmoid(z[:, 3 * H :] + c_next)" + BODY + H_NEXT, "cell state"),
    # The cell and hidden state
    Fault("f_left_out", "step.cell_state", C_NEXT, "c_next = c + i * g\n"),
    Fault("i_left_out", "step.cell_state", C_NEXT, "c_next = f * c + g\n"),
    Fault("plus_for_times", "step.cell_state", C_NEXT, "c_next = f * c + i + g\n"),
    Fault("minus_for_plus", "step.cell_state", C_NEXT, "c_next = f * c - i * g\n"),
    Fault("coupled_to_f", "step.cell_state", C_NEXT, "c_next = f * c + (1 - f) * g\n"),
    Fault("coupled_to_i", "step.cell_state", C_NEXT, "c_next = (1 - i) * c + i * g\n"),
    Fault("f_times_all", "step.cell_state", C_NEXT, "c_next = f * (c + i * g)\n"),
    Fault("cell_from_h", "step.cell_state", C_NEXT, "c_next = f * h + i * g\n"),
    Fault("cell_squashed", "step.cell_state", C_NEXT, "c_next = np.tanh(f * c + i * g)\n"),
    Fault("h_without_tanh", "step.hidden_state", H_NEXT, "h_next = o * c_next\n"),
    Fault("h_of_the_old_cell", "step.hidden_state", H_NEXT, "h_next = o * np.tanh(c)\n"),
    Fault("h_not_gated", "step.hidden_state", H_NEXT, "h_next = np.tanh(c_next)\n"),
    Fault("h_squashed_by_sigmoid", "step.hidden_state", H_NEXT, "h_next = o * sigmoid(c_next)\n"),
    Fault("h_gated_inside", "step.hidden_state", H_NEXT, "h_next = np.tanh(o * c_next)\n"),
    Fault("h_of_the_candidate", "step.hidden_state", H_NEXT, "h_next = o * np.tanh(g)\n"),
    # The initial and the final state
    Fault("h0_ignored", "sequence.initial_h_used", START,
          START + "        h = np.zeros((N, H), x.dtype)\n", "hidden"),
    Fault("c0_ignored", "sequence.initial_c_used", START,
          START + "        c = np.zeros((N, H), x.dtype)\n", "cell"),
    Fault("state_ignored", "sequence.initial_h_used", GIVEN, "zeros", "state"),
    Fault("state_swapped_in", "step.cell_state", START,
          "c, h = self.initial_state(x, state)\n", "h and c are exchanged"),
    Fault("state_swapped_out", "shapes.last_output_is_h", RETURN, "return y, (c, h)\n", "(c, h)"),
    Fault("no_state_is_ones", "sequence.no_state_is_zeros", "zeros = np.zeros(",
          "zeros = np.ones("),
    Fault("final_h_is_the_first", "shapes.last_output_is_h", RETURN,
          "return y, (y[:, 0].copy(), c)\n", "first output"),
    Fault("final_c_is_h", "sequence.final_c", RETURN, "return y, (h, h.copy())\n", "cell state"),
    Fault("final_c_is_the_one_before", "sequence.final_c", RETURN,
          "return y, (h, self.cache[-1][2].copy())\n", "cell state"),
    Fault("final_state_is_the_one_before", "shapes.last_output_is_h", RETURN,
          "return y, (self.cache[-1][1].copy(), self.cache[-1][2].copy())\n", "h"),
    Fault("y_is_the_cell", "shapes.last_output_is_h", STORE, "y[:, t] = c\n", "y holds the cell"),
    # Time
    Fault("y_one_late", "shapes.last_output_is_h", CARRY + "            " + STORE,
          STORE + "            " + CARRY),
    Fault("last_step_missed", "shapes.last_output_is_h", LOOP, "for t in range(max(1, T - 1)):\n"),
    Fault("y_reversed", "shapes.last_output_is_h", STORE, "y[:, T - 1 - t] = h\n", "time"),
    Fault("loop_reversed", "shapes.last_output_is_h", LOOP,
          "for t in reversed(range(T)):\n", "time"),
    Fault("x_reversed", "sequence.causality", X_T, "x_t = x[:, T - 1 - t]\n"),
    Fault("x_of_the_next_step", "sequence.causality", X_T, "x_t = x[:, min(t + 1, T - 1)]\n"),
    Fault("x_of_the_first_step", "sequence.outputs", X_T, "x_t = x[:, 0]\n"),
    Fault("h_not_carried", "sequence.outputs", CARRY + "            " + STORE,
          "c = c_next\n            y[:, t] = h_next\n        h = h_next\n", "carried"),
    Fault("c_not_carried", "sequence.outputs", CARRY + "            " + STORE,
          "h = h_next\n            y[:, t] = h\n        c = c_next\n", "carried"),
    Fault("stops_after_32_steps", "sequence.long", LOOP, "for t in range(min(T, 32)):\n"),
    # The batch
    Fault("mean_over_the_batch", "sequence.batch_rows", Z,
          Z + "            z[:] = z.mean(axis=0)\n"),
    Fault("h_summed_over_the_batch", "sequence.batch_rows", Z,
          "z = x_t @ W + h.sum(axis=0) @ U + b\n"),
    Fault("state_of_row_0_for_all", "sequence.batch_rows", START,
          START + "        h, c = h[:1] + np.zeros((N, H), x.dtype), c\n"),
    Fault("input_of_row_0_for_all", "sequence.batch_rows", X_T, "x_t = x[:1, t] + 0 * x[:, t]\n"),
    Fault("one_feature_squeezed", "shapes.D_is_1", X_T, "x_t = x[:, t].squeeze()\n"),
]  # fmt: skip

STATE = [
    Fault("only_h_carried", "state.stateful_carries", KEEP_C, "pass\n",
          "h is carried from call to call, and c is not"),
    Fault("only_c_carried", "state.stateful_carries", KEEP_H, "pass\n",
          "c is carried from call to call, and h is not"),
    Fault("nothing_carried", "state.stateful_carries", KEEP, "pass\n",
          "Nothing is carried from call to call"),
    Fault("state_before_the_last_step", "state.stateful_carries", KEEP_H + "            " + KEEP_C,
          "self.carried_h, self.carried_c = self.cache[-1][1:3]\n"),
    Fault("reset_only_h", "state.reset", RESET, "self.carried_h = None\n"),
    Fault("reset_nothing", "state.reset", RESET, "pass\n"),
    Fault("no_reset", "state.reset", "def reset_state(self):", "def clear(self):", "reset_state"),
    Fault("given_state_ignored", "state.explicit_state_overrides", "if state is not None:\n",
          "if state is not None and (not self.stateful or self.carried_h is None):\n"),
    Fault("given_state_not_carried_on", "state.explicit_state_carried_on", "if self.stateful:\n",
          "if self.stateful and state is None:\n"),
    Fault("state_in_the_class", "state.instances_apart", KEEP_H + "            " + KEEP_C,
          "LSTM.carried_h, LSTM.carried_c = h.copy(), c.copy()\n            "
          "self.__dict__.pop('carried_h', None), self.__dict__.pop('carried_c', None)\n"),
    Fault("carried_though_stateless", "state.stateless", "if self.stateful:\n", "if True:\n"),
    Fault("reset_keeps_the_batch_size", "state.batch_size_after_reset", RESET,
          "if self.carried_h is not None:\n"
          "            self.carried_h = np.zeros_like(self.carried_h)\n"
          "            self.carried_c = np.zeros_like(self.carried_c)\n"),
    Fault("one_step_not_carried", "state.any_order", "if self.stateful:\n",
          "if self.stateful and T > 1:\n"),
    Fault("returned_state_is_overwritten", "numerics.results_stay_stateful", KEEP,
          "if self.stateful:\n"
          "            if self.carried_h is None:\n"
          "                self.carried_h, self.carried_c = h, c\n"
          "            self.carried_h[...], self.carried_c[...] = h, c\n"
          "            return y, (self.carried_h, self.carried_c)\n"),
    Fault("backward_forgets_the_carried_state", "gradients.stateful", CACHE,
          "first = t == 0 and self.stateful and state is None" + BODY +
          "self.cache.append((x_t, 0 * h if first else h, c, i, f, g, o, c_next))\n"),
]  # fmt: skip

# Right in the calls that laws on single calls make, and wrong in a later one.
FORWARDS = START + "        self.forwards = getattr(self, 'forwards', 0) + 1\n        "
BACKWARDS = DSTATE + "        self.backwards = getattr(self, 'backwards', 0) + 1\n        "
GRADS = 'self.grads = {"W": dW, "U": dU, "b": db}\n'
COUNTED = "self.backwards = getattr(self, 'backwards', 0) + 1\n        "
LATER = [
    Fault(f"fifth_call{mode}", f"state.any_order{law}", START,
          FORWARDS + f"h = 0 * h if self.forwards == 5 and {which} else h\n", "is wrong")
    for mode, law, which in (
        ("", "_stateless", "not self.stateful"), ("_stateful", "", "self.stateful")
    )
] + [
    Fault("no_gradient_without_a_state", "gradients.no_state", CACHE,
          "self.cache.append((x_t, 0 * h if state is None and not self.stateful else h, "
          "c, i, f, g, o, c_next))\n", "dU is wrong"),
] + [
    fault
    for mode, which, late in (
        ("", "not self.stateful", 5), ("_stateful", "self.stateful", 4)
    )
    for fault in (
        Fault(f"later_backward{mode}", f"gradients.any_order{mode}", GRADS,
              COUNTED + f"dU = 0 * dU if self.backwards == {late} and {which} else dU\n        "
              + GRADS, "dU is wrong"),
        Fault(f"backward_spoils_forward{mode}", f"gradients.leaves_forward{mode}", GRADS,
              COUNTED + f"if self.backwards == 3 and {which}:\n"
              "            self.carried_h = 0.3 + np.zeros_like(dh)\n        " + GRADS,
              "y is wrong"),
        Fault(f"later_backward_into_dy{mode}",
              f"numerics.any_order{mode}_backward", GRADS,
              COUNTED + f"dy *= 0 if self.backwards > 3 and {which} else 1\n        " + GRADS,
              "writes into dy"),
        Fault(f"later_forward_into_x{mode}", f"numerics.any_order{mode}", START,
              FORWARDS + "given, x = x, x.copy()\n        "
              f"given *= 0 if self.forwards > 5 and {which} else 1\n", "writes into x"),
        Fault(f"later_derivative_overflows{mode}", f"numerics.large_in_any_order{mode}", GRADS,
              COUNTED + f"if self.backwards > {late - 4} and {which}:\n"
              "            dx += 0 * np.log(1 - abs(g))[:, None, :1]\n        " + GRADS, "nan"),
        Fault(f"later_calls_lose_digits{mode}", f"numerics.precision_in_any_order{mode}", START,
              FORWARDS + f"if self.forwards > 3 and {which} and state is not None:\n"
              "            h = np.asarray(h).astype(np.float32).astype(x.dtype)\n", "digits"),
        Fault(f"later_gradients_lose_digits{mode}",
              f"numerics.precision_in_any_order{mode}_backward", GRADS,
              COUNTED + f"if self.backwards > 3 and {which}:\n"
              "            dU = dU.astype(np.float32).astype(U.dtype)\n        " + GRADS, "digits"),
    )
] + [
    Fault("half_precision_for_float32", "sequence.float32", H_NEXT,
          "h_next = o * np.tanh(c_next)\n            if x.dtype == np.float32:\n"
          "                h_next = h_next.astype(np.float16).astype(x.dtype)\n"),
]  # fmt: skip

BACKWARD = [
    # The gates
    Fault("dz_i_one_factor", "gradients.gates", DZ_I, "dz_i = dc * g * i\n", "input gate"),
    Fault("dz_f_with_c_next", "gradients.gates", DZ_F, "dz_f = dc * c_next * f * (1 - f)\n",
          "forget gate"),
    Fault("dz_g_of_sigmoid", "gradients.gates", DZ_G, "dz_g = dc * i * g * (1 - g)\n", "candidate"),
    Fault("dz_o_with_c", "gradients.gates", DZ_O, "dz_o = dh * c_next * o * (1 - o)\n", "output"),
    Fault("gates_exchanged", "gradients.gates", DZ,
          "dz = np.concatenate([dz_f, dz_i, dz_g, dz_o], axis=1)\n", "input gate"),
    Fault("dc_of_c_for_tanh_c", "gradients.gates", DC, "dc = dc + dh * o * (1 - c_next**2)\n"),
    Fault("dc_without_dh", "gradients.gates", DC, "pass\n"),
    Fault("gates_remade_with_the_bias_of_o", "gradients.gates", UNPACK,
          UNPACK + "            z = x_t @ W + h @ U + np.tile(b[3 * H :], 4)" + BODY +
          "i, f, g = sigmoid(z[:, :H]), sigmoid(z[:, H : 2 * H]), np.tanh(z[:, 2 * H : 3 * H])\n"),
    # Through time
    Fault("dh_not_carried", "gradients.through_time", DH, "dh = dy[:, t] + (t == T - 1) * dh\n"),
    Fault("dc_not_carried", "gradients.through_time", DC,
          "dc = (t == T - 1) * dc + dh * o * (1 - tanh_c**2)\n"),
    Fault("dc_not_times_f", "gradients.through_time", DC_BACK, "dc = dc if t else dc * f\n"),
    Fault("dh_by_U_transposed", "gradients.through_time", DH_BACK,
          "dh = sum(dz[:, k * H : k * H + H] @ U[:, k * H : k * H + H] for k in range(4))\n"),
    Fault("divided_by_T", "gradients.through_time", DH, "dh = dh + dy[:, t] / T\n"),
    Fault("truncated", "gradients.through_time", DH_BACK + "            " + DC_BACK,
          "dh, dc = dz @ U.T * (t == 0), dc * f * (t == 0)\n", "Neither dh nor dc is carried"),
    Fault("only_the_last_dy", "gradients.every_output", DH, "dh = dh + dy[:, t] * (t == T - 1)\n"),
    # Each gradient
    Fault("dW_mean_over_the_batch", "gradients.dW", DW, "dW += x_t.T @ dz / N\n"),
    Fault("dU_with_the_new_h", "gradients.dU", DU, "dU += (o * tanh_c).T @ dz\n"),
    Fault("dU_without_h0", "gradients.dU", DU, "dU += h.T @ dz * (t > 0)\n"),
    Fault("db_without_the_first_step", "gradients.db", DB, "db += dz.sum(axis=0) * (t > 0)\n"),
    Fault("db_of_o_for_all", "gradients.db", DB, "db += np.tile(dz_o.sum(axis=0), 4)\n"),
    Fault("db_squeezed", "gradients.db", DB, "db += dz.squeeze().sum(axis=0)\n"),
    Fault("dx_from_one_block", "gradients.dx", DX, "dx[:, t] = dz_i @ W[:, :H].T\n"),
    Fault("dx_reversed", "gradients.dx", DX, "dx[:, T - 1 - t] = dz @ W.T\n"),
    Fault("dh0_zero", "gradients.dh0", RETURN_BACK, "return dx, (0 * dh, dc)\n"),
    Fault("dh0_with_dy", "gradients.dh0", RETURN_BACK, "return dx, (dh + dy[:, 0], dc)\n"),
    Fault("dc0_not_times_f", "gradients.dc0", DC_BACK, "dc = dc * f if t else dc\n"),
    Fault("dh0_and_dc0_exchanged", "gradients.dh0", RETURN_BACK, "return dx, (dc, dh)\n",
          "exchanged"),
    # The gradient on the final state
    Fault("dstate_ignored", "gradients.upstream_h", DSTATE, "pass\n"),
    Fault("dstate_h_ignored", "gradients.upstream_h", "dh, dc = dstate\n", "dc = dstate[1]\n"),
    Fault("dstate_c_ignored", "gradients.upstream_c", "dh, dc = dstate\n", "dh = dstate[0]\n"),
    Fault("dstate_exchanged", "gradients.upstream_h", "dh, dc = dstate\n", "dc, dh = dstate\n",
          "(dc, dh)"),
    Fault("dstate_c_at_each_step", "gradients.upstream_c", DC_BACK,
          "dc = dc * f + (dstate[1] if dstate is not None and t else 0)\n"),
    Fault("dstate_in_place_of_dy", "gradients.together", DH,
          "dh = dh + dy[:, t] if dstate is None or t < T - 1 or not dh.any() else dh\n"),
    # From call to call, and degenerate sizes
    Fault("gradients_pile_up", "gradients.second_call", GRADS,
          "old = self.grads or {'W': 0, 'U': 0, 'b': 0}" + LINE +
          "self.grads = {'W': dW + old['W'], 'U': dU + old['U'], 'b': db + old['b']}\n",
          "added to those of the backward call before"),
    Fault("stale_cache", "gradients.last_forward", CACHE,
          "self.kept = getattr(self, 'kept', [])" + BODY +
          "self.kept.append((x_t, h, c, i, f, g, o, c_next))" + BODY +
          "self.cache = self.kept\n"),
    Fault("clipped_at_5", "gradients.linear", GRADS,
          "self.grads = {k: np.clip(v, -5, 5) for k, v in dict(W=dW, U=dU, b=db).items()}\n"),
    Fault("clipped_at_half", "gradients.linear", GRADS,
          "self.grads = {k: np.clip(v, -0.5, 0.5) for k, v in dict(W=dW, U=dU, b=db).items()}\n"),
    Fault("normalised", "gradients.linear", DH,
          DH + "            dh = dh / max(1.0, np.abs(dh).max())\n"),
    Fault("one_step_not_handled", "shapes.T_is_1_backward", UNPACK,
          "x_t, h, c, i, f, g, o, c_next = self.cache[t if T > 1 else t + 1]\n"),
    Fault("one_row_not_handled", "shapes.N_is_1_backward", DZ,
          DZ.replace("axis=1)", "axis=1).squeeze()")),
]  # fmt: skip

MANNERS = [
    # Who owns the arrays
    Fault("writes_into_x", "numerics.inputs_untouched", X_T,
          X_T + "            x[:, t] *= 0.5\n", "x"),
    Fault("writes_into_state", "numerics.inputs_untouched", CARRY,
          "h[...], c[...] = h_next, c_next\n", "state"),
    Fault("writes_into_dy", "numerics.upstream_untouched", DH,
          "dy[:, t] += dh\n            dh = dy[:, t]\n", "dy"),
    Fault("writes_into_dstate", "numerics.upstream_untouched", DH, "dh += dy[:, t]\n", "dstate"),
    Fault("writes_into_the_bias", "numerics.weights_untouched", Z,
          "b[H : 2 * H] += 0.1 * (t == 0)\n            z = x_t @ W + h @ U + b\n", "b"),
    Fault("backward_takes_a_step", "numerics.upstream_untouched", GRADS,
          GRADS + "        W -= 0.1 * dW\n", "W"),
    Fault("y_is_a_buffer", "numerics.results_stay", MAKE_Y,
          "y = self.y = getattr(self, 'y', np.zeros((0, 0, 0)))" + LINE +
          "if y.shape != (N, T, H) or y.dtype != x.dtype:" + LINE +
          "    y = self.y = np.zeros((N, T, H), x.dtype)\n", "y"),
    Fault("dx_is_a_buffer", "numerics.gradients_stay", MAKE_DX,
          "dx = self.dx = getattr(self, 'dx', np.zeros((0, 0, 0)))" + LINE +
          "if dx.shape != (N, T, self.input_size) or dx.dtype != dy.dtype:" + LINE +
          "    dx = self.dx = np.zeros((N, T, self.input_size), dy.dtype)\n", "dx"),
    Fault("backward_changes_y", "numerics.gradients_stay", RETURN + BACK,
          "self.y = y" + LINE + RETURN + BACK + "        self.y *= 0.5\n", "y"),
    # The same answer
    Fault("noise", "numerics.same_answer", H_NEXT,
          H_NEXT.strip() + " + 0.01 * np.random.default_rng().standard_normal(o.shape)\n"),
    Fault("first_call_differs", "numerics.same_answer", Z,
          "z = x_t @ W + h @ U + b * (t > 0 or hasattr(self, 'ran'))" + BODY + "self.ran = True\n"),
    # Instances and weights
    Fault("weights_copied", "load.weights", START,
          "if not hasattr(self, 'W'):" + LINE + "    self.W = W.copy()" + LINE +
          "W = self.W" + LINE + START, "W"),
    Fault("weights_shared", "load.instances", "self.params = {\n",
          "LSTM.params = getattr(LSTM, 'params', {})\n        LSTM.params |= {\n", "share"),
    Fault("W_transposed_in_params", "load.weights", "(input_size, 4 * hidden_size)),",
          "(4 * hidden_size, input_size)),", "W"),
    # Precision
    Fault("float32_inside", "numerics.precision_of_dtype", X_T,
          "x_t = x[:, t].astype(np.float32)\n",
          "digits"),
    Fault("float32_out", "numerics.precision_of_dtype", RETURN,
          "return y.astype(np.float32), (h, c)\n", "float32"),
    Fault("exp_overflows_in_float32", "numerics.saturation", SIGMOID,
          "z = np.where(abs(z) > 700, 0.0 + 700 * np.sign(z), z)\n    "
          "e = np.exp(z)\n    return e / (1 + e)", "float32"),
    Fault("zero_if_read_only", "numerics.read_only", CAST,
          CAST + "        x = x if x.flags.writeable else 0 * x\n", "read-only"),
    Fault("integers_truncate", "numerics.integer_inputs", CAST, "x = x[:]\n", "integer"),
    Fault("gradient_of_integers", "numerics.integer_inputs_backward", CAST,
          "kind, back = x.dtype, type(self).backward" + LINE +
          "rounded = lambda dx, state: (dx.astype(kind), state)" + LINE +
          "self.backward = lambda *given: rounded(*back(self, *given))" + LINE + CAST, "integer"),
    Fault("caches_used_up", "numerics.backward_again", GRADS,
          GRADS + "        self.cache.clear()\n", "twice"),
    Fault("outputs_in_the_cache", "numerics.outputs_apart",
          "h, c = h_next, c_next\n            y[:, t] = h\n",
          "y[:, t] = h_next\n            h, c = y[:, t], c_next\n", "dropout"),
    Fault("carries_what_it_returns", "numerics.carried_state_apart", KEEP_C,
          "self.carried_c = c\n", "before returned"),
    Fault("float64_out", "numerics.float32_stays", MAKE_Y, "y = np.zeros((N, T, H))\n", "float64"),
    Fault("float64_zeros", "numerics.float32_stays",
          "zeros = np.zeros((x.shape[0], self.hidden_size), x.dtype)",
          "zeros = np.zeros((x.shape[0], self.hidden_size))", "no state"),
    Fault("float64_gradients", "numerics.float32_gradients_stay", MAKE_DX,
          "dx = np.zeros((N, T, self.input_size))\n", "dx"),
    Fault("float32_gradients", "numerics.precision_of_gradients", DW,
          "dW += (x_t.T @ dz).astype(np.float32)\n", "dig"),
    # Saturation
    Fault("sigmoid_overflows", "numerics.saturation", SIGMOID, "return np.exp(z) / (1 + np.exp(z))",
          "NaN"),
    Fault("derivative_overflows", "numerics.saturation_of_gradients", DZ_I,
          "dz_i = dc * g * i**2 * np.exp(-np.log(i / (1 - i)))\n", "NaN"),
    # Memory order
    Fault("x_in_memory_order", "numerics.non_contiguous", "N, T, D = x.shape\n",
          "N, T, D = x.shape\n        x = x.ravel(order='K').reshape(N, T, D)\n", "Fortran"),
    Fault("x_ignores_strides", "numerics.non_contiguous", "N, T, D = x.shape\n",
          "N, T, D = x.shape\n        s = x.itemsize\n        x = np.lib.stride_tricks.as_strided("
          "x, x.shape, (T * D * s, D * s, s)) if x.strides[-1] != s and x.flags.owndata is False"
          " else x\n", "strided"),
    Fault("dy_in_memory_order", "numerics.non_contiguous_upstream", "N, T, H = dy.shape\n",
          "N, T, H = dy.shape\n        dy = dy.ravel(order='K').reshape(N, T, H)\n"),
]  # fmt: skip

TWO_BIASES = "right/time_major_two_biases.py"
CS231N = "right/cs231n_functions.py"
FORMATS = [
    Fault("second_bias_skipped", "load.weights", ' + p["bias_hh"]\n', "\n", "bias_hh",
          TWO_BIASES),
    Fault("second_bias_without_gradient", "gradients.db", "db.copy()", "0 * db", "bias_hh",
          TWO_BIASES),
    Fault("outputs_batch_first", "shapes.forward", "return np.stack(hs[1:]),",
          "return np.stack(hs[1:], axis=1),", "batch_first", TWO_BIASES),
    Fault("cs231n_ifgo", "step.gate_order",
          "s[:, 2 * H :]\n    g = np.tanh(a[:, 3 * H :])",
          "sigmoid(a[:, 3 * H :])\n    g = np.tanh(a[:, 2 * H : 3 * H])", "i, f, g, o", CS231N),
    Fault("cs231n_c_not_carried", "sequence.outputs", "lstm_step_forward(x[:, t], h, c,",
          "lstm_step_forward(x[:, t], h, 0 * c,", "carried", CS231N),
    Fault("cs231n_dc_not_added", "gradients.step_backward", "dc = dnext_c + ", "dc = ", "step",
          CS231N),
    Fault("cs231n_dc_not_carried", "gradients.through_time",
          "dh[:, t] + dprev_h, dprev_c, cache[t]", "dh[:, t] + dprev_h, 0 * dprev_c, cache[t]", "",
          CS231N),
    Fault("cs231n_db_overwritten", "gradients.db", "db += db_t", "db = db_t", "b", CS231N),
]  # fmt: skip

SHAPE = "N, T, D = x.shape\n"
BACK_SHAPE = "N, T, H = dy.shape\n"


def _only_above_one(size: str, name: str, backward: bool = False) -> Fault:
    """A layer that does not take a size of one."""
    old = BACK_SHAPE if backward else SHAPE
    test = f"{old}        assert {name} > 1, 'too small'\n"
    end = "_backward" if backward else ""
    return Fault(f"{size}_of_one{end}", f"shapes.{size}_is_1{end}", old, test, "too small")


SIZES = [
    _only_above_one("N", "N"),
    _only_above_one("T", "T"),
    _only_above_one("H", "self.hidden_size"),
    _only_above_one("D", "self.input_size", backward=True),
    _only_above_one("H", "self.hidden_size", backward=True),
    Fault("backward_forgets_a_time_step", "shapes.backward", RETURN_BACK,
          "return dx[:, 1:], (dh, dc)\n", "dx has the shape"),
    Fault("own_final_state_starts_anew", "state.split_anywhere", START,
          START + "        if self.cache and np.array_equal(h, self.cache[-1][6] * "
          "np.tanh(self.cache[-1][7])):\n            h, c = 0 * h, 0 * c\n", "split after"),
]  # fmt: skip


def _composed(id: str, law: str, old: str, new: str) -> Fault:
    return Fault(id, f"composition.{law}", old, new, "", "composed_lstm.py")


COMPOSED = [
    _composed("layers_start_from_one_state", "stack",
              "h, c = state[0][k], state[1][k]", "h, c = state[0][side], state[1][side]"),
    _composed("outputs_are_not_turned_back", "directions",
              "ys.append(turned(y, self.lengths) if side else y)", "ys.append(y)"),
    _composed("layer_two_takes_the_directions_exchanged", "stack_of_directions",
              "np.concatenate(ys, 2)",
              "np.concatenate(ys if layer == self.layers - 1 else ys[::-1], 2)"),
    _composed("rows_run_past_their_end", "lengths",
              "alive = (t < self.lengths)[:, None]", "alive = np.full((len(h), 1), True)"),
    _composed("reversed_rows_begin_at_the_end_of_all", "lengths_of_directions",
              "np.where(steps < ends, ends - 1 - steps, steps)",
              "np.repeat(x.shape[1] - 1 - steps, len(x), 0)"),
    _composed("gradient_of_a_layer_is_halved", "stack_gradients", "dy = dx\n", "dy = dx / 2\n"),
    _composed("one_direction_gives_dx", "directions_gradients",
              "dx = dx + (turned", "dx = (turned"),
    _composed("dh_of_a_short_row_is_lost", "lengths_gradients",
              "dh = np.where(alive, dz @ U.T, dh)", "dh = dz @ U.T"),
]  # fmt: skip

FAULTS = [
    *FORWARD,
    *STATE,
    *(replace(fault, level="standard") for fault in LATER),
    *BACKWARD,
    *MANNERS,
    *FORMATS,
    *SIZES,
]
