"""Which ways a case has: from the registries that are asked to the groups that ask them."""

from __future__ import annotations

import re

from rolloutsim.scenario import loads
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.routes import routes

APART = """\
rolloutsim: 1
network: {rate: 1 Gbit/s, racks: {uplink: 10 Gbit/s}}
nodes:
  web: {count: 4, racks: [r0, r1]PULLS[{image: front, at: 0 s}]}
  gpu: {count: 1PULLS[{image: model, at: 0 s}, {image: front, at: 1 s}]}
  idle: {count: 1PULLS[]}
registries: {a: 1 Gbit/s, unused: 1 Gbit/s, b: 1 Gbit/s}
images:
  front: {layers: [1 MB], registry: b}
  model: {layers: [2 MB], registry: a}
  other: {layers: [2 MB], registry: unused}
"""
PULLED = APART.replace("PULLS", ", pulls: ") + "rollout: {strategy: schedule}\n"
ROLLED = re.sub(r"PULLS\[.*\]", "", APART) + "workloads: {w: {images: front, replicas: 2}}\n"


def ways(scenario: ResolvedScenario) -> list[tuple[int, int, str | None]]:
    (case,) = scenario.cases
    return [(route.source, route.group, route.rack) for route in routes(scenario, case)]


def test_there_is_a_route_from_each_registry_to_each_group_that_pulls_from_it() -> None:
    scenario = loads(PULLED).resolve()
    assert ways(scenario) == [(0, 1, None), (2, 0, "r0"), (2, 0, "r1"), (2, 1, None)]
    (case,) = scenario.cases
    assert next(routes(scenario, case)).shares == {"a.uplink": 1.0}


def test_a_workload_may_pull_on_every_node() -> None:
    scenario = loads(ROLLED).resolve()
    assert ways(scenario) == [(2, 0, "r0"), (2, 0, "r1"), (2, 1, None), (2, 2, None)]


def test_routes_are_as_many_as_pairs_that_meet() -> None:
    """A registry for each of 200 groups: 200 routes, and not 40,000."""
    names = range(200)
    scenario = loads(
        "rolloutsim: 1\nnetwork: 1 Gbit/s\nrollout: {strategy: schedule}\n"
        f"nodes: {{{', '.join(f'n{i}: {{count: 1, pulls: [{{image: i{i}, at: 0 s}}]}}' for i in names)}}}\n"
        f"registries: {{{', '.join(f'r{i}: 1 Gbit/s' for i in names)}}}\n"
        f"images: {{{', '.join(f'i{i}: {{layers: [1 MB], registry: r{i}}}' for i in names)}}}\n"
    ).resolve()
    assert ways(scenario) == [(i, i, None) for i in names]
