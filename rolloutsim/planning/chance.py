"""Whether chance plays a part in a scenario: whether two seeds can give two results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from rolloutsim.scenario.resolved import Distribution, Fairness, Fault, Kubelet, NodeGroup

if TYPE_CHECKING:
    from rolloutsim.scenario.resolved import ResolvedScenario


def is_random(scenario: ResolvedScenario) -> bool:
    """Whether any number in a simulation of the scenario is drawn; it may still not matter for its results."""
    groups = {group.name for group in scenario.groups}
    return any(_draws(part, groups) for part in _parts(scenario))


def _draws(part: Any, groups: set[str]) -> bool:
    match part:
        case Distribution():
            return not part.is_constant
        case Fairness():
            return part.sigma > 0.0
        case Kubelet():
            return part.backoff_jitter > 0.0
        case Fault():
            at_random = part.at is None or 0.0 < part.probability < 1.0
            return at_random or (part.kind == "node" and part.target in groups)
    return False


def _parts(value: Any) -> Iterator[Any]:
    """A dataclass and all dataclasses in it; of a node group, which may have many nodes, what they have in common."""
    if is_dataclass(value) and not isinstance(value, type):
        yield value
        for each in fields(value):
            if not (isinstance(value, NodeGroup) and each.name == "cached"):
                yield from _parts(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _parts(item)
    elif isinstance(value, tuple) and value and not isinstance(value[0], (str, float, int)):
        for item in value:
            yield from _parts(item)
