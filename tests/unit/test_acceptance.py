"""The names and shapes that code outside the package relies on."""

from helpers import networks, neurons, tasks


def test_best_neuron_of_a_random_network_has_the_three_held_out_scores():
    found = neurons.best_neuron(networks.mlp([64, 256, 1]), tasks.digits(3)).test
    assert 0.3 < found.correlation <= 1
    assert 0.5 < found.auc <= 1
    assert 0.5 < found.balanced_accuracy <= 1
