"""Why layers came into a cache again that had come before.

Requests that come together are not the only reason: a disk may be too small for what is asked for, layers may be
dropped after a time, replicas and repositories have stores of their own, a cache may fetch a copy of its own besides
what it passes on, and fetches may be lost before they are complete. Of these limits it is told which are there and
can have been met in a case; how many copies are due to which of them is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.scenario.policies import repository

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times
    from rolloutsim.results.facts.grouped import Rows
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.resolved import Caching, Registry

_AGAIN = 1.01  # copies of a layer from which on it came again (assumed: what broke may have come a little twice)
_ONE_MORE = 2.01  # of a layer that came to a client and to the store (assumed: likewise)


def comes_again(
    case: CaseRecords, number: int, server: Registry, spec: Caching, entered: Times, sizes: Times, evicted: float
) -> dict[str, float]:
    """The limits of a cache for which layers came again; empty: none, or requests that came together are all there is.

    Parameters
    ----------
    case : CaseRecords
        The case.
    number : int
        The cache's among its sources.
    server : Registry
        The cache.
    spec : Caching
        What it does.
    entered, sizes : ndarray of shape (layers,)
        What came into it of each layer, and how large that is [B].
    evicted : float
        What made room for others [B].

    Returns
    -------
    dict of str to float
        `together`: 1, where beside other limits some came together that it does not coalesce; `disk_bytes`, what its
        disk holds [B]; `ttl_s`, after which it drops layers [s]; `replicas`, `repositories` with stores of their own;
        `own_copies`: 1, where each layer came to a client and to the store; `lost_bytes`, what came beyond one copy of
        each layer, where only lost fetches can be the reason [B].
    """
    several = np.flatnonzero((sizes > 0.0) & (entered > _AGAIN * sizes))
    if not len(several):
        return {}
    if spec.own_copy and (entered <= _ONE_MORE * sizes).all():
        return {"own_copies": 1.0}
    found: dict[str, float] = {}
    together, later = _apart(case, number, several)
    if spec.capacity is not None and later >= 0.0 and (evicted > 0.0 or sizes[several].max() > spec.capacity):
        found["disk_bytes"] = spec.capacity
    if spec.ttl is not None and later >= spec.ttl:
        found["ttl_s"] = spec.ttl
    if spec.coalesce == "none":
        return found | {"together": 1.0} if found and together else found
    if spec.per_replica and len(server.replicas) > 1:
        found["replicas"] = float(len(server.replicas))
    digests = {case.layers[layer].digest for layer in several.tolist()}
    repositories = {
        repository(image.name) for image in case.images if any(layer.digest in digests for layer in image.layers)
    }
    if spec.per_repository and len(repositories) > 1:
        found["repositories"] = float(len(repositories))
    if spec.own_copy:
        found["own_copies"] = 1.0
    waits_to_the_end = spec.coalesce == "stream" or (spec.lock_timeout is None and spec.lock_age is None)
    if not found and waits_to_the_end:
        found["lost_bytes"] = float((entered - sizes)[several].sum())
    return found


def _apart(case: CaseRecords, number: int, layers: Rows) -> tuple[bool, float]:
    """Whether one of some layers came to a cache while it was coming already, and how long after it had come [s].

    The latter is the longest time from when a layer was there first until it came again; -1: none did.
    """
    fills, fetches, outlets = case.supply.fills, case.fetches, case.supply.outlets
    passed = np.flatnonzero((outlets.server == number) & (outlets.origin >= 0))
    own, theirs = fills.cache == number, np.isin(fetches.source, passed)
    layer = np.append(fills.layer[own], fetches.layer[theirs])
    started = np.append(fills.started[own], fetches.started[theirs])
    ended = np.append(fills.ended[own], fetches.fetched[theirs])
    together, later = False, -1.0
    for one in layers.tolist():
        rows = np.flatnonzero((layer == one) & ~np.isnan(started))
        rows = rows[np.argsort(started[rows], kind="stable")]
        ends = np.where(np.isnan(ended[rows]), np.inf, ended[rows])
        if len(rows):
            together = together or bool((started[rows][1:] < np.maximum.accumulate(ends)[:-1]).any())
            later = max(later, float(started[rows][-1] - ends.min()))
    return together, later
