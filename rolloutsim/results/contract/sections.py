"""The parts of a case's JSON that only some cases have; what is empty is left out.

With workloads, kubelets, faults or pushes: `workloads`, `registries`, `push`, `faults`, `conditions`,
`unfinished_pods`, `failed_pulls`, `failed_pull_reasons`, `bytes_again`, and `disk`, which prices bring as well; with
rows for nodes also `pods` and `ready_replicas`. These hold one row a change of a workload's ready pods, of more than
1,000 changes every so many-th and the one at which the fewest pods were ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.contract.columns import pod_columns
from rolloutsim.results.numerals import number

if TYPE_CHECKING:
    from rolloutsim.results.contract.columns import Columns
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary

_MOST_CHANGES = 1000  # rows of `ready_replicas` for each workload (assumed: as many as a figure can show)


def sections(figures: CaseSummary) -> dict[str, Any]:
    """The parts that belong to the figures of a case."""
    found: dict[str, Any] = {}
    rollout = figures.rollout
    if rollout is not None:
        for key in ("workloads", "registries", "push", "faults", "conditions", "unfinished_pods"):
            if rows := getattr(rollout, key):
                found[key] = [_plain(asdict(row)) for row in rows]
        found["failed_pulls"] = rollout.failed_pulls
        if rollout.failed_pull_reasons:
            found["failed_pull_reasons"] = dict(rollout.failed_pull_reasons)
        found["bytes_again"] = number(rollout.bytes_again)
    if figures.disk is not None:
        found["disk"] = _plain(asdict(figures.disk))
        del found["disk"]["nodes"]
    return found


def row_sections(records: CaseRecords, figures: CaseSummary) -> dict[str, Any]:
    """The parts with a row for each pod, for each change, and for each node's disk."""
    found: dict[str, Any] = {}
    if records.bare:
        return found
    found["pods"] = list(plain_rows(pod_columns(records)))
    if figures.rollout is not None and figures.rollout.workloads:
        found["ready_replicas"] = list(_changes(records))
    if figures.disk is not None and figures.disk.nodes:
        found["node_disks"] = [_plain(asdict(node)) for node in figures.disk.nodes]
    return found


def _changes(records: CaseRecords) -> Iterator[dict[str, Any]]:
    from rolloutsim.results.pods.replicas import ready_replicas  # bare pulls do without

    for workload in records.orchestration.workloads:
        times, old, new = ready_replicas(records, workload.name)
        kept = np.arange(len(times))
        if len(times) > _MOST_CHANGES:
            kept = np.linspace(0, len(times) - 1, _MOST_CHANGES - 1).astype(np.int64)
            kept = np.union1d(kept, [int((old + new).argmin())])
        for row in kept.tolist():
            yield {"workload": workload.name, "time_s": float(times[row]), "old": int(old[row]), "new": int(new[row])}


def _plain(value: Any, key: str = "") -> Any:
    """Nested figures with whole bytes and without mappings that are empty."""
    if isinstance(value, Mapping):
        return {name: _plain(item, name) for name, item in value.items() if item != {}}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return number(value) if isinstance(value, float) and "bytes" in key else value


def plain_rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns as rows of plain values."""
    plain = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()]
    for values in zip(*plain, strict=True):
        yield {
            key: number(value) if key == "bytes" else None if value != value else value
            for key, value in zip(columns, values, strict=True)
        }
