"""Keys of stored results: a text that changes when anything that a result depends on does."""

import ast
import dis
import functools
import hashlib
import importlib.util
import inspect
import pickle
import reprlib
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import torch
from joblib.hashing import NumpyHasher

LIBRARIES = {"site-packages", "dist-packages"}


def key(*things: Any) -> str:
    """32 hexadecimal digits that are the same for the same values and for functions that do alike.

    Of a function it covers the code (docstrings aside), the defaults, what it has captured and the
    globals it reads, and so on through every function among these; of a class the syntax trees of
    its module and of the modules which that imports; of a library the version. It does not cover
    files and environment variables that a function reads.

    Raises TypeError for what has no key: an open file, a lock, a class of a script or of a cell.
    """
    try:
        return _Hasher().hash(things)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(
            "wanted functions and values that can be told from others, to keep their results, "
            f"received {reprlib.repr(things)}: {error}. Make within the function what it captures "
            "or reads, move classes into a module, or leave out `store`"
        ) from error


class _Hasher(NumpyHasher):
    """joblib's, which knows arrays, sets and dicts, taught to look into code and tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.functions: list[FunctionType] = []

    def hash(self, obj: Any) -> str:
        self.dump(obj)
        for function in self.functions:  # which grows: calls may go round in circles
            self.dump(_function(function))
        return super().hash(None)

    def save(self, obj: Any) -> None:
        super().save(self._told(obj))

    def _told(self, obj: Any) -> Any:
        """What stands for an object: its place in the queue for a function, bytes for a tensor."""
        match obj:
            case MethodType():
                return "method", obj.__func__, obj.__self__
            case functools._lru_cache_wrapper():
                return "cached", obj.__wrapped__
            case frozenset():
                return "frozenset", set(obj)
            case torch.Generator():
                return "generator", obj.get_state()
            case torch.Tensor():
                flat = obj.detach().cpu().contiguous().reshape(-1)
                return "tensor", str(obj.dtype), tuple(obj.shape), flat.view(torch.uint8).numpy()
            case ModuleType():
                return "module", obj.__name__, _version(obj.__name__)
            case FunctionType() if _own(obj.__module__):
                if obj not in self.functions:
                    self.functions.append(obj)
                return "function", self.functions.index(obj)
            case type() if _own(obj.__module__):
                return "class", obj.__qualname__, _trees(obj.__module__)
            case FunctionType() | type():
                return f"{obj.__module__}.{obj.__qualname__}", _version(obj.__module__)
        home = type(obj).__module__
        if home != "builtins" and not _own(home):  # scipy's norm carries numpy's global generator
            for name, value in vars(sys.modules[home]).items():
                if value is obj:
                    return f"{home}.{name}", _version(home)
        return obj


def _function(function: FunctionType) -> list:
    """A function by its code, with what it has captured and reads."""
    inner = inspect.unwrap(function)
    captured: list = [cell.cell_contents for cell in function.__closure__ or ()]
    home = vars(sys.modules[function.__module__])
    if (
        inner is not function
        and home.get(function.__name__) is function
        and _spec(home["__name__"])
    ):
        captured = [_trees(function.__module__)]  # which say how it is decorated
    codes = list(_codes(inner.__code__))
    names = {name for code in codes for name in code.co_names}
    imported = [name for code in codes for name in _imported(code, inner.__globals__)]
    return [
        [_code(code) for code in (*codes, function.__code__)],
        [inner.__defaults__, inner.__kwdefaults__, captured],
        dict(_read(names, inner.__globals__)),
        [_trees(name) if _own(name) else _version(name) for name in imported],
    ]


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, CodeType):
            yield from _codes(const)


def _code(code: CodeType) -> list:
    consts = code.co_consts
    if sys.version_info < (3, 13):
        documented = not code.co_name.startswith("<")  # else the first one is None
    else:
        documented = bool(code.co_flags & inspect.CO_HAS_DOCSTRING)
    told = [const for const in consts[documented:] if not isinstance(const, CodeType)]
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    return [code.co_name, code.co_code, code.co_flags, told, names]


def _read(names: set[str], namespace: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The globals with these names; of a module of our own what is read as its attributes."""
    for name in names & namespace.keys():
        value = namespace[name]
        yield name, value
        if isinstance(value, ModuleType) and _own(value.__name__):
            inner = dict(_read(names, vars(value)))
            yield f"{name}.", inner if inner and "getattr" not in names else _trees(value.__name__)


def _imported(code: CodeType, namespace: dict[str, Any]) -> Iterator[str]:
    """The modules that a function imports when it is called."""
    steps = list(dis.get_instructions(code))
    for level, members, step in zip(steps, steps[1:], steps[2:], strict=False):
        if step.opname == "IMPORT_NAME":
            name = "." * (level.argval or 0) + step.argval
            name = importlib.util.resolve_name(name, namespace.get("__package__"))
            yield name
            for member in members.argval or ():
                if _spec(f"{name}.{member}") is not None:
                    yield f"{name}.{member}"


def _own(module: str | None) -> bool:
    """Whether a module is this package's or the user's, not a library's."""
    top = (module or "builtins").partition(".")[0]
    if top in (__package__, "__main__"):
        return True
    place = getattr(_spec(top), "origin", None)
    stdlib = top in sys.stdlib_module_names or top in sys.builtin_module_names
    return not stdlib and not LIBRARIES & set(Path(place or "").parts)


def _version(module: str | None) -> str:
    return str(getattr(sys.modules.get((module or "").partition(".")[0]), "__version__", ""))


@functools.cache
def _spec(module: str) -> ModuleSpec | None:
    """Where a module's source is; None for a notebook's or a script's own."""
    try:
        return None if module == "__main__" else importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None


@functools.cache
def _trees(module: str) -> tuple[str, ...]:
    """Digests of the syntax trees of a module and of all modules of our own that it imports."""
    todo, trees = [module], {}
    while todo:
        name = todo.pop()
        origin = getattr(_spec(name), "origin", None) or ""
        if name not in trees and _own(name) and origin.endswith(".py"):
            trees[name], imports = _tree(name, Path(origin))
            todo += imports
    if module not in trees:
        raise TypeError(f"{module} has no source of its own")
    return tuple(trees[name] for name in sorted(trees))


@functools.cache
def _tree(module: str, source: Path) -> tuple[str, list[str]]:
    """The digest of a module's syntax tree without docstrings, and what it may import."""
    tree = ast.parse(source.read_text())
    package = module if source.name == "__init__.py" else module.rpartition(".")[0]
    imports: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            imports += [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = node.body[ast.get_docstring(node) is not None :]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest(), imports
