"""What is torch's own about TorchLSTM: weights both ways, and what it refuses."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")

import torch

from lstm_reference.cells.lstm import LSTM
from lstm_reference.cells.torch_lstm import TorchLSTM, from_torch, to_torch


def test_weights_go_to_torch_and_back() -> None:
    params = LSTM(3, 5).params
    module = torch.nn.LSTM(3, 5, dtype=torch.float64)
    module.load_state_dict(to_torch(params))
    back = from_torch(module)
    assert back.keys() == params.keys()
    for name, array in params.items():
        assert np.array_equal(back[name], array)
        assert back[name].dtype == np.float64


def test_weights_of_torch_give_torchs_outputs() -> None:
    """torch draws two nonzero biases; the layer has one, their sum."""
    module = torch.nn.LSTM(3, 5, batch_first=True, dtype=torch.float64)
    layer = LSTM(3, 5)
    layer.params.update(from_torch(module))
    x = np.random.default_rng(0).standard_normal((2, 4, 3))
    expected, _ = module(torch.from_numpy(x))
    np.testing.assert_allclose(layer.forward(x)[0], expected.detach().numpy(), rtol=0, atol=1e-14)


def test_conversion_copies() -> None:
    params = LSTM(3, 5).params
    state = to_torch(params)
    before = {name: tensor.clone() for name, tensor in state.items()}
    for array in params.values():
        array[:] = 7.0
    assert all(torch.equal(state[name], before[name]) for name in state)

    module = torch.nn.LSTM(3, 5)
    converted = from_torch(module)
    for array in converted.values():
        array[:] = 7.0
    assert not any((parameter == 7.0).any() for parameter in module.parameters())


@pytest.mark.parametrize(
    "options", [{"num_layers": 2}, {"bidirectional": True}, {"proj_size": 2}, {"bias": False}]
)
def test_other_torch_layers_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="should have one layer, one direction and biases"):
        from_torch(torch.nn.LSTM(3, 5, **options))


def test_new_weights_are_seen_by_the_next_forward() -> None:
    layer, expected = TorchLSTM(3, 5), LSTM(3, 5)
    x = np.random.default_rng(0).standard_normal((2, 4, 3))
    layer.forward(x)
    for name, array in expected.params.items():
        array *= 2
        layer.params[name] = array
    np.testing.assert_allclose(layer.forward(x)[0], expected.forward(x)[0], rtol=0, atol=1e-14)


def test_other_dtypes_are_refused() -> None:
    layer = TorchLSTM(3, 5)
    with pytest.raises(TypeError, match="complex128; they should be float32 or float64"):
        layer.forward(np.ones((2, 4, 3), complex))


def test_wrong_final_state_gradient_is_refused() -> None:
    layer = TorchLSTM(3, 5)
    y, (h, c) = layer.forward(np.ones((2, 4, 3)))
    with pytest.raises(ValueError, match=r"dc is \(1, 5\); this batch needs \(2, 5\)"):
        layer.backward(np.ones_like(y), (h, c[:1]))
    with pytest.raises(ValueError, match=r"should be \(h, c\)"):
        layer.forward(np.ones((2, 4, 3)), (h,))  # type: ignore[arg-type]
