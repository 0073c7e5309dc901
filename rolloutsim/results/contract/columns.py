"""One row a node, pull or layer, as columns: for tables of one's own and for DataFrames.

A column is a numpy array, or a list of names; its key carries the unit. NaN is what never happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.facts.calls import brings
from rolloutsim.results.facts.layers import layer_table
from rolloutsim.results.facts.moved import bytes_of_pulls
from rolloutsim.results.facts.records import happened, or_never
from rolloutsim.results.load.lazy import last_bytes
from rolloutsim.results.metrics import slowdowns
from rolloutsim.results.pods.failures import pod_names

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Codes, Times
    from rolloutsim.results.facts.records import CaseRecords

Columns = Mapping[str, Any]


def node_columns(case: CaseRecords) -> Columns:
    """One row a node: when it first asked, had its last image, was ready with its last pod; bytes it fetched."""
    nodes, pulls, pods = len(case.node_names), case.pulls, case.pods
    asked, pulled, ready = np.full(nodes, np.inf), np.full(nodes, -np.inf), np.full(nodes, -np.inf)
    np.minimum.at(asked, pulls.node, pulls.asked)
    counts = np.isnan(pulls.failed)  # an attempt that failed is followed by another, or its pod is never ready
    np.maximum.at(pulled, pulls.node[counts], or_never(pulls.pulled[counts]))
    stays = np.isnan(pods.deleted)
    np.maximum.at(ready, pods.node[stays], or_never(pods.ready[stays]))
    moved = np.bincount(pulls.node, bytes_of_pulls(case), nodes)
    return {
        "node": list(case.node_names),
        "asked_s": happened(asked),
        "pulled_s": happened(pulled),
        "ready_s": happened(ready),
        "bytes": moved,
    }


def pull_columns(case: CaseRecords) -> Columns:
    """One row a pull: asked, pulled (image ready) and ready (its pod, or the last of those that share it).

    Where layers are lazy, `last_byte_s` is when all of them were on the node, which may be after the rollout's end.
    Where pulls failed, they have a time and a reason; where some are re-checks of an image that the node holds, these
    are marked.
    """
    pulls, pods = case.pulls, case.pods
    ready = np.full(len(pulls.node), np.nan)
    served = pods.pull >= 0
    np.fmax.at(ready, pods.pull[served], pods.ready[served])
    failures: Columns = {}
    is_recheck = ~brings(case)
    rechecks: Columns = {"recheck": is_recheck} if is_recheck.any() else {}
    if (pulls.reason >= 0).any():
        failures = {"failed_s": pulls.failed, "reason": _named(case.reasons, pulls.reason)}
    return {
        "node": _named(case.node_names, pulls.node),
        "image": [case.images[i].name for i in pulls.image.tolist()],
        "asked_s": pulls.asked,
        "pulled_s": pulls.pulled,
        "ready_s": ready,
        "alone_time_s": pulls.alone,
        "slowdown": slowdowns(case),
        "bytes": bytes_of_pulls(case),
        **({"last_byte_s": last_bytes(case)} if case.reads else {}),
        **failures,
        **rechecks,
    }


def pod_columns(case: CaseRecords) -> Columns:
    """One row a pod of the new version: created, asked (for its images), pulled (all there), ready, available.

    `reason` is that of its last attempt to pull that failed; where pods were deleted again, they have a `deleted_s`.
    """
    pods = case.pods
    workloads = tuple(one.name for one in case.orchestration.workloads)
    deleted = {} if np.isnan(pods.deleted).all() else {"deleted_s": pods.deleted}
    return {
        "pod": pod_names(case),
        "workload": _named(workloads, pods.workload),
        "node": _named(case.node_names, pods.node),
        "created_s": pods.created,
        "asked_s": pods.asked,
        "pulled_s": pods.started,
        "ready_s": pods.ready,
        "available_s": pods.available,
        **deleted,
        "reason": _named(case.reasons, pods.reason),
    }


def layer_columns(case: CaseRecords) -> Columns:
    """One row a layer of a pull, base first.

    A layer that the node held has no bytes and no times; one that another pull of the node fetched has that
    fetch's times and no bytes. Of a pull that failed there are only layers that it came to. `fetch_start_s` is the time
    of the first byte.
    """
    table = layer_table(case)
    fetches = case.fetches
    lengths = np.array([len(image.layers) for image in case.images], np.int32)
    pull, place = np.nonzero(np.arange(table.fetch.shape[1]) < lengths[case.pulls.image][:, None])
    # What nobody asked for is not written down: again and again it would be far more than what happened.
    came_to = np.isnan(case.pulls.failed)[pull] | (table.fetch[pull, place] >= 0)
    pull, place = pull[came_to], place[came_to]
    fetch = table.fetch[pull, place]
    brought = fetch >= 0
    own = brought.copy()
    own[brought] = fetches.pull[fetch[brought]] == pull[brought]
    unpack = np.full(len(fetch), -1, np.int32)
    unpack[brought] = table.unpack[fetch[brought]]
    digests = [[layer.digest for layer in image.layers] for image in case.images]
    images = case.pulls.image[pull].tolist()
    return {
        "pull": pull,
        "layer": [digests[i][k] for i, k in zip(images, place.tolist(), strict=True)],
        "bytes": _taken(fetches.bytes_done, fetch, own, missing=0.0),
        "fetch_start_s": _taken(fetches.started, fetch, brought),
        "fetched_s": _taken(fetches.fetched, fetch, brought),
        "unpacked_s": _taken(case.unpacks.unpacked, unpack, unpack >= 0),
    }


def _taken(values: Times, rows: Any, where: Any, missing: float = np.nan) -> Times:
    taken = np.full(len(rows), missing)
    taken[where] = values[rows[where]]
    return taken


def _named(names: tuple[str, ...], rows: Codes) -> list[str | None]:
    """The name for each row's number; None for -1."""
    return [names[row] if row >= 0 else None for row in rows.tolist()]
