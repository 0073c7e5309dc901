"""The object of a case in the JSON contract, which `rolloutsim.results.document` describes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

from rolloutsim.results.contract.columns import layer_columns, node_columns, pull_columns
from rolloutsim.results.contract.sections import plain_rows, row_sections, sections
from rolloutsim.results.load.links import LinkSummary, private_links
from rolloutsim.results.metrics import CaseSummary
from rolloutsim.results.numerals import number
from rolloutsim.results.why.critical import causes

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Spread
    from rolloutsim.results.facts.records import CaseRecords

Detail = Literal["summary", "nodes", "full"]

# Above this many nodes rows for each of them are written only on demand (assumed: a file of some MB).
MANY_NODES = 1000


def case_figures(
    records: CaseRecords, figures: CaseSummary, detail: Detail | None = "summary", why: bool = True
) -> dict[str, Any]:
    """A case's object without its thresholds, which are added when they have been checked; `why` can be left out."""
    rows = detail in ("nodes", "full") or (detail is None and figures.nodes <= MANY_NODES)
    case: dict[str, Any] = {
        "case": figures.case,
        "finished": figures.finished,
        "stuck": list(figures.stuck),
        "rollout_time_s": figures.rollout_time_s,
        "alone_time_s": figures.alone_time_s,
        "bytes_on_wire": number(figures.bytes_on_wire),
        "pull_time_s": _spread(figures.pull_time_s, ("mean", "p50", "p95", "p99", "max")),
        "slowdown": _spread(figures.slowdown, ("mean", "p50", "p95", "max")),
        "time_split_s": dict(figures.time_split_s),
        "why": [asdict(cause) for cause in causes(records, figures)] if why and figures.finished else None,
        "links": [_link(row) for row in figures.links],
    }
    if figures.rollout is not None or figures.disk is not None:
        case |= sections(figures) | (row_sections(records, figures) if rows else {})
    if records.background.kind:
        from rolloutsim.results.load.background import background_rows  # few scenarios have any

        case["background"] = background_rows(records)
    if detail == "full":
        case["links"] += [_link(row) for row in private_links(records)]
    if rows:
        case["nodes"] = list(plain_rows(node_columns(records)))
        case["pulls"] = _pulls(records, with_layers=detail != "nodes")
    return case


def _spread(spread: Spread | None, keys: Iterable[str]) -> dict[str, float] | None:
    return None if spread is None else {key: getattr(spread, key) for key in keys}


def _link(row: LinkSummary) -> dict[str, Any]:
    link: dict[str, Any] = {
        "link": row.link,
        "capacity_bytes_per_s": number(row.capacity_bytes_per_s),
        "bytes": number(row.bytes),
        "utilisation": row.utilisation,
        "saturated_s": row.saturated_s,
        "peak_flows": number(row.peak_flows),
    }
    if row.nodes is not None and row.max is not None:
        link["nodes"] = row.nodes
        link["max"] = {
            "bytes": number(row.max.bytes),
            "utilisation": row.max.utilisation,
            "saturated_s": row.max.saturated_s,
            "peak_flows": row.max.peak_flows,
        }
    return link


def _pulls(records: CaseRecords, with_layers: bool) -> list[dict[str, Any]]:
    columns = pull_columns(records)
    keys = ("node", "image", "asked_s", "pulled_s", *(key for key in ("failed_s", "reason") if key in columns))
    pulls = list(plain_rows({key: columns[key] for key in keys}))
    if with_layers:
        for pull in pulls:
            pull["layers"] = []
        for number, layers in groupby(plain_rows(layer_columns(records)), key=lambda row: row.pop("pull")):
            pulls[number]["layers"] = list(layers)
    return pulls
