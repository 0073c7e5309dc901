"""Flat facts of a run, held in columns: what happened and when, no statistics.

A row is one fetch, unpack, pull or pod; a column is a numpy array. What never happened is NaN. Every
derived value is a function of these in `rolloutsim.results.metrics`.

Times are seconds since the rollout's start, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rolloutsim.scenario.resolved import Image, Layer, LinkKind, ResolvedScenario

Times = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Pulls:
    """One row a pull: asked → resolved (manifests and config are there) → pulled (image ready)."""

    node: Ids  # index into CaseRecords.nodes
    image: Ids  # index into CaseRecords.images
    asked: Times
    resolved: Times
    pulled: Times
    alone: Times  # pull time of the same pull alone on an idle system [s]


@dataclass(frozen=True, slots=True, eq=False)
class Fetches:
    """One row a layer fetched: granted → connected → started → fetched.

    It is granted a slot, leaves the registry's queue, receives its first byte, is complete and committed.
    """

    pull: Ids
    layer: Ids  # index into CaseRecords.layers
    granted: Times
    connected: Times
    started: Times
    fetched: Times
    freed_by: Ids  # the fetch whose end freed the slot; -1: a slot was free at once
    bytes_done: npt.NDArray[np.float64]
    cause: npt.NDArray[np.int16]  # of started..fetched; -1: several, see Spent


@dataclass(frozen=True, slots=True, eq=False)
class Unpacks:
    """One row a layer unpacked."""

    fetch: Ids
    started: Times
    unpacked: Times
    cause: npt.NDArray[np.int16]  # as in Fetches


@dataclass(frozen=True, slots=True, eq=False)
class Waits:
    """One row a layer that a pull waited for while another pull of the same node fetched it."""

    pull: Ids
    layer: Ids
    fetch: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Spent:
    """Seconds of a fetch's or unpack's flow under each cause, where there was more than one."""

    is_unpack: npt.NDArray[np.bool_]
    activity: Ids  # row in Fetches or Unpacks
    cause: npt.NDArray[np.int16]
    seconds: Times


@dataclass(frozen=True, slots=True, eq=False)
class Pods:
    """One row a pod: started (its image is there) → ready."""

    pull: Ids
    started: Times
    ready: Times


@dataclass(frozen=True, slots=True, eq=False)
class SharedLinks:
    """One row a shared link."""

    name: tuple[str, ...]
    kind: tuple[LinkKind, ...]
    line_rate: Times  # [B/s]
    capacity: Times  # payload [B/s]
    bytes: Times  # payload carried until the rollout's end, background included
    saturated: Times  # [s] until the rollout's end
    peak_flows: Ids
    intervals: npt.NDArray[np.float64]  # rows (link index, from, to): when it was saturated


@dataclass(frozen=True, slots=True, eq=False)
class PrivateLinks:
    """The links of one kind that belong to a node each; one row a node that has it."""

    kind: str  # "nic.in", "nic.out", "disk", "unpack"
    node: Ids
    capacity: Times
    bytes: Times
    saturated: Times
    peak_flows: Ids


@dataclass(frozen=True, slots=True, eq=False)
class BackgroundRecords:
    """One row a background flow; `finished` is NaN for one that had not ended with the rollout."""

    name: tuple[str, ...]
    started: Times
    finished: Times
    bytes: Times


@dataclass(frozen=True, slots=True, eq=False)
class CaseRecords:
    """Everything that happened in one case."""

    name: str
    node_names: tuple[str, ...]
    node_group: Ids  # index into scenario.groups
    images: tuple[Image, ...]
    layers: tuple[Layer, ...]  # every distinct layer of the case's images
    causes: tuple[str, ...]  # names for the `cause` columns: a shared link's name, nic, disk, ...
    pulls: Pulls
    fetches: Fetches
    unpacks: Unpacks
    waits: Waits
    spent: Spent
    pods: Pods
    shared_links: SharedLinks
    private_links: tuple[PrivateLinks, ...]
    background: BackgroundRecords
    finished: bool  # every pod became ready
    stuck: tuple[str, ...]  # what waits for what, when not finished
    end: float  # the last pod's readiness, or when the simulation stood still [s]
    events: int  # events the kernel processed


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A scenario's simulation: its cases' records and where they come from."""

    scenario: ResolvedScenario
    seed: int
    cases: tuple[CaseRecords, ...]
    provenance: Mapping[str, str]  # rolloutsim, python, numpy, simpy versions
