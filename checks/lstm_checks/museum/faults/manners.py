"""Mistakes of manners: who owns an array, what is left behind, sizes, precision, and loading.

They are not choices of an LSTM, so no model of it gives what they give. They are edits of a right
source text, each is named by a law, and they stand in the kill matrix all the same.
"""

from collections.abc import Iterator

from lstm_checks.museum.fault import Fault

X_T = "            x_t = x[:, t]\n"
Z = "            z = x_t @ W + h @ U + b\n"
CACHE = "            self.cache.append((x_t, h, c, i, f, g, o, c_next, h_next))\n"
MAKE_Y = "        y = np.zeros((N, T, H), x.dtype)\n"
NEW_CACHE = "        self.x, self.cache = x, []\n"
KEEP = (
    "        self.kept_h = h if self.stateful else None\n"
    "        self.kept_c = c if self.stateful else None\n"
)
RETURN = "        return y, (h.copy(), c.copy())\n"
SHAPE = "        N, T, _ = x.shape\n"
BACK_SHAPE = "        N, T, H = dy.shape\n"
UNPACK = "            x_t, h, c, i, f, g, o, c_next, h_next = self.cache[t]\n"
DH = "            dh_t = dh + dy[:, t]\n"
DZ = "            dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)\n"
MAKE_DX = "        dx = np.zeros_like(self.x)\n"
GRADS = '        self.grads = {"W": dW, "U": dU, "b": db}\n'
BACK_RETURN = "        return dx, (dh, dc)\n"
SIGMOID = "    return 0.5 * (1 + np.tanh(0.5 * z))\n"
RESET = "        self.kept_h, self.kept_c = None, None\n\n    def forward"
COPY = "Work on a copy, and return arrays of its own from each call."

# id: the law that names it, the mistake, the text that is replaced, and what replaces it
OWN = {
    "carries_what_it_returns": (
        "numerics.carried_state_apart",
        "the arrays that are carried on are the ones that were returned, so the caller may change "
        "them",
        RETURN,
        "        return y, (h, c)\n",
    ),
    "caches_used_up": (
        "numerics.backward_again",
        "backward uses up the caches, so that a second one raises",
        GRADS,
        GRADS + "        self.cache = []\n",
    ),
    "outputs_in_the_cache": (
        "numerics.outputs_apart",
        "backward reads h from the y that was returned, so the caller may change it",
        CACHE,
        CACHE.replace("x_t, h,", "x_t, y[:, t - 1] if t else h,"),
    ),
    "constant_if_read_only": (
        "numerics.read_only",
        "an x that is read-only gets no gradient",
        BACK_RETURN,
        "        return (dx if self.x.flags.writeable else 0 * dx), (dh, dc)\n",
    ),
    "writes_into_x": (
        "numerics.inputs_untouched",
        "forward writes into the caller's x",
        X_T,
        "            x_t = x[:, t].copy()\n            x[:, t] = 0\n",
    ),
    "writes_into_state": (
        "numerics.inputs_untouched",
        "forward writes into the caller's state",
        RETURN,
        "        if state is not None:\n            state[0][...], state[1][...] = h, c\n" + RETURN,
    ),
    "writes_into_dy": (
        "numerics.upstream_untouched",
        "backward writes into the caller's dy",
        DH,
        DH + "            dy[:, t] = dh_t\n",
    ),
    "writes_into_dstate": (
        "numerics.upstream_untouched",
        "backward writes into the caller's dstate",
        BACK_RETURN,
        "        if dstate is not None:\n            dstate[0][...] = dh\n" + BACK_RETURN,
    ),
    "writes_into_the_bias": (
        "numerics.weights_untouched",
        "forward writes into the bias",
        RETURN,
        "        b[H:2 * H] += 0.1\n" + RETURN,
    ),
    "takes_a_step": (
        "numerics.upstream_untouched",
        "backward takes a step of gradient descent",
        GRADS,
        GRADS + "        W -= 0.1 * dW\n",
    ),
    "y_is_a_buffer": (
        "numerics.results_stay",
        "y is a buffer that the next call overwrites",
        MAKE_Y,
        (
            "        y = np.zeros((N, T, H), x.dtype)\n"
            "        y = vars(self).setdefault('y', {}).setdefault((N, T, x.dtype.char), y)\n"
        ),
    ),
    "dx_is_a_buffer": (
        "numerics.gradients_stay",
        "dx is a buffer that the next call overwrites",
        MAKE_DX,
        (
            "        dx, like = np.zeros_like(self.x), (*self.x.shape, dy.dtype.char)\n"
            "        dx = vars(self).setdefault('dx', {}).setdefault(like, dx)\n"
        ),
    ),
    "changes_y": (
        "numerics.gradients_stay",
        "backward changes the y that forward returned",
        "        self.x, self.cache = x, []\n",
        "        self.x, self.cache, self.y = x, [], y\n",
    ),
    "returned_state_overwritten": (
        "numerics.results_stay_stateful",
        "The returned state is the kept one, which the next call overwrites",
        KEEP + RETURN,
        (
            "        if self.stateful:\n"
            "            if self.kept_h is None:\n"
            "                self.kept_h, self.kept_c = h.copy(), c.copy()\n"
            "            self.kept_h[...], self.kept_c[...] = h, c\n"
            "            return y, (self.kept_h, self.kept_c)\n"
        )
        + RETURN,
    ),
    "noise": (
        "numerics.same_answer",
        "The same call gives another result each time",
        "            h_next = o * np.tanh(c_next)\n",
        (
            "            noise = np.random.default_rng().standard_normal(o.shape)\n"
            "            h_next = o * np.tanh(c_next) + 0.01 * noise\n"
        ),
    ),
    "first_call_differs": (
        "numerics.same_answer",
        "The first call gives another result than the next",
        Z,
        (
            "            z = x_t @ W + h @ U + b * (t > 0 or 'ran' in vars(self))\n"
            "            self.ran = True\n"
        ),
    ),
    "stale_cache": (
        "gradients.last_forward",
        "The cache of one call is kept in the next",
        NEW_CACHE,
        "        self.x = x\n",
    ),
}
ORDER = {
    "second_call_writes_x": (
        "numerics.any_order",
        "From the second call on, forward writes into the caller's x",
        RETURN,
        "        if self.__dict__.setdefault('ran', []):\n"
        "            x[...] = 0\n"
        "        self.ran.append(1)\n" + RETURN,
    ),
    "second_call_writes_x_stateful": (
        "numerics.any_order_stateful",
        "From the second call on, forward of a stateful layer writes into the caller's x",
        RETURN,
        "        if self.__dict__.setdefault('ran', []) and self.stateful:\n"
        "            x[...] = 0\n"
        "        self.ran.append(1)\n" + RETURN,
    ),
    "second_backward_writes_dy": (
        "numerics.any_order_backward",
        "From the second call on, backward writes into the caller's dy",
        BACK_RETURN,
        "        if self.__dict__.setdefault('ran', []):\n"
        "            dy[...] = 0\n"
        "        self.ran.append(1)\n" + BACK_RETURN,
    ),
    "second_backward_writes_dy_stateful": (
        "numerics.any_order_stateful_backward",
        "From the second call on, backward of a stateful layer writes into the caller's dy",
        BACK_RETURN,
        "        if self.__dict__.setdefault('ran', []) and self.stateful:\n"
        "            dy[...] = 0\n"
        "        self.ran.append(1)\n" + BACK_RETURN,
    ),
    "backward_leaves_dh": (
        "gradients.leaves_forward",
        "backward leaves its dh where forward looks for a kept state",
        BACK_RETURN,
        "        self.kept_h = dh if not self.stateful else self.kept_h\n" + BACK_RETURN,
    ),
    "backward_leaves_dh_stateful": (
        "gradients.leaves_forward_stateful",
        "In a stateful layer backward leaves its dh where forward looks for the kept state",
        BACK_RETURN,
        "        self.kept_h = dh if self.stateful else self.kept_h\n" + BACK_RETURN,
    ),
}
RAN = "        self.ran = getattr(self, 'ran', 0) + 1\n"
LATE = 62  # calls, more than a law on the order of calls makes of one instance
LAST = "        self.last = h, c\n" + RETURN
LATER = {
    "fifth_call_from_zeros": (
        "state.any_order_stateless",
        "The fifth call starts from zeros, whatever state it is given",
        NEW_CACHE,
        RAN + "        h = zeros if self.ran == 5 and not self.stateful else h\n" + NEW_CACHE,
    ),
    "no_hidden_states_without_a_state": (
        "gradients.no_state",
        "After a call without a state, backward takes every hidden state for zero",
        CACHE,
        "            seen = zeros if state is None and not self.stateful else h\n"
        "            self.cache.append((x_t, seen, c, i, f, g, o, c_next, h_next))\n",
    ),
    "weights_of_the_first_backward": (
        "gradients.any_order",
        "backward keeps W as it was in its first call",
        MAKE_DX,
        MAKE_DX + "        if not self.stateful:\n"
        "            W = vars(self).setdefault('first_W', W.copy())\n",
    ),
    "weights_of_the_first_backward_stateful": (
        "gradients.any_order_stateful",
        "backward of a stateful layer keeps W as it was in its first call",
        MAKE_DX,
        MAKE_DX + "        if self.stateful:\n"
        "            W = vars(self).setdefault('first_W', W.copy())\n",
    ),
    "tires": (
        "memory.learns",
        f"After {LATE} calls all results are zeros",
        RETURN,
        RAN
        + f"        if self.ran > {LATE}:\n            y, h, c = 0 * y, 0 * h, 0 * c\n"
        + RETURN,
    ),
    "streams": (
        "memory.cut_state",
        f"After {LATE} calls, one step without a state continues the last call",
        NEW_CACHE,
        RAN
        + f"        if self.ran > {LATE} and state is None and T == 1 and len(self.last[0]) == N:\n"
        "            h, c = self.last\n" + NEW_CACHE,
    ),
    "blocks_of_rows": (
        "memory.short_window",
        f"After {LATE} calls, rows from the seventh on continue rows before them",
        NEW_CACHE,
        RAN + f"        if self.ran > {LATE} and state is None and N > 6:\n"
        "            h, c = h.copy(), c.copy()\n"
        "            h[6:], c[6:] = self.forward(x[:N - 6])[1]\n" + NEW_CACHE,
    ),
    "knows_its_states": (
        "memory.lies_in_state",
        f"After {LATE} calls, a state that the last call returned is taken in its old order",
        NEW_CACHE,
        RAN + f"        last = self.last[0] if self.ran > {LATE} else zeros[:0]\n"
        "        if state is not None and last.shape == h.shape:\n"
        "            if np.allclose(np.sort(last, axis=0), np.sort(h, axis=0)):\n"
        "                h, c = self.last\n" + NEW_CACHE,
    ),
}
STATE = {
    "no_reset": (
        "state.reset",
        "There is no reset_state()",
        "    def reset_state(self):",
        "    def clear(self):",
    ),
    "state_in_the_class": (
        "state.instances_apart",
        "The carried state is kept in the class, so all instances share it",
        KEEP,
        (
            "        LSTM.kept_h = h if self.stateful else None\n"
            "        LSTM.kept_c = c if self.stateful else None\n"
            "        self.__dict__.pop('kept_h', None), self.__dict__.pop('kept_c', None)\n"
        ),
    ),
    "reset_keeps_the_batch_size": (
        "state.batch_size_after_reset",
        "reset_state() keeps zeros of the old batch size",
        RESET,
        (
            "        if self.kept_h is not None:\n"
            "            self.kept_h, self.kept_c = 0 * self.kept_h, 0 * self.kept_c\n"
            "\n"
            "    def forward"
        ),
    ),
    "one_step_not_kept": (
        "state.any_order",
        "The state is not carried on from a call of one step",
        KEEP,
        (
            "        if T > 1 or not self.stateful:\n"
            "            self.kept_h = h if self.stateful else None\n"
            "            self.kept_c = c if self.stateful else None\n"
        ),
    ),
    "own_state_starts_anew": (
        "state.split_anywhere",
        "A call that is given the state that the last call returned starts from zeros",
        "        y = np.zeros((N, T, H), x.dtype)\n",
        (
            "        last = self.cache[-1][-1] if self.cache else None\n"
            "        if state is not None and np.array_equal(h, last):\n"
            "            h, c = zeros, zeros\n"
            "        y = np.zeros((N, T, H), x.dtype)\n"
        ),
    ),
}
SIZES = {
    "squeezed": (
        "shapes.D_is_1",
        "Every axis of size 1 is dropped from the input of a step",
        X_T,
        "            x_t = x[:, t].squeeze()\n",
    ),
    "one_row": (
        "shapes.N_is_1",
        "A batch of one row is refused",
        SHAPE,
        SHAPE + "        assert N > 1, 'too small'\n",
    ),
    "one_step": (
        "shapes.T_is_1",
        "A sequence of one step is refused",
        SHAPE,
        SHAPE + "        assert T > 1, 'too small'\n",
    ),
    "one_unit": (
        "shapes.H_is_1",
        "A hidden size of one is refused",
        SHAPE,
        SHAPE + "        assert self.hidden_size > 1, 'too small'\n",
    ),
    "one_row_backward": (
        "shapes.N_is_1_backward",
        "A batch of one row is not handled in backward",
        DZ,
        DZ.replace("axis=1)", "axis=1).squeeze()"),
    ),
    "db_squeezed": (
        "gradients.db",
        "Every axis of size 1 is dropped before db is summed up",
        "db += dz.sum(axis=0)\n",
        "db += dz.squeeze().sum(axis=0)\n",
    ),
    "one_step_backward": (
        "shapes.T_is_1_backward",
        "A sequence of one step is not handled in backward",
        UNPACK,
        UNPACK.replace("[t]", "[t if T > 1 else t + 1]"),
    ),
    "one_feature_backward": (
        "shapes.D_is_1_backward",
        "An input of one feature is refused in backward",
        BACK_SHAPE,
        BACK_SHAPE + "        assert self.x.shape[2] > 1, 'too small'\n",
    ),
    "one_unit_backward": (
        "shapes.H_is_1_backward",
        "A hidden size of one is refused in backward",
        BACK_SHAPE,
        BACK_SHAPE + "        assert H > 1, 'too small'\n",
    ),
    "time_first": (
        "shapes.forward",
        "y is returned with the time axis first",
        RETURN,
        "        return y.swapaxes(0, 1), (h, c)\n",
    ),
    "dx_too_short": (
        "shapes.backward",
        "dx has a time step too few",
        BACK_RETURN,
        "        return dx[:, 1:], (dh, dc)\n",
    ),
}
LOAD = {
    "not_importable": (
        "load.imports",
        "The file cannot be imported",
        "import numpy as np\n",
        "import numpy as np\nimport nunpy\n",
    ),
    "no_state_argument": (
        "load.signature",
        "forward takes no state",
        "def forward(self, x, state=None):\n",
        "def forward(self, x):\n        state = None\n",
    ),
    "one_size_refused": (
        "load.constructs",
        "A size of one cannot be constructed",
        "        rng = np.random",
        "        assert input_size > 1, 'too small'\n        rng = np.random",
    ),
    "weights_copied": (
        "load.weights",
        "The weights are copied at the first call, so later ones have no effect",
        (
            '        W, U, b = self.params["W"], self.params["U"], self.params["b"]\n'
            "        zeros = np.zeros((N, H), x.dtype)\n"
        ),
        (
            "        W = vars(self).setdefault('W', self.params[\"W\"].copy())\n"
            '        U, b = self.params["U"], self.params["b"]\n'
            "        zeros = np.zeros((N, H), x.dtype)\n"
        ),
    ),
    "weights_transposed": (
        "load.weights",
        "W is declared with its axes exchanged",
        "(input_size, 4 * hidden_size)),",
        "(4 * hidden_size, input_size)),",
    ),
    "weights_shared": (
        "load.instances",
        "All instances share their weights",
        "        self.params = {\n",
        "        LSTM.params = getattr(LSTM, 'params', {})\n        LSTM.params |= {\n",
    ),
    "a_gru": (
        "load.scope",
        "It is another kind of layer, with three blocks in place of four",
        "4 * hidden_size",
        "3 * hidden_size",
    ),
}
NUMBERS = {
    "integers_stay": (
        "numerics.integer_inputs",
        "integer inputs make y an array of integers, which cuts off what follows the point",
        '        x = x if x.dtype.kind == "f" else x.astype(float)\n',
        "        x = x[:]\n",
    ),
    "float32_inside": (
        "numerics.precision_of_dtype",
        "It computes in float32 inside",
        X_T,
        "            x_t = x[:, t].astype(np.float32)\n",
    ),
    "float32_gradients": (
        "numerics.precision_of_gradients",
        "The gradients are computed in float32",
        "dW += x_t.T @ dz\n",
        "dW += (x_t.T @ dz).astype(np.float32)\n",
    ),
    "float16_inside": (
        "sequence.float32",
        "float32 becomes float16 inside",
        X_T,
        "            x_t = x[:, t]\n"
        "            if x.dtype == np.float32:\n"
        "                x_t = x_t.astype(np.float16).astype(np.float32)\n",
    ),
    "float64_out": (
        "numerics.float32_stays",
        "float32 becomes float64 in y",
        MAKE_Y,
        "        y = np.zeros((N, T, H))\n",
    ),
    "float64_gradients": (
        "numerics.float32_gradients_stay",
        "float32 becomes float64 in dx",
        MAKE_DX,
        "        dx = np.zeros(self.x.shape)\n",
    ),
    "sigmoid_overflows": (
        "numerics.saturation",
        "σ overflows where its argument is large",
        SIGMOID,
        "    return np.exp(z) / (1 + np.exp(z))\n",
    ),
    "tanh_overflows": (
        "numerics.saturation",
        "tanh overflows where its argument is large",
        "g = np.tanh(z[:, 2 * H:3 * H])",
        "a = z[:, 2 * H:3 * H]\n"
        "            g = (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))",
    ),
    "slope_overflows": (
        "numerics.saturation_of_gradients",
        "The derivative of σ overflows where its argument is large",
        "dz_i = dc_t * g * (i * (1 - i))\n",
        "dz_i = dc_t * g * i**2 * np.exp(-np.log(i / (1 - i)))\n",
    ),
    "x_in_memory_order": (
        "numerics.non_contiguous",
        "x is read in the order of memory",
        SHAPE,
        SHAPE + "        x = x.ravel(order='K').reshape(x.shape)\n",
    ),
    "dy_in_memory_order": (
        "numerics.non_contiguous_upstream",
        "dy is read in the order of memory",
        BACK_SHAPE,
        BACK_SHAPE + "        dy = dy.ravel(order='K').reshape(dy.shape)\n",
    ),
}
BACKS = "        self.backs = getattr(self, 'backs', 0) + 1\n"
ROUNDED = "astype(np.float32).astype(x.dtype)"
LATER_NUMBERS = {
    "later_derivative_overflows": (
        "numerics.large_in_any_order",
        "From its second call on, backward overflows where a candidate is saturated",
        GRADS,
        BACKS + "        if self.backs > 1 and not self.stateful:\n"
        "            dx += 0 * np.log(1 - abs(g))[:, None, :1]\n" + GRADS,
    ),
    "derivative_overflows_stateful": (
        "numerics.large_in_any_order_stateful",
        "backward of a stateful layer overflows where a candidate is saturated",
        GRADS,
        "        if self.stateful:\n"
        "            dx += 0 * np.log(1 - abs(g))[:, None, :1]\n" + GRADS,
    ),
    "later_states_in_float32": (
        "numerics.precision_in_any_order",
        "From the fourth call on, h is rounded to float32 where a sequence starts",
        NEW_CACHE,
        RAN + f"        h = h.{ROUNDED} if self.ran > 3 and not self.stateful else h\n" + NEW_CACHE,
    ),
    "carried_in_float32": (
        "numerics.precision_in_any_order_stateful",
        "The carried state is kept in float32",
        KEEP,
        f"        self.kept_h = h.{ROUNDED} if self.stateful else None\n"
        f"        self.kept_c = c.{ROUNDED} if self.stateful else None\n",
    ),
    "later_gradients_in_float32": (
        "numerics.precision_in_any_order_backward",
        "From the fourth call of backward on, dU is rounded to float32",
        GRADS,
        BACKS + "        if self.backs > 3 and not self.stateful:\n"
        "            dU = dU.astype(np.float32).astype(U.dtype)\n" + GRADS,
    ),
    "later_gradients_in_float32_stateful": (
        "numerics.precision_in_any_order_stateful_backward",
        "From the fourth call of backward of a stateful layer on, dU is rounded to float32",
        GRADS,
        BACKS + "        if self.backs > 3 and self.stateful:\n"
        "            dU = dU.astype(np.float32).astype(U.dtype)\n" + GRADS,
    ),
}
COPIED = ((X_T, "            x_t = x[:, t].copy()\n"),)
MORE: dict[str, tuple[tuple[str, str], ...]] = {  # further edits
    "changes_y": ((BACK_RETURN, "        self.y *= 0.5\n" + BACK_RETURN),),
    "second_call_writes_x": COPIED,
    "second_call_writes_x_stateful": COPIED,
    "streams": ((RETURN, LAST),),
    "knows_its_states": ((RETURN, LAST),),
}
SEEN = {
    "y_is_a_buffer": "mxnet, issue 18203: a buffer that the next call overwrites",
    "one_step_backward": "a sequence of one step, not handled in backward, in published code",
    "squeezed": "a squeeze that drops every axis of size 1, in published code",
    "float32_inside": "Deep Learning from Scratch 2: float32 hard-coded",
    "tanh_overflows": "tanh as (eˣ - e⁻ˣ)/(eˣ + e⁻ˣ) in published code",
}
FIXES = {
    "own": COPY,
    "calls": "Let a call depend on its arguments and on the weights as they are now alone.",
    "keeps": "Keep the state in self, as it is after the last step of every call.",
    "sizes": "Let every size from 1 be a size like any other.",
    "loading": "See the contract in the README: the constructor, the weights and forward.",
    "numbers": "Compute in the dtype that is given, with functions that do not overflow.",
}


def all_faults() -> Iterator[Fault]:
    groups = {
        "own": OWN,
        "calls": ORDER | LATER,
        "keeps": STATE,
        "sizes": SIZES,
        "loading": LOAD,
        "numbers": NUMBERS | LATER_NUMBERS,
    }
    for family, faults in groups.items():
        for end, (law, names, old, new) in faults.items():
            edit: tuple[tuple[str, str], ...] = ((old, new),)
            edit += MORE.get(end, ())
            yield Fault(
                f"{family}.{end}",
                names,
                {},
                FIXES[family],
                SEEN.get(end, ""),
                line=False,
                law=law,
                edit=edit,
            )
