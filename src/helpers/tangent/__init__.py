"""Reading 4: the tangent space, the span of all partial derivatives of the output."""

from helpers.tangent.alignment import alignment, cumulative_energy, drift, spectrum
from helpers.tangent.linearised import linearised, stable_rate
from helpers.tangent.readings import (
    BLOCK,
    FEATURES,
    best_feature,
    empirical_ntk,
    features,
    jvp,
    kernel_regression,
    linearize,
    parameter,
    strengths,
    vjp,
)
from helpers.yardstick.ridge import centre
