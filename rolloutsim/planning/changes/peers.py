"""Nodes that hand layers to one another: peers before the registry, a swarm, and look-ups that find others.

The peers that are tried are Spegel's, which hand over whole layers: one that nobody has yet comes from the registry.
Where all nodes ask at once, that is all of them, so that they are tried with a node that has the image before others
as well. The swarm is Kraken's. What a change does to the bytes that registries send is told beside its gain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.scenario.causes import PEER_UPLINK
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resources import PLACES
from rolloutsim.scenario.servers import instances, registries
from rolloutsim.scenario.strategies import leading
from rolloutsim.scenario.swarms import KRAKEN

_WORTH_A_TRY = 0.05  # a way that takes a smaller share of the time is left alone (assumed)
_ENOUGH = 10  # nodes, of fewer nobody makes a swarm (assumed)
_FIRST = [1, "10%"]  # waves: a node, and some who get it from that one, before all others (assumed)
_SERVES = "containerd"  # the only runtime that Spegel works with (its documentation, compatibility)


def peer_changes(situation: Situation) -> Iterator[Candidate]:
    """Peers where there are none, and peers that find others than the first who had a layer."""
    yield from _others(situation)
    name = situation.scenario.images[situation.image].registry if situation.image else ""
    if not name or any(host in situation.scenario.peers for group in situation.groups for host in group.hosts):
        return
    registry, links = situation.scenario.registries[name], situation.scenario.links
    crossed = (*registry.path, *registry.replicas, *(registry.redirect.path if registry.redirect is not None else ()))
    share = situation.share(link for link in (*dict.fromkeys(crossed), *_places(situation)) if link in links)
    nodes = sum(group.count for group in situation.groups)
    if share < _WORTH_A_TRY or nodes < _ENOUGH:
        return
    serves = all(situation.document.nodes[group.name].runtime == _SERVES for group in situation.groups)
    for own in (False, True) if _is_apart(situation) else (False,):
        first = f", those of the same {_place(situation)} first" if own else ""
        if serves:
            yield from _whole_layers(situation, share, own, first)
    values = _before_others(situation, "kraken")
    words = f"a swarm of the nodes (Kraken; the model of it may be off by {KRAKEN.makespan_error * 100:.0f} %)"
    yield replace(change("a swarm", words, values, share), moves_sources=True)


def _whole_layers(situation: Situation, share: float, own: bool, first: str) -> Iterator[Candidate]:
    values, words = _before_others(situation, "spegel", own), f"peers before the registry (Spegel){first}"
    yield replace(change("peers", words, values, share), moves_sources=True)
    if leading(situation.document) == "all_at_once" and not situation.case.workloads:
        waves: dict[Path, object] = {("rollout", "strategy"): "waves", ("rollout", "waves"): _FIRST}
        words = f"{words}, and pods in waves of 1, 10 % and all others"
        both = change("peers and waves", words, {**values, **waves}, share)
        yield replace(both, parts=("peers", "waves"), moves_sources=True)


def _places(situation: Situation) -> tuple[str, ...]:
    """The links of racks and sites."""
    return tuple(link for kind in PLACES for link in situation.of_places(kind))


def _is_apart(situation: Situation) -> bool:
    """Whether the links of racks or sites take so much of the time that nodes had better ask those of their own."""
    return situation.share(_places(situation)) >= _WORTH_A_TRY


def _place(situation: Situation) -> str:
    """What these links are of."""
    return " or ".join(kind for kind in PLACES if situation.share(situation.of_places(kind)) > 0.0)


def _before_others(situation: Situation, profile: str, own: bool = False) -> dict[Path, object]:
    """All nodes that pull ask peers first; `own`: of these, those of their own rack or site."""
    document = situation.document
    taken = {
        *registries(document), *instances(document), *document.mirrors, *document.caches, *document.peers,
        *document.nodes,
    }  # fmt: skip
    name = next(one for one in (profile, *(f"{profile}-{n}" for n in range(len(taken)))) if one not in taken)
    values: dict[Path, object] = {("peers", name): {"profile": profile} | ({"per_rack": True} if own else {})}
    return values | {("nodes", group.name, "hosts"): [name, *group.hosts] for group in situation.groups}


def _others(situation: Situation) -> Iterator[Candidate]:
    """Peers that always find those who had a layer first find any of those who have it."""
    share = situation.share([PEER_UPLINK])
    for name, spec in situation.scenario.peers.items():
        if spec.finds == "first" and spec.swarm is None and share >= _WORTH_A_TRY:
            values: dict[Path, object] = {("peers", name, "finds"): "random"}
            words = f"look-ups of {name} find any holder (finds: random)"
            yield change(f"look-ups of {name}", words, values, share, True, relieves=[PEER_UPLINK.name])
