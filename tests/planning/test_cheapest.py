"""What to buy: combinations whose times closed forms know, and what is said where there is no answer."""

from __future__ import annotations

import json
from itertools import product

import pytest

import rolloutsim as rs
from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.cheapest import offers_of
from rolloutsim.planning.cheapest_tables import purchase_notes, purchase_table, purchase_title

# 10 × 100 MB through the registry's uplink, each through a NIC of its own: the slower of the two decides.
TEXT = """\
rolloutsim: 1
name: ten nodes
model: ideal
nodes: 10
network: 100 Mbit/s
registry: {uplink: 1 Gbit/s}
images: {a: 100 MB}
thresholds: {rollout_time: < 4 s}
"""
NIC = {"1 Gbit/s": 500, "10 Gbit/s": 2000}
UPLINK = {"2.5 Gbit/s": 300, "10 Gbit/s": 700, "25 Gbit/s": 1800}
PRICES = {"network": NIC, "registry.uplink": UPLINK}
GBIT = {"100 Mbit/s": 0.1, "1 Gbit/s": 1.0, "2.5 Gbit/s": 2.5, "10 Gbit/s": 10.0, "25 Gbit/s": 25.0}


def seconds(nic: str, uplink: str) -> float:
    """The rollout time: 0.8 Gbit a node, 8 Gbit through the uplink."""
    return max(0.8 / GBIT[nic], 8.0 / GBIT[uplink])


@pytest.mark.parametrize("limit", [20.0, 9.0, 4.0, 2.0, 0.9, 0.81, 0.5, 0.33])
def test_the_cheapest_is_that_of_the_closed_form(limit: float) -> None:
    """All pairs, by their times and prices."""
    found = rs.loads(TEXT).cheapest(PRICES, f"rollout_time < {limit} s", jobs=1)
    every = product({"100 Mbit/s": 0, **NIC}.items(), {"1 Gbit/s": 0, **UPLINK}.items())
    good = [(a + b, nic, uplink) for (nic, a), (uplink, b) in every if seconds(nic, uplink) < limit]
    price, nic, uplink = min(good)
    assert found.price == price
    assert found.best is not None
    assert found.changes(found.best) == {
        key: value for key, value, now in (("network", nic, "100 Mbit/s"), ("registry.uplink", uplink, "1 Gbit/s"))
        if value != now
    }  # fmt: skip
    run = rs.loads(TEXT).with_(found.changes(found.best)).run()
    assert found.best.worst[0].value == run["a"].rollout_time == pytest.approx(seconds(nic, uplink), rel=1e-9)


def test_the_scenarios_own_thresholds_are_what_has_to_hold_and_warnings_are_not() -> None:
    text = TEXT.replace("< 4 s}", "[< 4 s, {check: < 1 s, severity: warn}]}")
    assert rs.loads(text).cheapest(PRICES, jobs=1).price == 800
    with pytest.raises(UsageError, match="the scenario has no thresholds that could be met; name what has to hold"):
        rs.loads(TEXT.replace("thresholds: {rollout_time: < 4 s}\n", "")).cheapest(PRICES)


def test_what_is_left_costs_more_and_that_is_said() -> None:
    found = rs.loads(TEXT).cheapest(PRICES, jobs=1)
    tried = [one.price for one in found.tried]
    assert tried == sorted(tried)
    assert found.best is found.tried[-1]
    assert (len(found.tried), found.combinations) == (5, 12)
    assert purchase_title(found) == (
        "rollout_time < 4 s: the cheapest that will do is network 1 Gbit/s and registry.uplink 2.5 Gbit/s, for 800"
    )
    assert purchase_notes(found)[:2] == [
        "Tried 5 of 12 combinations, cheapest first, each with a simulation; the 7 others cost more.",
        "Try it: --set 'network=1 Gbit/s' --set 'registry.uplink=2.5 Gbit/s'",
    ]


def test_all_that_cost_the_same_are_tried_and_named() -> None:
    """Either NIC will do at one price; prices are added without the error of binary fractions."""
    prices = {"network": {"1 Gbit/s": "0.1", "10 Gbit/s": 0.1}, "registry.uplink": {"10 Gbit/s": "0.2"}}
    found = rs.loads(TEXT).cheapest(prices, jobs=1)
    assert [float(one.price) for one in found.tried if one.passed] == [0.3, 0.3]
    assert found.price == 0.3
    (tie,) = found.ties
    assert found.best is not None
    assert {found.changes(one)["network"] for one in (tie, found.best)} == {"1 Gbit/s", "10 Gbit/s"}
    note = "At the same price will do: network 1 Gbit/s and registry.uplink 10 Gbit/s."
    other = note.replace("1 Gbit/s and", "10 Gbit/s and")
    assert {note, other} & {*purchase_notes(found)}
    few = rs.loads(TEXT).cheapest(prices, tries=5, jobs=1)
    assert few.alike == 1
    assert purchase_notes(few)[0] == (
        "Tried 5 of 6 combinations, cheapest first, each with a simulation; the other one costs as much or more: "
        "--tries 6 tries all of the same price."
    )


def test_where_nothing_will_do_it_says_what_comes_nearest() -> None:
    found = rs.loads(TEXT).cheapest(PRICES, "rollout_time < 0.3 s", jobs=1)
    assert purchase_title(found) == "rollout_time < 0.3 s: none of 12 combinations will do"
    assert purchase_notes(found)[:2] == [
        "Tried all 12 combinations, each with a simulation.",
        "Nearest comes network 10 Gbit/s and registry.uplink 25 Gbit/s, for 3,800: rollout_time{image=a} < 0.3 s is "
        "0.320 s (7 % over).",
    ]
    assert found.price is None


def test_within_a_budget_nothing_is_said_of_what_was_not_tried() -> None:
    found = rs.loads(TEXT).cheapest(PRICES, tries=4, jobs=1)
    assert purchase_title(found) == "rollout_time < 4 s: none of the 4 cheapest of 12 combinations will do"
    assert purchase_notes(found)[0] == (
        "Tried 4 of 12 combinations, cheapest first, each with a simulation; the 8 others cost as much or more, and "
        "are not known: --tries 12 tries all."
    )


def test_a_price_for_what_the_scenario_has_counts() -> None:
    """Staying at 100 Mbit/s, as `0.1 Gbit/s` says as well, costs more than 1 Gbit/s."""
    prices = {"network": {"0.1 Gbit/s": 900, "1 Gbit/s": 500}}
    found = rs.loads(TEXT).cheapest(prices, "rollout_time < 20 s", jobs=1)
    assert found.combinations == 2
    assert (found.price, found.best and found.changes(found.best)) == (500, {"network": "1 Gbit/s"})
    assert "What the scenario has costs nothing unless it has a price." not in purchase_notes(found)
    free = rs.loads(TEXT).cheapest({"network": NIC}, "rollout_time < 20 s", jobs=1)
    assert purchase_title(free) == "rollout_time < 20 s: the scenario as it is will do"


def test_a_key_that_the_scenario_leaves_out_stays_out_for_nothing() -> None:
    found = rs.loads(TEXT).cheapest({"nodes.node.nic": NIC, "registry.uplink": UPLINK}, jobs=1)
    assert found.best is not None
    assert found.changes(found.best) == {"nodes.node.nic": "1 Gbit/s", "registry.uplink": "2.5 Gbit/s"}
    assert next(row[2] for row in purchase_table(found).cells()) == "as it is"


def test_variants_have_prices_too() -> None:
    text = TEXT + "variants: {fast: {network: 1 Gbit/s, registry.uplink: 10 Gbit/s}}\n"
    found = rs.loads(text).cheapest({"variants": {"fast": 700}, "network": {"10 Gbit/s": 1}}, jobs=1)
    assert found.best is not None
    assert (found.price, found.changes(found.best)) == (700, {"variants": "fast"})
    assert "Try it: --variant fast" in purchase_notes(found)
    with pytest.raises(UsageError, match="no variant 'slow'; "):
        rs.loads(text).cheapest({"variants": {"slow": 1}})


def test_with_replications_a_combination_holds_at_the_intervals_end() -> None:
    text = TEXT.replace("nodes: 10", "nodes: {node: {count: 10, start: {min: 0 s, max: 3 s}}}")
    found = rs.loads(text).cheapest(PRICES, "rollout_time < 4 s", replications=5, jobs=1)
    assert found.best is not None
    for one in found.tried:
        (result,) = one.results
        assert result.ci is not None
        assert one.passed == (result.ci.high < 4.0)
        own = rs.loads(text).with_({**found.changes(one), "thresholds.rollout_time": "< 4 s"}).run(replications=5)
        assert (own.thresholds[0].value, own.thresholds[0].ci) == (result.value, result.ci)
    with pytest.raises(UsageError, match="from 5 replications p95 of rollout_time has no 95 % interval"):
        rs.loads(text).cheapest(PRICES, "rollout_time p95 < 4 s", replications=5)
    once = rs.loads(text).cheapest(PRICES, "rollout_time < 4 s", jobs=1)
    assert any(note.startswith("One draw of what is random") for note in purchase_notes(once))


def test_the_answer_is_the_same_whoever_computes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.planning.sweep.batches._WORTH_WORKERS", 0.0)
    one, two = (rs.loads(TEXT).cheapest(PRICES, replications=2, jobs=jobs).to_dict() for jobs in (1, 2))
    assert json.dumps(one) == json.dumps(two)


def test_slips_are_told() -> None:
    scenario = rs.loads(TEXT)
    for prices, message in (
        ({"network": {"10 Gbit/s": "much"}}, "'much' is no price; give a number"),
        ({"seed": {1: 1}}, "chance has no price"),
        ({"replications": {1: 1}}, "replications has no effect here"),
        ({"netwrok": {"10 Gbit/s": 1}}, "did you mean network"),
        ({}, "nothing has a price; write KEY=VALUE=PRICE"),
    ):
        with pytest.raises(UsageError, match=message):
            scenario.cheapest(prices)
    with pytest.raises(ScenarioError, match="--price network"):
        scenario.cheapest({"network": {"10 apples": 1}})
    for text, message in (
        ("network=10 Gbit/s", "a price is missing; write KEY=VALUE=PRICE"),
        ("network", "a value is missing"),
    ):
        with pytest.raises(UsageError, match=message):
            offers_of([text])
    with pytest.raises(UsageError, match="'10 Gbit/s' has a price already, 1"):
        offers_of(["network=10 Gbit/s=1", "network=10 Gbit/s=2"])
