"""What a scenario costs outside of its simulation grows as the scenario does, whatever its nodes do not share.

Counted are calls of functions, Python's and C's: four times the nodes are to take at most so many times as many.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from rolloutsim import simulation
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario import loads
from tests.benchmarks import shapes, workloads
from tests.long import one_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.results.facts.records import Run

FEW, MANY = 40, 160
LINEAR = 1.15 * MANY / FEW  # names get longer, and lists are sorted
EVERY = ("own_nic", "own_disk", "own_image", "own_start_and_image", "own_link", "own_rack")


def calls(work: Callable[[], Any]) -> tuple[Any, int]:
    """What some work gives, and how many functions it calls."""
    count: Counter[str] = Counter()

    def note(frame: Any, event: str, argument: Any) -> None:
        count[event] += 1

    sys.setprofile(note)
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return result, count["call"] + count["c_call"]


def simulated(text: str) -> Run:
    return simulation.simulate(loads(text).resolve())


@pytest.mark.parametrize("shape", one_in(2, [*EVERY, "cached_sets", "background_rate", "own_workload"]))
def test_reading_and_checking(shape: str) -> None:
    """The first time is for what is imported and made once."""
    loads(shapes.text(shape, 5)).resolve()
    few, many = (calls(lambda n=n: loads(shapes.text(shape, n)).resolve())[1] for n in (FEW, MANY))
    assert many <= LINEAR * few


@pytest.mark.parametrize("shape", EVERY)
def test_building_and_collecting(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pulls alone included, of which each may be another."""
    counted = 0
    collect, start = simulation.collect, simulation._Case.__init__

    def counting(work: Callable[..., Any]) -> Callable[..., Any]:
        def counted_work(*args: Any, **more: Any) -> Any:
            nonlocal counted
            if sys.getprofile() is not None:
                return work(*args, **more)
            result, number = calls(lambda: work(*args, **more))
            counted += number
            return result

        return counted_work

    monkeypatch.setattr(simulation, "collect", counting(collect))
    monkeypatch.setattr(simulation._Case, "__init__", counting(start))
    simulated(shapes.text(shape, 5))
    found = []
    for nodes in (FEW, MANY):
        counted = 0
        simulated(shapes.text(shape, nodes))
        found.append(counted)
    assert found[1] <= LINEAR * found[0]


@pytest.mark.parametrize("shape", one_in(2, [*EVERY, "own_workload"]))
def test_figures_and_json(shape: str) -> None:
    """The JSON with a row for each node, pull and layer."""
    Outcome(simulated(shapes.text(shape, 5))).to_json("full")
    few, many = (
        calls(lambda run=run: (Outcome(run).to_json("full"), Outcome(run).why))[1]
        for run in (simulated(shapes.text(shape, nodes)) for nodes in (FEW, MANY))
    )
    assert many <= LINEAR * few


def test_simulating_a_transfer_into_each_node() -> None:
    """Steps are counted, of which a change of the registry's rate took some for each node's NIC."""

    def steps(nodes: int) -> int:
        document = shapes.background_bulk(nodes) | {"registry": {"uplink": f"{40 * nodes} MB/s"}}
        for transfer in document["background"].values():
            transfer["size"] = "1 GB"
        scenario = loads(json.dumps(document)).resolve()
        count = 0

        def note(frame: Any, event: str, argument: Any) -> Any:
            nonlocal count
            count += 1
            return note

        sys.settrace(note)
        try:
            simulation.simulate(scenario)
        finally:
            sys.settrace(None)
        return count

    steps(5)
    assert steps(MANY) <= LINEAR * steps(FEW)


@pytest.mark.parametrize("workload", ["star", "full"])
def test_what_a_case_leaves_to_the_collector_of_circles(workload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes, fetches and flows go by themselves, however many there are."""
    left: list[int] = []
    collect = gc.collect

    def noting(generation: int) -> int:
        left.append(collect(generation))
        return left[-1]

    monkeypatch.setattr(gc, "collect", noting)
    found = []
    for nodes in (5, 200, 800):
        left.clear()
        simulation.simulate(loads(workloads.WORKLOADS[workload](nodes)).resolve())
        found.append(left[0])
    assert found[2] <= 1.5 * found[1]
