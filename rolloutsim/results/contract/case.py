"""The object of a case in the JSON contract, which `rolloutsim.results.document` describes.

Some parts only some cases have; what is empty is left out. With several node groups: `groups`, when the last pod on the
nodes of each was ready. Where nodes ask others than registries: `bytes_by_source`, `hit_ratio`, `byte_hit_ratio`,
`upstream_copies`, `servers` (with `copied`, of mirrors to which images are copied) and `image_copies`, see
`rolloutsim.results.load.supply`. Where swarms handed over bytes: `rollout_time_model_range_s`, within which the rollout
time is if their model errs by no more than `error`. With pre-pulls: `prepulls`, and `prepull_links`, what shared links
carried before the rollout. With lazy images: `lazy`, and of each pull `ready_s` and `last_byte_s`. With workloads,
kubelets, faults or pushes: `workloads`, `registries`, `push`, `faults`, `conditions`, `unfinished_pods`,
`failed_pulls`, `failed_pull_reasons`, `bytes_again`, and `disk`, which prices bring as well; with rows for nodes also
`pods` and `ready_replicas`. The latter hold one row a change of a workload's ready pods, of more than 1,000 changes
every so many-th and the one at which the fewest pods were ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rolloutsim.results.contract.columns import Columns, layer_columns, node_columns, pod_columns, pull_columns
from rolloutsim.results.load.links import LinkSummary, private_links
from rolloutsim.results.metrics import CaseSummary
from rolloutsim.results.numerals import number
from rolloutsim.results.why.critical import causes

if TYPE_CHECKING:
    from rolloutsim.results.facts.intervals import Spread
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.load.supply import SupplySummary

Detail = Literal["summary", "nodes", "full"]

# Above this many nodes rows for each of them are written only on demand (assumed: a file of some MB).
MANY_NODES = 1000

_MOST_CHANGES = 1000  # rows of `ready_replicas` for each workload (assumed: as many as a figure can show)


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
        "why": _plain(causes(records, figures)) if why and figures.finished else None,
        "links": [_link(row) for row in figures.links],
    }
    if figures.groups:
        case["groups"] = _plain(figures.groups)
    if figures.model_range is not None:
        one = figures.model_range
        case["rollout_time_model_range_s"] = {"error": one.error, "least": one.least, "most": one.most}
    if figures.supply is not None:
        case |= _supply(figures.supply)
    if figures.prepulls:
        case["prepulls"] = _plain(figures.prepulls)
        case["prepull_links"] = [_link(row) for row in figures.prepull_links]
    if figures.lazy is not None:
        lazy = figures.lazy
        case["lazy"] = _plain(replace(lazy, read_time_s=None)) | {
            "read_time_s": _spread(lazy.read_time_s, ("mean", "p50", "p95", "max"))
        }
    if figures.volumes is not None:
        case["volumes"] = _plain(replace(figures.volumes, read_time_s=None)) | {
            "read_time_s": _spread(figures.volumes.read_time_s, ("mean", "p50", "p95", "max"))
        }
    if figures.rollout is not None or figures.disk is not None:
        case |= _sections(figures) | (_row_sections(records, figures) if rows else {})
    if records.background.kind:
        from rolloutsim.results.load.background import background_rows  # few scenarios have any

        case["background"] = background_rows(records)
    if detail == "full":
        case["links"] += [_link(row) for row in private_links(records)]
    if rows:
        case["nodes"] = list(_rows(node_columns(records)))
        case["pulls"] = _pulls(records, with_layers=detail != "nodes")
    return case


def _spread(spread: Spread | None, keys: Iterable[str]) -> dict[str, float] | None:
    return None if spread is None else {key: getattr(spread, key) for key in keys}


def _link(row: LinkSummary) -> dict[str, Any]:
    left_out = ("kind", "family") if row.max is not None else ("kind", "nodes", "max", "family")
    return {key: value for key, value in _plain(row).items() if key not in left_out}


def _pulls(records: CaseRecords, with_layers: bool) -> list[dict[str, Any]]:
    columns = pull_columns(records)
    keys = (
        "node",
        "image",
        "asked_s",
        "pulled_s",
        *(("ready_s", "last_byte_s") if "last_byte_s" in columns else ()),
        *(key for key in ("failed_s", "reason", "recheck") if key in columns),
    )
    pulls = list(_rows({key: columns[key] for key in keys}))
    if with_layers:
        for pull in pulls:
            pull["layers"] = []
        for number, layers in groupby(_rows(layer_columns(records)), key=lambda row: row.pop("pull")):
            pulls[number]["layers"] = list(layers)
    return pulls


def _sections(figures: CaseSummary) -> dict[str, Any]:
    """The parts that belong to the figures of a case."""
    found: dict[str, Any] = {}
    rollout = figures.rollout
    if rollout is not None:
        for key in ("workloads", "registries", "push", "faults", "conditions", "unfinished_pods"):
            if rows := getattr(rollout, key):
                found[key] = [_plain(row) for row in rows]
        found["failed_pulls"] = rollout.failed_pulls
        if rollout.failed_pull_reasons:
            found["failed_pull_reasons"] = dict(rollout.failed_pull_reasons)
        found["bytes_again"] = number(rollout.bytes_again)
    if figures.disk is not None:
        found["disk"] = _plain(figures.disk)
        del found["disk"]["nodes"]
        if figures.disk.pressure is None:
            del found["disk"]["pressure"]
    return found


def _supply(supply: SupplySummary) -> dict[str, Any]:
    """Where the bytes came from, a row a server; what only caches and peers have is missing in the rows of others."""
    found = {key: value for key, value in _plain(supply).items() if key != "images"}
    found["bytes_by_source"] = {kind: number(size) for kind, size in supply.bytes_by_source.items()}
    for row in found["servers"]:
        for part in ("cache", "uploads", "seeding"):
            row |= row.pop(part) or {}
        if row["copied"] is None:
            del row["copied"]
    return found | {"image_copies": _plain(supply.images)}


def _row_sections(records: CaseRecords, figures: CaseSummary) -> dict[str, Any]:
    """The parts with a row for each pod, for each change, and for each node's disk."""
    found: dict[str, Any] = {}
    if records.bare:
        return found
    found["pods"] = list(_rows(pod_columns(records)))
    if figures.rollout is not None and figures.rollout.workloads:
        found["ready_replicas"] = list(_changes(records))
    if figures.disk is not None and figures.disk.nodes:
        found["node_disks"] = [_plain(node) for node in figures.disk.nodes]
    return found


def _changes(records: CaseRecords) -> Iterator[dict[str, Any]]:
    from rolloutsim.results.pods.replicas import each_ready_replicas  # bare pulls do without

    for workload, (times, old, new) in each_ready_replicas(records):
        kept = np.arange(len(times))
        if len(times) > _MOST_CHANGES:
            kept = np.linspace(0, len(times) - 1, _MOST_CHANGES - 1).astype(np.int64)
            kept = np.union1d(kept, [int((old + new).argmin())])
        for row in kept.tolist():
            yield {"workload": workload, "time_s": float(times[row]), "old": int(old[row]), "new": int(new[row])}


def _plain(value: Any, key: str = "") -> Any:
    """Nested figures with whole bytes and flows, and without mappings that are empty."""
    if isinstance(value, float):
        return number(value) if "bytes" in key or key == "peak_flows" else value
    if value is None or isinstance(value, (str, int)):
        return value
    if names := getattr(value, "__dataclass_fields__", None):  # `fields` takes longer than the rest
        value = {name: getattr(value, name) for name in names}
    if isinstance(value, Mapping):
        return {name: _plain(item, name) for name, item in value.items() if item != {}}
    return [_plain(item) for item in value] if isinstance(value, Sequence) else value


def _rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns as rows of plain values."""
    plain = [values.tolist() if isinstance(values, np.ndarray) else values for values in columns.values()]
    for values in zip(*plain, strict=True):
        yield {
            key: number(value) if key == "bytes" else None if value != value else value
            for key, value in zip(columns, values, strict=True)
        }
