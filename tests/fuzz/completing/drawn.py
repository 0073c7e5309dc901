"""What is there in a drawn scenario, to be named by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.links import node_name
from rolloutsim.scenario.strategies import KUBERNETES
from tests.fuzz.completing.values import is_map, strategy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from tests.fuzz.completing.values import Data


class Drawn:
    """A drawn scenario, and what is there to be named by its parts."""

    def __init__(self, data: Data, random: Random) -> None:
        self.data = data
        self.random = random

    @property
    def images(self) -> list[str]:
        return list(self.data["images"])

    @property
    def registries(self) -> list[str]:
        return list(self.data.get("registries") or ("registry",))

    @property
    def groups(self) -> dict[str, Data]:
        """The groups of nodes that have keys."""
        nodes = self.data["nodes"]
        return {name: group for name, group in nodes.items() if isinstance(group, dict)} if is_map(nodes) else {}

    @property
    def names_of_groups(self) -> list[str]:
        nodes = self.data["nodes"]
        return list(nodes) if is_map(nodes) else ["node"]

    @property
    def pods(self) -> bool:
        return bool(self.data.get("workloads")) or strategy(self.data.get("rollout")) in KUBERNETES

    def of(self, section: str) -> dict[str, Any]:
        return self.data.get(section) or {}

    def long(self, section: str) -> Iterator[tuple[str, Data]]:
        """The parts of a section that are not in their short form."""
        for name, part in self.of(section).items():
            if isinstance(part, dict):
                yield name, part

    def origin(self, image: str) -> str:
        spec = self.data["images"][image]
        return (spec.get("registry") if isinstance(spec, dict) else None) or self.registries[0]

    def placed(self, key: str) -> list[str]:
        """The racks, or sites, in which nodes are."""
        found: list[str] = []
        for name, group in self.groups.items():
            value = group.get(key)
            found += value if isinstance(value, list) else [f"{name}-site-{n:03d}" for n in range(value or 0)]
        return list(dict.fromkeys(found))

    def servers(self) -> list[str]:
        """Caches and mirrors by the names of what their keys make."""
        found: list[str] = []
        for section in ("mirrors", "caches"):
            for name, spec in self.of(section).items():
                place = spec.get("in", "core") if isinstance(spec, dict) else "core"
                each = place in ("rack", "site")
                found += [f"{name}-{there}" for there in self.placed(f"{place}s")] if each else [name]
        return found

    def node(self) -> str:
        nodes = self.data["nodes"]
        group = self.random.choice(self.names_of_groups)
        spec = nodes[group] if is_map(nodes) else nodes
        count = int(spec.get("count", 1) if isinstance(spec, dict) else spec)
        return node_name(group, self.random.randrange(max(1, count)), count)

    def links(self) -> list[str]:
        """Shared links; some may have no limit, or other names."""
        found = [*self.of_network("links")]
        for key in ("racks", "sites"):
            found += [f"{place}.{way}" for place in self.placed(key) for way in ("up", "down")]
        found += [f"{name}.uplink" for name in (*self.registries, *self.servers(), *self.of("pushes"))]
        return [*found, *(f"{name}.rate" for name, spec in self.long("prepulls") if "rate" in spec)]

    def of_network(self, key: str) -> Any:
        network = self.data["network"]
        return (network.get(key) if isinstance(network, dict) else None) or {}

    def instead(self, part: Data, key: str, may: Sequence[str]) -> None:
        if key not in part:
            return
        if may:
            part[key] = self.random.choice(may)
        else:
            del part[key]
