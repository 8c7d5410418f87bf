"""Reading 1: does a single neuron light up for the target? And between it and all: the best k."""

from helpers.neurons.extremes import (
    CapLaw,
    GaussianLaw,
    cap_law,
    expected_best,
    fitted_laws,
    observed_best,
    optimised_neuron,
)
from helpers.neurons.groups import Group, best_groups, best_k, best_pixels
from helpers.neurons.search import best_neuron, best_pixel, running_best, strengths
