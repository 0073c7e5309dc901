"""What was found in what is imported, before it is a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from rolloutsim.manifests.layers import PLATFORM
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
class FoundTotal:
    """The size of an image as a whole.

    Parameters
    ----------
    names : tuple of str
        Its references, tags first; empty where it has none.
    file, origin : str
        The file's name without its suffix, and with it.
    size : int
        Bytes.
    is_unpacked : bool or None
        Whether unpacked bytes are counted, or those on the wire; None: as the runtime does.
    remarks : tuple of str
        What to know of it.
    is_guess : bool
        Whether `is_unpacked` is but likely.
    """

    names: tuple[str, ...]
    file: str
    origin: str
    size: int
    is_unpacked: bool | None
    remarks: tuple[str, ...] = ()
    is_guess: bool = False


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
class FoundInstance:
    """An instance type, as EC2 describes it.

    Parameters
    ----------
    name, origin : str
        What EC2 calls it, and the file.
    nic, nic_burst : float or None
        The rate of its default network card that lasts, and that of bursts [B/s]; None: not told.
    cards : int
        How many network cards it has.
    disk, disk_burst : float or None
        What it moves to its EBS volumes, as long as one likes and in bursts [B/s]; None: not told.
    iops : int or None
        Operations of that, as long as one likes [1/s].
    cores, memory : int or None
        Its vCPUs, and its memory [B].
    """

    name: str
    origin: str
    nic: float | None
    nic_burst: float | None
    cards: int
    disk: float | None
    disk_burst: float | None
    iops: int | None
    cores: int | None
    memory: int | None


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
class FoundStartup:
    """How long a container takes at least until it is ready.

    Parameters
    ----------
    least : float
        A lower bound [s].
    told : str
        The key that tells it, with what to know of it.
    """

    least: float
    told: str


@struct
class FoundGuess:
    """A key of a workload that its file leaves open.

    Parameters
    ----------
    key, value, why, command : str
        Under the workload, what stands there, what it is, and what would tell.
    """

    key: str
    value: str
    why: str
    command: str


@struct
class FoundPod:
    """A pod that runs.

    Parameters
    ----------
    origin, namespace : str
        The file, its namespace.
    owner : tuple of str
        Kind and name of what made it, empty for a pod that somebody made.
    node : str
        Where it runs.
    images : tuple of str
        References of its containers.
    startup : float or None
        From its last container's start until it was ready [s], None where that cannot be told.
    was_restarted : bool
        Whether one of its containers was.
    """

    origin: str
    namespace: str
    owner: tuple[str, str]
    node: str
    images: tuple[str, ...]
    startup: float | None
    was_restarted: bool


@struct
class FoundScaler:
    """A HorizontalPodAutoscaler: what it scales, and between which numbers of replicas."""

    name: str
    origin: str
    target: tuple[str, str, str]  # kind, namespace, name
    least: int
    most: int | None


@struct
class FoundWorkload:
    """What Kubernetes or Docker Swarm rolls out.

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
    affinity : tuple of mapping or None
        Terms of which nodes must fulfil one, None: any node.
    startup : FoundStartup or None
        What tells of the time until a pod is ready.
    guesses : tuple of FoundGuess
        What the file leaves open.
    creates : str
        Why its pods are new, and replace none; empty where they do.
    namespace : str
        Of Kubernetes, empty where none is given.
    is_swarm : bool
        Whether Docker Swarm rolls it out.
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
    affinity: tuple[Mapping[str, Any], ...] | None = None
    startup: FoundStartup | None = None
    guesses: tuple[FoundGuess, ...] = ()
    creates: str = ""
    namespace: str = ""
    is_swarm: bool = False


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
    totals: list[FoundTotal] = field(default_factory=list)
    nodes: list[FoundNode] = field(default_factory=list)
    kubelets: list[FoundKubelet] = field(default_factory=list)
    workloads: list[FoundWorkload] = field(default_factory=list)
    prepulls: list[FoundPrepull] = field(default_factory=list)
    scalers: list[FoundScaler] = field(default_factory=list)
    pods: list[FoundPod] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was left out of a document, and why
    instances: dict[str, FoundInstance] = field(default_factory=dict)  # instance type → what EC2 says of it
    runtimes: list[FoundConfig] = field(default_factory=list)  # containerd's
    snapshotters: list[FoundConfig] = field(default_factory=list)  # SOCI's
    hosts: list[FoundHosts] = field(default_factory=list)
    unused: dict[str, int] = field(default_factory=dict)  # kind of an object → how many
    platform: str = PLATFORM  # of which images are wanted

    @property
    def is_empty(self) -> bool:
        """Whether all that there is are notes, and objects that are not used."""
        return not (
            self.images or self.totals or self.nodes or self.kubelets or self.workloads or self.prepulls
            or self.scalers or self.pods or self.instances or self.runtimes or self.snapshotters or self.hosts
        )  # fmt: skip

    @property
    def is_swarm(self) -> bool:
        """Whether Docker Swarm rolls out all that there is."""
        return bool(self.workloads) and all(one.is_swarm for one in self.workloads)
