"""A case as Chrome trace events: every pull, layer and pod on a timeline that Perfetto opens.

======================  ===================================================================================
process                 its tracks
======================  ===================================================================================
`shared links`          a counter of each link's utilisation (estimated where it was not saturated, see
                        `rolloutsim.results.load.throughput`), and slices where it was saturated (exact)
`readiness`             counters: ready replicas of each workload, old and new; or ready nodes
`background`            what other applications got: bandwidth and latency, as counters
`events`                faults and pushes as slices, refused requests as instants
each node               pods, pulls, download slots, unpacks, waits for other pulls of the node, old pods that
                        terminate; failed pulls as instants; a counter of the layers that wait for a slot
======================  ===================================================================================

A download slot is a track, so that at most as many layers lie above each other as the runtime fetches at a time. The
records do not number the slots: a fetch is given the lowest one that is free.
"""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.time.phases import node_phases
from rolloutsim.results.trace.nodes import NodeSlices
from rolloutsim.results.trace.system import add_system
from rolloutsim.results.trace.tracks import Tracks

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Run

MOST_NODES = 200  # shown unless more are asked for (assumed: what a viewer still scrolls through)

Trace = Mapping[str, Any]


def trace(run: Run, case: CaseRecords, nodes: int = MOST_NODES) -> Trace:
    """A case in Chrome's trace event format, its JSON object form; `otherData` says what is shown and where it is from.

    At most `nodes` of them are shown; if there are more, those that were ready last, or never.
    """
    involved = node_phases(case).node
    shown = latest_nodes(case, nodes)
    tracks = Tracks()
    left_out = add_system(tracks, run.scenario, case)
    slices = NodeSlices(case)
    for node in shown:
        slices.add(tracks, node)
    about: dict[str, Any] = {
        "schema": "rolloutsim.trace/1",
        "rolloutsim": run.provenance.get("rolloutsim", ""),
        "scenario": run.scenario.name,
        "sha256": run.scenario.sha256,
        "model": run.scenario.model,
        "seed": run.seed,
        "case": case.name,
        "cases": [one.name for one in run.cases],
        "end_s": case.end,
        "finished": case.finished,
        "nodes": len(involved),
        "nodes_shown": len(shown),
    }
    if len(shown) < len(involved):
        about["nodes_left_out"] = "those that were ready first"
    return {"traceEvents": tracks.events(), "displayTimeUnit": "ms", "otherData": about | left_out}


def latest_nodes(case: CaseRecords, most: int) -> list[int]:
    """The nodes that were ready last, or never, as indices into the case's nodes; sorted, as their names are.

    Those that neither pull nor start anything do not count among the `most`.
    """
    phases = node_phases(case)
    ready = np.where(np.isnan(phases.bounds[-1]), np.inf, phases.bounds[-1])
    last = np.argsort(-ready, kind="stable")[:most]
    return sorted(phases.node[last].tolist(), key=lambda node: case.node_names[node])


def to_bytes(trace: Trace, compressed: bool) -> bytes:
    """A trace as the content of its file, an event a line, or gzipped; the same trace gives the same bytes."""
    lines = ",\n".join(json.dumps(event, ensure_ascii=False, allow_nan=False) for event in trace["traceEvents"])
    rest = {key: value for key, value in trace.items() if key != "traceEvents"}
    head = json.dumps(rest, ensure_ascii=False, allow_nan=False)[:-1]
    content = f'{head}, "traceEvents": [\n{lines}\n]}}\n'.encode()
    if not compressed:
        return content
    file = io.BytesIO()
    with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as archive:  # neither a name nor a time in it
        archive.write(content)
    return file.getvalue()
