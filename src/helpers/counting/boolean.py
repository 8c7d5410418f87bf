"""Boolean functions of a few bits: truth tables, half-spaces, circuits.

A function of n bits is its truth table over the inputs {0,1}^n in counting order. It comes in two
forms: a tuple of 2^n bools, and the integer whose bit j is the value at input j. An array over all
2^(2^n) functions is indexed by that integer.
"""

import itertools
import math
from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# Singular values and coefficients below this share of the largest are exact zeros that rounding
# has moved.
ZERO = 1e-10

# Functions of four bits that need 0, 1, ..., 7 gates (Knuth 4A, section 7.1.2, table 1).
KNUTH_FOUR_BITS = (10, 60, 456, 2474, 10624, 24184, 25008, 2720)

Table = tuple[bool, ...]


def inputs(n: int) -> Float[Tensor, "inputs n"]:
    """All of {0,1}^n in counting order, `(2^n, n)` in float64: 000, 001, 010, 011, ...

    Raises ValueError beyond four bits, whose 2^32 functions no array holds.
    """
    if not 1 <= n <= 4:
        raise ValueError(f"wanted 1 to 4 input bits, got {n}: 2^(2^n) functions are enumerated")
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=n)), dtype=torch.float64)


def to_table(code: int | np.integer, n: int) -> Table:
    """The truth table of a function's integer: `to_table(0b1000, 2)` is AND, (F, F, F, T)."""
    return tuple(bool(int(code) >> j & 1) for j in range(2**n))


def to_code(table: Iterable) -> int:
    """The integer of a truth table, bit j being its value at input j."""
    return sum(1 << j for j, value in enumerate(table) if value)


def parity(n: int) -> int:
    """The integer of the parity of n bits, true where an odd number of them is 1."""
    return to_code(tuple(bool(j.bit_count() % 2) for j in range(2**n)))


def threshold_functions(n: int) -> Bool[np.ndarray, "functions"]:
    """Which functions of n bits one neuron with free weights and bias computes (n <= 4).

    14, 104 and 1882 of them for n = 2, 3, 4 (OEIS A000609).
    """
    x = inputs(n).numpy()
    return sign_patterns(np.column_stack([x, np.ones(len(x))]))


def sign_patterns(phi: Float[np.ndarray, "points members"]) -> Bool[np.ndarray, "functions"]:
    """Which of the 2^N sets S of rows satisfy phi theta > 0 on S and <= 0 elsewhere, for a theta.

    Exact for all sets at once, in place of one linear program for each. By Farkas' lemma S is out
    of reach if and only if some linear dependency among the rows contradicts it: coefficients
    that are >= 0 on S, not all zero there, and <= 0 elsewhere. Every such dependency is a sum of
    minimal ones with the same signs (Rockafellar 1969, elementary vectors), and a minimal one
    appears among the rank + 1 element sets of rows. Each strikes out one subcube of the answers.
    """
    points = len(phi)
    norms = np.linalg.norm(phi, axis=1, keepdims=True)
    rows = phi / np.where(norms > ZERO * max(norms.max(), 1e-300), norms, np.inf)
    left, singular, _ = np.linalg.svd(rows, full_matrices=False)
    rank = int((singular > ZERO * max(singular[0], 1e-300)).sum())
    reached = np.ones((2,) * points, dtype=bool)  # axis points - 1 - j is the value at input j
    if rank == 0:
        reached.fill(False)
        reached[(0,) * points] = True
    elif rank < points:
        for dependency in _minimal_dependencies(left[:, :rank]):
            for signs in (dependency, tuple(-s for s in dependency)):
                if 1 in signs:
                    struck = tuple(slice(None) if s == 0 else (s + 1) // 2 for s in signs[::-1])
                    reached[struck] = False
    return reached.reshape(-1)


def _minimal_dependencies(rows: Float[np.ndarray, "points rank"]) -> set[tuple[int, ...]]:
    """The signs (-1, 0, 1 for each row) of all minimal linear dependencies, up to an overall sign.

    Subsets of rank + 1 rows with a single dependency suffice: a smaller minimal dependency can be
    filled up with independent rows until it is the only one there.
    """
    points, rank = rows.shape
    subsets = np.array(list(itertools.combinations(range(points), rank + 1)))
    left, singular, _ = np.linalg.svd(rows[subsets], full_matrices=True)
    single = singular[:, -1] > ZERO
    null = left[single][:, :, -1]
    signs = np.zeros((len(null), points), dtype=np.int8)
    np.put_along_axis(
        signs, subsets[single], np.where(abs(null) > ZERO, np.sign(null), 0).astype(np.int8), 1
    )
    return {tuple(row) for row in np.unique(signs, axis=0).tolist()}


def circuit_sizes(n: int, *, at_most: int | None = None) -> Int[np.ndarray, "functions"]:
    """The fewest two-input gates that compute each function of n bits; -1 beyond `at_most`.

    Any two-input gate is allowed and results are shared. Constants, inputs and negated inputs are
    free, and so is negating the output (Knuth, The Art of Computer Programming 4A, 7.1.2): it is
    enough to build the functions that are 0 at the all-zero input, from the five gates that keep
    this so and use both inputs. Exhaustive over sets of computed functions: about a second for
    n = 3, or for n = 4 and `at_most=3`.
    """
    everything = 2**2**n - 1
    columns = [to_code(tuple(column > 0)) for column in inputs(n).numpy().T]
    sizes = np.full(everything + 1, -1)
    sizes[[0, *columns]] = 0
    circuits, gates = {frozenset(columns)}, 0
    normal = np.arange(0, everything + 1, 2)
    while (sizes[normal] < 0).any() and (at_most is None or gates < at_most):
        gates += 1
        grown = set()
        for circuit in circuits:
            for f, g in itertools.combinations(circuit, 2):
                for new in (f & g, f & ~g, ~f & g, f | g, f ^ g):
                    if new and new not in circuit:
                        if sizes[new] < 0:
                            sizes[new] = gates
                        grown.add(circuit | {new})
        circuits = grown
    sizes[everything - normal] = sizes[normal]
    return sizes


def circuit_bounds(n: int, gates: int) -> dict[str, float]:
    """Upper bounds, in bits, on the number of functions of n bits with a circuit of `gates` gates.

    - "all functions": 2^(2^n);
    - "Shannon": s (16 (n + s)^2)^s / s!, any of 16 gates on any two of n + s wires, the s! orders
      of naming the gates counted once, any gate the output;
    - "unordered": 2 s (5 C(n + s - 1, 2))^s / s!: a smallest circuit has distinct gates, so that
      naming them in s! orders gives s! descriptions; only five gates are needed when negation is
      free (see `circuit_sizes`), on two different wires that are not the gate's own;
    - "ordered": 2 prod_(i<s) 5 C(n + i, 2): in an order of evaluation gate i sees n + i wires, and
      in a smallest circuit the last gate is the output. Better for small s, worse for large s.

    "Unordered" and "ordered" bound the functions that need exactly `gates` >= 1 gates.
    """
    if gates < 1:
        raise ValueError(f"wanted at least one gate, got {gates}")
    log_factorial = math.lgamma(gates + 1) / math.log(2)
    pairs = [math.log2(5 * math.comb(n + i, 2)) for i in range(gates)]
    return {
        "all functions": float(2**n),
        "Shannon": math.log2(gates) + gates * math.log2(16 * (n + gates) ** 2) - log_factorial,
        "unordered": 1 + math.log2(gates) + gates * pairs[-1] - log_factorial,
        "ordered": 1 + sum(pairs),
    }
