"""What nodes handed to one another: whole layers node by node, pieces of a swarm all together.

look-ups
    For layers: those that found a node that has the layer, and those that found nobody, or nobody who answered.
seeded bytes
    What the registries' replicas sent into a swarm, as its seeds, or to seeds of its own. What members received beyond
    it they got from one another, or from these. Who of them sent which piece is not simulated.

All of it is counted in the simulation, and summed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Flags, Times
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.resolved import Peers, ResolvedScenario


@struct
class Uploads:
    """What nodes served that hand over whole layers."""

    look_ups: int  # for layers
    found_nobody: int  # of these
    serving_nodes: int  # that served anything
    most_served_bytes: float  # by one node [B]
    most_serving_node: str | None  # that one; None: none served anything
    too_early: int  # fetches from others than these peers that began before any node had it; 0: there is one member
    elsewhere: int  # all fetches from others
    finds: str  # which holders a look-up finds, as in the scenario


@struct
class Seeding:
    """What went into swarms."""

    seeded_bytes: float  # that registries sent as seeds, or to the swarm's own [B]
    upstream_requests: int  # of members and seeds to registries, those aside of members that get a layer from there


def uploads_of(case: CaseRecords, number: int, spec: Peers, members: Flags) -> Uploads:
    """What nodes served to one another.

    Parameters
    ----------
    case : CaseRecords
        The case.
    number : int
        The peers' number among the case's sources.
    spec : Peers
        How they work.
    members : numpy.ndarray
        Which nodes they are, a boolean each.
    """
    uploads = case.supply.uploads
    own = np.flatnonzero(uploads.source == number)
    served = np.bincount(uploads.node[own], uploads.bytes[own], len(case.node_names))
    nobody, some = case.supply.nobody.get(spec.name, 0), bool(served.any())
    fetches = case.fetches
    first = np.full(len(case.layers), np.inf)
    done = np.flatnonzero(~np.isnan(fetches.committed))
    np.minimum.at(first, fetches.layer[done], fetches.committed[done])
    others = np.flatnonzero((fetches.source != number) & members[case.pulls.node[fetches.pull]])
    others = others[fetches.source[others] >= 0]
    early = int(np.count_nonzero(fetches.granted[others] < first[fetches.layer[others]]))
    return Uploads(
        look_ups=len(own) + nobody,
        found_nobody=nobody,
        serving_nodes=int(np.count_nonzero(served)),
        most_served_bytes=float(served.max(initial=0.0)),
        most_serving_node=case.node_names[int(served.argmax())] if some else None,
        too_early=early if np.count_nonzero(members) > 1 else 0,
        elsewhere=len(others),
        finds=spec.finds,
    )


@struct
class ModelRange:
    """Between which times a rollout takes, if the model of its swarms errs by no more than it is known to.

    The error is that of a swarm's makespan; the rest of the rollout errs less, so that the range is wide rather than
    narrow. Chance has no part in it.
    """

    error: float  # a share of the time [1]
    least: float  # [s]
    most: float  # [s]


def model_error(scenario: ResolvedScenario, case: CaseRecords) -> float:
    """By how much the makespan of the swarms that handed over bytes may be wrong, a share of it; 0: none did."""
    moved = np.bincount(case.fetches.source + 1, case.fetches.bytes_done, len(case.sources) + 1)[1:]
    swarms = [
        spec.swarm.makespan_error
        for name, spec in scenario.peers.items()
        if spec.swarm is not None and moved[case.sources.index(name)] > 0.0
    ]
    return max(swarms, default=0.0)


def ran_out_of_time(scenario: ResolvedScenario, case: CaseRecords) -> bool:
    """Whether requests to a swarm had no answer in time: a little more time, and their nodes would not ask others."""
    swarms = [case.sources.index(name) for name, spec in scenario.peers.items() if spec.swarm is not None]
    refusals = case.orchestration.refusals
    return bool(np.any(np.isin(refusals.source, swarms) & (refusals.status < 0)))


def model_range(time: float | None, error: float) -> ModelRange | None:
    """The times between which the true one is, for a known one [s] and an error; None without either.

    A model that errs by a share e of the true time T says between (1 - e) · T and (1 + e) · T.
    """
    if time is None or not error:
        return None
    return ModelRange(error, time / (1.0 + error), time / (1.0 - error))


def seeded(case: CaseRecords, sources: int, layers: int) -> Times:
    """What registries sent into the swarms of each source, or to their seeds, by layer: sources × layers [B]."""
    fills = case.supply.fills
    cells = fills.cache.astype(np.int64) * layers + fills.layer
    # What a swarm's own seeds send comes from the swarm.
    sizes = np.where(fills.cache == fills.upstream, 0.0, fills.bytes)
    found: Times = np.bincount(cells, sizes, sources * layers).astype(np.float64).reshape(sources, layers)
    return found
