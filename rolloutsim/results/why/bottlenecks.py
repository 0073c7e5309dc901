"""What the pulls of a case waited for, in the order of the time it took: links that act as one stand together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rolloutsim.results.numerals import whole_share, whole_shares
from rolloutsim.scenario.causes import CAUSES, LAYER_SLOT, OTHER_PULL, REGISTRY_QUEUE
from rolloutsim.scenario.resources import PLACES, PULLED, LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary

PRIVATE_LINKS = {resource.cause.name: resource.part for resource in PULLED}
_PRIVATE_NAMES = {resource.cause.name: f"{resource.noun}s" for resource in PULLED}

# Where an uplink leads, as seen by the rack or site.
_DIRECTIONS = {"down": "inbound", "up": "outbound"}

# Who waits in one of these waits for others, and they for something else.
_QUEUES = (REGISTRY_QUEUE.name, LAYER_SLOT.name, OTHER_PULL.name)
_MOSTLY = 0.5  # a link that is full for less of the rollout does not explain a queue (assumed)


@struct
class Bottleneck:
    """A cause of waiting, or several links that do the same job in different racks or sites."""

    kind: str  # the links' kind (`registry_uplink`, ...), or a cause that is no shared link (`nic`, `requests`, ...)
    links: tuple[str, ...]  # names of the shared links; empty for other causes
    seconds: float  # on the pulls' critical paths, summed over pulls [s]
    share: float  # of all time on them, start-up included [1]
    family: str = ""  # what several links of caches or mirrors are called together; "": they are none
    percent: int = 0  # the share in whole per cents, which add up with those of the other causes

    @property
    def shown(self) -> str:
        """The share as all sentences and figures tell it: `48 %`, and never 0 or 100 % where that is not exact."""
        return whole_share(self.share, self.percent)

    @property
    def is_shared(self) -> bool:
        """Whether it is a shared link, or several."""
        return bool(self.links)


def bottlenecks(case: CaseSummary, split: Mapping[str, float] | None = None) -> tuple[Bottleneck, ...]:
    """The causes of a case's waiting, the largest first; rack uplinks of one direction, or the like, count as one.

    `split` are seconds by cause [s], those of the whole case by default.
    """
    split = case.time_split_s if split is None else split
    kinds = {row.link: row.kind for row in shared(case)}
    families = {row.link: row.family for row in shared(case) if row.family}
    members: dict[tuple[str, str], list[str]] = {}
    for cause in split:
        kind = kinds.get(cause, cause)
        together = LinkName.of(cause).part if kind in PLACES else families.get(cause, cause)
        members.setdefault((kind, together), []).append(cause)
    total = sum(split.values())
    found = []
    for (kind, _), causes in members.items():
        seconds = sum(split[cause] for cause in causes)
        links = tuple(cause for cause in causes if cause in kinds)
        family = families.get(links[0], "") if links else ""
        found.append(Bottleneck(kind, links, seconds, seconds / total, family))
    found.sort(key=lambda bottleneck: -bottleneck.seconds)
    percents = whole_shares([one.share for one in found])
    return tuple(replace(one, percent=percent) for one, percent in zip(found, percents, strict=True))


def behind_queue(case: CaseSummary, causes: Sequence[Bottleneck]) -> Bottleneck | None:
    """What makes a queue slow, where queueing takes most time: the cause whose links were full for longest."""
    if not causes or causes[0].kind not in _QUEUES:
        return None
    found = Blamed(case)
    link = max(causes, key=found.saturation)
    return link if found.saturation(link) >= _MOSTLY else None


class Blamed:
    """The links of causes.

    Parameters
    ----------
    case : CaseSummary
        Whose causes they are.
    """

    def __init__(self, case: CaseSummary) -> None:
        self.case = case
        self.places = {row.link: place for place, row in enumerate(case.links) if row.nodes is None}

    def rows(self, cause: Bottleneck) -> list[LinkSummary]:
        """The rows of a cause's links; of private ones those of the groups in which one was full, if there is one."""
        if cause.is_shared:
            return [self.case.links[place] for place in sorted(self.places[link] for link in cause.links)]
        rows = private(self.case, PRIVATE_LINKS[cause.kind]) if cause.kind in PRIVATE_LINKS else []
        return [row for row in rows if row.saturated_s > 0.0] or rows

    def saturation(self, cause: Bottleneck) -> float:
        """The share of the rollout for which the links of a cause were full, the mean over them [1]."""
        rows, time = self.rows(cause), self.case.rollout_time_s
        return mean(rows, [row.saturated_s for row in rows]) / time if rows and time else 0.0


def mean(rows: Sequence[LinkSummary], values: Iterable[float]) -> float:
    """The mean over single links, a group's row counting for each of its nodes."""
    weights = [row.nodes or 1 for row in rows]
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)


def shared(case: CaseSummary) -> list[LinkSummary]:
    """The rows of the shared links."""
    return [row for row in case.links if row.nodes is None]


def private(case: CaseSummary, kind: str) -> list[LinkSummary]:
    """The rows of the groups' links of a kind: `nic.in`, `disk` or `unpack`."""
    return [row for row in case.links if row.nodes is not None and row.kind == kind]


def name_of(bottleneck: Bottleneck) -> str:
    """A bottleneck as a noun: `registry uplink`, `rack uplinks`, `node NICs`."""
    if bottleneck.is_shared:
        return links_name(bottleneck.kind, bottleneck.links, bottleneck.family)
    if bottleneck.kind in _PRIVATE_NAMES:
        return f"node {_PRIVATE_NAMES[bottleneck.kind]}"
    return CAUSES[bottleneck.kind].noun


def noun_of(bottleneck: Bottleneck) -> str:
    """A bottleneck as the object of `waits for`."""
    return f"the {name_of(bottleneck)}" if bottleneck.is_shared else CAUSES[bottleneck.kind].noun


def nouns_of(causes: Sequence[Bottleneck]) -> list[str]:
    """Causes as the objects of `goes to`; where both directions of racks' or sites' uplinks are among them, which."""
    nouns = [noun_of(cause) for cause in causes]
    return [
        f"{noun} ({_DIRECTIONS[LinkName.of(cause.links[0]).part]})"
        if nouns.count(noun) > 1 and cause.kind in PLACES
        else noun
        for noun, cause in zip(nouns, causes, strict=True)
    ]


def names_of(rows: Iterable[LinkSummary]) -> list[str]:
    """Shared links as nouns, several of a family as one."""
    members: dict[str, list[LinkSummary]] = {}
    for row in rows:
        members.setdefault(row.family or row.link, []).append(row)
    return [links_name(of[0].kind, [row.link for row in of], of[0].family or "") for of in members.values()]


def links_name(kind: str, links: Sequence[str], family: str = "") -> str:
    """Shared links of one kind as a noun; `family` is what several of caches or mirrors are called together."""
    if family and len(links) > 1:
        name = LinkName.of(family)
        part = "uplink" if name.part == "uplink.in" else name.part
        return f"{part}s of {name.owner}{' (inbound)' if name.part != part else ''}"
    if kind in PLACES:
        return f"{kind} uplinks" if len(links) > 1 else f"uplink of {kind} {LinkName.of(links[0]).owner}"
    (link,) = map(LinkName.of, links)
    if kind == "registry_uplink" and link.part == "uplink.in":
        return f"{link.owner} uplink (inbound)"
    return f"{link.owner} {link.part}" if kind in ("registry_uplink", "registry_storage") else f"{link} link"
