"""One adapter for whatever a student's answer is made of, and how far two answers are apart."""

import math
from collections.abc import Mapping
from numbers import Number

import numpy as np
import torch
from torch import Tensor


class Unfit(Exception):
    """An answer of another kind or shape than was asked for; the message says wanted, received."""


def plain(value):
    """The answer as plain data: float, str, None, a float64 tensor, a tuple or a dict of such.

    Takes numbers of any library, tensors and arrays of any numeric type and device, and lists and
    tuples: a rectangular list of numbers becomes a tensor, another one a tuple. A bool is 0 or 1,
    a tensor or array of one number without axes a float. Raises Unfit for anything else.
    """
    if value is None or type(value) is str:
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, complex | np.complexfloating):
        raise Unfit("wanted real numbers, received complex ones")
    if isinstance(value, Number | np.generic):
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        parts = tuple(plain(item) for item in value)
        return _stacked(parts)
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        value = value.to_dense() if value.layout != torch.strided else value
    elif hasattr(value, "__array__"):
        value = torch.as_tensor(_numeric(np.asarray(value)))
    else:
        raise Unfit(f"wanted numbers, arrays or text, received {_kind(value)}")
    if value.is_complex():
        raise Unfit("wanted real numbers, received complex ones")
    value = value.to(torch.float64)
    return float(value) if value.ndim == 0 else value


def fitted(value, like):
    """The answer as plain data of the same kind and shape as `like`, itself plain data.

    One number may come as an array of one element, a tuple as a list, an array or a tensor. Raises
    Unfit, with what was wanted and what came, where nothing sensible makes one of the other.
    """
    value = plain(value)
    if value is None and like is not None:
        raise Unfit(f"wanted {kind(like)}, received None: does the function end with return?")
    if isinstance(like, float):
        if isinstance(value, Tensor) and value.numel() == 1:
            return float(value)
        fits = isinstance(value, float)
    elif isinstance(like, tuple):
        value = tuple(plain(part) for part in value) if isinstance(value, Tensor) else value
        fits = isinstance(value, tuple) and len(value) == len(like)
        if fits:
            return tuple(fitted(part, model) for part, model in zip(value, like, strict=True))
    elif isinstance(like, dict):
        fits = isinstance(value, dict) and value.keys() == like.keys()
        if fits:
            return {key: fitted(value[key], model) for key, model in like.items()}
    elif isinstance(like, Tensor):
        fits = isinstance(value, Tensor) and value.shape == like.shape
        if isinstance(value, float) and like.numel() == 1:
            return torch.full_like(like, value)
    else:
        fits = type(value) is type(like)
    if not fits:
        raise Unfit(f"wanted {kind(like)}, received {kind(value)}")
    return value


def gap(first, second) -> float:
    """The largest difference between two answers of one kind; inf where text differs.

    Equal infinities differ by nothing; a nan differs from everything by inf.
    """
    if isinstance(first, tuple):
        return max((gap(a, b) for a, b in zip(first, second, strict=True)), default=0.0)
    if isinstance(first, dict):
        return max((gap(first[key], second[key]) for key in first), default=0.0)
    if isinstance(first, str) or first is None or second is None:
        return 0.0 if first == second else math.inf
    a, b = (torch.as_tensor(value, dtype=torch.float64) for value in (first, second))
    apart = torch.where(a == b, 0.0, (a - b).abs()).nan_to_num(nan=math.inf, posinf=math.inf)
    return float(apart.max()) if apart.numel() else 0.0


def size(value) -> float:
    """The largest finite magnitude in an answer, the scale that its errors are measured by."""
    if isinstance(value, tuple | dict):
        parts = value.values() if isinstance(value, dict) else value
        return max((size(part) for part in parts), default=0.0)
    if value is None or isinstance(value, str):
        return 0.0
    numbers = torch.as_tensor(value, dtype=torch.float64).abs()
    numbers = numbers[numbers.isfinite()]
    return float(numbers.max()) if numbers.numel() else 0.0


def kind(value) -> str:
    """What a piece of plain data is, in words."""
    if isinstance(value, float):
        return f"the number {value:.4g}" if math.isfinite(value) else f"the number {value}"
    if isinstance(value, Tensor):
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, tuple):
        return f"{len(value)} values"
    if isinstance(value, dict):
        return f"a dict with the keys {sorted(value)}"
    return repr(value) if value is None or isinstance(value, str) else _kind(value)


def shown(value) -> str:
    """An input or answer in a message: short ones in full, others by their shape."""
    if isinstance(value, bool | int | str) or value is None:
        return repr(value)
    if isinstance(value, torch.nn.Module):
        return f"a network of {sum(p.numel() for p in value.parameters())} parameters"
    try:
        value = plain(value)
    except Unfit:
        return _kind(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Tensor) and value.ndim == 1 and len(value) <= 8:
        return "[" + ", ".join(f"{number:.4g}" for number in value.tolist()) + "]"
    if isinstance(value, tuple) and len(value) <= 4:
        return "(" + ", ".join(shown(part) for part in value) + ")"
    return kind(value)


def _stacked(parts):
    """A tensor where the parts are all numbers or all arrays of one shape, else the tuple."""
    if parts and all(isinstance(part, float) for part in parts):
        return torch.tensor(parts, dtype=torch.float64)
    tensors = parts and all(isinstance(part, Tensor) for part in parts)
    if tensors and len({part.shape for part in parts}) == 1:
        return torch.stack(parts)
    return parts


def _numeric(array):
    if array.dtype.kind not in "biuf":
        raise Unfit(f"wanted numbers, received an array of {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.float64)


def _kind(value) -> str:
    if callable(value) and hasattr(value, "__name__"):
        return f"a function ({value.__name__})"
    return type(value).__name__
