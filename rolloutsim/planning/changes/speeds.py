"""What moves bytes, faster: links, NICs, disks and decompression.

A network's interface is tried at twice its speed, at the next speed that can be bought and at the first that is four
times as fast; a disk or a core at twice its speed. A disk has several: its rate, its operations and its synchronous
writes, each of which is tried alone. What was never the limit of anything is tried once, a disk with all that it has,
to show that it has no effect. Where several are full alike, none of them helps alone: they are tried together too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from rolloutsim.fleet.disk_times import disk_time
from rolloutsim.planning.changes.situation import Candidate, Situation, change, is_full, joined, utilisation
from rolloutsim.planning.standards import next_link_speed
from rolloutsim.planning.tried import NOTHING
from rolloutsim.results.load.links import LinkSummary
from rolloutsim.results.numerals import listed, show_byte_rate, show_count, show_factor, show_rate, show_time
from rolloutsim.results.why.bottlenecks import Bottleneck, name_of
from rolloutsim.scenario.causes import DISK, NIC, PEER_UPLINK, PULL_CAP, UNPACK
from rolloutsim.scenario.fields import UNLIMITED
from rolloutsim.scenario.links import private_rate
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resources import PULLED, LinkName
from rolloutsim.scenario.servers import registry_path
from rolloutsim.structs import struct
from rolloutsim.units import parse_rate, plain_text

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import NodeGroup, Registry

_TWICE = 2.0
_MUCH = 4.0  # an interface is replaced by one that is worth it (assumed)
_ALIKE = 0.02  # links whose utilisation differs by less are full alike (assumed)
_BUSY = 0.5  # a link that is busy for less of the time does not tie with another (assumed)
_LINES = ("link", "site")  # kinds of links that are rented at any rate (assumed)
_PART = 0.1  # of what disks take, what is raised together with the rest (assumed)
_GP3_MOST = parse_rate("1000 MiB/s")  # AWS EBS gp3 with all the throughput that can be bought; volume types page
_ZSTD = 2.5  # times as fast as gzip; espressif/esp-idf PR 18940: 2.5, rapidsai/ci-imgs PR 281: 2.5 to 3.2


@struct
class Quantity:
    """What a speed is given in.

    Parameters
    ----------
    text, show : callable
        A value as a file holds it, and in words.
    inverse : bool
        Whether less of it is faster.
    """

    text: Callable[[float], object]
    show: Callable[[float], str]
    inverse: bool = False

    def times(self, value: float, factor: float) -> float:
        """A value that is so many times as fast."""
        return value / factor if self.inverse else value * factor


def _rate(bits: bool) -> Quantity:
    return Quantity(lambda value: plain_text("rate", value, bits=bits), show_rate if bits else show_byte_rate)


_BITS, _BYTES = _rate(True), _rate(False)
_OVERSUBSCRIPTION = Quantity(
    lambda value: f"{value:.12g}", lambda value: f"{show_factor(_TWICE)} (oversubscription {value:.12g})", True
)
_OPERATIONS = Quantity(round, lambda value: f"{show_count(round(value))} operations/s")
_SYNC = Quantity(lambda value: plain_text("time", value), lambda value: f"{show_time(value)} a synchronous write", True)


@struct
class Speed:
    """Something with a speed, or several of a kind that are raised together.

    Parameters
    ----------
    kind : str
        Of the links, or the cause of private ones.
    subject : str
        Its name.
    keys : tuple of (path, float, Quantity)
        Where each speed stands in the scenario, what it is, and in what: a rate [B/s], operations [1/s], a time [s] or
        a ratio.
    rows : tuple of LinkSummary
        How busy it was.
    share : float
        Of the time, what it takes [1].
    causes : tuple of str
        What waiting for it is called: the names of the links, or the cause of private ones.
    kept : dict
        Keys that stay as they are, which would change with the speeds unless they stood in the scenario.
    stands : bool
        Whether it may stand for its subject where only one change is tried.
    """

    kind: str
    subject: str
    keys: tuple[tuple[Path, float, Quantity], ...]
    rows: tuple[LinkSummary, ...]
    share: float
    causes: tuple[str, ...]
    kept: Mapping[Path, object] = field(default_factory=dict)
    stands: bool = True

    @property
    def is_shared(self) -> bool:
        """Whether nodes share it."""
        return self.kind not in {resource.cause.name for resource in PULLED}

    @property
    def is_binding(self) -> bool:
        """Whether it was the limit of something."""
        return self.share > 0.0 or any(map(is_full, self.rows))

    @property
    def busy(self) -> float:
        """The utilisation of its busiest link [1]."""
        return max(map(utilisation, self.rows), default=0.0)

    @property
    def is_standard(self) -> bool:
        """Whether it is bought at standard speeds."""
        return self.kind != PULL_CAP.name and all(quantity is _BITS for _, _, quantity in self.keys)

    def times(self, factor: float) -> list[float]:
        """Its speeds times a factor."""
        return [quantity.times(value, factor) for _, value, quantity in self.keys]

    def standard(self, factor: float) -> list[float]:
        """The slowest standard speeds that are faster, and at least so many times as fast if there are any."""
        return [next_link_speed(value, factor) for _, value, _ in self.keys]

    def main(self) -> list[float]:
        """The speeds that stand for it where only one change is tried."""
        return self.standard(_MUCH) if self.is_standard else self.times(_TWICE)

    def alternatives(self, alone: bool) -> Iterator[Candidate]:
        """Its speeds worth a try; `alone`: one of them stands for it where only one change is tried."""
        several = [self.main()]
        if self.is_standard and self.is_binding:
            # A line can be rented at any rate; a port has one of those that there are.
            several += [*([self.times(_TWICE)] if self.kind in _LINES else []), self.standard(1.0)]
        if self.kind == DISK.name and self.is_binding and all(quantity is _BYTES for _, _, quantity in self.keys):
            several.append([max(_GP3_MOST, _TWICE * value) for _, value, _ in self.keys])
        for number, values in enumerate(several):
            if values not in several[:number]:
                yield self.at(values, alone=alone and number == 0, followed=number == 0)
        if self.kind == PULL_CAP.name:
            unlimited = {path: UNLIMITED for path, _, _ in self.keys}
            yield change(self.subject, "no limit of a node's pulls", unlimited, self.share)
        if self.kind == UNPACK.name:
            yield self.at(self.times(_ZSTD), f"zstd instead of gzip ({show_factor(_ZSTD)} as fast to decompress)")

    def at(self, values: Sequence[float], words: str = "", alone: bool = False, followed: bool = False) -> Candidate:
        """The candidate with new speeds; `followed`: by others that limit what it gives back."""
        settings: dict[Path, object] = {}
        shown: dict[Quantity, set[float]] = {}
        for (path, _, quantity), value in zip(self.keys, values, strict=True):
            settings[path] = quantity.text(value)
            shown.setdefault(quantity, set()).add(value)
        parts = [" / ".join(map(quantity.show, sorted(several))) for quantity, several in shown.items()]
        relieves = self.causes if followed else ()
        found = words or f"{self.subject} {', '.join(parts)}"
        changed = change(self.subject, found, settings | dict(self.kept), self.share, alone, None, relieves)
        return replace(changed, buys=not words and self.kind != PULL_CAP.name)


def speed_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that moves bytes, faster."""
    speeds = [*_shared(situation), *_private(situation)]
    tied = _tied([one for one in speeds if not one.is_shared or not situation.crossed.isdisjoint(one.causes)])
    for speed in speeds:
        yield from speed.alternatives(alone=speed.stands and speed not in tied)
    if tied:
        yield joined([speed.at(speed.main(), followed=True) for speed in tied])


def _tied(speeds: Sequence[Speed]) -> list[Speed]:
    """What is as full as the fullest of those that bind: one stands full behind the other; none, if there is one."""
    most = max((speed.busy for speed in speeds if speed.is_binding), default=0.0)
    tied = [speed for speed in speeds if speed.busy >= max(most - _ALIKE, _BUSY)]
    return tied if len(tied) > 1 and most >= _BUSY else []


# Where the speeds of a mirror or cache stand below it, by the part of its links' names.
_OF_SERVERS = {"uplink": ("uplink",), "storage": ("storage",), "disk": ("disk", "rate")}


def _shared(situation: Situation) -> Iterator[Speed]:
    """Registry uplinks and storage, racks, and other links."""
    scenario, document = situation.scenario, situation.document
    kinds = {name: link.kind for name, link in scenario.links.items()}
    for name in situation.registries:
        registry, here = scenario.registries[name], registry_path(document, name)
        crossed = dict.fromkeys((*registry.path, *registry.replicas))
        for part in ("uplink", "storage"):
            if links := [link for link in crossed if kinds.get(link) == f"registry_{part}"]:
                yield _links(situation, links, (*here, part), f"{name}.{part}")
    for section, specs in (("mirrors", document.mirrors), ("caches", document.caches)):
        for called in specs:
            every = [server for server in scenario.servers.values() if server.called == called]
            for part, below in _OF_SERVERS.items():
                if links := [link for server in every for link in _of_server(server, part) if link in kinds]:
                    name = links[0] if len(every) == 1 else f"{called}.{part}"
                    yield _links(situation, links, (section, called, *below), name, len(every) > 1)
    for name in document.network.links:
        yield _links(situation, [name], ("network", "links", name, "capacity"), name)
    yield from _places(situation)


def _places(situation: Situation) -> Iterator[Speed]:
    """The links of racks and of sites: one key sets those of all racks, and one those of all sites."""
    network = situation.document.network
    keys: dict[str, tuple[Path, float, Quantity]] = {}
    if (given := network.racks) is not None and given.uplink is not None:
        keys["rack"] = (("network", "racks", "uplink"), given.uplink, _BITS)
    elif given is not None:
        keys["rack"] = (("network", "racks", "oversubscription"), given.oversubscription or 1.0, _OVERSUBSCRIPTION)
    if network.sites is not None:
        keys["site"] = (("network", "sites", "uplink"), network.sites.uplink, _BITS)
    for kind, key in keys.items():
        if links := situation.of_places(kind):
            downs = tuple(link for link in links if LinkName.of(link).part == "down")
            subject = name_of(Bottleneck(kind, downs, 0.0, 0.0))
            yield Speed(kind, subject, (key,), situation.rows(links), situation.share(links), links)


def _of_server(server: Registry, part: str) -> Iterator[str]:
    """The links of a mirror or cache that one of its speeds sets."""
    into = () if server.caching is None else server.caching.into
    for link in dict.fromkeys((*server.replicas, *server.path, *server.inbound, *into)):
        name = LinkName.of(link)
        if name.part.removesuffix(".in") == part and name.owner.startswith(server.name):
            yield link


def _links(situation: Situation, links: list[str], path: Path, name: str, several: bool = False) -> Speed:
    """The speed of links that one key sets; `several` of servers that are called by one name."""
    first = situation.scenario.links[links[0]]
    family = name if several else ""
    subject = name_of(Bottleneck(first.kind, tuple(links) if several else (name,), 0.0, 0.0, family))
    keys = ((path, first.line_rate, _BYTES if first.kind == "registry_storage" else _BITS),)
    return Speed(first.kind, subject, keys, situation.rows(links), situation.share(links), tuple(links))


def _private(situation: Situation) -> Iterator[Speed]:
    """NICs, disks and decompression, of all groups or of those in which one was full."""
    document = situation.document
    for resource in PULLED:
        rates = {
            group.name: private_rate(document.nodes[group.name], resource, document)
            for group in situation.groups
            if resource.capacity(group) is not None
        }
        rows = {name: situation.rows([f"{name}.{resource.part}"]) for name in rates}
        chosen = [name for name in rows if any(map(is_full, rows[name]))] or list(rows)
        if not chosen:
            continue
        # What a node hands to others leaves over the same NIC.
        causes = (NIC, PEER_UPLINK) if resource.cause is NIC and situation.scenario.peers else (resource.cause,)
        subject = resource.cause.look.legend
        if len(chosen) < len(rows):
            subject = f"{subject.removeprefix('node ')} of {listed(chosen)}"
        speed = Speed(
            resource.cause.name,
            subject,
            tuple(
                (("nodes", name, *resource.key), rates[name], _BITS if resource.is_network else _BYTES)
                for name in chosen
            ),
            tuple(row for name in chosen for row in rows[name]),
            situation.share(causes),
            tuple(cause.name for cause in causes),
        )
        if resource.cause is DISK:
            yield from _disks(situation, speed, [group for group in situation.groups if group.name in chosen])
        else:
            yield speed


# What a disk has, in the order of the tries where they weigh the same: key, value in a group, quantity.
_OF_DISKS: tuple[tuple[str, Callable[[NodeGroup], float | None], Quantity], ...] = (
    ("rate", lambda group: group.disk, _BYTES),
    ("iops", lambda group: group.disk_iops, _OPERATIONS),
    ("sync", lambda group: group.disk_sync or None, _SYNC),
)


def _disks(situation: Situation, speed: Speed, groups: Sequence[NodeGroup]) -> Iterator[Speed]:
    """What limits disks: all that takes its part of the time together, and each alone; all there is if next to nothing
    waited.
    """
    found: list[tuple[float, Speed]] = []
    for name, value, quantity in _OF_DISKS:
        values = {group.name: own for group in groups if (own := value(group)) is not None}
        keys = tuple((("nodes", group, "disk", name), own, quantity) for group, own in values.items())
        # Faster disks have no limit of operations unless they are given one.
        limits = {} if name != "rate" else {group.name: group.disk_iops for group in groups}
        kept: dict[Path, object] = {
            ("nodes", group, "disk", "iops"): round(own) for group, own in limits.items() if own is not None
        }
        if keys:
            found.append((_saved(situation, groups, name), replace(speed, keys=keys, kept=kept)))
    total = sum(saved for saved, _ in found)
    is_idle = speed.share <= NOTHING or not total
    large = [one for saved, one in found if is_idle or saved >= _PART * total]
    if len(large) > 1:
        every = tuple(key for one in large for key in one.keys)
        raised = {path for path, _, _ in every}
        kept = {path: value for one in large for path, value in one.kept.items() if path not in raised}
        yield replace(speed, keys=every, kept=kept)
    if is_idle and len(large) > 1:
        return
    for saved, one in sorted(found, key=lambda one: -one[0]):
        # How busy disks were speaks for what stands for them: nothing else is as full as it.
        stands = large == [one]
        part = saved / total if total else 1.0
        yield replace(one, share=speed.share * part, rows=speed.rows if stands else (), stands=stands)


def _saved(situation: Situation, groups: Sequence[NodeGroup], name: str) -> float:
    """What the layers of a case need less of disks of which one speed is twice as fast [s]."""

    def needed(group: NodeGroup) -> float:
        return disk_time(group, situation.records.layers)

    def faster(group: NodeGroup) -> NodeGroup:
        match name:
            case "rate":
                return replace(group, disk=None if group.disk is None else _TWICE * group.disk)
            case "iops":
                return replace(group, disk_iops=None if group.disk_iops is None else _TWICE * group.disk_iops)
            case _:
                return replace(group, disk_sync=group.disk_sync / _TWICE)

    return sum(max(needed(group) - needed(faster(group)), 0.0) for group in groups)
