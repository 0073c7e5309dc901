"""What a case's records say, keyed by names instead of rows."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isnan, nan
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.scenario.resolved import ResolvedScenario
    from tests.oracle.exact import ExactTimes


@dataclass(frozen=True)
class Observed:
    """When everything happened [s]."""

    layers: dict[tuple[str, str], tuple[float, float]]  # (node, digest): fetch start, fetched
    pulls: dict[tuple[str, str], tuple[float, float]]  # (node, image): asked, pulled
    nodes: dict[str, float]  # the last of the node's pulls
    background: dict[str, float]  # finish


def observe(case: CaseRecords) -> Observed:
    """Read a case's columns; each node must have asked for an image at most once."""
    fetches, pulls = case.fetches, case.pulls
    layers = {}
    for pull, layer, started, fetched in zip(
        fetches.pull.tolist(), fetches.layer.tolist(), fetches.started.tolist(), fetches.fetched.tolist(), strict=True
    ):
        key = (case.node_names[pulls.node[pull]], case.layers[layer].digest)
        assert key not in layers, f"{key} was fetched twice"
        layers[key] = (started, fetched)
    spans: dict[tuple[str, str], tuple[float, float]] = {}
    nodes: dict[str, float] = {}
    for node, image, asked, pulled in zip(
        pulls.node.tolist(), pulls.image.tolist(), pulls.asked.tolist(), pulls.pulled.tolist(), strict=True
    ):
        name = case.node_names[node]
        spans[name, case.images[image].name] = (asked, pulled)
        nodes[name] = max(nodes.get(name, pulled), pulled)
    assert len(spans) == len(pulls.node), "a node asked for one image twice"
    background = dict(zip(case.background.name, case.background.finished.tolist(), strict=True))
    return Observed(layers, spans, nodes, background)


def exactly(scenario: ResolvedScenario, times: ExactTimes, case: str = "all") -> Observed:
    """What the exact oracle says, as doubles."""
    planned = next(one.pulls for one in scenario.cases if one.name == case)
    images = {
        (group.node_name(index), number): pull.image
        for group in scenario.groups
        for index in range(group.count)
        for number, pull in enumerate(planned.get(group.name, ()))
    }
    return Observed(
        layers={key: (float(start), float(end)) for key, (start, end) in times.layers.items()},
        pulls={
            (n, images[n, i]): (float(start), nan if end is None else float(end))
            for (n, i), (start, end) in times.pulls.items()
        },
        nodes={node: float(time) for node, time in times.nodes.items()},
        background={name: float(time) for name, time in times.background.items()},
    )


def worst_difference(observed: Observed, expected: Observed) -> float:
    """The largest difference between two sets of times [s]; both must be about the same things."""
    worst = 0.0
    pairs: tuple[tuple[dict[Any, Any], dict[Any, Any]], ...] = (
        (observed.layers, expected.layers),
        (observed.pulls, expected.pulls),
        (_as_tuples(observed.nodes), _as_tuples(expected.nodes)),
        (_as_tuples(observed.background), _as_tuples(expected.background)),
    )
    for ours, theirs in pairs:
        assert ours.keys() == theirs.keys()
        for key, times in ours.items():
            for a, b in zip(times, theirs[key], strict=True):
                # What never happened is NaN in both; NaN in one of them is the worst of differences.
                if not (isnan(a) and isnan(b)):
                    worst = inf if isnan(a) or isnan(b) else max(worst, abs(a - b))
    return worst


def _as_tuples(times: dict[str, float]) -> dict[str, tuple[float]]:
    return {name: (time,) for name, time in times.items()}
