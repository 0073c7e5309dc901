"""What running applications feel, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rolloutsim.results.load.background import BackgroundSummary, Latency, background_summaries
from rolloutsim.results.numerals import show_latency, show_rate, show_size, show_time
from rolloutsim.results.tables import Column, Table

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import Run

_UNKNOWN = "–"


def application_rows(run: Run) -> Table | None:
    """A row or two for each application of the background in each case: bandwidth, and latency of requests.

    Parameters
    ----------
    run : Run
        What happened.

    Returns
    -------
    Table or None
        None: there is no background traffic.
    """
    rows: list[tuple[str, ...]] = []
    for case in run.cases:
        for one in background_summaries(case):
            rows += _rows(case.name if len(run.cases) > 1 else "", one)
    if not rows:
        return None
    case_column = [Column("case", "left")] if len(run.cases) > 1 else []
    figures = ("before", "while pulled", "after", "lost", "back after")
    columns = (*case_column, Column("application", "left"), *(Column(figure, "right") for figure in figures))
    return Table(columns, tuple(row if case_column else row[1:] for row in rows))


def _rows(case: str, one: BackgroundSummary) -> list[tuple[str, ...]]:
    ended = "at once" if one.recovered == 0.0 else _UNKNOWN if one.recovered is None else show_time(one.recovered)
    lost = show_size(one.lost) if one.kind != "transfer" else _UNKNOWN
    rates = [_UNKNOWN if rate is None else show_rate(rate) for rate in (one.before, one.during, one.after)]
    if one.kind != "service":
        return [(case, one.name, *rates, lost, ended)]
    latencies = [_latency(latency) for latency in (one.latency_before, one.latency_during, one.latency_after)]
    return [(case, f"{one.name}, a request", *latencies, lost, ended)]


def _latency(latency: Latency | None) -> str:
    """The median, and the 95th percentile where it is another."""
    if latency is None:
        return _UNKNOWN
    p50, p95 = (show_latency(seconds) for seconds in (latency.p50, latency.p95))
    return p50 if p50 == p95 else f"{p50} (p95 {p95})"
