"""A run as JSON: the contract `rolloutsim.run/1` with programs that read results.

New keys are a minor change, anything else a major one. Times are seconds since the rollout's start, sizes
bytes; what never happened is null, and so are statistics over pulls of which one did not finish. The same run
gives the same bytes.

A case's `links` holds every shared link, and for each node group one row for each kind of its private links
(`web.nic.in`): means over its `nodes`, the largest values in `max`. `detail` says how much there is:

=========  ==========================================================================================
detail     besides the figures of each case
=========  ==========================================================================================
summary    nothing
nodes      `nodes`, and `pulls` without their layers
full       `nodes`, `pulls` with their layers, and a row in `links` for each private link
(default)  as full without the private links up to 1,000 nodes, above that as summary
=========  ==========================================================================================
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rolloutsim.results.columns import Columns, layer_columns, node_columns, pull_columns
from rolloutsim.results.links import LinkSummary, private_links
from rolloutsim.results.metrics import CaseSummary, RunSummary, summarise
from rolloutsim.results.thresholds import ThresholdResult, check

if TYPE_CHECKING:
    from rolloutsim.results.records import CaseRecords, Run
    from rolloutsim.results.statistics import Spread

SCHEMA = "rolloutsim.run/1"
Detail = Literal["summary", "nodes", "full"]

# Above this many nodes rows for each of them are written only on demand (assumed: a file of some MB).
_MANY_NODES = 1000

# What JSON lets stand in a string but could steer a terminal.
_CONTROLS = re.compile("[\x7f-\x9f]")


def to_json(run: Run, detail: Detail | None = None, summary: RunSummary | None = None) -> str:
    """A run as the JSON text of the contract, ending in a line feed.

    Parameters
    ----------
    run : Run
        What happened.
    detail : str, optional
        `summary`, `nodes` or `full`; see the module for the default.
    summary : RunSummary, optional
        The run's, where the caller has it already.
    """
    return "".join(_lines(to_dict(run, detail, summary), 0)) + "\n"


def to_dict(run: Run, detail: Detail | None = None, summary: RunSummary | None = None) -> dict[str, Any]:
    """A run as the contract's nested dicts and lists; parameters as for `to_json`."""
    summary = summarise(run) if summary is None else summary
    results = check(run, summary)
    scenario = run.scenario
    return {
        "schema": SCHEMA,
        "version": run.provenance.get("rolloutsim"),
        "scenario": {"name": scenario.name, "sha256": scenario.sha256},
        "model": scenario.model,
        "seed": run.seed,
        "replications": 1,
        "notes": [*scenario.notes, *_left_out(run, detail)],
        "cases": [_case(case, summary.cases[case.name], results, detail) for case in run.cases],
    }


def _left_out(run: Run, detail: Detail | None) -> Iterator[str]:
    nodes = max((len(case.node_names) for case in run.cases), default=0)
    if detail is None and nodes > _MANY_NODES:
        yield (
            f"nodes and pulls are left out, since there are more than {_MANY_NODES:,} nodes; "
            "--detail nodes or --detail full shows them"
        )


def _case(
    records: CaseRecords, figures: CaseSummary, results: Sequence[ThresholdResult], detail: Detail | None
) -> dict[str, Any]:
    rows = detail in ("nodes", "full") or (detail is None and figures.nodes <= _MANY_NODES)
    case: dict[str, Any] = {
        "case": figures.case,
        "finished": figures.finished,
        "stuck": list(figures.stuck),
        "rollout_time_s": figures.rollout_time_s,
        "alone_time_s": figures.alone_time_s,
        "bytes_on_wire": _number(figures.bytes_on_wire),
        "pull_time_s": _spread(figures.pull_time_s, ("mean", "p50", "p95", "p99", "max")),
        "slowdown": _spread(figures.slowdown, ("mean", "p50", "p95", "max")),
        "time_split_s": dict(figures.time_split_s),
        "links": [_link(row) for row in figures.links],
    }
    if detail == "full":
        case["links"] += [_link(row) for row in private_links(records)]
    if rows:
        case["nodes"] = list(_rows(node_columns(records)))
        case["pulls"] = _pulls(records, with_layers=detail != "nodes")
    case["thresholds"] = [
        {
            "metric": result.metric,
            "check": result.check,
            "value": result.value,
            "passed": result.passed,
            "severity": result.severity,
        }
        for result in results
        if result.case == figures.case
    ]
    return case


def _spread(spread: Spread | None, keys: Iterable[str]) -> dict[str, float] | None:
    return None if spread is None else {key: getattr(spread, key) for key in keys}


def _link(row: LinkSummary) -> dict[str, Any]:
    link: dict[str, Any] = {
        "link": row.link,
        "capacity_bytes_per_s": _number(row.capacity_bytes_per_s),
        "bytes": _number(row.bytes),
        "utilisation": row.utilisation,
        "saturated_s": row.saturated_s,
        "peak_flows": _number(row.peak_flows),
    }
    if row.nodes is not None and row.max is not None:
        link["nodes"] = row.nodes
        link["max"] = asdict(row.max) | {"bytes": _number(row.max.bytes)}
    return link


def _pulls(records: CaseRecords, with_layers: bool) -> list[dict[str, Any]]:
    columns = pull_columns(records)
    pulls = list(_rows({key: columns[key] for key in ("node", "image", "asked_s", "pulled_s")}))
    if with_layers:
        for pull in pulls:
            pull["layers"] = []
        for number, layers in groupby(_rows(layer_columns(records)), key=lambda row: row.pop("pull")):
            pulls[number]["layers"] = list(layers)
    return pulls


def _rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns as rows of plain values."""
    plain = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()]
    for values in zip(*plain, strict=True):
        yield {
            key: _number(value) if key == "bytes" else None if value != value else value
            for key, value in zip(columns, values, strict=True)
        }


def _number(value: float | None) -> float | None:
    """Whole bytes and flows without a decimal point."""
    return int(value) if value is not None and float(value).is_integer() and abs(value) < 2**53 else value


def _lines(value: Any, depth: int) -> Iterator[str]:
    """JSON with a line for each key of the run and its cases, and for each row of their lists."""
    inner, outer = " " * (depth + 1), " " * depth
    if isinstance(value, Mapping) and depth in (0, 2) and value:
        yield "{\n"
        for i, (key, item) in enumerate(value.items()):
            yield f"{inner}{json.dumps(key)}: "
            yield from _lines(item, depth + 1)
            yield ",\n" if i + 1 < len(value) else "\n"
        yield f"{outer}}}"
    elif isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield "[\n"
        for i, item in enumerate(value):
            yield inner
            yield from _lines(item, depth + 1)
            yield ",\n" if i + 1 < len(value) else "\n"
        yield f"{outer}]"
    else:
        yield _CONTROLS.sub(_escaped, json.dumps(value, ensure_ascii=False, allow_nan=False))


def _escaped(control: re.Match[str]) -> str:
    return f"\\u{ord(control[0]):04x}"
