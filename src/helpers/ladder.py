"""The ladder: what "the network already contains it" can mean, one reading a rung.

`READINGS[name](net, task, **options)` is a `Reading`, whose `.name` is that name. From the single
neuron to the trained network families grow, and with them what can be found by chance. Names,
colours and the order of figures come from here; a new reading is one function and one row.

    for name, read in ladder.READINGS.items():
        print(read(networks.mlp([64, 256, 1]), tasks.digits(3)))
"""

from collections.abc import Callable

from helpers import features, neurons, pruning, tangent, training
from helpers.yardstick import Reading

READINGS: dict[str, Callable[..., Reading]] = {
    "neuron": neurons.best_neuron,
    "k neurons": neurons.best_k,
    "features": features.readout,
    "subnetwork": pruning.subnetwork,
    "tangent feature": tangent.best_feature,
    "tangent space": tangent.kernel_regression,
    "trained": training.trained,  # the reference
}
