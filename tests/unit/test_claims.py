"""Claims: every rule can fail, every verdict is reachable, the ledger says what was measured."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers import claims, results
from helpers.claims import Claim, Control, Premise, Rule, cards, chapters, core, entries

TOY = Claim(
    id="99-toy",
    sentence="Toys <b>are</b> a|b.",
    place=('who "said" so', "https://example.org/?a=1&b=2"),
    quantifier="each",
    over="toys",
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


def _places(rule: Rule, within=None) -> tuple[float, float]:
    """A value that obeys the rule and one that breaks it, both in the range of the quantity."""
    least, most = within or (-math.inf, math.inf)
    width = 1.0 if math.inf in (-rule.low, rule.high) else rule.high - rule.low
    low = rule.low if math.isfinite(rule.low) else max(least, rule.high - 2 * width)
    high = rule.high if math.isfinite(rule.high) else min(most, rule.low + 2 * width)
    beyond, below = min(most, high + 2 * width), max(least, low - 2 * width)
    against = (high + beyond) / 2 if math.isfinite(rule.high) else (low + below) / 2
    return (low + high) / 2, against


@pytest.mark.parametrize("claim", claims.ledger(), ids=lambda claim: claim.id)
def test_every_rule_of_the_book_can_say_refuted_and_supported(claim):
    """With its premise met, and with a rival at 0 and a ceiling at 1 for a share of the gap."""
    inside, against = _places(claim.rule, claim.within)
    noise = 1e-3 * min(1.0, abs(inside - against))
    ends = {}
    if claim.share_of_gap:
        ends = {each.case: float(each.role == "ceiling") for each in claim.controls}
    for value, verdict in ((against, "refuted"), (inside, "supported")):
        rows = _rows({"a": value, "b": value, **ends}, claim.seeds, noise)
        if claim.premise:
            rows = rows.assign(premise=_places(claim.premise.rule)[0])
        assert claims.judge(claim, rows).verdict == verdict


def _claim(**changes) -> Claim:
    return replace(TOY, **changes)


@pytest.mark.parametrize(
    ("means", "forall", "exists", "each"),
    [
        ({"a": 1.0}, "supported", "supported", "supported"),
        ({"a": 0.0}, "refuted", "refuted", "refuted"),
        ({"a": 0.5}, "inconclusive", "inconclusive", "inconclusive"),
        ({"a": 1.0, "b": 1.0}, "supported", "supported", "supported"),
        ({"a": 0.0, "b": 0.0}, "refuted", "refuted", "refuted"),
        ({"a": 0.0, "b": 1.0}, "refuted", "supported", "mixed"),
        ({"a": 0.0, "b": 1.0, "c": 0.5}, "refuted", "supported", "mixed"),
        ({"a": 1.0, "b": 0.5}, "inconclusive", "supported", "inconclusive"),
        ({"a": 0.0, "b": 0.5}, "refuted", "inconclusive", "inconclusive"),
    ],
)
def test_the_verdict_follows_from_cases_and_quantifier(means, forall, exists, each):
    for quantifier, verdict in (("forall", forall), ("exists", exists), ("each", each)):
        found = claims.judge(_claim(quantifier=quantifier), _rows(means))
        assert (quantifier, found.verdict) == (quantifier, verdict)
        assert found.seeds == 20
        assert list(found.cases) == list(means)


def test_an_average_is_one_interval_of_the_mean_over_cases_seed_by_seed():
    """What differs between the cases does not widen it: here every seed has the same mean."""
    rows = _rows({"a": 0.2}, noise=0.1)
    other = rows.assign(case="b", value=2.2 - rows["value"])
    found = claims.judge(_claim(quantifier="average"), pd.concat([rows, other]))
    assert found.verdict == "supported"
    (case,) = found.intervals().values()
    assert (case.estimate, case.low, case.high, case.level) == pytest.approx((1.1, 1.1, 1.1, 0.95))


def test_the_words_count_the_cases():
    nine = {f"digit {k}": 0.0 for k in range(9)} | {"digit 9": 0.5}
    said = {
        "fails for 9 of 10 toys, 1 undecided": ("forall", nine),
        "holds for all 2 toys": ("forall", {"a": 1.0, "b": 1.0}),
        "fails for 1 of 3 toys, holds for 2": ("forall", {"a": 1.0, "b": 0.0, "c": 1.0}),
        "holds for 1 of 3 toys, fails for 2": ("exists", {"a": 1.0, "b": 0.0, "c": 0.0}),
        "2 undecided of 2 toys": ("each", {"a": 0.5, "b": 0.5}),
        "": ("each", {"a": 1.0}),
    }
    for words, (quantifier, means) in said.items():
        assert claims.judge(_claim(quantifier=quantifier), _rows(means)).words == words


def test_a_control_never_votes_and_needs_no_share_of_the_five_percent():
    """With the control as a case this claim would be mixed."""
    means = {"a": 1.0, "shuffled": 0.0, "pretrained": 0.9}
    controls = (Control("shuffled", "control"), Control("pretrained", "ceiling"))
    found = claims.judge(_claim(controls=controls), _rows(means))
    assert found.verdict == "supported"
    assert {name: case["level"] for name, case in found.cases.items()} == dict.fromkeys(means, 0.95)
    assert list(found.intervals()) == ["a"]
    assert list(found.intervals("ceiling")) == ["pretrained"]
    with pytest.raises(ValueError, match="99-toy: wanted a case that votes"):
        claims.judge(_claim(controls=(*controls, Control("a", "rival"))), _rows(means))


def test_a_failed_control_leaves_the_claim_not_tested():
    """A leak shows on random labels: then no verdict on the claim can be trusted."""
    leak = Control("random labels", "control", rule=Rule(-0.1, 0.1))
    clean = _rows({"a": 1.0, "random labels": 0.0})
    leaking = _rows({"a": 1.0, "random labels": 0.6})
    assert claims.judge(_claim(controls=(leak,)), clean).verdict == "supported"
    found = claims.judge(_claim(controls=(leak,)), leaking)
    assert (found.verdict, found.words) == ("not tested", "its control failed: random labels")


def test_a_premise_that_is_not_met_leaves_a_case_not_tested():
    """A net that left the tangent space says nothing about nets that stay in it."""
    lazy = Premise("the kernel drifts by", Rule(high=0.1))
    rows = _rows({"wide": 1.0, "narrow": 0.0})
    drift = rows["case"].map({"wide": 0.01, "narrow": 0.9})
    found = claims.judge(_claim(premise=lazy, quantifier="forall"), rows.assign(premise=drift))
    assert found.verdict == "supported"
    assert found.words == "holds for 1 of 2 toys, 1 not tested"
    none = claims.judge(_claim(premise=lazy), rows.assign(premise=0.9))
    assert (none.verdict, none.words) == ("not tested", "2 not tested of 2 toys")
    assert claims.judge(_claim(premise=lazy), rows).verdict == "not tested", "premise unmeasured"


def test_a_law_that_runs_away_is_refuted_by_its_trend():
    """Errors of -.02 and +.02 are small on average and at each size; the slope gives them away."""
    sizes = (1024, 2048, 4096)
    rng = np.random.default_rng(0)
    law = _claim(
        quantifier="forall",
        rule=Rule(-0.03, 0.03),
        rules={"trend per doubling": Rule(-0.005, 0.005)},
    )
    verdicts = {}
    for name, errors in (("flat", (0.01, 0.01, 0.01)), ("steep", (-0.02, 0.0, 0.02))):
        frame = pd.DataFrame(
            {"seed": seed, **row}
            for seed in range(20)
            for row in claims.with_trend(
                [
                    {"case": str(size), "value": error + 0.001 * rng.standard_normal()}
                    for size, error in zip(sizes, errors, strict=True)
                ],
                sizes,
            )
        )
        found = claims.judge(law, frame)
        verdicts[name] = found.verdict
        exact = np.polyfit(np.log2(sizes), errors, 1)[0]
        assert found.cases["trend per doubling"]["estimate"] == pytest.approx(exact, abs=1e-3)
    assert verdicts == {"flat": "supported", "steep": "refuted"}


def test_a_score_is_judged_by_the_share_of_the_gap_it_closes():
    """.7 between pixels at .6 and a ceiling of .8 is half of what there is to gain, whatever .9."""
    ends = (Control("pixels", "rival"), Control("one", "rival"), Control("pretrained", "ceiling"))
    placed = _claim(share_of_gap=True, controls=ends, rule=Rule(low=0.4))
    means = {"span": 0.7, "pixels": 0.6, "one": 0.5, "pretrained": 0.8}
    found = claims.judge(placed, _rows(means))
    assert found.verdict == "supported"
    assert found.cases["span"]["estimate"] == pytest.approx(0.5, abs=0.05)
    assert found.cases["span"]["raw"] == pytest.approx(0.7, abs=0.01)
    assert found.cases["pretrained"]["estimate"] == pytest.approx(0.8, abs=0.01)
    assert claims.judge(placed, _rows({**means, "span": 0.61})).verdict == "refuted"
    assert claims.judge(placed, _rows({**means, "pretrained": 0.6})).verdict == "inconclusive"
    with pytest.raises(ValueError, match="wanted rows of a ceiling for a share of the gap"):
        claims.judge(placed, _rows({"span": 0.7, "pixels": 0.6}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"share_of_gap": True}, "99-toy: wanted a rival and a ceiling among the controls"),
        ({"kind": "hunch"}, "99-toy: kind: wanted one of claim, check, received 'hunch'"),
        ({"quantifier": "all"}, "99-toy: quantifier: wanted one of forall, exists, each, average"),
        ({"clears": "training"}, "wanted `clears` to name one of the controls"),
    ],
)
def test_a_claim_that_is_badly_put_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        _claim(**changes)


def test_several_cases_share_the_five_percent():
    """Bonferroni: an interval that decides alone may not decide in the company of nine others."""
    alone = claims.judge(TOY, _rows({"a": 1.0}))
    company = claims.judge(TOY, _rows({name: 1.0 for name in "abcdefghij"}))
    assert alone.intervals()["a"].level == 0.95
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
    monkeypatch.setattr(entries, "LEDGER", tmp_path)
    monkeypatch.setattr(cards, "find", lambda claim_id: TOY)
    monkeypatch.setattr(chapters, "find", lambda claim_id: TOY)
    monkeypatch.setattr(cards, "ledger", lambda: [TOY])
    return tmp_path


def _files(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))


def test_the_ledger_reads_back_what_was_written(ledger):
    assert claims.stored("99-toy") is None
    written = claims.measure_and_write(TOY)
    assert claims.stored("99-toy") == written
    assert written.verdict == "supported"
    assert written.seeds == 4
    assert _files(ledger) == ["99-toy.json", "rows/99-toy.csv"]
    assert entries.read("99-none") is None


def test_a_new_rule_judges_the_stored_rows_without_measuring(ledger, monkeypatch):
    """Draws included: the intervals come out to the last digit as they were measured."""
    draws = lambda seed: np.random.default_rng(seed).normal(1.0, 0.05, 100)  # noqa: E731
    noisy = _claim(measure=lambda seed: {"value": 1 + seed / 100, "draws": draws(seed)})
    first = claims.measure_and_write(noisy)
    monkeypatch.setattr(entries, "sweep", lambda *_, **__: pytest.fail("measured again"))
    assert claims.judge_stored(noisy) == first
    assert _files(ledger) == ["99-toy.json", "rows/99-toy.csv"], "nothing changed, nothing written"
    strict = claims.judge_stored(replace(noisy, rule=Rule(low=2.0)))
    assert (first.verdict, strict.verdict) == ("supported", "refuted")
    assert strict.intervals() == first.intervals()
    assert [old["verdict"] for old in claims.history(noisy)] == ["supported"]


def test_an_entry_without_rows_is_judged_by_its_intervals(ledger):
    claims.measure_and_write(TOY)
    (ledger / "rows" / "99-toy.csv").unlink()
    assert claims.judge_stored(_claim(rule=Rule(low=2.0))).verdict == "refuted"


def test_a_new_version_is_registered_until_it_is_measured(ledger, monkeypatch):
    """A card must not show the old numbers under a new sentence, nor lose them."""
    claims.measure_and_write(TOY)
    newer = _claim(version=2, rule=Rule(low=2.0), first_seed=3000)
    monkeypatch.setattr(cards, "find", lambda claim_id: newer)
    assert claims.verdict(newer) == "registered, not yet measured"
    assert "registered, not yet measured" in claims.card("99-toy").data
    assert "1.01 [" not in claims.card("99-toy").data
    assert claims.judge_stored(newer) is None
    assert [old["verdict"] for old in claims.history(newer)] == ["supported"]
    written = claims.measure_and_write(newer)
    assert (written.verdict, written.version, written.first_seed) == ("refuted", 2, 3000)
    assert [old["verdict"] for old in claims.history(newer)] == ["supported"]
    assert "Before:</em> supported (99-toy" in claims.card("99-toy").data


def test_a_retired_claim_stays_in_the_history_of_its_successor(ledger):
    claims.measure_and_write(TOY)
    entries.retire("99-toy")
    assert _files(ledger) == ["history/99-toy.json"]
    heir = _claim(id="99-heir", replaces={"99-toy": "no method clears its bar"})
    assert [old["id"] for old in claims.history(heir)] == ["99-toy"]
    assert "no method clears its bar" in cards.details(heir)
    with pytest.raises(ValueError, match="wanted an id with a ledger entry to retire"):
        entries.retire("99-toy")


def test_a_failed_measurement_leaves_the_old_entry(ledger, monkeypatch):
    claims.measure_and_write(TOY)
    before = (ledger / "99-toy.json").read_bytes()

    def cut(*_):
        raise OSError("power cut")

    monkeypatch.setattr(results.store.os, "replace", cut)
    with pytest.raises(OSError, match="power cut"):
        claims.measure_and_write(replace(TOY, rule=Rule(high=0.5)))
    assert (ledger / "99-toy.json").read_bytes() == before


def test_nan_is_strict_json_and_can_be_shown(ledger):
    nowhere = claims.judge(TOY, _rows({"a": math.nan}))
    assert nowhere.verdict == "inconclusive"
    text = entries.as_json(nowhere)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    (ledger / "99-toy.json").write_text(text)
    assert math.isnan(claims.stored("99-toy").intervals()["a"].low)
    assert "– [–, –]" in claims.card("99-toy").data


def test_a_failed_check_stops_the_chapter_that_shows_it(ledger, monkeypatch):
    failed = _claim(kind="check", rule=Rule(low=2.0))
    monkeypatch.setattr(cards, "find", lambda claim_id: failed)
    claims.measure_and_write(failed)
    with pytest.raises(ValueError, match="99-toy: wanted a check that holds"):
        claims.card("99-toy")


def test_cards_escape_what_claims_say(ledger):
    assert "registered, not yet measured" in claims.scoreboard().data
    claims.measure_and_write(TOY)
    card = claims.card("99-toy").data
    assert "Toys &lt;b&gt;are&lt;/b&gt;" in card
    assert 'href="https://example.org/?a=1&amp;b=2"' in card
    assert "5 &lt; 6" in card
    assert "✓ supported" in card
    assert "at least 0.5" in card
    assert "Toys &lt;b&gt;" in claims.scoreboard().data


def test_claims_and_checks_are_two_tables_with_two_counts(ledger, monkeypatch):
    check = _claim(id="99-check", kind="check")
    monkeypatch.setattr(cards, "ledger", lambda: [TOY, check])
    claims.measure_and_write(TOY)
    board = claims.scoreboard().data
    assert board.count("<table") == 2
    assert "Claims (1 supported)" in board
    assert "bug (1 registered, not yet measured)" in board
