"""Mistakes that are in no museum: edits of the plain LSTM, each with the rung that shows it."""

from faults import (
    C_NEXT,
    CARRY,
    DB,
    DC,
    DW,
    DX,
    DZ_F,
    F_GATE,
    G_GATE,
    H_NEXT,
    KEEP_H,
    O_GATE,
    RESET,
    STORE,
    X_T,
    Fault,
    Z,
)

UNKNOWN = [
    Fault("candidate_squared", "step", C_NEXT, "c_next = f * c + i * g * g\n"),
    Fault("tanh_cubed", "step", H_NEXT, "h_next = o * np.tanh(c_next) ** 3\n"),
    Fault("root_of_the_input_gate", "step", C_NEXT, "c_next = f * c + np.sqrt(i) * g\n"),
    Fault("input_squared", "step", X_T, "x_t = x[:, t] ** 2\n"),
    Fault("h_in_the_tanh", "step", H_NEXT, "h_next = o * np.tanh(c_next + 0.3 * h)\n"),
    Fault("half_on_forget", "step", F_GATE, "f = sigmoid(z[:, H : 2 * H] + 0.5)"),
    Fault("leaking_cell", "step", C_NEXT, "c_next = 0.9 * f * c + i * g\n"),
    Fault("h_squared_in_the_product", "step", Z, "z = x_t @ W + h**2 @ U + b\n"),
    Fault(
        "candidate_gates_itself",
        "step",
        G_GATE,
        "g = np.tanh(z[:, 2 * H : 3 * H]) * sigmoid(z[:, 2 * H : 3 * H])",
    ),
    Fault("output_gate_squared_and_more", "step", O_GATE, "o = 0.9 * sigmoid(z[:, 3 * H :]) ** 2"),
    Fault("outputs_grow_with_time", "shapes", STORE, "y[:, t] = h * (t + 1)\n"),
    Fault(
        "uneven_average_of_h",
        "sequence",
        CARRY,
        "h, c = (0.3 * h + 0.7 * h_next if t else h_next), c_next\n",
    ),
    Fault("half_of_h_kept", "state", KEEP_H, "self.carried_h = 0.5 * h\n"),
    Fault(
        "reset_to_halves",
        "state",
        RESET,
        "if self.carried_h is not None:\n"
        "            self.carried_h = 0 * self.carried_h + 0.5\n"
        "        self.carried_c = None\n",
    ),
    Fault("half_the_forget_delta", "gradients", DZ_F, "dz_f = 0.5 * dc * c * f * (1 - f)\n"),
    Fault("wrong_power_in_dc", "gradients", DC, "dc = dc + dh * o * (1 - tanh_c**3)\n"),
    Fault("late_steps_weigh_more", "gradients", DW, "dW += x_t.T @ dz * (t + 1)\n"),
    Fault("every_other_row", "gradients", DB, "db += dz[::2].sum(axis=0)\n"),
    Fault("dx_three_times", "gradients", DX, "dx[:, t] = 3 * dz @ W.T\n"),
    Fault("dc_with_a_bit_of_dh", "gradients", DC, DC + "            dc = dc + 0.1 * dh\n"),
]
