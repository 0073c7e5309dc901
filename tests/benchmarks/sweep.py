"""What a sweep costs beside the runs that it is made of: `python -m tests.benchmarks.sweep [--rounds 3]`.

200 points × 20 replications of the 20-node scenario, the real model: 4,000 runs of four cases each. Both sides are
whole processes on the same cores, one after the other, several times; the best of each counts. Processor times, of all
processes of a side together, say the same on a machine that has something else to do.

by hand
    What one would write without it: every point's scenario made with `with_`, then simulate and summarise each
    replication in a `multiprocessing.Pool` (forked, a point a task), and keep the rollout times in a list.
sweep
    `rolloutsim sweep -o FILE`: all of the figures in one SQLite file, which a kill does not harm, and the table. Pull
    times alone, which no seed changes, are simulated once a batch and point: it may be faster than by hand.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent.parent
SCENARIO = ROOT / "scenarios/20nodes.yaml"
RATES = [f"{1 + rate / 2:g} Gbit/s" for rate in range(20)]
SIZES = [f"{200 + 20 * size} MB" for size in range(10)]
LARGEST_OVERHEAD = 0.10


def by_hand(replications: int) -> None:
    """The runs and nothing else."""
    import rolloutsim as rs
    from rolloutsim.planning.seeds import seeds

    scenario = rs.load(SCENARIO)
    own = seeds(scenario.seed, replications)
    points = [
        (scenario.with_({"network": rate, "images.builder": size}).resolve(), own) for rate in RATES for size in SIZES
    ]
    with multiprocessing.get_context("fork").Pool(os.cpu_count()) as pool:
        times = [time for point in pool.imap_unordered(_point, points) for time in point]
    assert len(times) == len(points) * replications * 4


def _point(point: tuple[object, tuple[int, ...]]) -> list[float | None]:
    from rolloutsim.results.metrics import summarise
    from rolloutsim.simulation import simulate

    scenario, own = point
    summaries = [summarise(simulate(scenario, seed)) for seed in own]  # type: ignore[arg-type]
    return [case.rollout_time_s for summary in summaries for case in summary.cases.values()]


def _timed(command: list[str], folder: str) -> dict[str, float]:
    """Wall time, and processor time of the process and all its children [s]."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)
    wall, after = perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"wall": wall, "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime}


def main() -> int:
    """Print both times and their ratio; 1 if the overhead is too large."""
    parser = argparse.ArgumentParser(description="What a sweep costs beside its runs.")
    parser.add_argument("--replications", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sweep = [
        str(Path(sys.executable).with_name("rolloutsim")), "sweep", str(SCENARIO), "-p", f"network={','.join(RATES)}",
        "-p", f"images.builder={','.join(SIZES)}", "--replications", str(given.replications), "-o",
    ]  # fmt: skip
    hand = [sys.executable, "-c", f"from tests.benchmarks.sweep import by_hand; by_hand({given.replications})"]
    runs = len(RATES) * len(SIZES) * given.replications
    print(f"{runs:,} runs on {os.cpu_count()} cores")
    sides: dict[str, list[dict[str, float]]] = {"by hand": [], "sweep": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.rounds):
            for name, command in (("by hand", hand), ("sweep", [*sweep, f"{number}.sqlite"])):
                took = _timed(command, folder)
                sides[name].append(took)
                print(f"  {name:8} wall {took['wall']:6.1f} s  processor {took['processor']:6.1f} s", flush=True)
    overheads = {}
    for kind in ("wall", "processor"):
        hand_best, sweep_best = (min(took[kind] for took in sides[name]) for name in sides)
        overheads[kind] = sweep_best / hand_best - 1
        print(f"{kind:9} best of {given.rounds}: overhead {100 * overheads[kind]:+.1f} % (at most 10 %)")
    return int(overheads["wall"] > LARGEST_OVERHEAD)


if __name__ == "__main__":
    sys.exit(main())
