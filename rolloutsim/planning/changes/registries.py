"""What registries do otherwise: more replicas, connections and requests, faster connections."""

from __future__ import annotations

from collections.abc import Iterator

from rolloutsim.planning.changes.situation import Candidate, Situation, change
from rolloutsim.results.numerals import show_byte_rate
from rolloutsim.scenario.causes import BACKOFF, CONNECTION_CAP, FAILED_PULL, RATE_LIMITED, REGISTRY_QUEUE, RETRY
from rolloutsim.scenario.frequencies import Frequency
from rolloutsim.scenario.links import registries, registry_path
from rolloutsim.scenario.places import Path
from rolloutsim.scenario.resolved import Registry
from rolloutsim.units import plain_text

_TWICE = 2.0
_MUCH = 10
_ANY = 1_000_000_000  # the most that the format knows


def registry_changes(situation: Situation) -> Iterator[Candidate]:
    """Everything that the keys of the case's registries can change, apart from speeds."""
    for name in situation.registries:
        registry, here = situation.scenario.registries[name], registry_path(situation.document, name)
        yield from _replicas(situation, registry, here)
        yield from _connections(situation, registry, here)
        yield from _limits(situation, registry, here)


def _replicas(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    links = situation.scenario.links
    crossed = (*registry.replicas, *registry.path)
    uplinks = [one for one in crossed if one in links and links[one].kind == "registry_uplink"]
    replicas = max(1, len(registry.replicas)) + 1
    words, values = f"{replicas} replicas of {registry.name}", {(*here, "replicas"): replicas}
    yield change(f"replicas of {registry.name}", words, values, situation.share([*uplinks, REGISTRY_QUEUE]))


def _connections(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    if registry.max_connections is not None:
        share = situation.share([REGISTRY_QUEUE])
        subject, key = f"connections to {registry.name}", (*here, "max_connections")
        yield change(subject, f"no limit on {subject}", {key: "unlimited"}, share, True)
        if share > 0.0 and registry.max_connections:
            more = int(_TWICE) * registry.max_connections
            yield change(subject, f"{more} {subject}", {key: more}, share)
    if registry.connection_cap is not None:
        cap = _TWICE * registry.connection_cap
        words = f"{show_byte_rate(cap)} for each connection to {registry.name}"
        values = {(*here, "connection_cap"): plain_text("rate", cap)}
        share = situation.share([CONNECTION_CAP])
        yield change(f"connection cap of {registry.name}", words, values, share, True)


def _limits(situation: Situation, registry: Registry, here: Path) -> Iterator[Candidate]:
    """Rate limits ten times as high, or none; addresses of their own where a limit counts addresses."""
    spec = registries(situation.document)[registry.name]
    limits = {(*here, "rate_limits", name): limit for name, limit in (spec.rate_limits or {}).items()}
    limits |= {} if spec.rate_limit is None else {(*here, "rate_limit"): spec.rate_limit}
    share = situation.share([RATE_LIMITED, RETRY, BACKOFF, FAILED_PULL])
    subject = f"rate limits of {registry.name}"
    higher: dict[Path, object] = {}
    none: dict[Path, object] = {}
    for path, limit in limits.items():
        higher[*path, "rate"] = str(Frequency(limit.rate.count * _MUCH, limit.rate.period))
        if limit.burst is not None:
            higher[*path, "burst"] = limit.burst * _MUCH
        none |= {(*path, "rate"): f"{_ANY}/s", (*path, "burst"): _ANY}
    yield change(subject, f"{_MUCH} times the {subject}", higher, share)
    yield change(subject, f"no rate limit at {registry.name}", none, share, True)
    if any(limit.per == "address" for limit in limits.values()):
        behind = [group.name for group in situation.groups if group.shared_address]
        values = {("nodes", name, "shared_address"): False for name in behind}
        yield change("addresses", "an address for each node", values, share)
