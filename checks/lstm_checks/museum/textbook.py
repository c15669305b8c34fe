"""The textbook's LSTM as data: every choice is a slot, and what stands in it is an expression.

A choice has a name, such as `c_next`, and an expression in the names of other choices and of the
given arrays, such as "f * c + i * g". A fault puts another expression into one or a few slots. The
model evaluates the expressions, the equations of a report are made of them, and so is the source
text of an exercise.

Names: x (N, T, D) and x_t (N, D); h and c before a step, h_next and c_next after it; h_last and
c_last after the loop over time. W_i (D, H), U_i (H, H) and b_i (H,) are the blocks of gate i. What
begins with d is a gradient.
"""

from typing import Final

GATES: Final = "ifgo"
NAMES: Final = {"i": "input gate", "f": "forget gate", "g": "candidate", "o": "output gate"}


def activation(gate: str) -> str:
    """The name of a gate's activation."""
    return "tanh" if gate == "g" else "sigmoid"


def _step() -> dict[str, str]:
    """One step of the forward pass."""
    slots = {"x_t": "x[:, t]"}
    for k in GATES:
        slots |= {
            f"xW_{k}": f"x_t @ W_{k}",
            f"hU_{k}": f"h @ U_{k}",
            f"bias_{k}": f"b_{k}",
            f"z_{k}": f"xW_{k} + hU_{k} + bias_{k}",
            k: f"{activation(k)}(z_{k})",
        }
    return slots | {
        "c_next": "f * c + i * g",
        "h_next": "o * tanh(c_next)",
        "y_t": "h_next",  # what is written
        "at": "t",  # where it is written
        "carry_h": "h_next",  # what the next step continues from
        "carry_c": "c_next",
    }


CALL = {
    # Where a call starts, in which order it takes its steps, and what it returns.
    "begin_h": "first(given_h, kept_h, zeros)",
    "begin_c": "first(given_c, kept_c, zeros)",
    "order": "range(T)",
    "final_h": "h_last",
    "final_c": "c_last",
    # What a stateful layer keeps, and what reset_state() leaves.
    "keep_h": "h_last if stateful else None",
    "keep_c": "c_last if stateful else None",
    "reset_h": "None",
    "reset_c": "None",
}


def _back_step() -> dict[str, str]:
    """One step of the backward pass."""
    slots = {
        "dy_t": "dy[:, t]",
        "dh_all": "dh + dy_t",
        "tanh_c": "tanh(c_next)",
        "dc_all": "dc + dh_all * o * (1 - tanh_c ** 2)",
        "di": "dc_all * g",
        "df": "dc_all * c",
        "dg": "dc_all * i",
        "do": "dh_all * tanh_c",
    }
    for k in GATES:
        slots |= {
            f"slope_{k}": f"1 - {k} ** 2" if k == "g" else f"{k} * (1 - {k})",
            f"dz_{k}": f"d{k} * slope_{k}",
            f"dW_{k}": f"x_t.T @ dz_{k}",
            f"dU_{k}": f"h.T @ dz_{k}",
            f"db_{k}": f"dz_{k}.sum(axis=0)",
            f"dx_{k}": f"dz_{k} @ W_{k}.T",
            f"dh_{k}": f"dz_{k} @ U_{k}.T",
        }
    return slots | {
        "dx_t": "dx_i + dx_f + dx_g + dx_o",
        "dx_at": "t",
        "dh_prev": "dh_i + dh_f + dh_g + dh_o",
        "dc_prev": "dc_all * f",
        "sum_W": "dW + dW_t",  # dW so far, and what this step adds
        "sum_U": "dU + dU_t",
        "sum_b": "db + db_t",
    }


BACK_CALL = {
    "back_order": "reversed(range(T))",
    "dh_start": "dstate_h",
    "dc_start": "dstate_c",
    "grad_W": "dW",
    "grad_U": "dU",
    "grad_b": "db",
    "dh0": "dh",
    "dc0": "dc",
}

STEP: Final[dict[str, str]] = _step()
BACK_STEP: Final[dict[str, str]] = _back_step()
FORWARD: Final[dict[str, str]] = STEP | CALL
BACKWARD: Final[dict[str, str]] = BACK_STEP | BACK_CALL
TEXTBOOK: Final[dict[str, str]] = FORWARD | BACKWARD
