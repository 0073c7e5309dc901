"""What moves bytes, faster: links, NICs, disks and decompression.

A network's interface is tried at twice its speed, at the next speed that can be bought and at the first that is four
times as fast; a disk or a core at twice its speed. What was never the limit of anything is tried once, to show that it
has no effect. Where several are full alike, none of them helps alone: they are tried together too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rolloutsim.planning.changes.situation import Candidate, Situation, change, is_full, joined, utilisation
from rolloutsim.results.load.links import LinkSummary
from rolloutsim.results.numerals import listed, show_byte_rate, show_factor, show_rate
from rolloutsim.results.why.bottlenecks import Bottleneck, name_of
from rolloutsim.scenario.causes import DISK, PULL_CAP, UNPACK
from rolloutsim.scenario.fields import UNLIMITED
from rolloutsim.scenario.links import private_rate, registry_path
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resources import PULLED, LinkName
from rolloutsim.structs import struct
from rolloutsim.units import parse_rate, plain_text

# What an interface can be bought with: IEEE 802.3ab, 802.3bz, 802.3ae, 802.3by and 802.3ba.
STANDARD = tuple(parse_rate(f"{speed} Gbit/s") for speed in (1, 2.5, 10, 25, 40, 100))

_TWICE = 2.0
_MUCH = 4.0  # an interface is replaced by one that is worth it (assumed)
_ALIKE = 0.02  # links whose utilisation differs by less are full alike (assumed)
_BUSY = 0.5  # a link that is busy for less of the time does not tie with another (assumed)
_GP3_MOST = parse_rate("1000 MiB/s")  # AWS EBS gp3 with all the throughput that can be bought; volume types page
_ZSTD = 2.5  # times as fast as gzip; espressif/esp-idf PR 18940: 2.5, rapidsai/ci-imgs PR 281: 2.5 to 3.2

# The others are interfaces, and in bits.
_IN_BYTES = ("registry_storage", *(resource.cause.name for resource in PULLED if not resource.is_network))


@struct
class Speed:
    """Something with a speed, or several of a kind that are raised together.

    Parameters
    ----------
    kind : str
        Of the links, or the cause of private ones.
    subject : str
        Its name.
    keys : tuple of (path, float)
        Where each speed stands in the scenario, and what it is [B/s]; of an oversubscription, the ratio.
    rows : tuple of LinkSummary
        How busy it was.
    share : float
        Of the time, what it takes [1].
    causes : tuple of str
        What waiting for it is called: the names of the links, or the cause of private ones.
    is_ratio : bool
        Whether its speed is given as an oversubscription.
    """

    kind: str
    subject: str
    keys: tuple[tuple[Path, float], ...]
    rows: tuple[LinkSummary, ...]
    share: float
    causes: tuple[str, ...]
    is_ratio: bool = False

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
        return self.kind not in (*_IN_BYTES, PULL_CAP.name) and not self.is_ratio

    def times(self, factor: float) -> list[float]:
        """Its speeds times a factor."""
        return [value / factor if self.is_ratio else value * factor for _, value in self.keys]

    def standard(self, factor: float) -> list[float]:
        """The slowest standard speeds that are faster, and at least so many times as fast if there are any."""
        return [_standard(value, factor) for _, value in self.keys]

    def main(self) -> list[float]:
        """The speeds that stand for it where only one change is tried."""
        return self.standard(_MUCH) if self.is_standard else self.times(_TWICE)

    def alternatives(self, alone: bool) -> Iterator[Candidate]:
        """Its speeds worth a try; `alone`: one of them stands for it where only one change is tried."""
        several = [self.main()]
        if self.is_standard and self.is_binding:
            several += [self.times(_TWICE), self.standard(1.0)]
        if self.kind == DISK.name and self.is_binding:
            several.append([max(_GP3_MOST, _TWICE * value) for _, value in self.keys])
        for number, values in enumerate(several):
            if values not in several[:number]:
                yield self.at(values, alone=alone and number == 0, followed=number == 0)
        if self.kind == PULL_CAP.name:
            unlimited = {path: UNLIMITED for path, _ in self.keys}
            yield change(self.subject, "no limit of a node's pulls", unlimited, self.share)
        if self.kind == UNPACK.name:
            yield self.at(self.times(_ZSTD), f"zstd instead of gzip ({show_factor(_ZSTD)} as fast to decompress)")

    def at(self, values: Sequence[float], words: str = "", alone: bool = False, followed: bool = False) -> Candidate:
        """The candidate with new speeds; `followed`: by others that limit what it gives back."""
        if self.is_ratio:
            texts = [f"{value:.12g}" for value in values]
            shown = f"{show_factor(_TWICE)} (oversubscription {texts[0]})"
        else:
            show = show_byte_rate if self.kind in _IN_BYTES else show_rate
            texts = [plain_text("rate", value, bits=self.kind not in _IN_BYTES) for value in values]
            shown = " / ".join(show(value) for value in sorted(set(values)))
        settings = {path: text for (path, _), text in zip(self.keys, texts, strict=True)}
        relieves = self.causes if followed else ()
        found = change(self.subject, words or f"{self.subject} {shown}", settings, self.share, alone, None, relieves)
        return replace(found, buys=not words and self.kind != PULL_CAP.name)


def speed_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that moves bytes, faster."""
    speeds = [*_shared(situation), *_private(situation)]
    tied = _tied([one for one in speeds if not one.is_shared or not situation.crossed.isdisjoint(one.causes)])
    for speed in speeds:
        yield from speed.alternatives(alone=speed not in tied)
    if tied:
        yield joined([speed.at(speed.main(), followed=True) for speed in tied])


def _tied(speeds: Sequence[Speed]) -> list[Speed]:
    """What is as full as the fullest of those that bind: one stands full behind the other; none, if there is one."""
    most = max((speed.busy for speed in speeds if speed.is_binding), default=0.0)
    tied = [speed for speed in speeds if speed.busy >= max(most - _ALIKE, _BUSY)]
    return tied if len(tied) > 1 and most >= _BUSY else []


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
    for name in document.network.links:
        yield _links(situation, [name], ("network", "links", name, "capacity"), name)
    racks, given = [name for name, kind in kinds.items() if kind == "rack"], document.network.racks
    if racks and given is not None:
        key, value = ("oversubscription", given.oversubscription) if given.uplink is None else ("uplink", given.uplink)
        downs = [rack for rack in racks if LinkName.of(rack).part == "down"]
        subject = name_of(Bottleneck("rack", tuple(downs), 0.0, 0.0))
        keys = ((("network", "racks", key), value or 1.0),)
        rows, share = situation.rows(racks), situation.share(racks)
        yield Speed("rack", subject, keys, rows, share, tuple(racks), key == "oversubscription")


def _links(situation: Situation, links: list[str], path: Path, name: str) -> Speed:
    """The speed of links that one key sets."""
    first = situation.scenario.links[links[0]]
    subject = name_of(Bottleneck(first.kind, (name,), 0.0, 0.0))
    keys = ((path, first.line_rate),)
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
        subject = resource.cause.look.legend
        if len(chosen) < len(rows):
            subject = f"{subject.removeprefix('node ')} of {listed(chosen)}"
        yield Speed(
            resource.cause.name,
            subject,
            tuple((("nodes", name, *resource.key), rates[name]) for name in chosen),
            tuple(row for name in chosen for row in rows[name]),
            situation.share([resource.cause]),
            (resource.cause.name,),
        )


def _standard(rate: float, factor: float) -> float:
    """The slowest that is fast enough; else the fastest, if it is twice as fast; else twice the rate."""
    enough = [speed for speed in STANDARD if speed > rate and speed >= factor * rate]
    return enough[0] if enough else max(STANDARD[-1], _TWICE * rate)
