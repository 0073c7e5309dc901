"""What the pulls of a case waited for, in the order of the time it took: links that act as one stand together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolloutsim.results.links import LinkSummary
    from rolloutsim.results.metrics import CaseSummary


@dataclass(frozen=True, slots=True)
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


def bottlenecks(case: CaseSummary) -> tuple[Bottleneck, ...]:
    """The causes of a case's time split, the largest first; rack uplinks of one direction count as one."""
    kinds = {row.link: row.kind for row in shared(case)}
    members: dict[tuple[str, str], list[str]] = {}
    for cause in case.time_split_s:
        kind = kinds.get(cause, cause)
        members.setdefault((kind, _direction(cause) if kind == "rack" else cause), []).append(cause)
    total = sum(case.time_split_s.values())
    found = []
    for (kind, _), causes in members.items():
        seconds = sum(case.time_split_s[cause] for cause in causes)
        links = tuple(cause for cause in causes if cause in kinds)
        found.append(Bottleneck(kind, links, seconds, seconds / total))
    return tuple(sorted(found, key=lambda bottleneck: -bottleneck.seconds))


def shared(case: CaseSummary) -> list[LinkSummary]:
    """The rows of the shared links."""
    return [row for row in case.links if row.nodes is None]


def private(case: CaseSummary, kind: str) -> list[LinkSummary]:
    """The rows of the groups' links of a kind: `nic.in`, `disk` or `unpack`."""
    return [row for row in case.links if row.nodes is not None and row.kind == kind]


def _direction(link: str) -> str:
    return link.rpartition(".")[2]
