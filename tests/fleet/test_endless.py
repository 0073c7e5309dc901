"""Cases that go on and on: they end by a number of events, and say what goes on."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from simpy import Environment

from rolloutsim.fleet import endless
from rolloutsim.fleet.endless import LONGEST, MOST, MOST_A_PULL, within
from rolloutsim.network.fluid import FluidNetwork
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

PACKAGE = Path(__file__).parents[2] / "rolloutsim"
PULLS = 2
# Each of two pods asks, fails and waits: without an end, or with one after more time than anybody has.
ASKING: dict[str, Any] = {
    "rolloutsim": 1,
    "nodes": {"web": {"count": PULLS, "image_backoff": {"initial": "1 us", "max": "1 us", "requeue": "exact"}}},
    "network": {"rate": "1 Gbit/s"},
    "images": {"app": "10 MB"},
    "workloads": {"api": {"images": "app", "replicas": PULLS}},
    "failures": {"down": {"registry": "registry", "at": "0 s"}},
}


def case_of(data: dict[str, Any]) -> CaseRecords:
    (case,) = simulate(loads(json.dumps(data)).resolve()).cases
    return case


@cache
def asking(horizon: str) -> CaseRecords:
    return case_of(ASKING | {"rollout": {"horizon": horizon}})


def test_what_comes_to_nothing_ends_by_events_whatever_the_horizon() -> None:
    # The oracle is the bound itself: no look is later than it by more than a batch.
    day, ages = asking("24h"), asking("1e11 s")
    assert day.events == ages.events
    assert MOST + MOST_A_PULL * PULLS <= day.events < MOST + MOST_A_PULL * PULLS + 5000
    assert not day.finished
    said = day.stuck[0]
    assert said.startswith(f"nothing has come of {day.events:,} events from 0 s to 2h")
    assert "nodes ask 'registry' for images" in said
    assert "pods in back-off ask again" in said


def test_a_horizon_within_the_bound_is_what_ends_it() -> None:
    case = case_of(ASKING | {"rollout": {"horizon": "1h"}})
    assert case.end == 3600.0
    assert case.events < MOST
    assert not any("what goes on" in said for said in case.stuck)


def test_pulls_that_get_their_images_in_time_may_take_any_number_of_events(monkeypatch: pytest.MonkeyPatch) -> None:
    # With a bound of as many events as a few pulls take, 300 pulls end as they do without: something always comes.
    data = {"rolloutsim": 1, "nodes": 300, "network": "1 Gbit/s", "images": {"app": {"layers": ["1 MB", "2 MB"]}}}
    spread = {"nodes": {"web": {"count": 300, "start": {"min": "0 s", "max": "60 s"}}}}
    free = case_of(data | spread)
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST", 600)
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST_A_PULL", 1)
    monkeypatch.setattr("rolloutsim.simulation._EVENTS_AT_A_TIME", 100)
    bound = case_of(data | spread)
    assert bound.events > 3 * 900
    assert (bound.finished, bound.end, bound.events) == (True, free.end, free.events)


def test_too_many_events_in_all_end_a_case_in_which_something_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST", 100)
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST_A_PULL", 0)
    monkeypatch.setattr("rolloutsim.simulation._EVENTS_AT_A_TIME", 10)
    nodes = {"web": {"count": 1000, "start": {"min": "0 s", "max": "60 s"}}}
    case = case_of({"rolloutsim": 1, "nodes": nodes, "network": "1 Gbit/s", "images": {"app": "1 MB"}})
    assert not case.finished
    assert case.events == 400
    assert case.stuck[0].startswith("400 events until ")


def test_events_that_list_many_flows_count_for_more_than_one() -> None:
    # A registry comes and goes, and 1,000 connections beside it give way to pulls and come back each time.
    data = ASKING | {
        "nodes": {"web": {"count": PULLS}},
        "network": {"rate": "1 Gbit/s", "fairness": {}, "latency": "20 ms", "links": {"wan": "20 MB/s"}},
        "registries": {"hub": {"via": ["wan"]}},
        "images": {"app": {"layers": ["900 GB"]}},
        "background": {"bulk": {"connections": 1000, "links": ["wan"]}},
        "failures": {"down": {"registry": "hub", "rate": "78/min", "back_after": "0.1 s"}},
    }
    case = case_of(data | {"rollout": {"horizon": "1e10 s"}})
    assert not case.finished
    assert case.events < MOST / 10
    assert case.stuck[0].startswith(f"nothing has come of {case.events:,} events ")


def test_layers_that_are_asked_for_again_and_again_count_where_they_are_more_than_events() -> None:
    # Each attempt is given up when it has asked for 1,000 layers at once, of which none has begun to come.
    node = ASKING["nodes"]["web"] | {"parallel_layers": 1000, "pull_timeout": "5 s", "layer_time": "1 m"}
    data = ASKING | {"nodes": {"web": node}, "failures": {}}
    case = case_of(data | {"images": {"app": {"size": "1 GB", "equal_layers": 1000}}})
    assert not case.finished
    assert MOST < len(case.fetches.pull) < 2 * MOST
    assert case.stuck[0].startswith(f"nothing has come of {case.events:,} events ")


def test_ranges_that_are_queued_and_given_up_count_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST", 20_000)
    monkeypatch.setattr("rolloutsim.fleet.endless.MOST_A_PULL", 0)
    monkeypatch.setattr("rolloutsim.simulation._EVENTS_AT_A_TIME", 100)
    # Each attempt is given up when it has queued 1,000 ranges, of which three are asked for.
    node = ASKING["nodes"]["web"] | {"layer_fetch_buffer": "1 MB", "pull_timeout": "5 s", "layer_time": "1 m"}
    data = ASKING | {"nodes": {"web": node}, "failures": {}}
    case = case_of(data | {"images": {"app": "1 GB"}})
    attempts = len(case.pulls.node)
    assert not case.finished
    assert 20_000 <= len(case.fetches.pull) + 997 * attempts // 20 < 41_000  # two looks at the most
    assert case.events < 5_000


def test_looks_for_images_to_remove_end_where_none_are_left() -> None:
    # 300 MB come to each of two nodes at 1 Gbit/s, in some seconds and events, however often kubelets would look.
    node = {"count": PULLS, "disk": {"capacity": "10 GB"}}
    data = ASKING | {"images": {"app": "300 MB"}, "failures": {}}
    often = case_of(data | {"nodes": {"web": node | {"image_gc": {"period": "2 us"}}}})
    never = case_of(data | {"nodes": {"web": node}})
    assert often.finished
    assert (often.end, often.events) == (never.end, never.events)


def test_a_clock_that_its_steps_do_not_move_ends_at_the_longest_time() -> None:
    # 100 TB at 0.125 B/s are 25 million years; beyond 1e15 s a round trip of 0.1 s is less than a step of the clock.
    links = {"far": {"capacity": "1 bit/s", "latency": "50 ms"}}
    data = {"rolloutsim": 1, "nodes": 2, "network": {"rate": "1 Gbit/s", "links": links}}
    case = case_of(data | {"registries": {"hub": {"via": ["far"]}}, "images": {"app": {"layers": ["100 TB"]}}})
    assert (case.finished, case.end) == (False, LONGEST)
    assert case.stuck[0] == "it is not over after 1e+11 s, the longest time that there is"


def test_what_goes_on_before_a_rollout_is_bounded_as_well() -> None:
    network = FluidNetwork(Environment())

    class Rolling:
        def again(self, _: object) -> None:
            network.call_later(0.0, self.again)

    network.call_later(1.5, Rolling().again)
    assert within(network, 2.0, 100) == (
        "after 100 events there is no end of it; what goes on: controllers look at deadlines, all at 1.5 s"
    )
    network = FluidNetwork(Environment())
    network.call_later(1.0, print)
    assert within(network, 0.5, 100) == ""


@cache
def callers() -> set[str]:
    """The classes that have calls made later."""
    found = set()
    for folder in ("fleet", "rollout"):
        for file in (PACKAGE / folder).rglob("*.py"):
            for part in ast.walk(ast.parse(file.read_text())):
                if isinstance(part, ast.ClassDef):
                    calls = (one.func for one in ast.walk(part) if isinstance(one, ast.Call))
                    if any(isinstance(one, ast.Attribute) and one.attr in LATER for one in calls):
                        found.add(part.name)
    return found


LATER = {"call_later", "call_afterwards", "call_at"}
# Those of which other words are made, and those that only begin what has words.
OTHERS = {"Together", "EndOfInstant", "Faults", "_Held"}


@pytest.mark.skipif(not (PACKAGE / "fleet" / "node.py").exists(), reason="the compiled engine has no sources to read")
def test_all_that_may_go_on_has_words() -> None:
    assert callers() - OTHERS <= set(endless._WORDS)
    assert {one for one in endless._WORDS if one[0].isupper()} - callers() <= {"Pulls", "Course"}
