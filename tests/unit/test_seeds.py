"""Seeds: every draw of the package names its purpose, and no two share a stream by accident."""

import ast
from collections import defaultdict

import numpy as np
import pytest
import torch

from helpers import networks, seeds

SHARED = {"batches"}  # training and edge-popup see the same images in the same order
RAW = {"manual_seed", "default_rng", "SeedSequence", "RandomState", "seed"}


def calls(root):
    """Every call in the package, as (module, name that is called, node)."""
    for path in sorted((root / "src" / "helpers").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                function = node.func
                name = function.attr if isinstance(function, ast.Attribute) else ""
                name = function.id if isinstance(function, ast.Name) else name
                yield path.relative_to(root / "src" / "helpers").as_posix(), name, node


def test_generators_are_made_in_one_place(root):
    made = {(module, name) for module, name, _ in calls(root) if name in RAW}
    elsewhere = {(module, name) for module, name in made if module != "seeds.py"}
    # A grader's inputs come from the exercise's name, outside of all experiments.
    assert elsewhere == {("coursework/checks.py", "default_rng")}


def test_no_two_places_draw_for_the_same_purpose(root):
    places = defaultdict(list)
    for module, name, node in calls(root):
        if name in ("generator", "derived", "numpy", "numpy_generator") and len(node.args) == 2:
            purpose = node.args[1]
            if isinstance(purpose, ast.Constant) and isinstance(purpose.value, str):
                places[purpose.value].append(module)
    assert len(places) > 20
    assert {purpose for purpose, found in places.items() if len(found) > 1} == SHARED


def test_purposes_and_seeds_are_streams_of_their_own():
    words = ["batches", "split", "labels", "a", "b", "ab", ""]
    draws = {(s, w): seeds.derived(s, w) for s in range(200) for w in words}
    assert len(set(draws.values())) == len(draws)
    assert not set(draws.values()) & set(range(10_000))  # no purpose is some bare seed
    again = torch.randn(3, generator=seeds.generator(5, "split"))
    assert torch.equal(again, torch.randn(3, generator=seeds.generator(5, "split")))


@pytest.mark.parametrize("purpose", ["inputs", "batches"])
def test_what_is_drawn_beside_a_network_is_independent_of_its_weights(purpose):
    """With the bare seed the first inputs would be the first layer itself."""
    rs = []
    for seed in range(100):
        weights = networks.mlp([32, 8, 1], seed=seed)[1].weight.detach().flatten()
        drawn = torch.randn(256, generator=seeds.generator(seed, purpose))
        rs.append(float(torch.corrcoef(torch.stack([weights, drawn]))[0, 1]))
    assert abs(np.mean(rs)) < 4 / (256 * 100) ** 0.5
    bare = torch.randn(256, generator=seeds.bare(99))
    assert float(torch.corrcoef(torch.stack([weights, bare]))[0, 1]) > 0.999


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="wanted a seed of 0 or more, received -1"):
        seeds.generator(-1, "inputs")
