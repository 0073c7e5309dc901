"""The benchmark suite: `python -m tests.benchmarks.run [--nodes N]… [--workloads W]… [--rounds 3] [--no-rivals]`.

`--shapes NAME…` measures the growth of shapes without symmetry instead (all of them without a name).

Medians of the rounds; each measurement is a fresh process, and the kernel floor is measured beside each
workload, so that both see the same machine. Ratios are of processor times (one core, so wall times on an idle
machine). Without arguments it measures 1,000, 10,000 and 100,000 nodes and all rivals, which takes a good while.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
from collections import defaultdict
from importlib.util import find_spec
from itertools import pairwise
from statistics import median
from typing import Any

from tests.benchmarks import rival_simgrid
from tests.benchmarks.shapes import SHAPES
from tests.benchmarks.workloads import LAYERS, WORKLOADS

# At most so many times the kernel floor at 10,000 nodes, in pure Python and compiled.
TARGETS = {
    "pure Python": {"star": 5, "racks_registry": 7, "racks_racks": 9, "mixed": 12, "full": 17},
    "compiled with mypyc": {"star": 2, "racks_registry": 3, "racks_racks": 4, "full": 7},
}
TARGET_NODES = 10_000
GROWTH_TARGET = 1.15
MEMORY_TARGET = 0.6e9  # `full` at 100,000 nodes [B]
TIME_TARGET = 15.0  # the same, compiled [s]
SHAPE_NODES = (1_000, 10_000)
SHAPE_GROWTH_TARGET = 1.2
SHAPE_TIME_TARGET = 30.0  # at 10,000 nodes [s]
SHAPE_MEMORY_TARGET = 1e9  # at 10,000 nodes [B]
WARM_TARGET = 5e-3  # 20 nodes, one image [s]

# rival, workload, nodes, at least so many times faster (None: reported only)
RIVALS = [
    ("simpy", "star", 100, None),
    ("simpy", "star", 400, 500),
    ("numpy", "star", 10_000, 30),
    ("numpy", "racks_registry", 10_000, 30),
    ("numpy", "racks_racks", 1_000, None),
    ("simgrid", "star", 1_000, 60),
    ("simgrid", "racks_registry", 1_000, None),
]
EQUAL = 1e-6  # [s]

Results = dict[tuple[str, str, int], dict[str, float]]


def measure(what: str, workload: str, nodes: int) -> dict[str, Any]:
    """One measurement in a fresh process."""
    command = [sys.executable, "-m", "tests.benchmarks.measure", what, workload, str(nodes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[1:])} failed with exit code {done.returncode}; its message is above")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])  # a rival may talk before
    return measured


def medians(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Of each quantity."""
    return {key: median(run[key] for run in runs) for key in runs[0]}


def measure_all(names: list[str], sizes: list[int], rounds: int) -> Results:
    """All workloads and floors, round after round, small sizes first."""
    runs: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    for number in range(rounds):
        for nodes in sizes:
            for name in names:
                _talk(f"round {number + 1} of {rounds}: {name}, {nodes:,} nodes")
                engine = measure("engine", name, nodes)
                runs["engine", name, nodes].append(engine)
                runs["floor", name, nodes].append(measure("floor", name, engine["layers"]))
            runs["processes", "", nodes].append(measure("processes", "-", nodes * len(LAYERS)))
    return {key: medians(several) for key, several in runs.items()}


def verdict(value: float, target: float | None, at_least: bool = False) -> str:
    """How a value compares with its target."""
    if target is None:
        return "–"
    met = value >= target if at_least else value <= target
    return f"{'≥' if at_least else '≤'} {target:g} {'met' if met else 'MISSED'}"


def print_workloads(results: Results, names: list[str], sizes: list[int]) -> None:
    """Wall time, events, memory, and the ratio to the kernel floor."""
    print("\n| workload | nodes | wall | events | events/s | per event | peak memory | floor | × floor | target |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---|")
    for name in names:
        for nodes in sizes:
            one, floor = results["engine", name, nodes], results["floor", name, nodes]
            ratio = one["cpu_s"] / floor["cpu_s"]
            target = TARGETS[_engine()].get(name) if nodes == TARGET_NODES else None
            print(
                f"| {name} | {nodes:,} | {one['wall_s']:.3f} s | {one['events']:,.0f} |"
                f" {one['events'] / one['wall_s']:,.0f} | {one['cpu_s'] / one['events'] * 1e6:.1f} µs |"
                f" {one['peak_bytes'] / 1e6:,.0f} MB | {floor['cpu_s']:.3f} s |"
                f" {ratio:.2f} | {verdict(ratio, target)} |"
            )
    print(f"\nfloor: SimPy processing one timeout per layer that the workload fetches ({len(LAYERS)} a node), no more.")
    for nodes in sizes:
        processes = results["processes", "", nodes]
        print(f"The same waited for by one process a node, {nodes:,} nodes: {processes['cpu_s']:.3f} s.")
    full = results.get(("engine", "full", 100_000))
    if full:
        limit = TIME_TARGET if _engine() != "pure Python" else None
        print(f"Full, 100,000 nodes: peak memory {full['peak_bytes'] / 1e9:.2f} GB,"
              f" {verdict(full['peak_bytes'] / 1e9, MEMORY_TARGET / 1e9)};"
              f" {full['cpu_s']:.1f} s, {verdict(full['cpu_s'], limit)}")  # fmt: skip


def print_growth(results: Results, names: list[str], sizes: list[int]) -> None:
    """The exponent between neighbouring sizes, and whether the ratio to the floor grew."""
    print("\n| workload | from | to | growth exponent | floor's | × floor, before → after | target |")
    print("|---|---:|---:|---:|---:|---:|---|")
    for name in names:
        for small, large in pairwise(sizes):
            times = {}
            for what in ("engine", "floor"):
                ends = (results[what, name, n]["cpu_s"] for n in (large, small))
                times[what] = math.log(next(ends) / next(ends)) / math.log(large / small)
            before, after = (
                results["engine", name, n]["cpu_s"] / results["floor", name, n]["cpu_s"] for n in (small, large)
            )
            note = "–"
            if (small, large) == (10_000, 100_000):
                met = times["engine"] <= GROWTH_TARGET or after <= before
                note = f"≤ {GROWTH_TARGET} or ratio not higher {'met' if met else 'MISSED'}"
            print(
                f"| {name} | {small:,} | {large:,} | {times['engine']:.2f} | {times['floor']:.2f} |"
                f" {before:.2f} → {after:.2f} | {note} |"
            )


def print_shapes(names: list[str], rounds: int) -> None:
    """How the cost of shapes without symmetry grows, from file to summary."""
    few, many = SHAPE_NODES
    print(f"\n| shape | {few:,} | {many:,} | exponent | target | time | memory | target |")
    print("|---|---:|---:|---:|---|---|---:|---|")
    for name in names:
        small, large = (medians([measure("shape", name, nodes) for _ in range(rounds)]) for nodes in SHAPE_NODES)
        exponent = math.log(large["cpu_s"] / small["cpu_s"]) / math.log(many / few)
        print(
            f"| {name} | {small['cpu_s']:.2f} s | {large['cpu_s']:.2f} s | {exponent:.2f} |"
            f" {verdict(exponent, SHAPE_GROWTH_TARGET)} | {verdict(large['cpu_s'], SHAPE_TIME_TARGET)} |"
            f" {large['peak_bytes'] / 1e6:,.0f} MB | {verdict(large['peak_bytes'], SHAPE_MEMORY_TARGET)} |",
            flush=True,
        )


def print_rivals(rounds: int) -> None:
    """How many times faster than what users would run instead, on the same work."""
    print("\n| rival | workload | nodes | rival | rolloutsim | × faster | target | largest difference |")
    print("|---|---|---:|---:|---:|---:|---|---|")
    simgrid = rival_simgrid.version()
    for rival, workload, nodes, target in RIVALS:
        if rival == "simgrid" and simgrid is None:
            continue
        _talk(f"rival {rival}: {workload}, {nodes:,} nodes")
        one = measure(rival, workload, nodes)
        engines = [one, *(measure("engine", workload, nodes) for _ in range(rounds - 1))]
        ours = median(run.get("engine_cpu_s", run["cpu_s"]) for run in engines)
        wall = median(run.get("engine_wall_s", run["wall_s"]) for run in engines)
        ratio = one["cpu_s"] / ours
        same = "equal" if one["difference_s"] <= EQUAL else "DIFFERENT"
        print(
            f"| {rival} | {workload} | {nodes:,} | {one['wall_s']:.2f} s | {wall:.3f} s | {ratio:,.0f} |"
            f" {verdict(ratio, target, at_least=True)} | {one['difference_s']:.1e} s, {same} |",
            flush=True,
        )
    if simgrid is None:
        print(
            "\nSimGrid is left out: its Python binding cannot be imported. Debian has it as python3-simgrid; or build"
            "\n4.1 from its source package with pybind11 < 3, and let LD_LIBRARY_PATH name libsimgrid.so's folder."
        )
    else:
        print(f"\nSimGrid {simgrid}. Rivals ran once, rolloutsim is the median of {rounds}.")


def print_warm() -> None:
    """20 nodes, the engine alone, again and again in one process."""
    print()
    for name in ("star", "full"):
        one = measure("warm", name, 20)
        print(f"20 nodes, one image, engine alone, warm, {name}: {one['cpu_s'] * 1e3:.2f} ms,"
              f" {verdict(one['cpu_s'] * 1e3, WARM_TARGET * 1e3)}")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--shapes", nargs="*", choices=list(SHAPES))
    parser.add_argument("--no-rivals", action="store_true", help="leave out what takes minutes")
    options = parser.parse_args()
    sizes = sorted(options.nodes)
    print(f"Engine: {_engine()}.", flush=True)
    if options.shapes is not None:
        print_shapes(options.shapes or list(SHAPES), options.rounds)
        return
    results = measure_all(options.workloads, sizes, options.rounds)
    print_workloads(results, options.workloads, sizes)
    if len(sizes) > 1:
        print_growth(results, options.workloads, sizes)
    print_warm()
    if not options.no_rivals:
        print_rivals(options.rounds)


def _engine() -> str:
    """Which of the two builds of the same source is measured."""
    source = find_spec("rolloutsim.network.sharing")
    assert source is not None
    return "pure Python" if str(source.origin).endswith(".py") else "compiled with mypyc"


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
