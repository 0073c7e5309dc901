"""How well caches, mirrors, peers and pre-pulls are predicted: `python -m tests.theory.distribution_accuracy [FOLDER]`.

Without a folder it prints the table of `tests/data/measured-distribution-accuracy.md`, or writes it with `--write
--date YYYY-MM-DD`; with one it does the same for the cases there. Its last line sums up the core cases, and its exit
status is 1 where one of `BOUNDS` does not hold. A prediction is the mean of `SEEDS` runs; every case is predicted
through one mapping, `distribution_cases.scenario_text`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.errors import RolloutsimError, ScenarioError
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.theory import distribution_cases, scoring
from tests.theory.distribution_cases import GIVEN_UP, Measured, Unknown
from tests.theory.measured_cases import EFFICIENCY
from tests.theory.scoring import Bounds, Scored

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, SharedLinks

FILE = Path(__file__).parents[1] / "data" / "measured-distribution-accuracy.md"
SEEDS = 10

# Of the core cases.
BOUNDS = Bounds(median=0.04, near=0.90, largest=0.20, byte_median=0.01, byte_largest=0.15, nodes=0.09)

# What was chosen by looking at a case, and where. All else comes from the measurements' README.
FITTED = {
    "c-all-n10-l16-up20": "that a connection's weight lasts as long as cubic needs to come back to its window",
    "c-stag2-n10-l4": "that weights vary as for all connections (network.fairness.sigma), and not a little less",
    **dict.fromkeys(
        (
            "d-asym-n10-u20",
            "d-choke-n10-u20",
            "d-conn5-n20-u20",
            "d-downcap10-n10-u50",
            "d-hetero-n10-u20",
            "d-n10-u10-d20",
            "d-n10-u50-d20",
            "d-n20-u100-d10",
            "d-n5-u20-d50",
            "d-piece256k-n10-u20",
            "d-piece4M-n5-u50",
            "d-stag1-n10-u20",
            "d-upcap10-n10-u10",
        ),
        "what a swarm of BitTorrent clients uses of its uplinks, takes from the seed, and waits for (`BITTORRENT`)",
    ),
}


@dataclass(frozen=True)
class Outcome:
    """One run of a case, simulated; times are [s].

    Parameters
    ----------
    time : float
        From the first node's start to the last one's end, or until the bed gave up.
    nodes : list of float
        How long each node took, as `distribution_cases.ordered` has them; empty: some never ended.
    sent : float
        What the registry sent, on the wire [B].
    """

    time: float
    nodes: list[float]
    sent: float


@cache
def scored(folder: Path = distribution_cases.FOLDER, seeds: int = SEEDS) -> tuple[Scored, ...]:
    """All cases of a folder, by name."""
    return tuple(score(case, seeds) for case in distribution_cases.read_all(folder))


def score(case: Measured, seeds: int) -> Scored:
    """A case, predicted by so many runs."""
    try:
        scenario = loads(distribution_cases.scenario_text(case), case.name).resolve()
        runs = [_outcome(case, simulate(scenario, seed).cases[-1]) for seed in range(seeds)]
    except ScenarioError as error:
        return _unpredicted(case, error.diagnostics[0].message.partition(";")[0])
    except (Unknown, RolloutsimError) as error:
        return _unpredicted(case, str(error).splitlines()[0])
    complete = all(run.nodes for run in runs)
    if complete == case.fails:
        return _unpredicted(case, "its pulls fail, and are not predicted to" if complete else "its pulls do not end")
    return Scored(
        case.name,
        case.core,
        case.name in FITTED,
        case.rollout_time,
        fmean(run.time for run in runs),
        case.upstream_bytes,
        fmean(run.sent for run in runs),
        case.copy_bytes,
        case.node_times() if complete else (),
        np.array([run.nodes for run in runs]).mean(axis=0).tolist() if complete else (),
    )


def _unpredicted(case: Measured, why: str) -> Scored:
    return Scored(
        case.name, case.core, case.name in FITTED, case.rollout_time, None, case.upstream_bytes, None, case.copy_bytes,
        why_not=why,
    )  # fmt: skip


def _outcome(case: Measured, run: CaseRecords) -> Outcome:
    order = np.argsort(run.pods.node, kind="stable")
    asked, ready = run.pods.asked[order], run.pods.ready[order]
    sent = _crossed(run.shared_links) + _left_to_fill(run)
    if case.config["prepull"] is not None:
        sent += _crossed(run.prepulls.links)
    sent /= EFFICIENCY
    first = float(np.nanmin(asked))
    if run.finished:
        nodes = distribution_cases.ordered(case.config, asked.tolist(), (ready - asked).tolist())
        return Outcome(float(ready.max()) - first, nodes, sent)
    # Pulls that fail end with their last attempt; those that hang with the bed's patience.
    failed = run.pulls.failed[np.isnan(run.pulls.pulled)]
    last = GIVEN_UP if np.isnan(failed).any() else float(failed.max())
    return Outcome(last - first, [], sent)


def _crossed(links: SharedLinks) -> float:
    """What crossed the registry's link [B]."""
    return float(links.bytes[links.name.index("hub.uplink")])


def _left_to_fill(run: CaseRecords) -> float:
    """What caches still fetch for their stores when the last node has ended, which was measured as well [B]."""
    fills = run.supply.fills
    runs_on = np.isnan(fills.ended)
    sizes = np.array([layer.compressed for layer in run.layers])
    return float((sizes[fills.layer[runs_on]] - fills.bytes[runs_on]).sum())


def table(cases: Sequence[Scored], date: str) -> str:
    """The whole table in Markdown."""
    return "\n".join(
        [
            "# Caches, mirrors, peers and pre-pulls, predicted and measured",
            "",
            f"Printed by `python -m tests.theory.distribution_accuracy`; last written on {date}.",
            "",
            "Every case of `measured-distribution/` (medians of its runs), predicted by the real model through one",
            f"mapping to scenario files: standing queues, uneven connections, the mean of {SEEDS} seeds. Bytes are",
            "what the registry sent, on the wire; of less than one copy of the image, their error is a share of one",
            "copy. Nodes that are alike are compared by rank. A case that cannot be predicted counts as missed.",
            "",
            *scoring.table(cases),
            "",
            scoring.score(cases).line(),
            "",
            "Chosen by looking at a case:",
            "",
            *(f"- {name}: {what}" for name, what in FITTED.items()),
            "",
        ]
    )


def main() -> None:
    """Print the table, or write it; then sum up."""
    parser = argparse.ArgumentParser(prog="python -m tests.theory.distribution_accuracy", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=distribution_cases.FOLDER, help="where the cases are")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="runs of each case")
    parser.add_argument("--write", action="store_true", help=f"write {FILE.name}")
    parser.add_argument("--date", default="(not written)", help="the date to put into the table")
    arguments = parser.parse_args()
    cases = scored(arguments.folder, arguments.seeds)
    if not cases:
        sys.exit(f"{arguments.folder}: no measured cases (*.json) there")
    text = table(cases, arguments.date)
    if arguments.write:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text)
    last, status = scoring.report(cases, BOUNDS)
    print(last)
    sys.exit(status)


if __name__ == "__main__":
    main()
