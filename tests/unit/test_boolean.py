"""Truth tables, half-spaces and circuits against hand counts, linear programs and tables."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from helpers.counting import boolean


def linear_program(phi, code):
    """Whether some theta has phi theta >= 1 on the code's rows and <= 0 elsewhere."""
    true = (code >> np.arange(len(phi)) & 1).astype(bool)
    a = np.where(true[:, None], -phi, phi)
    b = np.where(true, -1.0, 0.0)
    return linprog(np.zeros(phi.shape[1]), a, b, bounds=(None, None)).status == 0


def test_inputs_come_in_counting_order():
    """Input j is the binary number j, its first bit the most significant."""
    expected = [list(map(float, f"{j:03b}")) for j in range(8)]
    assert boolean.inputs(3).tolist() == expected


@given(st.integers(0, 2**16 - 1))
def test_a_table_and_its_integer_are_inverse(code):
    """Reading a code as a table and back loses nothing, and bit j is the value at input j."""
    table = boolean.to_table(code, 4)
    assert boolean.to_code(table) == code
    assert table == tuple(f"{code:016b}"[::-1][j] == "1" for j in range(16))


def test_parity_is_the_sum_of_the_bits_mod_two():
    """XOR of two bits is true at 01 and 10; of three at every odd count."""
    assert boolean.to_table(boolean.parity(2), 2) == (False, True, True, False)
    odd = tuple(bool(row.sum() % 2) for row in boolean.inputs(3).numpy())
    assert boolean.to_table(boolean.parity(3), 3) == odd


@pytest.mark.parametrize(("n", "count"), [(1, 4), (2, 14), (3, 104), (4, 1882)])
def test_threshold_functions_number_as_in_the_literature(n, count):
    """4, 14, 104 and 1882 functions of 1 to 4 bits are threshold functions (OEIS A000609)."""
    assert boolean.threshold_functions(n).sum() == count


@pytest.mark.parametrize("n", [2, 3, 4])
def test_parity_is_never_a_threshold_function(n):
    """No half-space computes the parity of two or more bits, or its complement."""
    reached = boolean.threshold_functions(n)
    assert not reached[boolean.parity(n)]
    assert not reached[len(reached) - 1 - boolean.parity(n)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(1, 5), st.booleans())
def test_sign_patterns_equal_a_linear_program_for_each(seed, points, members, degenerate):
    """The struck-out subcubes leave exactly what a linear program finds feasible."""
    generator = np.random.default_rng(seed)
    phi = generator.standard_normal((points, members))
    if degenerate:  # small integers: zero rows, repeated rows, opposite rows, low rank
        phi = generator.integers(-1, 2, (points, members)).astype(float)
    reached = boolean.sign_patterns(phi)
    assert reached.tolist() == [linear_program(phi, code) for code in range(2**points)]


def test_sign_patterns_tell_zero_from_positive():
    """A zero row is never true; a row and its opposite are never both true."""
    reached = boolean.sign_patterns(np.array([[1.0], [-1.0], [0.0]]))
    assert np.flatnonzero(reached).tolist() == [0b000, 0b001, 0b010]


def test_circuit_sizes_of_two_bits_are_known_by_hand():
    """Constants, inputs and their negations are free; the ten others take one gate."""
    sizes = boolean.circuit_sizes(2)
    assert np.bincount(sizes).tolist() == [6, 10]
    assert sizes[boolean.parity(2)] == 1


def test_circuit_sizes_of_three_bits():
    """Nothing needs more than four gates; parity takes two, the majority four, as Knuth says."""
    sizes = boolean.circuit_sizes(3)
    majority = boolean.to_code(tuple(row.sum() >= 2 for row in boolean.inputs(3).numpy()))
    assert sizes.max() == 4
    assert sizes[boolean.parity(3)] == 2
    assert sizes[majority] == 4
    assert (sizes == sizes[::-1]).all()


def test_circuit_sizes_of_four_bits_match_knuths_table():
    """10, 60, 456 and 2474 functions of four bits take 0, 1, 2 and 3 gates (Knuth 7.1.2)."""
    sizes = boolean.circuit_sizes(4, at_most=3)
    assert np.bincount(sizes[sizes >= 0]).tolist() == [10, 60, 456, 2474]
    assert boolean.KNUTH_FOUR_BITS[:4] == (10, 60, 456, 2474)
    assert sum(boolean.KNUTH_FOUR_BITS) == 2**16


def test_circuit_sizes_of_three_bits_equal_a_search_over_straight_line_programs():
    """Up to two gates, trying all 16 gates on any wires and constants finds the same sizes."""
    wires = [0, 255, *(boolean.to_code(tuple(c > 0)) for c in boolean.inputs(3).numpy().T)]
    sizes = boolean.circuit_sizes(3)

    def gates(f, g):
        minterms = [~f & ~g & 255, ~f & g & 255, f & ~g & 255, f & g & 255]
        return {
            sum(m for m, b in zip(minterms, bits, strict=True) if b)
            for bits in itertools.product((0, 1), repeat=4)
        }

    one = {new for f, g in itertools.combinations(wires, 2) for new in gates(f, g)}
    two = {
        new
        for extra in one
        for f, g in itertools.combinations([*wires, extra], 2)
        for new in gates(f, g)
    }
    free = {f for w in wires for f in (w, 255 - w)}
    assert set(np.flatnonzero(sizes == 1)) == one - free
    assert set(np.flatnonzero(sizes == 2)) == two - one - free


@pytest.mark.parametrize(("n", "most"), [(2, 1), (3, 4), (4, 3)])
def test_circuit_bounds_are_never_below_the_exact_counts(n, most):
    """Each bound is at least the number of functions that need exactly s gates."""
    sizes = boolean.circuit_sizes(n, at_most=most)
    for gates in range(1, most + 1):
        exact = np.log2((sizes == gates).sum())
        assert all(bits >= exact - 1e-9 for bits in boolean.circuit_bounds(n, gates).values())


def test_circuit_bounds_are_sharp_at_one_gate_and_better_than_shannons():
    """One gate on three bits: exactly 30 functions; and both counts improve on Shannon's."""
    assert boolean.circuit_bounds(3, 1)["ordered"] == pytest.approx(np.log2(30))
    for gates in (1, 5, 100, 10_000):
        bounds = boolean.circuit_bounds(10, gates)
        assert min(bounds["unordered"], bounds["ordered"]) < bounds["Shannon"]


def test_bad_sizes_are_refused():
    """Five bits and zero gates are refused with the reason."""
    with pytest.raises(ValueError, match=r"wanted 1 to 4 input bits, got 5"):
        boolean.inputs(5)
    with pytest.raises(ValueError, match="wanted at least one gate, got 0"):
        boolean.circuit_bounds(3, 0)
