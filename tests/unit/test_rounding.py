"""One way to write numbers, in cards, README, figures and prose."""

import pytest

from helpers import rounding
from helpers.explorers import frame
from helpers.yardstick.intervals import Interval


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.312, 0.281, 0.338), ".31 [.28, .34]"),
        ((0.3151, 0.3134, 0.3171), ".315 [.313, .317]"),
        ((0.05, 0.0012, 0.1683), ".05 [.00, .17]"),
        ((-0.02, -0.05, 0.012), "−.02 [−.05, .01]"),
        ((9.33, 8.91, 9.8), "9.3 [8.9, 9.8]"),
        ((94.2, 85.0, 104.6), "94 [85, 105]"),
        ((12345.6, 12000, 13000), "12,346 [12,000, 13,000]"),
        ((1.0, 1.0, 1.0), "1.000 [1.000, 1.000]"),
        ((0.5, float("nan"), float("nan")), ".500 [–, –]"),
    ],
)
def test_decimals_follow_from_the_width_of_the_interval(numbers, text):
    assert rounding.interval(*numbers) == text


def test_the_last_decimal_is_a_tenth_to_all_of_the_half_width():
    """The rule ceil(-log10(half width)): neither noise nor a rounded-off end."""
    for half in (0.9, 0.31, 0.1001, 0.06, 0.011, 0.0042):
        step = 10 ** -rounding.places(0.3 - half, 0.3 + half)
        assert half / 10 * (1 - 1e-9) <= step <= half * (1 + 1e-9)


def test_a_number_that_rounds_to_nought_has_no_sign():
    assert rounding.number(-0.001, 2) == ".00"
    assert rounding.number(-0.006, 2) == "−.01"


def test_an_interval_says_itself_by_the_same_rule():
    """In prose an interval is written with f"{interval}"."""
    assert f"{Interval(0.312, 0.281, 0.338, 0.95, 20)}" == ".31 [.28, .34]"


def test_static_and_live_figures_write_numbers_alike():
    """`explorers/common.js` has the same rule in JavaScript; Python has it once."""
    assert frame.number is rounding.number
