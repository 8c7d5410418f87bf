"""The pipe between grader and sandbox carries plain data, both ways, and nothing else."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers import networks, pruning
from helpers.coursework.grading import wire


def there_and_back(value, **options):
    return wire.decoded(wire.message(wire.line({"value": wire.encoded(value)}))["value"], **options)


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -2.5, math.inf, "é\n", [1, "a"], (1, (2.0, None)), {"a": [1], "b": {}}],
)
def test_plain_values_come_back_as_they_went(value):
    back = there_and_back(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
def test_arrays_keep_type_shape_and_numbers(dtype):
    value = torch.arange(6).reshape(2, 3, 1).to(dtype)
    back, array = there_and_back(value), there_and_back(value.numpy())
    assert back.dtype == dtype
    assert torch.equal(back, value)
    assert isinstance(array, np.ndarray)
    assert array.dtype == value.numpy().dtype
    assert math.isnan(there_and_back(torch.tensor([math.nan]))[0])


@pytest.mark.parametrize(
    "net",
    [
        networks.mlp([4, 5, 1], seed=1),
        networks.mlp([4, 5, 3, 2], parameterization="mup", activation="tanh", seed=2).double(),
        nn.Sequential(nn.Sequential(nn.Flatten(), nn.Linear(4, 3, bias=False)), nn.GELU()),
        pruning.masked(m := networks.mlp([4, 6, 1], seed=3), pruning.magnitude(m, keep=0.5)),
    ],
    ids=["plain", "mup in float64", "nested", "pruned"],
)
def test_a_network_computes_the_same_on_the_other_side(net):
    x = torch.randn(
        7, 4, generator=torch.Generator().manual_seed(0), dtype=next(net.parameters()).dtype
    )
    back = there_and_back(net, networks_too=True)
    assert torch.equal(back(x), net(x))
    assert back.state_dict().keys() == net.state_dict().keys()


def test_a_convolutional_network_computes_the_same():
    net = networks.cnn([3, 4], seed=1)
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(there_and_back(net, networks_too=True)(x), net(x))


def test_a_network_is_taken_only_where_it_is_asked_for():
    """What comes out of the sandbox is never a module."""
    with pytest.raises(wire.Malformed, match="wanted plain data, received"):
        there_and_back(networks.mlp([4, 2]))


@pytest.mark.parametrize(
    "data",
    [
        {"$": "array", "dtype": "object", "shape": [1], "data": ""},
        {"$": "array", "dtype": "float32", "shape": [10**12], "data": "AAAA"},
        {"$": "array", "dtype": "float32", "shape": [-1, -4], "data": "AAAA"},
        {"$": "array", "dtype": "float32", "shape": "x", "data": "AAAA"},
        {"$": "tuple"},
        {"$": "dict", "items": [1]},
        {"$": "pickle", "data": "gASVHwAAAAAAAACMBXBvc2l4"},
        {"no": "kind"},
        [1, 2],
    ],
)
def test_whatever_else_a_submission_writes_on_the_pipe_is_refused(data):
    with pytest.raises(wire.Malformed, match="wanted plain data, received"):
        wire.decoded(data)


@pytest.mark.parametrize("line", [b"", b"\x80\x04K\x01.", b"[1]", b"[" * 100_000, b'{"a": '])
def test_a_line_that_is_no_message_is_refused(line):
    with pytest.raises(wire.Malformed, match="wanted a"):
        wire.message(line)


def test_an_answer_that_is_no_data_is_named_only():
    class Yes(float):
        def __eq__(self, other):
            return True

    assert type(there_and_back(Yes(3))) is float
    assert there_and_back(Yes(3)) != 4
    assert there_and_back(object()).__name__ == "object"
