"""CONTRIBUTING's worked example of a claim does what the page says."""

import re
from pathlib import Path

import pandas as pd
import pytest

from helpers import claims
from helpers.claims import cards
from helpers.claims.core import DEBATE

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()


@pytest.fixture(scope="module")
def example():
    (code,) = re.findall(r"## A claim\n.*?```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"pd": pd, "DEBATE": DEBATE}
    exec(code, names)
    return names["CLAIM"]


def test_the_example_is_registered_until_it_is_measured(example):
    assert cards.headline(example).endswith("registered, not yet measured")


def test_the_examples_verdict_turns_on_random_labels(example):
    """The page says: the same function has to turn."""
    options = {**example.adversary.options, "digits": (0,)}
    turned = claims.measured(example, seeds=example.adversary.seeds, progress=False, **options)
    assert claims.judge(example, turned).verdict == example.adversary.verdict
    real = claims.measured(example, small=True, seeds=6, progress=False)
    assert real["seed"].min() == 3000
    assert claims.judge(example, real).verdict == "supported"


def test_every_name_on_the_page_exists():
    section = TEXT.split("## A claim")[1].split("## A chapter")[0]
    for name in ("Adversary", "Claim", "Control", "Premise", "Rule", "with_trend"):
        assert name in section
        assert hasattr(claims, name)
    for option in ("--missing", "--judge", "--retire"):
        assert option in section
        assert option in Path(claims.__file__).with_name("__main__.py").read_text()
