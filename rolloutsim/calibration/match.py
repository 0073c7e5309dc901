"""Which node and which image of a scenario a pull was of that somebody saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from rolloutsim.errors import UsageError
from rolloutsim.imports.drafts.references import full, name_of, short_names
from rolloutsim.imports.observed import ObservedPull
from rolloutsim.scenario.model import COMPRESSION_RATIO
from rolloutsim.scenario.resolved import Image, Layer, NodeGroup, ResolvedScenario
from rolloutsim.structs import struct

_SAME_SIZE = 0.02  # of an image's size [1] (assumed: the config and the manifest, which scenarios leave out)
_WHOLE = 0.9  # of an image's bytes that a pull of all of it reads [1] (assumed)
_SHORTEST = 0.01  # a pull that takes no longer [s] moved nothing (assumed: some round trips)
_UNNAMED = "a node that is not named"


@struct
class Matched:
    """A pull as the scenario knows it.

    Parameters
    ----------
    seen : ObservedPull
        What was seen.
    node : str
        Its node; a pull whose node is not told has one of its own.
    group : int
        The node's group, its number in the scenario.
    image : str
        The image's name among `Matches.images`.
    began : float or None
        When its runtime began it [s], as well as its stamps tell; None: not known.
    slack : float
        By how much it may have been earlier or later [s].
    """

    seen: ObservedPull
    node: str
    group: int
    image: str
    began: float | None
    slack: float


@struct
class Matches:
    """The pulls that the scenario knows, and those that it does not.

    Parameters
    ----------
    pulls : tuple of Matched
        In the order of time.
    images : mapping
        Images by name: those of the scenario, and those that are known by their size alone.
    left_out : mapping of str to int
        Why a pull is not one of them, and how many are not.
    notes : tuple of str
        What was taken for something.
    """

    pulls: tuple[Matched, ...]
    images: Mapping[str, Image]
    left_out: Mapping[str, int]
    notes: tuple[str, ...]


def matches(scenario: ResolvedScenario, seen: Sequence[ObservedPull], nodes: Sequence[tuple[str, str]] = ()) -> Matches:
    """Find the node's group and the image of each pull.

    Parameters
    ----------
    scenario : ResolvedScenario
        Whose groups and images they may be.
    seen : sequence of ObservedPull
        The pulls.
    nodes : sequence of (str, str)
        Groups, and patterns of the names of their nodes (`ip-10-0-*`); without any, names tell, or the only group.

    Raises
    ------
    UsageError
        If there is no such group.
    """
    known = [group.name for group in scenario.groups]
    for group, pattern in nodes:
        if group not in known:
            raise UsageError(f"--node {group}={pattern}: no group of nodes is named so; there are: {', '.join(known)}")
    return _Matching(scenario, nodes).of(seen)


class _Matching:
    def __init__(self, scenario: ResolvedScenario, nodes: Sequence[tuple[str, str]]) -> None:
        self.scenario = scenario
        self.patterns = nodes
        self.images = dict(scenario.images)
        self.left_out: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self.number = {group.name: number for number, group in enumerate(scenario.groups)}
        self.exact = {name: number for number, group in enumerate(scenario.groups) for name in group.node_names()}
        self.hosts: dict[str, set[str]] = {}  # by registry: hosts that its images are said to be from
        for image in scenario.images.values():
            if _has_host(image.name):
                self.hosts.setdefault(image.registry, set()).add(full(image.name).partition("/")[0])
        self.known: dict[str, Image | None] = {}

    def of(self, seen: Sequence[ObservedPull]) -> Matches:
        found = [one for number, pull in enumerate(seen) if (one := self._one(pull, number)) is not None]
        found.sort(key=lambda one: (one.began is None, one.began or 0.0, one.node, one.image))
        said = tuple(f"{text} ({count:,} pulls)" if count > 1 else text for text, count in self.notes.items())
        return Matches(tuple(found), self.images, dict(self.left_out), said)

    def _one(self, pull: ObservedPull, number: int) -> Matched | None:
        if not pull.duration > _SHORTEST:
            self.left_out["took no time that can be compared"] += 1
            return None
        group = self._group(pull.node)
        if group is None:
            self.left_out[f"node {pull.node or _UNNAMED} is of no group that is known: say of which with --node"] += 1
            return None
        image = self._image(pull, self.scenario.groups[group])
        if image is None:
            return None
        node = pull.node if pull.node is not None else f"?{number}"
        return Matched(pull, node, group, image, *_began(pull))

    def _group(self, node: str | None) -> int | None:
        if node is None:
            return 0 if len(self.scenario.groups) == 1 else None
        for group, pattern in self.patterns:
            if fnmatchcase(node, pattern):
                return self.number.get(group)
        if node in self.exact:
            return self.exact[node]
        if len(self.scenario.groups) == 1:
            return 0
        like = [number for name, number in self.number.items() if f"-{name_of(name)}-" in f"-{name_of(node)}-"]
        return like[0] if len(like) == 1 else None

    def _image(self, pull: ObservedPull, group: NodeGroup) -> str | None:
        """The name of the image, one of the scenario or one of its size alone; None: there is none."""
        if pull.image not in self.known:
            self.known[pull.image] = self._by_reference(pull.image)
        known = self.known[pull.image]
        is_compressed = counts_compressed(group)
        if known is None:
            return self._of_size(pull, is_compressed)
        whole = known.compressed if is_compressed else sum(layer.unpacked for layer in known.layers)
        factor = 1.0
        if pull.size and abs(pull.size / whole - 1.0) > _SAME_SIZE:
            factor = pull.size / whole
            self.notes[f"{pull.image} is of another size than in the scenario; its layers are scaled to that size"] += 1
        if pull.read and pull.read < _WHOLE * factor * known.compressed:
            self.notes[f"{pull.image} was held in part; what was read is taken for an image of its own"] += 1
            return self._add(pull, float(pull.read), None, known.registry)
        if factor == 1.0:
            return known.name
        name = f"{known.name} of {pull.size} B"
        layers = tuple(
            Layer(f"{name}:{layer.digest}", layer.compressed * factor, layer.unpacked * factor)
            for layer in known.layers
        )
        self.images.setdefault(name, replace(known, name=name, layers=layers))
        return name

    def _of_size(self, pull: ObservedPull, is_compressed: bool) -> str | None:
        """An image of which its size alone is known."""
        registry = self._registry(pull.image)
        if registry is None:
            host = full(pull.image).partition("/")[0]
            self.left_out[f"no image of the scenario is from {host}, and so its registry is another one"] += 1
            return None
        if not (pull.read or pull.size):
            self.left_out[f"{pull.image} is no image of the scenario, and its size is not told"] += 1
            return None
        self.notes[f"{pull.image} is no image of the scenario; it is taken for one layer of the size that is told"] += 1
        if pull.read:
            return self._add(pull, float(pull.read), None, registry)
        assert pull.size is not None
        size = float(pull.size)
        if is_compressed:
            return self._add(pull, size, None, registry)
        return self._add(pull, size / COMPRESSION_RATIO, size, registry)

    def _add(self, pull: ObservedPull, compressed: float, unpacked: float | None, registry: str) -> str:
        name = f"{pull.image} of {compressed:.0f} B"
        layer = Layer(name, compressed, compressed * COMPRESSION_RATIO if unpacked is None else unpacked)
        self.images.setdefault(name, Image(name, registry, (layer,)))
        return name

    def _by_reference(self, reference: str) -> Image | None:
        images = self.scenario.images
        like = [one for name, one in images.items() if full(name) == full(reference)]
        if not like:
            like = [
                one for name, one in images.items() if not _has_host(name) and name_of(name) in short_names(reference)
            ]
        return like[0] if len(like) == 1 else None

    def _registry(self, reference: str) -> str | None:
        """Which registry serves an image that the scenario does not know."""
        host = full(reference).partition("/")[0]
        served = [name for name, hosts in self.hosts.items() if host in hosts]
        if len(served) == 1:
            return served[0]
        if name_of(host) in self.scenario.registries:
            return name_of(host)
        if len(self.scenario.registries) == 1 and not self.hosts:
            return next(iter(self.scenario.registries))
        return None


def counts_compressed(group: NodeGroup) -> bool:
    """Whether sizes that a group's runtime tells are those on the wire; dockerd and cri-o tell the unpacked ones."""
    return group.runtime.name.startswith("containerd")


def _has_host(reference: str) -> bool:
    host, slash, _ = reference.partition("/")
    return bool(slash) and ("." in host or ":" in host or host == "localhost")


def _began(pull: ObservedPull) -> tuple[float | None, float]:
    """When the runtime began: stamps are cut to `resolution`; the middle of what all allow."""
    ways = []
    if pull.ended is not None:
        ways.append(pull.ended - pull.duration)
    if pull.began is not None:
        ways.append(pull.began)
    if not ways:
        return None, 0.0
    low, high = max(ways), min(ways) + pull.resolution
    if low <= high:
        return 0.5 * (low + high), 0.5 * (high - low)
    return sum(ways) / len(ways) + 0.5 * pull.resolution, 0.5 * pull.resolution
