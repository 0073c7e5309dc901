"""A run as JSON: the contract `rolloutsim.run/1` with programs that read results.

New keys are a minor change, anything else a major one. Times are seconds since the rollout's start, sizes
bytes; what never happened is null, and so are statistics over pulls of which one did not finish. The same run
gives the same bytes.

Parts that only cases with workloads, kubelets, faults, pushes or prices have are listed in
`rolloutsim.results.sections`; `background` is there where the scenario has one. A case's `why` holds the causes of its
rollout time, the largest first: `seconds` and `share` on the path of its last pod, where they add up to the rollout
time, and `over_all_s` summed over all pods. `what_if` holds the changes that were tried on the slowest case, the
largest gain first, each with the `set` that makes it; it is missing if none was tried.

A case's `links` holds every shared link, and for each node group one row for each kind of its private links
(`web.nic.in`): means over its `nodes`, the largest values in `max`.

With several `replications` every number of a case is the mean of theirs (a percentile: their median);
`rollout_time_ci_s` is the 95 % interval of the rollout time, and `ci` holds those of all other numbers by the same keys
(rows of a list by their names), without the few that have none; see `rolloutsim.results.facts.intervals`. A checked
threshold has its own `ci`. Rows of nodes and pulls are those of the first replication.

`detail` says how much there is:

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

from rolloutsim.results.causes import causes
from rolloutsim.results.columns import layer_columns, node_columns, pull_columns
from rolloutsim.results.load.links import LinkSummary, private_links
from rolloutsim.results.metrics import CaseSummary, RunSummary, summarise
from rolloutsim.results.numbers import number as number
from rolloutsim.results.numbers import plain_rows
from rolloutsim.results.thresholds import ThresholdResult, check

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Spread
    from rolloutsim.results.facts.records import CaseRecords, Run

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
    return to_text(to_dict(run, detail, summary))


def to_text(document: Mapping[str, Any]) -> str:
    """The text of nested dicts and lists."""
    return "".join(_lines(document, 0)) + "\n"


def to_dict(
    run: Run,
    detail: Detail | None = None,
    summary: RunSummary | None = None,
    results: Sequence[ThresholdResult] | None = None,
) -> dict[str, Any]:
    """A run as the contract's nested dicts and lists; parameters as for `to_json`, and its checked thresholds."""
    summary = summarise(run) if summary is None else summary
    results = check(run, summary) if results is None else results
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


def case_figures(
    records: CaseRecords, figures: CaseSummary, results: Sequence[ThresholdResult] = (), why: bool = True
) -> dict[str, Any]:
    """A case's object at detail `summary`, with thresholds as they were checked; `why` can be left out."""
    return _case(records, figures, results, "summary", why)


def _left_out(run: Run, detail: Detail | None) -> Iterator[str]:
    nodes = max((len(case.node_names) for case in run.cases), default=0)
    if detail is None and nodes > _MANY_NODES:
        yield (
            f"nodes and pulls are left out, since there are more than {_MANY_NODES:,} nodes; "
            "--detail nodes or --detail full shows them"
        )


def _case(
    records: CaseRecords,
    figures: CaseSummary,
    results: Sequence[ThresholdResult],
    detail: Detail | None,
    why: bool = True,
) -> dict[str, Any]:
    rows = detail in ("nodes", "full") or (detail is None and figures.nodes <= _MANY_NODES)
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
        from rolloutsim.results.sections import row_sections, sections  # bare pulls do without

        case |= sections(figures) | (row_sections(records, figures) if rows else {})
    if records.background.kind:
        from rolloutsim.results.load.background import background_rows  # as above

        case["background"] = background_rows(records)
    if detail == "full":
        case["links"] += [_link(row) for row in private_links(records)]
    if rows:
        case["nodes"] = list(plain_rows(node_columns(records)))
        case["pulls"] = _pulls(records, with_layers=detail != "nodes")
    case["thresholds"] = [
        {
            "metric": result.metric,
            "check": result.check,
            "value": result.value,
            "passed": result.passed,
            "severity": result.severity,
        }
        | ({} if result.ci is None else {"ci": list(result.ci)})
        for result in results
        if result.case == figures.case
    ]
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
