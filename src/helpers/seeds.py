"""Where everything random in the package comes from: a seed and what it is for.

Two draws from one seed must not meet by accident: uniform scores of a mask and normal weights of a
network made of the same bits are correlated, and a first layer can even be its own first inputs.
So every draw names its purpose, and different purposes are different streams. On purpose they meet
in one place: training and edge-popup show a seed's batches in the same order ("batches").

The weights of `networks.mlp` and `networks.cnn` have the stream of the bare seed, which no purpose
has; so a network of this book stays the same network, whatever else is drawn.
"""

import numpy as np
import torch


def derived(seed: int, purpose: str) -> int:
    """A seed of 32 bits for one purpose, such as a second network to compare the first with.

    `networks.mlp([64, 32, 1], seed=seeds.derived(7, "re-drawn network"))`

    Raises ValueError for a negative seed.
    """
    if seed < 0:
        raise ValueError(f"wanted a seed of 0 or more, received {seed}: take a positive one")
    return int(
        _sequence(seed, purpose).generate_state(1)[0]
    )  # all that torch's CPU generator reads


def generator(seed: int, purpose: str) -> torch.Generator:
    """A generator of torch for one purpose. Raises as `derived`.

    `torch.randn(5, generator=seeds.generator(0, "inputs"))`
    """
    return torch.Generator().manual_seed(derived(seed, purpose))


def bare(seed: int) -> torch.Generator:
    """The stream of the bare seed, for a network's weights only."""
    return torch.Generator().manual_seed(seed)


def numpy(seed: int, purpose: str) -> np.random.Generator:
    """A generator of numpy for one purpose."""
    return np.random.default_rng(_sequence(seed, purpose))


def _sequence(seed: int, purpose: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=tuple(purpose.encode()))
