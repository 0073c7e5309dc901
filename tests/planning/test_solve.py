"""What it takes: values that closed forms know, and what is said where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import ScenarioError, UsageError

SCENARIOS = Path(__file__).parents[2] / "scenarios"
RANDOM = """\
rolloutsim: 1
name: random starts
model: ideal
nodes: {node: {count: 4, start: {min: 0 s, max: 3 s}}}
network: 1 Gbit/s
images: {a: 100 MB}
"""


def ideal(*changes: str) -> rs.Scenario:
    return rs.load(SCENARIOS / "20nodes.yaml", ["model=ideal", *changes])


@pytest.mark.parametrize("case", ["builder", None])
@pytest.mark.parametrize("between", [("1 Gbit/s", "10 Gbit/s"), None])
def test_the_network_that_rolls_builder_out_in_30_s(case: str | None, between: tuple[str, str] | None) -> None:
    """20 × 346 MB in 30 s are 1.8453 Gbit/s (N·S/t)."""
    found = ideal().solve("network", "rollout_time < 30 s", between, case)
    assert found.number is not None
    assert found.number * 8 / 1e9 == pytest.approx(20 * 346e6 * 8 / 30 / 1e9, rel=1e-4)
    assert (found.status, found.value, found.monotone) == ("found", "1.8454 Gbit/s", True)


def test_a_run_with_the_solution_shows_that_it_holds() -> None:
    found = ideal().solve("network", "rollout_time < 30 s")
    assert found.assignment == "network=1.8454 Gbit/s"
    time = ideal(found.assignment).run()["builder"].rollout_time
    assert time is not None
    assert 29.99 < time < 30.0


def test_the_most_nodes_are_an_exact_count() -> None:
    """N · 346 MB / (125 MB/s) < 30 s: N is at most 10."""
    found = ideal().solve("nodes", "rollout_time < 30 s", largest=True)
    assert (found.value, found.status) == (10, "found")
    assert {one.value: one.passed for one in found.tried}[11] is False


def test_the_largest_image_keeps_its_unit() -> None:
    """20 · S / (125 MB/s) < 30 s: S is 187.5 MB."""
    found = ideal().solve("images.builder", "rollout_time{image=builder} < 30 s", largest=True)
    assert found.value == "187.49 MB"


def test_with_replications_the_intervals_end_must_pass() -> None:
    scenario = rs.loads(RANDOM)
    once = scenario.solve("network", "rollout_time < 3.5 s", seed=1)
    often = scenario.solve("network", "rollout_time < 3.5 s", seed=1, replications=8)
    chosen = next(one for one in often.tried if one.value == often.value)
    assert chosen.results[0].ci is not None
    assert chosen.results[0].ci.high < 3.5
    last = max((one for one in often.tried if not one.passed), key=lambda one: one.number)
    assert last.results[0].ci is not None
    assert last.results[0].ci.high >= 3.5
    assert once.number != often.number
    assert often.replications == 8


def test_too_few_replications_for_a_percentile_are_refused() -> None:
    with pytest.raises(UsageError) as caught:
        rs.loads(RANDOM).solve("network", "rollout_time p95 < 3.5 s", replications=8)
    assert str(caught.value) == (
        "--such-that: from 8 replications p95 of rollout_time{image=a} has no 95 % interval; "
        "use --replications 72 or more, or 1"
    )


def test_what_cannot_be_is_said() -> None:
    """The NIC of a node alone takes 346 MB / (125 MB/s) = 2.77 s."""
    found = ideal().solve("registry.uplink", "rollout_time < 2 s", ("1 Gbit/s", "1000 Gbit/s"))
    assert (found.status, found.value, found.assignment) == ("none", None, None)
    assert "no value of registry.uplink that was tried will do" in found._repr_html_()


def test_the_other_direction_is_hinted_at() -> None:
    found = ideal().solve("nodes", "rollout_time < 30 s", between=(5, 20))
    assert (found.status, found.value) == ("all", 5)
    assert found.exceptions


def test_the_json_has_everything_that_was_tried() -> None:
    found = ideal().solve("network", "rollout_time < 30 s", ("1 Gbit/s", "4 Gbit/s"), "builder").to_dict()
    document = json.loads(json.dumps(found))
    assert document["schema"] == "rolloutsim.solve/1"
    assert document["set"] == "network=1.8454 Gbit/s"
    assert document["tried"][1] == {
        "value": "1 Gbit/s",
        "number_bytes_per_s": 125000000.0,
        "passed": False,
        "results": [{"case": "builder", "metric": "rollout_time{image=builder}", "value": pytest.approx(55.36)}],
    }


@pytest.mark.parametrize(
    ("find", "such_that", "between", "case", "message"),
    [
        (
            "netwrk",
            "rollout_time < 30 s",
            None,
            None,
            "--find netwrk: unknown key 'netwrk' in the scenario; allowed: rolloutsim name description …",
        ),
        (
            "name",
            "rollout_time < 30 s",
            None,
            None,
            "--find name: the scenario has no number there, and none can stand there",
        ),
        (
            "network.mtu",
            "rollout_time < 30 s",
            None,
            None,
            "--find network.mtu: the scenario has no number there to begin with; name the range with --between A B",
        ),
        (
            "network",
            "rollout_time < 30",
            None,
            None,
            "--such-that 'rollout_time < 30': '30' has no unit; a time needs one, for example 90 s",
        ),
        (
            "network",
            "rollout_tim < 30 s",
            None,
            None,
            "--such-that 'rollout_tim < 30 s': unknown metric 'rollout_tim'; known: …",
        ),
        (
            "network",
            "rollout_time < 30 s",
            ("1 Gbit/s", "1 MB"),
            None,
            "--between: '1 MB' is no number that network can have",
        ),
        (
            "network",
            "rollout_time < 30 s",
            ("2 Gbit/s", "1 Gbit/s"),
            None,
            "--between: '2 Gbit/s' is not below '1 Gbit/s'",
        ),
        (
            "network",
            "rollout_time < 30 s",
            None,
            "bulder",
            "--case bulder: no case has this name; cases: alpine go-carbon golang:1.8-alpine builder",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused(find, such_that, between, case, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ideal().solve(find, such_that, between, case)
    start, more, _ = message.partition("…")  # lists that grow with the format are cut
    assert str(caught.value).startswith(start) if more else str(caught.value) == message


def test_a_bracket_that_makes_the_scenario_invalid_is_an_error_of_the_scenario() -> None:
    scenario = rs.load(SCENARIOS / "20nodes.yaml", ["network.mtu=1500"])
    with pytest.raises(ScenarioError) as caught:
        scenario.solve("network.efficiency", "rollout_time < 70 s", between=("50%", "90%"))
    assert str(caught.value) == (
        "--find network.efficiency: error: network has both 'mtu' and 'efficiency'; the mtu sets the efficiency: "
        "give one of them"
    )
