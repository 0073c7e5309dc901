"""What nodes handed to one another: whole layers node by node, pieces of a swarm all together.

look-ups
    For layers: those that found a node that has the layer, and those that found nobody.
seeded bytes
    What the registries' replicas sent into a swarm, as its seeds. What members received beyond it they got from one
    another. Who of them sent which piece is not simulated.

All of it is counted in the simulation, and summed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords, Times


@struct
class Uploads:
    """What nodes served that hand over whole layers."""

    look_ups: int  # for layers
    found_nobody: int  # of these
    serving_nodes: int  # that served anything
    most_served_bytes: float  # by one node [B]
    most_serving_node: str | None  # that one; None: none served anything


@struct
class Seeding:
    """What went into swarms."""

    seeded_bytes: float  # that registries sent as seeds [B]


def uploads_of(case: CaseRecords, number: int, name: str) -> Uploads:
    """What nodes served to one another.

    Parameters
    ----------
    case : CaseRecords
        The case.
    number, name
        The peers' number among the case's sources, and what they are called.
    """
    uploads = case.supply.uploads
    own = np.flatnonzero(uploads.source == number)
    served = np.bincount(uploads.node[own], uploads.bytes[own], len(case.node_names))
    nobody, some = case.supply.nobody.get(name, 0), bool(served.any())
    return Uploads(
        look_ups=len(own) + nobody,
        found_nobody=nobody,
        serving_nodes=int(np.count_nonzero(served)),
        most_served_bytes=float(served.max(initial=0.0)),
        most_serving_node=case.node_names[int(served.argmax())] if some else None,
    )


def seeded(case: CaseRecords, sources: int, layers: int) -> Times:
    """What seeds sent into the swarms of each source, of each layer: sources × layers [B]."""
    fills = case.supply.fills
    cells = fills.cache.astype(np.int64) * layers + fills.layer
    found: Times = np.bincount(cells, fills.bytes, sources * layers).astype(np.float64).reshape(sources, layers)
    return found
