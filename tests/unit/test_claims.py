"""Claims: every rule can fail, every verdict is reachable, the ledger says what was measured."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import claims, stored
from helpers.claims import Claim, Rule, cards, core

TOY = Claim(
    id="99-toy",
    sentence="Toys <b>are</b> a|b.",
    place=('who "said" so', "https://example.org/?a=1&b=2"),
    quantity="Size",
    measure=lambda seed, size=1.0: {"value": size + 0.01 * (seed % 3)},
    rule=Rule(low=0.5),
    control="None & none.",
    objection="5 < 6",
    seeds=4,
)


def _rows(means: dict[str, float], seeds: int = 20, noise: float = 0.01) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"seed": seed, "case": case, "value": mean + noise * rng.standard_normal()}
            for seed in range(seeds)
            for case, mean in means.items()
        ]
    )


def _against(rule: Rule) -> float:
    width = 1.0 if math.inf in (-rule.low, rule.high) else rule.high - rule.low
    return rule.high + width if math.isfinite(rule.high) else rule.low - width


def _inside(rule: Rule) -> float:
    if math.isinf(rule.low):
        return rule.high - 1.0
    return rule.low + 1.0 if math.isinf(rule.high) else (rule.low + rule.high) / 2


@pytest.mark.parametrize("claim", claims.ledger(), ids=lambda claim: claim.id)
def test_every_rule_of_the_book_can_say_refuted_and_supported(claim):
    rule = claim.rule
    noise = 1e-3 * min(1.0, rule.high - rule.low)
    refuted = _rows({"a": _against(rule), "b": _against(rule)}, claim.seeds, noise)
    supported = _rows({"a": _inside(rule)}, claim.seeds, noise)
    assert claims.judge(claim, refuted).verdict == "refuted"
    assert claims.judge(claim, supported).verdict == "supported"


@pytest.mark.parametrize(
    ("means", "verdict"),
    [
        ({"a": 1.0}, "supported"),
        ({"a": 0.0}, "refuted"),
        ({"a": 0.5}, "inconclusive"),
        ({"a": 1.0, "b": 1.0}, "supported"),
        ({"a": 0.0, "b": 0.0}, "refuted"),
        ({"a": 0.0, "b": 1.0}, "mixed"),
        ({"a": 0.0, "b": 1.0, "c": 0.5}, "mixed"),
        ({"a": 1.0, "b": 0.5}, "inconclusive"),
        ({"a": 0.0, "b": 0.5}, "inconclusive"),
    ],
)
def test_the_verdict_follows_from_the_cases(means, verdict):
    found = claims.judge(TOY, _rows(means))
    assert found.verdict == verdict
    assert found.seeds == 20
    assert list(found.cases) == list(means)


def test_several_cases_share_the_five_percent():
    """Bonferroni: an interval that decides alone may not decide in the company of nine others."""
    alone = claims.judge(TOY, _rows({"a": 1.0}))
    company = claims.judge(TOY, _rows({name: 1.0 for name in "abcdefghij"}))
    assert alone.intervals()["all" if "all" in alone.cases else "a"].level == 0.95
    assert company.intervals()["a"].level == pytest.approx(0.995)
    near = _rows({"a": 0.505}, seeds=12, noise=0.006)
    others = _rows({name: 1.0 for name in "bcdefghijk"}, seeds=12)
    level = [
        claims.judge(TOY, frame).cases["a"]["low"] for frame in (near, pd.concat([near, others]))
    ]
    assert level[1] < level[0]


def test_the_edges_of_a_rule():
    rule = Rule(-0.1, 0.1)
    interval = core.Interval
    assert rule.verdict(interval(0.0, -0.1, 0.1, 0.95, 5)) == "supported"
    assert rule.verdict(interval(0.2, 0.11, 0.3, 0.95, 5)) == "refuted"
    assert rule.verdict(interval(-0.2, -0.3, -0.11, 0.95, 5)) == "refuted"
    assert rule.verdict(interval(0.1, 0.05, 0.15, 0.95, 5)) == "inconclusive"
    assert rule.verdict(interval(math.nan, math.nan, math.nan, 0.95, 5)) == "inconclusive"
    assert [str(r) for r in (rule, Rule(low=0.9), Rule(high=2.0))] == [
        "between -0.1 and 0.1",
        "at least 0.9",
        "at most 2",
    ]


@pytest.mark.parametrize("bounds", [(), (1.0, 1.0), (2.0, 1.0), (math.nan, 1.0)])
def test_a_rule_that_cannot_fail_or_cannot_hold_is_refused(bounds):
    with pytest.raises(ValueError, match="wanted a rule that can fail"):
        Rule(*bounds)


def test_several_rows_of_one_seed_are_no_independent_seeds():
    frame = _rows({"a": 1.0}).assign(seed=lambda f: f["seed"] // 2)
    with pytest.raises(ValueError, match="99-toy, case a: a seed has several rows"):
        claims.judge(TOY, frame)


def test_unknown_claims_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no claim is called '99-toy'; there are: .*02-planted"):
        claims.find("99-toy")


@pytest.fixture
def ledger(tmp_path, monkeypatch):
    """An empty ledger that knows the toy claim."""
    monkeypatch.setattr(core, "LEDGER", tmp_path)
    monkeypatch.setattr(cards, "find", lambda claim_id: TOY)
    monkeypatch.setattr(cards, "ledger", lambda: [TOY])
    return tmp_path


def test_the_ledger_reads_back_what_was_written(ledger):
    written = claims.measure_and_write(TOY)
    assert claims.stored("99-toy") == written
    assert written.verdict == "supported"
    assert written.seeds == 4
    assert [path.name for path in ledger.iterdir()] == ["99-toy.json"]
    assert claims.stored("99-none") is None


def test_a_failed_measurement_leaves_the_old_entry(ledger, monkeypatch):
    claims.measure_and_write(TOY)
    before = (ledger / "99-toy.json").read_bytes()

    def cut(*_):
        raise OSError("power cut")

    monkeypatch.setattr(stored.os, "replace", cut)
    with pytest.raises(OSError, match="power cut"):
        claims.measure_and_write(replace(TOY, rule=Rule(high=0.5)))
    assert (ledger / "99-toy.json").read_bytes() == before


def test_nan_is_strict_json_and_can_be_shown(ledger):
    nowhere = claims.judge(TOY, _rows({"a": math.nan}))
    assert nowhere.verdict == "inconclusive"
    text = core.as_json(nowhere)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    (ledger / "99-toy.json").write_text(text)
    assert math.isnan(claims.stored("99-toy").intervals()["a"].low)
    assert "nan [nan, nan]" in claims.card("99-toy").data


def test_cards_escape_what_claims_say(ledger):
    with pytest.raises(ValueError, match="99-toy was never measured: run `python -m helpers"):
        claims.card("99-toy")
    assert "not measured" in claims.markdown_table()
    claims.measure_and_write(TOY)
    card = claims.card("99-toy").data
    assert "Toys &lt;b&gt;are&lt;/b&gt;" in card
    assert 'href="https://example.org/?a=1&amp;b=2"' in card
    assert "5 &lt; 6" in card
    assert "✓ supported" in card
    assert "at least 0.5" in card
    assert "Toys &lt;b&gt;" in claims.scoreboard().data
    header, rule, row = claims.markdown_table().split("\n")
    assert row.startswith("| 99 | Toys <b>are</b> a\\|b. | **supported** | 1.01 [")
    assert header.count("|") == rule.count("|") == row.count("|") - 1
