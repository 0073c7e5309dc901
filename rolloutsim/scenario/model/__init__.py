"""The scenario file's format as a strict, frozen model in its long form.

Descriptions, units, defaults and their sources live in the fields' metadata; `explain`, the JSON Schema and the
errors are made from it. What spans several parts (names that refer to others, keys that exclude each other) is
checked in `rolloutsim.scenario.checks`.

Reading order: `document` (the whole), `nodes`, `machines` and `volumes` (of nodes), `network`, `registries`, `caches`
(and mirrors), `images`, `rollout` (workloads and controllers), `traffic` (and failures), `planning` (thresholds,
sweeps), `kinds` (what they share).

The rooms do without `from __future__ import annotations`: pydantic would have to evaluate each annotation as text,
which is a third of the time that importing them takes.
"""

from rolloutsim.scenario.model.caches import CacheSpec, CopiedSpec, MirrorSpec
from rolloutsim.scenario.model.document import Document
from rolloutsim.scenario.model.images import COMPRESSION_RATIO, ImageSpec, LayerSpec
from rolloutsim.scenario.model.kinds import DistributionSpec
from rolloutsim.scenario.model.machines import GP3, DiskSpec, UnpackSpec
from rolloutsim.scenario.model.network import LinkSpec, NetworkSpec
from rolloutsim.scenario.model.nodes import GROUP, MOST_NODES, GroupSpec, RetrySpec, SnapshotterSpec
from rolloutsim.scenario.model.peers import PeersSpec
from rolloutsim.scenario.model.planning import SweepSpec
from rolloutsim.scenario.model.registries import REGISTRY, RateLimitSpec, RegistrySpec
from rolloutsim.scenario.model.rollout import CONTROLLERS, PolicySpec, PrepullSpec, WorkloadSpec
from rolloutsim.scenario.model.traffic import BackgroundSpec, FailureSpec, PushSpec
from rolloutsim.scenario.model.volumes import VolumeSnapshotSpec

__all__ = [
    "COMPRESSION_RATIO",
    "CONTROLLERS",
    "GP3",
    "GROUP",
    "MOST_NODES",
    "REGISTRY",
    "BackgroundSpec",
    "CacheSpec",
    "CopiedSpec",
    "DiskSpec",
    "DistributionSpec",
    "Document",
    "FailureSpec",
    "GroupSpec",
    "ImageSpec",
    "LayerSpec",
    "LinkSpec",
    "MirrorSpec",
    "NetworkSpec",
    "PeersSpec",
    "PolicySpec",
    "PrepullSpec",
    "PushSpec",
    "RateLimitSpec",
    "RegistrySpec",
    "RetrySpec",
    "SnapshotterSpec",
    "SweepSpec",
    "UnpackSpec",
    "WorkloadSpec",
]
