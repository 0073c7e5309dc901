"""A second source of layers, a mirror at another address: what a node asks whom, with times worked out by hand.

The mirror is made here; the house knows registries. It has the same content behind a link of its own, 50 MB/s wide,
while the registry's uplink has 100 MB/s.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from rolloutsim import simulation
from rolloutsim.fleet.build import Actors, build
from rolloutsim.fleet.recipes import Way
from rolloutsim.fleet.sources.source import FINE, LIMITED, UNAVAILABLE, Connections, Source
from rolloutsim.results.load.requests import registry_summaries
from rolloutsim.results.load.throughput import link_loads
from rolloutsim.scenario import loads
from rolloutsim.scenario.answers import MISSING
from rolloutsim.scenario.resolved import ResolvedScenario
from rolloutsim.scenario.routes import Route
from rolloutsim.scenario.runtimes import Retry
from tests.fleet.scenes import MB, daemonset, roll, run, scene, with_runtime

EXACT = {"rtol": 0.0, "atol": 1e-9}
NODES = 2
# Without 429s in a row that wear out the runtime's patience; a second's wait after each of three.
PATIENT = Retry(rate_limited=(1.0, 1.0, 1.0), server_error=(5.0,), broken=(5.0,))


class Mirror(Source):
    """Answers requests for layers as it is told, in turn, then as the last one; manifests it always has."""

    def __init__(self, index: int, answers: tuple[int, ...], lacks: int = -1) -> None:
        super().__init__(index, "mirror", (Connections(None),), fallible=True)
        self.answers = list(answers)
        self.lacks = lacks
        self.asked: list[tuple[float, int]] = []

    def answer(self, address: int, now: float, layer: int, manifest: bool, image: int = -1) -> int:
        if layer < 0:
            return FINE
        self.asked.append((now, layer))
        if layer == self.lacks:
            return MISSING
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def mirrored(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put a mirror before the registry of all images."""

    def before(*answers: int, lacks: int = -1) -> Mirror:
        mirror = Mirror(1, answers, lacks)

        def with_mirror(scenario: ResolvedScenario, case: Any, fleet: Any, *more: Any) -> Actors:
            actors = build(scenario, case, fleet, *more)
            if mirror.name not in actors.links:
                return actors  # a pull alone, of which the house knows no way to a mirror
            for node, recipes in enumerate(actors.recipes):
                for image in actors.images:
                    recipe = recipes[image.name]
                    (way,) = recipe.ways
                    kinds = tuple(fleet.network.kind((actors.links["mirror"],), kind.usage) for kind in way.kinds)
                    there = Way(
                        mirror, kinds, kinds, way.round_trip, way.before_first_byte, way.layer_trips, way.resolve_time,
                        way.resolve_trips, way.buffered, way.nic_wait,
                    )  # fmt: skip
                    ways = (there, way)
                    actors.recipes[node] = {**actors.recipes[node], image.name: replace(recipe, ways=ways)}
            route = Route(mirror.index, 0, None, (("mirror",),))
            return replace(
                actors,
                sources=(*actors.sources, mirror),
                outlets=(*actors.outlets, mirror.name),
                routes=(*actors.routes, route),
            )

        monkeypatch.setattr(simulation, "build", with_mirror)
        return mirror

    return before


def mirror_scene(layers: str = "[100 MB]") -> ResolvedScenario:
    network = "{rate: 100 MB/s, links: {mirror: {capacity: 50 MB/s}}}"
    return with_runtime(scene(f"{{a: {{layers: {layers}}}}}", nodes=NODES, network=network), retry=PATIENT)


def carried(case: Any) -> dict[str, float]:
    return dict(zip(case.shared_links.name, case.shared_links.bytes.tolist(), strict=True))


def test_what_a_mirror_serves_comes_over_its_link_and_is_counted_there(mirrored: Any) -> None:
    # 2 x 100 MB over 50 MB/s.
    mirrored(FINE)
    s = mirror_scene()
    case = run(s)
    assert_allclose(case.pulls.pulled, [4.0] * NODES, **EXACT)
    assert case.fetches.source.tolist() == [1] * NODES
    assert case.sources == ("registry", "mirror")
    assert carried(case) == {"registry.uplink": 0.0, "mirror": 200 * MB}
    busy = {load.link: load.utilisation.mean() for load in link_loads(s, case)}
    assert busy == {"registry.uplink": 0.0, "mirror": 1.0}


def test_a_mirror_that_refuses_is_left_for_the_registry_at_once(mirrored: Any) -> None:
    # 2 x 100 MB over 100 MB/s; no delay although the runtime has one for the last source.
    mirror = mirrored(UNAVAILABLE)
    case = roll(mirror_scene(), daemonset("w", "a"))
    assert_allclose(case.pulls.pulled, [2.0] * NODES, **EXACT)
    assert case.fetches.source.tolist() == [0] * NODES
    assert mirror.asked == [(0.0, 0)] * NODES
    refusals = case.orchestration.refusals
    assert (refusals.source.tolist(), refusals.status.tolist()) == ([1], [UNAVAILABLE])
    assert refusals.count.tolist() == refusals.again.tolist() == [NODES]


def test_only_the_layer_that_a_mirror_lacks_comes_from_the_registry(mirrored: Any) -> None:
    # Layer 0, 50 MB, from the registry: 2 x 50 MB over 100 MB/s. Layer 1, 100 MB, from the mirror, at the same time.
    mirror = mirrored(FINE, lacks=0)
    case = run(mirror_scene("[50 MB, 100 MB]"))
    assert dict(zip(case.fetches.layer.tolist(), case.fetches.source.tolist(), strict=True)) == {0: 0, 1: 1}
    assert carried(case) == {"registry.uplink": 100 * MB, "mirror": 200 * MB}
    assert sorted(mirror.asked) == [(0.0, 0), (0.0, 0), (0.0, 1), (0.0, 1)]
    assert_allclose(np.sort(case.fetches.fetched), [1.0, 1.0, 4.0, 4.0], **EXACT)


def test_a_mirror_with_too_many_requests_is_asked_again_before_it_is_left(mirrored: Any) -> None:
    # One second each after the first, second and third; after the fourth the registry: 3 + 2 s.
    mirror = mirrored(LIMITED)
    case = roll(mirror_scene(), daemonset("w", "a"))
    assert sorted(mirror.asked) == [(time, 0) for time in (0.0, 1.0, 2.0, 3.0) for _ in range(NODES)]
    assert_allclose(case.pulls.pulled, [5.0] * NODES, **EXACT)
    assert case.fetches.source.tolist() == [0] * NODES


def test_each_layer_asks_the_mirror_first_again(mirrored: Any) -> None:
    mirror = mirrored(*[UNAVAILABLE] * NODES, FINE)
    case = roll(with_runtime(mirror_scene("[50 MB, 50 MB]"), retry=PATIENT, parallel_layers=1), daemonset("w", "a"))
    assert case.fetches.source.tolist() == [0] * NODES + [1] * NODES
    assert [layer for _, layer in mirror.asked] == [0, 0, 1, 1]


def test_what_a_mirror_is_asked_for_are_no_requests_to_the_registry(mirrored: Any) -> None:
    mirrored(FINE)
    result = simulation.simulate(mirror_scene("[10 MB, 20 MB, 30 MB]"))
    (found,) = registry_summaries(result, result.cases[0])
    assert found.requests == 0
    sent = result.cases[0].supply.asked
    assert (sent.pull.tolist(), sent.source.tolist()) == ([0, 1], [1, 1])
    assert sent.count.tolist() == result.cases[0].pulls.requests.tolist()


LAZY_FROM_A_SLOW_REGISTRY = """\
rolloutsim: 1
nodes: {gpu: {count: 1, snapshotter: nydus, host_per: image, hosts: [copy], timeouts: {header: 2 s}, retry: {times: 0}}}
network: 100 Mbit/s
registries: {hub: {ttfb: 3 s}}
mirrors: {copy: {of: [hub]}}
images: {app: {size: 10 MB, registry: hub}}
"""


def test_a_mount_goes_on_with_the_registry_that_it_reads_from_wherever_the_image_is_from() -> None:
    # The pull stays with the mirror; the layer is mounted from the registry, whose header comes too late.
    (case,) = simulation.simulate(loads(LAZY_FROM_A_SLOW_REGISTRY).resolve()).cases
    assert not case.finished
