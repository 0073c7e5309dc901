"""Whether what was read of a file can be records: columns that belong together, numbers that lead somewhere.

Types are known already (`store`); here is what one value has to do with another. Whoever looks at records afterwards
need not ask. What a column means says its record (`facts`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from rolloutsim.errors import ScenarioError, UnreadableError
from rolloutsim.results.archive import json_value, shown
from rolloutsim.results.combine import row_name
from rolloutsim.results.facts import records as r
from rolloutsim.results.facts import supplied as s
from rolloutsim.results.outcome import Replication
from rolloutsim.results.parts import PartColumns
from rolloutsim.scenario.answers import ANSWERS
from rolloutsim.scenario.causes import CAUSES, STEPS
from rolloutsim.scenario.chance import PURPOSES
from rolloutsim.scenario.loading import Draft
from rolloutsim.scenario.model import MOST_NODES
from rolloutsim.scenario.places import Places
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.routes import outlets

LARGEST = 1e30  # of any number in a result (assumed: no unit goes beyond 1e18, and few numbers are multiplied)
SMALLEST = 1e-100  # of any other than 0 in a column (assumed: what is divided by it can still be reckoned with)
_MATRIX = 3  # columns of readings

# Columns of indices: what they point into; with a "?" behind it, -1 points nowhere.
_INDICES: Mapping[type[Any], Mapping[str, str]] = {
    r.Pulls: {"node": "nodes", "image": "images", "reason": "reasons?"},
    r.Fetches: {"pull": "pulls", "layer": "layers", "freed_by": "fetches?", "cause": "causes?", "source": "sources?"},
    r.Unpacks: {"fetch": "fetches", "cause": "causes?"},
    r.Waits: {"pull": "pulls", "layer": "layers", "fetch": "fetches?"},
    r.Spent: {"cause": "causes"},
    r.Reads: {"pull": "pulls"},
    r.VolumeReads: {"node": "nodes"},
    r.Pods: {"pull": "pulls?", "workload": "workloads?", "node": "nodes?", "reason": "reasons?"},
    r.PrivateLinks: {"node": "nodes"},
    r.Steps: {"pod": "pods", "cause": "steps", "pull": "pulls?"},
    r.OldPods: {"workload": "workloads", "node": "nodes"},
    r.ReplicaChanges: {"workload": "workloads"},
    r.Refusals: {"source": "sources?", "unanswered": "fetches"},
    r.Lost: {"host": "sources?"},
    r.PushRecords: {"push": "pushes"},
    r.PrepullRecords: {"prepull": "prepulls", "image": "prepulled", "node": "nodes"},
    r.DiskRecords: {"node": "nodes"},
    r.PressureRecords: {"node": "nodes"},
    s.Fills: {"cache": "sources", "upstream": "sources", "layer": "layers"},
    s.Waited: {"cause": "causes"},
    s.CacheRecords: {"source": "sources"},
    s.CacheRequests: {"cache": "sources", "upstream": "sources", "what": "asked for"},
    s.Uploads: {"fetch": "fetches", "source": "sources", "node": "nodes"},
    s.Outlets: {"server": "sources", "origin": "sources?"},
    s.HostRequests: {"pull": "pulls", "source": "sources"},
    s.Parts: {"fetch": "fetches", "source": "sources"},
    s.CopyRecords: {"mirror": "sources", "image": "images"},
    PartColumns: {
        "pull_node": "nodes", "pull_image": "images", "pull_workload": "workloads?", "pod_node": "nodes",
        "pod_workload": "workloads?", "pod_image": "images?", "disk_node": "nodes",
    },
}  # fmt: skip

# Of others than indices, the whole numbers that may be negative: from, to.
_WHOLE: Mapping[type[Any], Mapping[str, tuple[int, int]]] = {
    r.Steps: {"trigger": (-1, 2**31)},  # see below
    r.OldPods: {"trigger": (-1, 2**31)},
    r.ReplicaChanges: {"old": (-1, 1), "new": (-1, 1)},
    r.Refusals: {"status": (-3, 999)},
}

# What may be unknown, or never happened: NaN.
_UNKNOWN: Mapping[type[Any], Collection[str]] = {
    r.Pulls: {"resolved", "pulled", "alone", "failed"},
    r.Fetches: {"granted", "connected", "started", "fetched", "committed"},
    r.Unpacks: {"unpacked"},
    r.Reads: {"started", "read", "begun", "complete"},
    r.VolumeReads: {"read", "initialised"},
    r.Pods: {"started", "ready", "asked", "available", "deleted"},
    r.BackgroundRecords: {
        "started", "finished", "before", "after", "latency_before", "latency_after", "pushed", "latency",
        "latency_pushed",
    },
    r.Steps: {"ended"},
    r.OldPods: {"deleted", "gone", "decided"},
    r.PushRecords: {"started", "finished"},
    r.PrepullRecords: {"asked", "pulled", "over", "rate", "latency"},
    r.PressureRecords: {"pressed"},
    r.FaultRecords: {"ended"},
    s.Fills: {"started", "ended"},
    s.CopyRecords: {"began", "complete"},
    PartColumns: {"pull_time", "alone", "ready", "kept"},
}  # fmt: skip

# What may never be answered, or have no bound: inf.
_ENDLESS: Mapping[type[Any], Collection[str]] = {
    r.BackgroundRecords: {"latency_before", "latency_after", "latency", "latency_pushed"},
    r.PrepullRecords: {"latency"},
}

# Times before the rollout are negative; and layers that take cores longer than others do spare less than nothing.
_NEGATIVE: Mapping[type[Any], Collection[str]] = {
    r.PrepullRecords: {"asked", "pulled", "over", "began", "ended"},
    r.PrivateLinks: {"spared"},
}

# Readings: rows of three, the first of which points into something.
_READINGS: Mapping[type[Any], Mapping[str, str]] = {
    r.SharedLinks: {"intervals": "own"},
    r.BackgroundRecords: {"bandwidth": "applications", "latency": "applications", "latency_pushed": "applications"},
    r.PrepullRecords: {"latency": "applications"},
}

# Columns that have a length of their own, or that of nothing where they are not known.
_APART: Mapping[type[Any], Collection[str]] = {
    r.Refusals: {"unanswered"},
    r.PrepullRecords: {"images", "rate"},
}
_MAY_BE_EMPTY: Mapping[type[Any], Collection[str]] = {
    r.Pulls: {"present"},
    r.Lost: {"host"},
    r.OldPods: {"decided", "trigger"},
    r.BackgroundRecords: {
        "kind", "lost", "before", "after", "latency_before", "latency_after", "unknown", "pushed",
    },
}  # fmt: skip
_ROWS_OF: Mapping[type[Any], tuple[Collection[str], ...]] = {
    PartColumns: (
        {
            "pull_node", "pull_image", "pull_workload", "pull_time", "alone", "bytes", "again", "is_failed", "brings",
            "counts",
        },
        {"pod_node", "pod_workload", "pod_image", "ready"},
        {"disk_node", "peak", "collected"},
    ),
}  # fmt: skip


def check_scenario(run: r.Run) -> None:
    """Whether the names in a scenario lead somewhere, and its cases are those that were simulated.

    Raises
    ------
    UnreadableError
        If not; the message says where.
    """
    scenario, path = run.scenario, "run/scenario"
    check_document(scenario.document, f"{path}/document")
    _check_numbers(scenario, path)
    names = [group.name for group in scenario.groups]
    _distinct(names, f"{path}/groups")
    count = sum(group.count for group in scenario.groups)
    _require(1 <= count <= MOST_NODES, f"{path}/groups", f"{count:,} nodes; there are 1 to {MOST_NODES:,}")
    for name, wanted, known, what in _references(scenario):
        for one in wanted:
            _require(one in known, f"{path}/{name}", f"'{shown(one)}' is none of its {what}")
    for name, server in scenario.servers.items():
        _require(server.name == name, f"{path}/{name}", f"it is called '{shown(server.name)}' there")
        seen = {name}
        while server.caching is not None:
            server = scenario.server(server.caching.upstream)
            _require(server.name not in seen, f"{path}/caches", f"'{shown(name)}' asks itself in the end")
            seen.add(server.name)
    for name, image in scenario.images.items():
        _require(image.name == name, f"{path}/images/{name}", f"it is called '{shown(image.name)}' there")
    cases = [case.name for case in run.cases]
    _require(bool(cases), "run/cases", "there is none")
    _distinct(cases, "run/cases")
    for name in cases:
        _require(
            name in {one.name for one in scenario.cases}, "run/cases", f"'{shown(name)}' is no case of the scenario"
        )


def check_document(text: str, path: str) -> None:
    """Whether the file that a scenario was resolved from is one: changes to it are tried, and what it says is shown."""
    if text:
        document = json_value(text)
        _require(isinstance(document, dict), path, "it is no object")
        try:
            Draft(document, Places("<scenario>")).document([])
        except ScenarioError as error:
            raise UnreadableError(f"{path}: it is no valid scenario: {shown(error.diagnostics[0].message)}") from None


def _references(scenario: ResolvedScenario) -> Iterator[tuple[str, Iterable[str], Collection[str], str]]:
    """The names in a scenario: where they are, which, where they are declared, and what these are called."""
    groups = {group.name for group in scenario.groups}
    workloads = {one.name for case in scenario.cases for one in case.workloads}
    servers = scenario.servers
    # Of a cache in each rack a node asks that in its own, by the name of all of them.
    hosts = {*servers, *scenario.peers, *(server.called for server in servers.values())}
    links, images = scenario.links, scenario.images
    yield "links", (one.name for one in links.values()), links, "links"
    yield "peers", (one.name for one in scenario.peers.values()), scenario.peers, "peers"
    yield "images", (image.registry for image in images.values()), scenario.registries, "registries"
    for group in scenario.groups:
        path = f"groups/{group.name}"
        near = [end for rack in group.racks for end in (f"{rack}.down",)]
        yield path, (*group.via, *near), links, "links"
        yield path, group.hosts, hosts, "hosts"
        yield path, group.cached, images, "images"
    for server in servers.values():
        path = f"registries/{server.name}"
        yield path, (*server.path, *server.inbound), links, "links"
        if not links.keys().isdisjoint(server.replicas):  # else they have no limit
            yield path, server.replicas, links, "links"
        if server.redirect is not None:
            yield path, server.redirect.path, links, "links"
        for taking in (server.caching, server.copied):
            if taking is not None:
                yield path, taking.into, links, "links"
        if server.caching is not None:
            yield path, (server.caching.upstream,), servers, "registries, mirrors and caches"
        if server.copied is not None:
            yield path, server.copied.images, images, "images"
        if server.rack is not None:
            yield path, (f"{server.rack}.up", f"{server.rack}.down"), links, "links"
        yield path, server.mirrors, servers, "registries"
        yield path, server.holds or (), images, "images"
    for case in scenario.cases:
        path = f"cases/{case.name}"
        yield path, case.pulls, groups, "groups"
        yield path, (pull.image for pulls in case.pulls.values() for pull in pulls), images, "images"
        for workload in case.workloads:
            yield path, workload.images, images, "images"
            yield path, workload.groups, groups, "groups"
            yield path, workload.after, workloads, "workloads"
    for push in scenario.pushes:
        yield f"pushes/{push.name}", (push.link, *push.via), links, "links"
        yield f"pushes/{push.name}", (*push.images, *push.held), images, "images"
    for prepull in scenario.prepulls:
        yield f"prepulls/{prepull.name}", prepull.images, images, "images"
        yield f"prepulls/{prepull.name}", prepull.groups, groups, "groups"
        yield f"prepulls/{prepull.name}", () if prepull.link is None else (prepull.link,), links, "links"


def check_sources(case: r.CaseRecords) -> None:
    """Whether what the sources of an old file's fetches follow from leads somewhere; raises as `check_scenario`."""
    path = f"run/cases/{case.name}"
    _check_index(case.pulls.image, len(case.images), False, f"{path}/pulls/image", "images")
    _check_index(case.fetches.pull, len(case.pulls.image), False, f"{path}/fetches/pull", "pulls")
    _require(len(case.fetches.started) == len(case.fetches.pull), f"{path}/fetches", "its columns have several lengths")


def check_records(run: r.Run) -> None:
    """Whether the records of all cases belong together; raises as `check_scenario`."""
    for case in run.cases:
        _check_case(run, case, f"run/cases/{case.name}")


def check_replications(run: r.Run, replications: Sequence[Replication], path: str) -> None:
    """Whether the figures of replications are all of a run's cases; raises as `check_scenario`."""
    kinds: dict[tuple[str, ...], type[Any]] = {}
    for number, one in enumerate(replications):
        here = f"{path}/{number}"
        names = {case.name for case in run.cases}
        for what, found in (("summary", one.summary.cases), ("cases", one.cases), ("ready", one.ready)):
            _require(set(found) == names, f"{here}/{what}", "its cases are not those of the run")
        _check_kinds(one.cases, (), kinds, f"{here}/cases")
        _require(not one.parts or set(one.parts) == names, f"{here}/parts", "its cases are not those of the run")
        for case in run.cases:
            _check_floats(one.ready[case.name], f"{here}/ready", negative=False, unknown=False, endless=False)
            if one.parts:
                _check_record(one.parts[case.name], _sizes(run, case), f"{here}/parts")
        measured = [(each.threshold, each.case) for each in one.measured]
        first = [(each.threshold, each.case) for each in replications[0].measured]
        _require(measured == first, f"{here}/measured", "its thresholds are not those of the first")
        _require({case for _, case in measured} <= names, f"{here}/measured", "its cases are not those of the run")


def _check_kinds(value: Any, path: tuple[str, ...], kinds: dict[tuple[str, ...], type[Any]], where: str) -> None:
    """Whether what replications say at one place is of one kind, so that means can be taken; rows go by their names."""
    if value is None:
        return
    kind = float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)
    _require(
        kinds.setdefault(path, kind) is kind, where, f"'{shown('/'.join(path))}' is not of one kind in all of them"
    )
    if kind is float:
        _require(abs(value) <= LARGEST, where, f"'{shown('/'.join(path))}' is {value}, which no number can be")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _check_kinds(inner, (*path, key), kinds, where)
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            _check_kinds(inner, (*path, row_name(inner) or str(number)), kinds, where)


def _sizes(run: r.Run, case: r.CaseRecords) -> Mapping[str, int]:
    """How many there are of what indices point into."""
    scenario = run.scenario
    return {
        "nodes": len(case.node_names),
        "groups": len(scenario.groups),
        "images": len(case.images),
        "layers": len(case.layers),
        "causes": len(case.causes),
        "reasons": len(case.reasons),
        "sources": len(case.sources),
        "pulls": len(case.pulls.node),
        "fetches": len(case.fetches.pull),
        "unpacks": len(case.unpacks.fetch),
        "pods": len(case.pods.node),
        "workloads": len(case.orchestration.workloads),
        "pushes": len(scenario.pushes),
        "prepulls": len(scenario.prepulls),
        "prepulled": len(case.prepulls.images),
        "applications": len(case.background.name),
        "asked for": len(s.UPSTREAM),
        "steps": len(STEPS),
    }


def _check_case(run: r.Run, case: r.CaseRecords, path: str) -> None:
    scenario, sizes = run.scenario, _sizes(run, case)
    counts = [group.count for group in scenario.groups]
    groups = np.repeat(np.arange(len(counts)), counts)
    _require(np.array_equal(case.node_group, groups), f"{path}/node_group", "its nodes are not those of the groups")
    _require(len(case.node_names) == len(groups), f"{path}/node_names", "its nodes are not those of the groups")
    _distinct(case.node_names, f"{path}/node_names")
    _distinct([layer.digest for layer in case.layers], f"{path}/layers")
    _distinct([image.name for image in case.images], f"{path}/images")
    known_sources = tuple(one.name for one in outlets(scenario))
    _require(case.sources == known_sources, f"{path}/sources", "its sources are not those of the scenario")
    _distinct(case.shared_links.name, f"{path}/shared_links")
    known = {layer.digest: layer for layer in case.layers}
    for image in case.images:
        _require(image.name in scenario.images, f"{path}/images", f"'{shown(image.name)}' is none of the scenario's")
        _require(image.registry in scenario.registries, f"{path}/images", f"'{shown(image.registry)}' is no registry")
        _require(all(one.digest in known for one in image.layers), f"{path}/images", "a layer is none of the case's")
    links = set(case.shared_links.name)
    _require(links <= set(scenario.links), f"{path}/shared_links", "a link is none of the scenario's")
    for cause in case.causes:
        _require(cause in CAUSES or cause in links, f"{path}/causes", f"'{shown(cause)}' is neither a cause nor a link")
    purposes = {one.name for one in PURPOSES}
    for purpose in case.drawn:
        _require(purpose in purposes, f"{path}/drawn", f"'{shown(purpose)}' is nothing that is random")
    for route in case.routes:
        place = f"{path}/routes"
        _require(0 <= route.source < sizes["sources"], place, "a source is none of the case's")
        _require(0 <= route.group < sizes["groups"], place, "a group is none of the scenario's")
        _require(bool(route.paths), place, "a way has no links")
        _require(all(links.issuperset(way) for way in route.paths), place, "a link is none of the case's")
    _check_numbers(case, path)
    for name, record in _records(case, path):
        _check_record(record, sizes, name)
    _check_outlets(case, path)
    _check_activities(case, path)
    _check_layers(case, path)
    _check_requests(case, path)
    capacity = case.orchestration.disks.capacity
    _require(bool(np.all(capacity > 0.0)), f"{path}/orchestration/disks", "a disk has no capacity")


def _records(holder: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The records with columns in others, with their paths."""
    for each in fields(holder):
        value = getattr(holder, each.name)
        name = f"{path}/{each.name}"
        several = value if isinstance(value, tuple) else (value,)
        for one in several:
            if is_dataclass(one) and _has_columns(type(one)):
                yield name, one
                yield from _records(one, name)


def _has_columns(record: type[Any]) -> bool:
    return record.__module__ in (r.__name__, s.__name__)


def _check_record(record: Any, sizes: Mapping[str, int], path: str) -> None:
    """Whether the columns of a record are of one length, and their numbers in their ranges."""
    kind = type(record)
    indices, readings = _INDICES.get(kind, {}), _READINGS.get(kind, {})
    apart, may_be_empty = _APART.get(kind, ()), _MAY_BE_EMPTY.get(kind, ())
    lengths: dict[str, int] = {}
    for each in fields(record):
        name, column = each.name, getattr(record, each.name)
        here = f"{path}/{name}"
        if isinstance(column, tuple):
            if name not in apart and not (name in may_be_empty and not column) and kind is not r.Orchestration:
                lengths[name] = len(column)
            continue
        if not isinstance(column, np.ndarray):
            continue
        if name in readings:
            _check_readings(record, column, sizes, here, readings[name], name)
            continue
        _require(column.ndim == 1, here, "it has two dimensions")
        if name not in apart and not (name in may_be_empty and not len(column)):
            lengths[name] = len(column)
        if name in indices:
            what = indices[name].removesuffix("?")
            _check_index(column, sizes[what], indices[name].endswith("?"), here, what)
        elif column.dtype.kind == "i":
            least, most = _WHOLE.get(kind, {}).get(name, (0, np.iinfo(np.int64).max))
            within = not len(column) or (least <= column.min() and column.max() <= most)
            _require(
                within, here, f"a number is not between {least} and {most}" if most < 1000 else "a number is negative"
            )
        elif column.dtype.kind == "f":
            _check_floats(
                column, here, negative=name in _NEGATIVE.get(kind, ()), unknown=name in _UNKNOWN.get(kind, ()),
                endless=name in _ENDLESS.get(kind, ()),
            )  # fmt: skip
    for together in _ROWS_OF.get(kind, (lengths,)) if kind is not r.CaseRecords else ():
        found = {lengths[name] for name in together}
        _require(len(found) <= 1, path, f"its columns have several lengths: {', '.join(map(str, sorted(found)))}")


def _check_readings(record: Any, column: Any, sizes: Mapping[str, int], path: str, what: str, name: str) -> None:
    """Whether readings are rows of an index, a time and a value."""
    if column.ndim == 1 and not len(column):
        return
    _require(column.ndim == 2 and column.shape[1] == _MATRIX, path, "its rows are not of three numbers")
    most = len(record.name) if what == "own" else sizes[what]
    row = column[:, 0]
    _require(
        bool(np.all((row >= 0) & (row < most) & (row == np.floor(row)))), path, "a row is of nothing that is there"
    )
    _check_floats(column[:, 1], path, negative=False, unknown=False, endless=False)
    kind = type(record)
    _check_floats(
        column[:, 2], path, negative=False, unknown=name in _UNKNOWN.get(kind, ()),
        endless=name in _ENDLESS.get(kind, ()),
    )  # fmt: skip


def _check_outlets(case: r.CaseRecords, path: str) -> None:
    """Whether what sources pass on comes from somewhere in the end."""
    origin = case.supply.outlets.origin
    if not len(origin):
        return
    here = f"{path}/supply/outlets"
    _require(len(origin) == len(case.sources), here, "its rows are not those of the sources")
    before = origin
    for _ in range(len(origin)):
        if np.all(before < 0):
            return
        before = np.where(before < 0, -1, origin[before])
    raise UnreadableError(f"{shown(here)}: a source comes from itself in the end")


def _check_activities(case: r.CaseRecords, path: str) -> None:
    """Whether rows about one thing or another point into the right one."""
    fetches, pulls, unpacks = len(case.fetches.pull), len(case.pulls.node), len(case.unpacks.fetch)
    lost, waited, spent = case.orchestration.lost, case.supply.waited, case.spent
    old_pods = case.orchestration.old_pods
    pods, old = len(case.pods.node), len(old_pods.node)
    for name, activity, is_other, other, count in (
        ("spent", spent.activity, spent.is_unpack, unpacks, fetches),
        ("reads/spent", case.reads.spent.activity, np.zeros(len(case.reads.spent.activity), np.bool_), 0,
         len(case.reads.pull)),
        ("orchestration/lost", lost.activity, lost.is_fetch, fetches, pulls),
        ("supply/waited", waited.activity, waited.is_fetch, fetches, pulls),
    ):  # fmt: skip
        most = np.where(is_other, other, count)
        _require(
            bool(np.all((activity >= 0) & (activity < most))), f"{path}/{name}", "a row is of nothing that is there"
        )
    for name, trigger in (
        ("steps", case.orchestration.steps.trigger),
        ("old_pods", old_pods.trigger),
    ):
        most = np.where(trigger % 2 == 1, old, pods)
        within = (trigger == -1) | ((trigger >= 0) & (trigger // 2 < most))
        _require(bool(np.all(within)), f"{path}/orchestration/{name}/trigger", "a pod is none of the case's")
    here = f"{path}/orchestration/old_pods/decided"
    _require(len(old_pods.decided) == len(old_pods.trigger), here, "its rows are not those of 'trigger'")


def _check_layers(case: r.CaseRecords, path: str) -> None:
    """Whether the layers that pulls fetched, or waited for, are those of their images."""
    number = {layer.digest: place for place, layer in enumerate(case.layers)}
    has = np.zeros((len(case.images), len(case.layers)), np.bool_)
    for row, image in enumerate(case.images):
        has[row, [number[layer.digest] for layer in image.layers]] = True
    for name, rows in (("fetches", case.fetches), ("waits", case.waits)):
        found = has[case.pulls.image[rows.pull], rows.layer]
        _require(bool(np.all(found)), f"{path}/{name}", "a layer is none of its pull's image")


def _check_requests(case: r.CaseRecords, path: str) -> None:
    """Whether answers are those that there are, waits have their causes, and hosts were asked by pulls that asked."""
    status = np.unique(case.orchestration.refusals.status).tolist()
    _require(all(one in ANSWERS for one in status), f"{path}/orchestration/refusals", "a status is no answer")
    causes = np.unique(case.supply.waited.cause).tolist()
    _require(all(case.causes[one] in CAUSES for one in causes), f"{path}/supply/waited", "a cause is none of a source")
    asked = case.supply.asked
    sent = np.bincount(asked.pull, asked.count, len(case.pulls.requests))
    _require(bool(np.all(sent <= case.pulls.requests)), f"{path}/supply/asked", "a pull asked more often than it did")


def _check_index(column: Any, count: int, or_none: bool, path: str, what: str) -> None:
    """Whether all numbers of a column are of something that is there."""
    _require(column.ndim == 1, path, "it has two dimensions")
    if len(column):
        least, most = int(column.min()), int(column.max())
        _require((-1 if or_none else 0) <= least, path, f"{least} is no number of {what}")
        _require(most < count, path, f"{most} is no number of {what}, of which there are {count:,}")


def _check_floats(column: Any, path: str, *, negative: bool, unknown: bool, endless: bool) -> None:
    """Whether all numbers of a column are what they may be."""
    _require(column.ndim == 1, path, "it has two dimensions")
    known = column[~np.isnan(column)]
    _require(unknown or len(known) == len(column), path, "a number is NaN")
    if endless:
        known = known[~np.isposinf(known)]
    if len(known):
        least, most = float(known.min()), float(known.max())
        _require(least >= -LARGEST and most <= LARGEST, path, f"a number is beyond {LARGEST:g}")
        _require(negative or least >= 0.0, path, "a number is negative")
        nearly = (known != 0.0) & (np.abs(known) < SMALLEST)
        _require(not np.any(nearly), path, f"a number is nearer to 0 than {SMALLEST:g}")


# Numbers of scenarios and cases that are not columns, and may be negative or without a bound.
_MAY_BE_NEGATIVE = {"at", "began", "ended", "room", "value"}
_MAY_BE_ENDLESS = {"memory"}


def _check_numbers(value: Any, path: str, name: str = "") -> None:
    """Whether the numbers in dataclasses and what these hold are none that nobody can reckon with."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, np.ndarray)):
        return
    if isinstance(value, (int, float)):
        if value != value or abs(value) > LARGEST:
            if (name == "initialised" and value != value) or (name in _MAY_BE_ENDLESS and value == float("inf")):
                return
            raise UnreadableError(f"{shown(path)}: {value} is no number that it can have")
        _require(value >= 0 or name in _MAY_BE_NEGATIVE, path, f"{value} is negative")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _check_numbers(inner, f"{path}/{key}", name)
    elif isinstance(value, tuple):
        if not (value and isinstance(value[0], str)):
            for inner in value:
                _check_numbers(inner, path, name)
    else:
        for each in fields(value):
            _check_numbers(getattr(value, each.name), f"{path}/{each.name}", each.name)


def _distinct(names: Sequence[str], path: str) -> None:
    _require(len(set(names)) == len(names), path, "two have one name")


def _require(holds: bool, path: str, words: str) -> None:
    if not holds:
        raise UnreadableError(f"{shown(path)}: {words}")
