"""What was found in what is imported, before it is a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from rolloutsim.manifests.layers import FoundLayer as FoundLayer
from rolloutsim.structs import struct


@struct
class FoundImage:
    """An image of a manifest, by its reference or a file's name."""

    name: str
    is_named: bool
    origin: str
    layers: tuple[FoundLayer, ...]
    remarks: tuple[str, ...] = ()


@struct
class FoundNode:
    """A node as Kubernetes tells of it."""

    name: str
    origin: str
    labels: Mapping[str, str]
    taints: tuple[Mapping[str, Any], ...]
    is_cordoned: bool
    os: str
    runtime: str  # "containerd://2.1.4"
    disk: int | None  # bytes
    memory: int | None  # bytes
    images: Mapping[str, int]  # each name → bytes, as the runtime counts them
    listed: int  # images in the list

    @property
    def instance_type(self) -> str | None:
        """The cloud's name of the machine, of its present or its old label."""
        return self.labels.get("node.kubernetes.io/instance-type") or self.labels.get(
            "beta.kubernetes.io/instance-type"
        )

    @property
    def zone(self) -> str | None:
        """The zone it is in."""
        return self.labels.get("topology.kubernetes.io/zone") or self.labels.get(
            "failure-domain.beta.kubernetes.io/zone"
        )


@struct
class FoundKubelet:
    """Settings of a kubelet: keys of a node group, as text of YAML.

    `free` is what must be free on the disk, by the keys of `eviction_hard`, where it is a size [B].
    """

    origin: str
    settings: Mapping[str, Any]
    free: Mapping[str, int] = field(default_factory=dict)


@struct
class FoundConfig:
    """A configuration of a runtime or a snapshotter, as data."""

    origin: str
    place: str
    content: Mapping[str, Any]


@struct
class FoundHosts:
    """Whom nodes ask for the images of a registry, before its server."""

    origin: str
    place: str
    registry: str
    server: str | None
    mirrors: tuple[str, ...]
    notes: tuple[str, ...] = ()


@struct
class FoundWorkload:
    """What Kubernetes rolls out.

    Parameters
    ----------
    kind, name, origin : str
        Deployment and the like, its name, the file.
    images : tuple of str
        References, init containers first, each once.
    replicas : int or None
        None: one on each node.
    pull_policy : str or None
        As here, None where containers differ in it.
    rollout : mapping
        Keys of `rollout`.
    remarks : mapping
        Key → what to know of its value.
    selector : mapping
        Labels that nodes must have.
    tolerations : tuple of mapping
        Of the pods.
    """

    kind: str
    name: str
    origin: str
    images: tuple[str, ...]
    replicas: int | None
    pull_policy: str | None
    rollout: Mapping[str, Any]
    selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, Any], ...]
    remarks: Mapping[str, str]


@struct
class FoundPrepull:
    """An ImagePullJob of OpenKruise."""

    name: str
    origin: str
    image: str
    settings: Mapping[str, Any]
    selector: Mapping[str, str]


@struct
class Found:
    """All that was found."""

    images: list[FoundImage] = field(default_factory=list)
    nodes: list[FoundNode] = field(default_factory=list)
    kubelets: list[FoundKubelet] = field(default_factory=list)
    workloads: list[FoundWorkload] = field(default_factory=list)
    prepulls: list[FoundPrepull] = field(default_factory=list)
    runtimes: list[FoundConfig] = field(default_factory=list)  # containerd's
    snapshotters: list[FoundConfig] = field(default_factory=list)  # SOCI's
    hosts: list[FoundHosts] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out of a document, and why
    unused: dict[str, int] = field(default_factory=dict)  # kind of an object → how many
