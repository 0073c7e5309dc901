"""What it takes: values that closed forms know, and what is said where there is none."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.planning.solve import solution_notes, solution_title

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


def test_a_part_of_the_pulls_has_to_pass() -> None:
    """Those of `db`, 2 × 346 MB in 10 s through its own NICs, whatever `web` takes."""
    text = """
    rolloutsim: 1
    model: ideal
    nodes: {web: {count: 3, nic: 100 Mbit/s}, db: {count: 2, nic: 1 Gbit/s}}
    registry: {uplink: 100 Gbit/s}
    images: {a: 346 MB}
    """
    for condition in ("pull_time{group=db} max < 10 s", "pods_ready{share=100%,group=db} < 10 s"):
        found = rs.loads(text).solve("nodes.db.nic", condition)
        assert found.number is not None
        assert found.number == pytest.approx(346e6 / 10, rel=1e-3)
    with pytest.raises(UsageError, match=r"--such-that 'pull_time\{group=dbs\} max < 10 s': no group is named 'dbs'"):
        rs.loads(text).solve("nodes.db.nic", "pull_time{group=dbs} max < 10 s")


def test_the_most_nodes_are_an_exact_count() -> None:
    """N · 346 MB / (125 MB/s) < 30 s: N is at most 10."""
    found = ideal().solve("nodes", "rollout_time < 30 s", largest=True)
    assert (found.value, found.status) == (10, "found")
    assert {one.value: one.passed for one in found.tried}[11] is False


def test_the_largest_image_keeps_its_unit() -> None:
    """20 · S / (125 MB/s) < 30 s: S is 187.5 MB."""
    found = ideal().solve("images.builder", "rollout_time{image=builder} < 30 s", largest=True)
    assert found.value == "187.49 MB"


def test_a_share_of_pods_is_a_whole_percentage_as_kubernetes_wants_it() -> None:
    """20 pods, each 0.8 s: from 10 % on two at a time take 8 s; 9 % are one (rounded down), and all take 16 s."""
    text = """
    rolloutsim: 1
    model: ideal
    nodes: 20
    network: 1 Gbit/s
    registry: {uplink: 100 Gbit/s}
    images: {a: 100 MB}
    workloads: {w: {images: a, replicas: 20}}
    rollout: {max_surge: 0, max_unavailable: 30%}
    """
    found = rs.loads(text).solve("rollout.max_unavailable", "rollout_time < 15 s")
    assert found.value == "10%"
    assert all(str(one.value).removesuffix("%").isdecimal() for one in found.tried)
    among = rs.loads(text).solve("rollout.max_unavailable", "rollout_time < 15 s", ("3.5%", "40.5%"))
    assert {"4%", "40%"} <= {one.value for one in among.tried}
    up = rs.loads(text).solve("rollout.max_unavailable", "rollout_time < 0.9 s")
    assert (up.status, max(one.number for one in up.tried)) == ("found", 1.0)


def test_standard_speeds_are_all_tried_and_nothing_in_between() -> None:
    """20 × 346 MB in 30 s are 1.85 Gbit/s."""
    found = ideal().solve("network", "rollout_time < 30 s", standard=True)
    assert (found.value, found.status, found.monotone) == ("2.5 Gbit/s", "found", True)
    assert [one.value for one in found.tried] == [f"{speed:g} Gbit/s" for speed in (1, 2.5, 10, 25, 40, 100, 400)]
    assert "Tried all that can be bought: 1 Gbit/s, 2.5 Gbit/s, 10 Gbit/s" in solution_notes(found)[0]
    few = ideal().solve("network", "rollout_time < 1 s", ("2 Gbit/s", "30 Gbit/s"), standard=True)
    assert (few.status, [one.value for one in few.tried]) == ("none", ["2.5 Gbit/s", "10 Gbit/s", "25 Gbit/s"])
    assert solution_notes(few)[1].startswith("Nearest comes 25 Gbit/s, with ")


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


@pytest.mark.parametrize(
    ("find", "between", "largest", "title", "note"),
    [
        ("nodes", (5, 20), False,
         "rollout_time < 30 s: the smallest nodes that was tried, 5, will do already, and none from 12 on",
         "The condition gets worse with more of nodes: look for the largest, with --largest."),
        ("nodes", None, False,
         "rollout_time < 30 s: the smallest nodes that was tried, 1, will do already, and none from 20 on",
         "The condition gets worse with more of nodes: look for the largest, with --largest."),
        ("network", ("1 Gbit/s", "16 Gbit/s"), True,
         "rollout_time < 30 s: the largest network that was tried, 16 Gbit/s, will do already, and none from 1 Gbit/s "
         "down",
         "The condition gets worse with less of network: look for the smallest, without --largest."),
    ],
)  # fmt: skip
def test_the_other_direction_is_hinted_at(find, between, largest: bool, title: str, note: str) -> None:
    found = ideal().solve(find, "rollout_time < 30 s", between, largest=largest)
    assert (found.status, found.exceptions, found.monotone) == ("reversed", (), True)
    assert found.to_dict()["status"] == "reversed"
    assert solution_title(found) == title
    assert solution_notes(found) == [f"Try it: --set {shlex.quote(found.assignment)}", note]
    assert not all(one.passed for one in found.tried)


def test_the_other_direction_is_hinted_at_where_the_scenario_itself_will_do() -> None:
    # 20 nodes take 55.4 s, fewer less, 80 take 221 s.
    found = ideal().solve("nodes", "rollout_time < 60 s")
    assert found.status == "reversed"
    assert solution_title(found) == (
        "rollout_time < 60 s: the smallest nodes that was tried, 1, will do already, and none from 80 on"
    )


@pytest.mark.parametrize(
    ("exceptions", "named"),
    [((3,), "3 does"), ((3, 5), "3, 5 do"), ((3, 5, 7, 9), "3, 5, 7 and 1 more do")],
)
def test_an_outcome_that_is_not_monotone_is_reported(exceptions: tuple[int, ...], named: str) -> None:
    found = replace(ideal().solve("nodes", "rollout_time < 30 s", (5, 20), largest=True), exceptions=exceptions)
    assert not found.monotone
    assert solution_notes(found)[1] == (
        f"Not monotone: {named} not come out as that answer would have it. It is one boundary of several; look at what "
        "was tried, or narrow the range with --between."
    )


def test_all_means_that_every_value_passed() -> None:
    found = ideal().solve("nodes", "rollout_time < 30 s", between=(1, 10))
    assert (found.status, found.value, all(one.passed for one in found.tried)) == ("all", 1, True)
    assert (
        solution_title(found) == "rollout_time < 30 s: every value of nodes that was tried will do; the smallest is 1"
    )


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        ("rollout_time < 3.5 s",
         "8 replications of each value; a value passes if the condition holds at the end of the 95 % interval."),
        ("rollout_time max < 3.5 s",
         "8 replications of each value; max is the largest value of all of them, which has no interval and is compared "
         "as it is."),
        ("rollout_time min < 3.5 s",
         "8 replications of each value; min is the smallest value of all of them, which has no interval and is "
         "compared as it is."),
    ],
)  # fmt: skip
def test_what_of_several_replications_is_compared_is_said(condition: str, note: str) -> None:
    found = rs.loads(RANDOM).solve("network", condition, ("1 Gbit/s", "4 Gbit/s"), replications=8)
    assert solution_notes(found)[-1] == note
    intervals = {result.ci is not None for one in found.tried for result in one.results}
    assert intervals == {"interval." in note}


@pytest.mark.parametrize(
    ("find", "options", "message"),
    [
        ("nodes", {"between": (1,)},
         "--between: (1,) is no pair; give the smallest and the largest value that come into question, as in "
         "between=(1, 100)"),
        ("nodes", {"between": "19"},
         "--between: '19' is no pair; give the smallest and the largest value that come into question, as in "
         "between=(1, 100)"),
        ("nodes", {"between": (0, 100)},
         "--between: '0' is no number that nodes can have; it is a whole number from 1 to 1000000"),
        ("network.mtu", {"between": (500, 9000)},
         "--between: '500' is no number that network.mtu can have; it is a whole number from 576 to 65535"),
        ("nodes", {"jobs": 0},
         "0 jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core"),
        ("replications", {},
         "--find replications: replications has no effect here: every value is simulated equally often; say how often "
         "with --replications"),
        ("sweep.points", {"between": (1, 8)},
         "--find sweep.points: sweep.points has no effect here: it says what a sweep varies, and changes no "
         "simulation; vary what stands there"),
        ("seed", {"seed": 3}, "--find seed: --seed gives every value the same seed; leave it out"),
    ],
)  # fmt: skip
def test_what_would_be_ignored_or_cannot_be_is_refused(find: str, options, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        ideal().solve(find, "rollout_time < 30 s", **options)
    assert str(caught.value) == message


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
            "--between: '1 MB' is no number that network can have; it is a rate above zero, with one of the units …",
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
