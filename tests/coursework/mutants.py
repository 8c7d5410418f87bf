"""Small mistakes, made by machine: every mutant of a solution differs from it in one place.

`mutants(source, names)` yields (what was done, the mutated source). Most come from rewriting one
node of the syntax tree; for each function named they are joined by three that no rewriting gives: a
parameter that keeps its first value, a constant and a turned sign.
"""

import ast
import copy

BINARY = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
          ast.Pow: ast.Mult, ast.MatMult: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
          ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult}  # fmt: skip
COMPARE = {ast.Gt: [ast.GtE, ast.Lt], ast.Lt: [ast.LtE, ast.Gt], ast.GtE: [ast.Gt, ast.LtE],
           ast.LtE: [ast.Lt, ast.GtE], ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq],
           ast.Is: [ast.IsNot], ast.IsNot: [ast.Is], ast.In: [ast.NotIn]}  # fmt: skip
RENAMED = {"argmax": ["argmin"], "argmin": ["argmax"], "max": ["min"], "min": ["max"],
           "amax": ["amin"], "maximum": ["minimum"], "clamp_min": ["clamp_max"],
           "mean": ["sum"], "nanmean": ["nansum"], "sum": ["mean"], "log2": ["log", "log10"],
           "log": ["log2"], "sf": ["cdf"], "cdf": ["sf"], "ones": ["zeros"], "zeros": ["ones"],
           "sin": ["cos"], "exp": ["expm1"], "norm": ["sum"], "all": ["any"],
           "any": ["all"], "std": ["var"], "relu": ["sigmoid"], "sqrt": ["square"]}  # fmt: skip
DROPPED = {"abs", "sign", "square", "sqrt", "exp", "log", "log2", "relu", "clamp_min", "round",
           "double", "sorted", "flatten", "cumsum", "unique", "set", "T", "mT"}  # fmt: skip


def mutants(source: str, names):
    """(description, source) of every mutant; `names` are the functions that answer."""
    tree = ast.parse(source)
    for index, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            mutant = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(mutant)) if i == index)
            changed = change(target)
            mutant = _Replaced(target, changed).visit(mutant)
            line = getattr(node, "lineno", 0)
            yield f"line {line}: {what}", ast.unparse(ast.fix_missing_locations(mutant))
    for function in (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name in names):
        yield from _wrapped(source, function)


def _wrapped(source, function):
    """The function with a parameter kept at its first value, its result kept, its sign turned."""
    name, arguments = function.name, [a.arg for a in function.args.args]
    call = f"_solved({', '.join(arguments)})"
    head = f"{source}\n_solved, _kept = {name}, {{}}\ndef {name}({ast.unparse(function.args)}):\n"
    for argument in arguments:
        keep = f"    {argument} = _kept.setdefault({argument!r}, {argument})\n"
        yield f"{name} ignores {argument}", f"{head}{keep}    return {call}\n"
    yield f"{name} is constant", f"{head}    return _kept.setdefault('', {call})\n"
    turned = "tuple(-each for each in got) if isinstance(got, tuple) else -got"
    yield f"{name} has its sign turned", f"{head}    got = {call}\n    return {turned}\n"


def _changes(node):
    """(description, function of a copy of the node) for all changes that suit the node."""
    match node:
        case ast.Constant(value=bool(value)):
            yield f"{value} -> {not value}", lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int() | float() as value):
            yield f"{value} -> {value + 1}", lambda n: ast.Constant(n.value + 1)
            yield f"{value} -> {value - 1}", lambda n: ast.Constant(n.value - 1)
        case ast.BinOp(op=op) if type(op) in BINARY:
            swap = BINARY[type(op)]
            yield f"{_name(op)} -> {swap.__name__}", lambda n: ast.BinOp(n.left, swap(), n.right)
            yield f"left of {_name(op)} only", lambda n: n.left
            yield f"right of {_name(op)} only", lambda n: n.right
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield f"{_name(node.op)} dropped", lambda n: n.operand
        case ast.BoolOp():
            yield "first condition only", lambda n: n.values[0]
            yield "last condition only", lambda n: n.values[-1]
        case ast.Compare(ops=[op]) if type(op) in COMPARE:
            for swap in COMPARE[type(op)]:
                yield f"{_name(op)} -> {swap.__name__}", lambda n, o=swap: _with(n, ops=[o()])
        case ast.IfExp():
            yield "always the first branch", lambda n: n.body
            yield "always the second branch", lambda n: n.orelse
        case ast.If():
            yield "the condition is true", lambda n: _with(n, test=ast.Constant(True))
            yield "the condition is false", lambda n: _with(n, test=ast.Constant(False))
        case ast.AugAssign(op=op) if type(op) in BINARY:
            yield f"{_name(op)} -> another", lambda n: _with(n, op=BINARY[type(n.op)]())
        case ast.Return(value=ast.Tuple()):
            yield "values swapped", lambda n: _with(n.value, elts=n.value.elts[::-1]) and n
        case ast.Attribute(attr=name) if name in RENAMED:
            for other in RENAMED[name]:
                yield f"{name} -> {other}", lambda n, other=other: _with(n, attr=other)
        case ast.Attribute(attr="T" | "mT"):
            yield "transpose dropped", lambda n: n.value
        case ast.Call():
            yield from _call_changes(node)
        case ast.Slice():
            if node.upper or node.lower:
                yield "whole slice", lambda n: ast.Slice()
    # Names called as functions, `max(...)`, are renamed like methods.
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in ("max", "min"):
        yield f"{node.id} -> {RENAMED[node.id][0]}", lambda n: ast.Name(RENAMED[n.id][0], n.ctx)


def _call_changes(node):
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    method = isinstance(node.func, ast.Attribute)
    if name in DROPPED and method and not node.args:
        yield f"{name} dropped", lambda n: n.func.value
    elif name in DROPPED and len(node.args) == 1:
        yield f"{name} dropped", lambda n: n.args[0]
    if len(node.args) >= 2:
        swap = [1, 0, *range(2, len(node.args))]
        yield f"arguments of {name} swapped", lambda n: _with(n, args=[n.args[i] for i in swap])
    if name == "range":
        minus = ast.parse("x - 1", mode="eval").body
        yield "one turn too few", lambda n: _with(
            n, args=[*n.args[:-1], ast.BinOp(n.args[-1], minus.op, minus.right)])  # fmt: skip
    for place, keyword in enumerate(node.keywords):
        yield (f"{keyword.arg} of {name} left out", lambda n, place=place: _with(
            n, keywords=[k for i, k in enumerate(n.keywords) if i != place]))  # fmt: skip


class _Replaced(ast.NodeTransformer):
    def __init__(self, target, changed):
        self.target, self.changed = target, changed

    def generic_visit(self, node):
        return self.changed if node is self.target else super().generic_visit(node)

    visit = generic_visit


def _with(node, **fields):
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def _name(op) -> str:
    return type(op).__name__
