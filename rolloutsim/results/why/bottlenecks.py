"""What the pulls of a case waited for, in the order of the time it took: links that act as one stand together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from rolloutsim.scenario.causes import LAYER_SLOT, OTHER_PULL, REGISTRY_QUEUE
from rolloutsim.scenario.resources import PULLED, LinkName
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.results.load.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary

PRIVATE_LINKS = {resource.cause.name: resource.part for resource in PULLED}

# Who waits in one of these waits for others, and they for something else.
_QUEUES = (REGISTRY_QUEUE.name, LAYER_SLOT.name, OTHER_PULL.name)
_MOSTLY = 0.5  # a link that is full for less of the rollout does not explain a queue (assumed)


@struct
class Bottleneck:
    """A cause of waiting, or several links that do the same job in different racks.

    Parameters
    ----------
    kind : str
        The links' kind (`registry_uplink`, `rack`, ...), or a cause that is no shared link (`nic`, `requests`, ...).
    links : tuple of str
        Names of the shared links; empty for other causes.
    seconds : float
        Time on the pulls' critical paths, summed over pulls [s].
    share : float
        Of all time on them, start-up included [1].
    """

    kind: str
    links: tuple[str, ...]
    seconds: float
    share: float

    @property
    def is_shared(self) -> bool:
        """Whether it is a shared link, or several."""
        return bool(self.links)


def bottlenecks(case: CaseSummary, split: Mapping[str, float] | None = None) -> tuple[Bottleneck, ...]:
    """The causes of a case's waiting, the largest first; rack uplinks of one direction count as one.

    Parameters
    ----------
    case : CaseSummary
        The case.
    split : mapping of str to float, optional
        Seconds by cause [s]; those of the whole case by default.
    """
    split = case.time_split_s if split is None else split
    kinds = {row.link: row.kind for row in shared(case)}
    members: dict[tuple[str, str], list[str]] = {}
    for cause in split:
        kind = kinds.get(cause, cause)
        members.setdefault((kind, LinkName.of(cause).part if kind == "rack" else cause), []).append(cause)
    total = sum(split.values())
    found = []
    for (kind, _), causes in members.items():
        seconds = sum(split[cause] for cause in causes)
        links = tuple(cause for cause in causes if cause in kinds)
        found.append(Bottleneck(kind, links, seconds, seconds / total))
    return tuple(sorted(found, key=lambda bottleneck: -bottleneck.seconds))


def behind_queue(case: CaseSummary, causes: Sequence[Bottleneck]) -> Bottleneck | None:
    """What makes a queue slow, where queueing takes most time: the cause whose links were full for longest."""
    if not causes or causes[0].kind not in _QUEUES:
        return None
    link = max(causes, key=lambda cause: saturation(case, cause))
    return link if saturation(case, link) >= _MOSTLY else None


def saturation(case: CaseSummary, cause: Bottleneck) -> float:
    """The share of the rollout for which the links of a cause were full, the mean over them [1]."""
    rows = blamed(case, cause)
    return mean(rows, [row.saturated_s for row in rows]) / case.rollout_time_s if rows and case.rollout_time_s else 0.0


def blamed(case: CaseSummary, cause: Bottleneck) -> list[LinkSummary]:
    """The rows of a cause's links; of private ones those of the groups in which one was full, if there is one."""
    if cause.is_shared:
        return [row for row in shared(case) if row.link in cause.links]
    rows = private(case, PRIVATE_LINKS.get(cause.kind, ""))
    return [row for row in rows if row.saturated_s > 0.0] or rows


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
