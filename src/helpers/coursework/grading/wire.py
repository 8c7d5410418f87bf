"""Plain data on a pipe: JSON lines with numbers, text, lists, dicts and arrays; never a pickle.

What comes from the sandbox is data whatever wrote it: `decoded` builds numbers, text and arrays of
numeric types, refuses everything else, and never runs any code that came with it.
"""

import base64
import inspect
import json
import math
from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor, nn

from helpers import networks

MOST_BYTES = 64 << 20  # of one message
TYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


class Malformed(Exception):
    """A message that is none: too long, no JSON, or of an unknown form."""


def line(message: Mapping) -> bytes:
    """The message as one line of JSON. Values must have been through `encoded`."""
    return json.dumps(message).encode() + b"\n"


def message(line: bytes) -> dict:
    """The message of a line. Raises Malformed for anything that is no JSON object."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"wanted a line of JSON, received {line[:60]!r}") from error
    if not isinstance(found, dict):
        raise Malformed(f"wanted a JSON object, received {line[:60]!r}")
    return found


def encoded(value):
    """The value as JSON data; something that is no plain data is named, not sent."""
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, Tensor):
        return _encoded_tensor(value)
    if isinstance(value, nn.Sequential):
        return {"$": "network", "layers": [_encoded_layer(layer) for layer in value]}
    if isinstance(value, Mapping):
        return {"$": "dict", "items": [[str(key), encoded(item)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {"$": kind, "items": [encoded(item) for item in value]}
    if hasattr(value, "__array__"):
        return _encoded_array(np.asarray(value))
    return {"$": "other", "kind": type(value).__name__}


def decoded(data, networks_too: bool = False):
    """The value of JSON data. Raises Malformed; networks only where they are asked for."""
    if data is None or isinstance(data, bool | int | float | str):
        return data
    kind = data.get("$") if isinstance(data, dict) else None
    try:
        if kind in ("list", "tuple"):
            return (list if kind == "list" else tuple)(
                decoded(item, networks_too) for item in data["items"]
            )
        if kind == "dict":
            return {str(key): decoded(item, networks_too) for key, item in data["items"]}
        if kind in ("array", "tensor"):
            array = _decoded_array(data)
            return torch.from_numpy(array) if kind == "tensor" else array
        if kind == "other":
            return Other(str(data["kind"])[:80])
        if kind == "network" and networks_too:
            return nn.Sequential(*(_decoded_layer(layer) for layer in data["layers"]))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise Malformed(f"wanted plain data, received {str(data)[:60]}") from error
    raise Malformed(f"wanted plain data, received {str(data)[:60]}")


class Other:
    """Stands for an answer that is no plain data: only its type's name came through."""

    def __init__(self, kind: str):
        self.__name__ = kind

    def __call__(self):
        raise TypeError(f"only the name of this {self.__name__} came through the pipe")


def _encoded_tensor(value):
    value = value.detach().cpu()
    value = value.to_dense() if value.layout != torch.strided else value
    value = value.float() if value.dtype == torch.bfloat16 else value
    return {**_encoded_array(value.numpy()), "$": "tensor"}


def _encoded_array(value):
    if str(value.dtype) not in TYPES or value.nbytes > MOST_BYTES // 2:
        return {"$": "other", "kind": f"array of {value.dtype}, {value.nbytes} bytes"}
    data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    return {"$": "array", "dtype": str(value.dtype), "shape": list(value.shape), "data": data}


def _decoded_array(data):
    if data["dtype"] not in TYPES:
        raise ValueError("an unknown type")
    shape = [int(length) for length in data["shape"]]
    raw = base64.b64decode(data["data"], validate=True)
    if len(shape) > 16 or min(shape, default=0) < 0:
        raise ValueError("no shape")
    if math.prod(shape) * np.dtype(data["dtype"]).itemsize != len(raw):
        raise ValueError("shape and data differ")
    return np.frombuffer(raw, dtype=data["dtype"]).reshape(shape).copy()


def _known() -> dict[str, type]:
    """The layers that a network of this book is made of, by name."""
    kinds = (*networks.LAYERS, *networks.POOLING, *networks.POINTWISE, networks.Scale)
    return {kind.__name__: kind for kind in kinds}


def _encoded_layer(layer: nn.Module):
    """A layer as its class's name, the arguments that make it anew, parameters and masks."""
    if isinstance(layer, nn.Sequential):
        return encoded(layer)
    name = type(layer).__name__.removeprefix("Masked")
    if name not in _known() or layer._forward_hooks or layer._forward_pre_hooks:
        raise TypeError(
            f"wanted a layer of Linear, Conv2d, pooling, Flatten or pointwise kind, received"
            f" {type(layer).__name__}: an exercise's networks are made of those"
        )
    arguments = {}
    for argument in inspect.signature(_known()[name].__init__).parameters:
        if argument in ("self", "device", "dtype") or not hasattr(layer, argument):
            continue
        value = getattr(layer, argument)
        arguments[argument] = value is not None if argument == "bias" else encoded(value)
    state = encoded(dict(layer.state_dict()))
    return {"class": name, "arguments": arguments, "state": state}


def _decoded_layer(data) -> nn.Module:
    if data.get("$") == "network":
        return decoded(data, networks_too=True)
    layer = _known()[data["class"]](**{k: decoded(v) for k, v in data["arguments"].items()})
    state = decoded(data["state"])
    masks = {name: state.pop(name) for name in [*state] if name.endswith("_mask")}
    for value in list(state.values())[:1]:
        layer = layer.to(value.dtype)
    layer.load_state_dict(state)
    if masks:
        networks.mask_layer(layer, {k.removesuffix("_mask"): mask for k, mask in masks.items()})
    return layer
