"""Shows, without the kit, what its report says of tinygrad.nn.LSTMCell.

python docs/formats/tinygrad_defects.py
"""

from importlib.metadata import version

import numpy as np
from tinygrad import Tensor, nn

cell = nn.LSTMCell(1, 1)
weights = {"weight_ih": [[1.0]] * 4, "weight_hh": [[0.0]] * 4, "bias_hh": [0.0] * 4}
# The candidate g is tanh(-1000) = -1, of the derivative 0; the gates are 1/2.
weights["bias_ih"] = [0.0, 0.0, -1000.0, 0.0]
for name, values in weights.items():
    getattr(cell, name).replace(Tensor(np.array(values)))
x, h, c = (Tensor(np.zeros((1, 1))) for _ in range(3))
next_h, next_c = cell(x, (h, c))
dx = (next_h.sum() + next_c.sum()).gradient(x)[0].item()
told = "defect" if np.isnan(dx) else "right"
print(f"tinygrad {version('tinygrad')}: dx where g is saturated is {dx}: {told}")
