"""One row a node, pull or layer, as columns: for tables of one's own and for DataFrames.

A column is a numpy array, or a list of names; its key carries the unit. NaN is what never happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rolloutsim.results.layers import layer_table
from rolloutsim.results.metrics import slowdowns

if TYPE_CHECKING:
    from rolloutsim.results.records import CaseRecords, Times

Columns = Mapping[str, Any]


def node_columns(case: CaseRecords) -> Columns:
    """One row a node: when it first asked, had its last image, was ready with its last pod; bytes it fetched."""
    nodes, pulls, pods = len(case.node_names), case.pulls, case.pods
    asked, pulled, ready = np.full(nodes, np.inf), np.full(nodes, -np.inf), np.full(nodes, -np.inf)
    np.minimum.at(asked, pulls.node, pulls.asked)
    np.maximum.at(pulled, pulls.node, _last(pulls.pulled))
    np.maximum.at(ready, pulls.node[pods.pull], _last(pods.ready))
    moved = np.bincount(pulls.node[case.fetches.pull], case.fetches.bytes_done, nodes)
    return {
        "node": list(case.node_names),
        "asked_s": _happened(asked),
        "pulled_s": _happened(pulled),
        "ready_s": _happened(ready),
        "bytes": moved,
    }


def pull_columns(case: CaseRecords) -> Columns:
    """One row a pull: asked, pulled (image ready) and ready (its pod)."""
    pulls, pods = case.pulls, case.pods
    ready = np.full(len(pulls.node), np.nan)
    ready[pods.pull] = pods.ready
    return {
        "node": [case.node_names[i] for i in pulls.node.tolist()],
        "image": [case.images[i].name for i in pulls.image.tolist()],
        "asked_s": pulls.asked,
        "pulled_s": pulls.pulled,
        "ready_s": ready,
        "alone_time_s": pulls.alone,
        "slowdown": slowdowns(case),
        "bytes": np.bincount(case.fetches.pull, case.fetches.bytes_done, len(pulls.node)),
    }


def layer_columns(case: CaseRecords) -> Columns:
    """One row a layer of a pull, base first.

    A layer that the node held has no bytes and no times; one that another pull of the node fetched has that
    fetch's times and no bytes. `fetch_start_s` is the time of the first byte.
    """
    table = layer_table(case)
    fetches = case.fetches
    lengths = np.array([len(image.layers) for image in case.images], np.int32)
    pull, place = np.nonzero(np.arange(table.fetch.shape[1]) < lengths[case.pulls.image][:, None])
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


def _last(times: Times) -> Times:
    """What never happened is later than everything."""
    return np.where(np.isnan(times), np.inf, times)


def _happened(times: Times) -> Times:
    return np.where(np.isinf(times), np.nan, times)
