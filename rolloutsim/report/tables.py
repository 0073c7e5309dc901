"""Tables that a report shows beside the command's: causes, changes, links, nodes, applications."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.contract.columns import node_columns
from rolloutsim.results.load.background import Latency, background_summaries
from rolloutsim.results.numerals import (
    UNKNOWN,
    show_byte_rate,
    show_latency,
    show_rate,
    show_share,
    show_size,
    show_time,
)
from rolloutsim.results.tables import Column, Table

if TYPE_CHECKING:
    from rolloutsim.planning.sensitivity import Sensitivity
    from rolloutsim.planning.what_if import WhatIfs
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.metrics import CaseSummary, RunSummary

_IN_BYTES = ("registry_storage", "disk", "unpack")  # kinds of links whose rates people give in bytes

MOST_ROWS = 200  # of nodes; of more the latest are shown (assumed: some pages)


def _table(headings: Sequence[str], rows: Sequence[tuple[str, ...]], left: int = 1) -> Table:
    """A table whose first columns are text and stand on the left."""
    columns = tuple(Column(text, "left" if i < left else "right") for i, text in enumerate(headings))
    return Table(columns, tuple(rows))


def split_table(summary: RunSummary) -> Table:
    """Seconds by cause, a column a case, the largest cause first."""
    cases = list(summary.cases.values())
    causes = dict.fromkeys(cause for case in cases for cause in case.time_split_s)
    order = sorted(causes, key=lambda cause: -sum(case.time_split_s.get(cause, 0.0) for case in cases))
    rows = [
        (cause, *(show_time(case.time_split_s[cause]) if cause in case.time_split_s else "" for case in cases))
        for cause in order
    ]
    return _table(("cause", *(case.case for case in cases)), rows)


def what_if_table(changes: WhatIfs) -> Table:
    """Simulated changes, the best first, with the options that make them."""
    rows = [
        (
            change.change,
            show_time(change.before),
            show_time(change.after),
            " ".join(f"--set '{one}'" for one in change.overrides),
        )
        for change in changes.best
    ]
    table = _table(("change", "now", "then", "options"), rows)
    return Table((*table.columns[:3], Column("options", "left")), table.rows)


def sensitivity_table(found: Sensitivity) -> tuple[Table, tuple[str, ...]]:
    """The rollout time with each input alone made smaller and larger, the widest span first; what each row is about."""
    rows = [
        (
            row.path, row.value, row.low_value, show_time(row.low), row.high_value, show_time(row.high),
            row.effect,
        )
        for row in found.rows
    ]  # fmt: skip
    headings = ("input", "is", "less", "rollout time", "more", "rollout time", "span")
    return _table(headings, rows), tuple(f"parameter:{row.path}" for row in found.rows)


def links_table(case: CaseSummary) -> tuple[Table, tuple[str, ...]]:
    """How busy each link was, and what each row is about."""
    rows = [
        (
            row.link,
            show_byte_rate(row.capacity_bytes_per_s) if row.kind in _IN_BYTES else show_rate(row.capacity_bytes_per_s),
            show_size(row.bytes),
            UNKNOWN if row.utilisation is None else show_share(row.utilisation),
            show_time(row.saturated_s),
            f"{row.peak_flows:.0f}",
        )
        for row in case.links
    ]
    headings = ("link", "payload capacity", "carried", "utilisation", "full for", "most flows")
    return _table(headings, rows), tuple(f"link:{row.link}" for row in case.links)


def nodes_table(case: CaseRecords) -> tuple[Table, tuple[str, ...], str]:
    """The nodes, or the latest of very many; what each row is about; a caption."""
    columns = node_columns(case)
    ready = np.asarray(columns["ready_s"], np.float64)
    order = np.argsort(-np.nan_to_num(ready, nan=np.inf), kind="stable")[:MOST_ROWS]
    rows = []
    for i in order.tolist():
        times = (_time(columns[key][i]) for key in ("asked_s", "pulled_s", "ready_s"))
        rows.append((str(columns["node"][i]), *times, show_size(float(columns["bytes"][i]))))
    subjects = tuple(f"node:{row[0]}" for row in rows)
    caption = "Nodes, the latest first" if len(rows) == len(ready) else f"The latest {len(rows)} of {len(ready)} nodes"
    return _table(("node", "asked", "pulled", "ready", "fetched"), rows), subjects, caption


def applications_table(case: CaseRecords) -> Table | None:
    """What other applications got before, during and after the rollout; None where there are none."""
    found = background_summaries(case)
    if not found:
        return None
    rows = []
    for one in found:
        for when, rate, latency in (
            ("before", one.before, one.latency_before),
            ("during", one.during, one.latency_during),
            ("after", one.after, one.latency_after),
        ):
            rows.append((one.name if when == "before" else "", when, _rate(rate), *_latencies(latency)))
    return _table(("application", "when", "bandwidth", "latency p50", "p95", "max"), rows, left=2)


def _latencies(latency: Latency | None) -> tuple[str, str, str]:
    if latency is None:
        return ("", "", "")
    return show_latency(latency.p50), show_latency(latency.p95), show_latency(latency.max)


def _rate(rate: float | None) -> str:
    return UNKNOWN if rate is None else show_rate(rate)


def _time(time: float | None) -> str:
    return UNKNOWN if time is None or time != time else show_time(float(time))
