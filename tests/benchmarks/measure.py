"""One measurement, in a process of its own, so that memory and warmth are nobody else's.

`python -m tests.benchmarks.measure WHAT WORKLOAD NODES` prints one line of JSON. WHAT is `engine`, `floor`,
`processes`, `warm`, a rival (`simpy`, `numpy`, `simgrid`), or `shape`, of which WORKLOAD is one.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.benchmarks import floor, rival_numpy, rival_simgrid, rival_simpy, shapes, workloads

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolloutsim.results.facts.records import Run
    from rolloutsim.scenario.resolved import ResolvedScenario

RIVALS = {"simpy": rival_simpy.simulate, "numpy": rival_numpy.simulate, "simgrid": rival_simgrid.simulate}


def timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    """A call's result, its wall time and its processor time [s]."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def engine(workload: str, nodes: int) -> tuple[Run, dict[str, Any]]:
    """`simulate` alone, on a scenario that is already resolved."""
    from rolloutsim.simulation import simulate

    simulate(_resolved(workload, 20))  # imports and caches
    scenario = _resolved(workload, nodes)
    run, times = timed(lambda: simulate(scenario))
    fetched = sum(len(case.fetches.fetched) for case in run.cases)
    return run, {"events": sum(case.events for case in run.cases), "layers": fetched, **times}


def rival(name: str, workload: str, nodes: int) -> dict[str, Any]:
    """A rival on the engine's own starting times, and how far its results are from the engine's."""
    run, ours = engine(workload, nodes)
    (case,) = run.cases
    asked = np.empty(nodes)
    asked[case.pulls.node] = case.pulls.asked
    finish, times = timed(lambda: RIVALS[name](workloads.problem(workload, nodes), asked.tolist()))
    engine_finish = np.full(finish.shape, np.nan)
    engine_finish[case.pulls.node[case.fetches.pull], case.fetches.layer] = case.fetches.fetched
    difference = float(np.max(np.abs(finish - engine_finish)))
    return {**times, "difference_s": difference, "engine_cpu_s": ours["cpu_s"], "engine_wall_s": ours["wall_s"]}


def warm(workload: str, nodes: int, times: int = 30) -> dict[str, Any]:
    """The median of many calls in one process."""
    from rolloutsim.simulation import simulate

    scenario = _resolved(workload, nodes)
    simulate(scenario)
    each = [timed(lambda: simulate(scenario))[1] for _ in range(times)]
    return {key: median(one[key] for one in each) for key in ("wall_s", "cpu_s")}


def shape(name: str, nodes: int) -> dict[str, Any]:
    """From a scenario file to its summary: reading, simulating with each pull's time alone, summing up."""
    from rolloutsim.results.metrics import summarise
    from rolloutsim.scenario import loads
    from rolloutsim.simulation import simulate

    simulate(loads(shapes.text(name, 20), name).resolve())  # imports and caches
    text = shapes.text(name, nodes)
    run, times = timed(lambda: simulate(loads(text, name).resolve()))
    _, summing = timed(lambda: summarise(run))
    events = sum(case.events for case in run.cases)
    return {"events": events, **{key: seconds + summing[key] for key, seconds in times.items()}}


def measure(what: str, workload: str, nodes: int) -> dict[str, Any]:
    """One measurement; `nodes` is the number of timeouts for `floor` and `processes`."""
    if what == "engine":
        return engine(workload, nodes)[1]
    if what in ("floor", "processes"):
        delays = floor.delays(nodes)
        if what == "floor":
            return timed(lambda: floor.timeouts(delays))[1]
        return timed(lambda: floor.processes(delays, len(workloads.LAYERS)))[1]
    if what == "warm":
        return warm(workload, nodes)
    if what == "shape":
        return shape(workload, nodes)
    return rival(what, workload, nodes)


def _resolved(workload: str, nodes: int) -> ResolvedScenario:
    from rolloutsim.scenario import loads

    return loads(workloads.WORKLOADS[workload](nodes), workload).resolve()


if __name__ == "__main__":
    measured = measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    # Linux counts in KiB.
    measured["peak_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps(measured))
