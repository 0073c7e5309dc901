"""Every second of every pull has exactly one cause, whatever the nodes do: random scenarios, simulated."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rolloutsim.results.time.split import path_times
from rolloutsim.scenario.causes import STARTUP
from rolloutsim.scenario.distribution import Distribution
from rolloutsim.scenario.resolved import Case, Image, Layer, Link, NodeGroup, PlannedPull, Registry, ResolvedScenario
from rolloutsim.scenario.runtimes import Runtime
from rolloutsim.simulation import simulate

SIZES = st.sampled_from([0.0, 1.0, 7.0, 100.0, 2500.0])
TIMES = st.sampled_from([0.0, 0.25, 1.0, 10.0])
RATES = st.sampled_from([None, 3.0, 50.0, 400.0])


@st.composite
def scenarios(draw: st.DrawFn) -> ResolvedScenario:
    """Up to three images that share layers, up to two groups, everything that can delay a pull."""
    layers = [Layer(f"layer-{i}", draw(SIZES), draw(SIZES)) for i in range(5)]
    images = {}
    for name in ("a", "b", "c"):
        picked = draw(st.lists(st.sampled_from(layers), min_size=1, max_size=5, unique_by=lambda one: one.digest))
        images[name] = Image(name, "registry", tuple(picked))
    groups, pulls = [], {}
    for name in ("web", "gpu")[: draw(st.integers(1, 2))]:
        groups.append(
            NodeGroup(
                name,
                draw(st.integers(1, 4)),
                Runtime(
                    "any", draw(st.integers(1, 3)), draw(st.sampled_from(["node", "image"])), 1.0, draw(TIMES), 1.0,
                    draw(TIMES), draw(TIMES),
                ),
                nic=draw(RATES),
                disk=draw(RATES),
                unpack_rate=draw(RATES),
                connection_cap=draw(RATES),
                cached=draw(st.sampled_from([{}, {"a": 1}])),
            )
        )  # fmt: skip
        times = TIMES.map(lambda time: Distribution(time, time))
        pulls[name] = tuple(
            PlannedPull(image, draw(times))
            for image in draw(st.lists(st.sampled_from(sorted(images)), min_size=1, max_size=3, unique=True))
        )
    uplink = draw(st.sampled_from([10.0, 100.0, 1000.0]))
    latency = draw(st.sampled_from([0.0, 0.05]))
    return ResolvedScenario(
        name="random",
        description=None,
        model="real",
        seed=1,
        groups=tuple(groups),
        links={"registry.uplink": Link("registry.uplink", "registry_uplink", uplink, uplink, latency)},
        path_latency=0.0,
        registries={
            "registry": Registry("registry", ("registry.uplink",), draw(st.sampled_from([None, 1, 3])), draw(TIMES))
        },
        images=images,
        cases=(Case("all", pulls),),
        startup=Distribution(draw(TIMES), 10.0),
    )


@given(scenarios())
@settings(max_examples=200, deadline=None)
def test_the_causes_of_each_pull_add_up_to_its_time(scenario: ResolvedScenario) -> None:
    (case,) = simulate(scenario).cases
    assert case.finished
    times = path_times(case)
    by_pull = times.by_owner()
    startup = times.causes.index(STARTUP.name)
    pulling = np.delete(by_pull, startup, axis=1).sum(axis=1)
    np.testing.assert_allclose(pulling, case.pulls.pulled - case.pulls.asked, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(by_pull[:, startup], case.pods.ready - case.pulls.pulled, rtol=1e-9, atol=1e-9)
    # Sums of differences of times up to some thousand seconds.
    assert (times.seconds > -1e-9).all()
