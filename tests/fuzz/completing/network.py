"""The network: racks, sites, named links, and who is behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.completing.values import RATES, is_map, means

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fuzz.completing.drawn import Drawn
    from tests.fuzz.completing.values import Data


def complete_network(drawn: Drawn) -> None:
    data, random = drawn.data, drawn.random
    data.setdefault("network", random.choice(RATES))
    network = data["network"]
    named = any(_has_ways(part) for part in _parts(data)) or bool(drawn.of("background")) or random.random() < 0.2
    placed = {key: bool(drawn.placed(key)) for key in ("racks", "sites")}
    if isinstance(network, str) and (named or any(placed.values())):
        network = data["network"] = {"rate": network}
    if isinstance(network, str):
        return
    network.setdefault("rate", random.choice(RATES))
    if "mtu" in network:
        network.pop("efficiency", None)
    if named and not network.get("links"):
        network["links"] = {name: random.choice(RATES) for name in ("wan", "lan")[: random.randint(1, 2)]}
    for key, there in placed.items():
        if there:
            network.setdefault(key, random.choice(RATES))
        elif key in network and (free := [one for one in drawn.groups.values() if not {"racks", "sites"} & one.keys()]):
            group = random.choice(free)
            group[key] = [["r1", "r2"], ["east", "west"]][key == "sites"][: random.randint(1, 2)]
        else:
            network.pop(key, None)
    racks = network.get("racks")
    if isinstance(racks, dict):
        if "oversubscription" in racks:
            racks.pop("uplink", None)
            for group in drawn.groups.values():
                if "racks" in group:
                    group["count"] = max(group["count"], len(group["racks"]))
        else:
            racks.setdefault("uplink", random.choice(RATES))


def complete_ways(drawn: Drawn) -> None:
    """Links that parts are behind: each on a way only once."""
    links = list(drawn.of_network("links"))
    used: set[str] = set()
    for section in ("registries", "mirrors", "caches"):
        for _, spec in drawn.long(section):
            _way(drawn, spec, links, used)
    if isinstance(drawn.data.get("registry"), dict):
        _way(drawn, drawn.data["registry"], links, used)
    for group in drawn.groups.values():
        if "via" in group:
            means(group, "via", [link for link in links if link not in used], drawn.random)
    pushes = [spec for _, spec in drawn.long("pushes")]
    for push in (*pushes, drawn.data.get("push")):
        if isinstance(push, dict) and "via" in push:
            means(push, "via", links, drawn.random)


def _way(drawn: Drawn, spec: Data, links: list[str], used: set[str]) -> None:
    for part in (spec, spec.get("redirect")):
        if isinstance(part, dict) and "via" in part:
            # One link at the most, so that some are left for the nodes.
            means(part, "via", links[:1], drawn.random)
            used.update(part.get("via", ()))


def _parts(data: Data) -> Iterator[Data]:
    """The parts that may be behind links."""
    for key in ("nodes", "registries", "mirrors", "caches", "pushes"):
        if is_map(data.get(key)):
            yield from (part for part in data[key].values() if isinstance(part, dict))
    yield from (data[key] for key in ("registry", "push") if isinstance(data.get(key), dict))


def _has_ways(part: Data) -> bool:
    redirect = part.get("redirect")
    return "via" in part or (isinstance(redirect, dict) and "via" in redirect)
