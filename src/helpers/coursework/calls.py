"""Calling a student's answer: on copies, quietly, and with what goes wrong told apart."""

import contextlib
import copy
import importlib
import inspect
import io
import sys
import traceback
import warnings
from collections.abc import Sequence

import torch


class Open(Exception):
    """The answer is still a stub, or is not there; the message says what to do."""


class Stopped(Exception):
    """The answer raised an error."""


class Forbidden(Exception):
    """The answer called the function that it was to build."""


class Answer:
    """A student's answer: called like a function, it returns what the function or value gives.

    Raises Open for a stub, Stopped for an error, Forbidden where one of `forbidden` was called.
    """

    def __init__(self, name: str, value, forbidden: Sequence[str] = ()):
        self.name, self.value, self.forbidden = name, value, forbidden

    def __call__(self, *args):
        if self.value is ...:
            raise Open(f"{self.name} is still to be written: replace the dots")
        if not callable(self.value):
            return self.value
        if args or inspect.isfunction(self.value):
            return called(self.name, self.value, copied(args), self.forbidden)
        return self.value


class Missing:
    """Stands for a name that no cell has defined."""

    def __init__(self, name: str):
        self.name = name

    def __call__(self, *args):
        raise Open(f"{self.name} is not defined: run the cell above that defines it, then this one")


def called(name, function, args, forbidden=()):
    """`function(*args)`, without warnings and stderr; raises Open, Stopped or Forbidden."""
    used = set()
    try:
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with watched(forbidden, used):
                value = function(*args)
    except NotImplementedError as stub:
        raise Open(str(stub) or f"{name} is still to be written: replace its last line") from None
    except Exception as error:
        raise Stopped(told(name, error)) from None
    if used:
        raise Forbidden(
            f"wanted your own computation, received a call of {', '.join(sorted(used))}:"
            " that is what this exercise builds"
        )
    return value


def told(name: str, error: BaseException) -> str:
    """An error of the answer in words, with the line where it arose if it is the student's."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    line = f" (at: {last[0].line})" if last and last[0].line else ""
    return f"{name} stopped with {type(error).__name__}: {error}{line}"


@contextlib.contextmanager
def watched(forbidden: Sequence[str], used: set):
    """Put into `used` the names of the functions among `forbidden` that are called meanwhile."""
    codes = {code: path.rpartition(".")[2] for path in forbidden if (code := _code(path))}
    if not codes:
        yield
        return

    def profile(frame, event, argument):
        if frame.f_code in codes:
            used.add(codes[frame.f_code])

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def copied(args):
    """The arguments anew, so that an answer which changes its input changes nothing else."""
    return tuple(
        value.clone() if isinstance(value, torch.Tensor) else copy.deepcopy(value) for value in args
    )


def _code(path: str):
    """The code object of a function by its dotted name, whatever decorators are around it."""
    module, _, name = path.rpartition(".")
    return inspect.unwrap(getattr(importlib.import_module(module), name)).__code__
