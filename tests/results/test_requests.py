"""Requests to registries: expected counts and times are those of the story told above each assertion."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from rolloutsim.results.facts.records import Run
from rolloutsim.results.load import requests
from rolloutsim.results.load.requests import peak, registry_summaries, request_times
from rolloutsim.scenario.resolved import Redirect, Registry
from tests.results.by_hand import Story, image, run
from tests.results.rollout_by_hand import Rollout


def story() -> Story:
    """Two pulls of two layers; each sends 4 requests for manifests in 2 s, then one for each layer."""
    told = Story((image("a", 4.0, 6.0),), nodes=2, requests=4, rollout=Rollout())
    for node, asked in enumerate((0.0, 10.0)):
        pull = told.pull(asked, asked + 2.0, asked + 9.0, node=node)
        told.fetch(pull, "a-0", asked + 2.0, asked + 3.0, asked + 5.0)
        told.fetch(pull, "a-1", asked + 2.0, asked + 4.0, asked + 9.0, connected=asked + 2.5)
    return told


def test_requests_are_spread_evenly_until_resolved_and_layers_asked_for_when_connected() -> None:
    result = run(story().case())
    assert request_times(result.cases[0], "registry").tolist() == [
        0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 10.0, 10.5, 11.0, 11.5, 12.0, 12.5,
    ]  # fmt: skip
    (found,) = registry_summaries(result, result.cases[0])
    assert (found.registry, found.pulls, found.requests, found.requests_per_pull) == ("registry", 2, 12, 6.0)
    assert (found.peak_requests_per_s, found.refused, found.retries, found.storage_requests) == (2, {}, 0, 0)


def test_the_peak_is_the_most_within_any_second() -> None:
    assert peak(np.array([0.0, 0.5, 0.9, 1.0, 1.4, 5.0])) == 4  # 0.5 to 1.4
    assert peak(np.array([0.0, 1.0, 2.0])) == 1  # its end does not count
    assert peak(np.zeros(40)) == 40
    assert peak(np.zeros(0)) == 0


def test_a_peak_is_found_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    times = np.sort(np.random.default_rng(1).random(500) * 20.0)
    whole = max(int(((times >= time) & (times < time + 1.0)).sum()) for time in times)
    assert peak(times) == whole
    told = story()
    asked = request_times(told.case(), "registry").tolist()
    monkeypatch.setattr(requests, "_BLOCK", 1)
    assert peak(times) == whole
    assert request_times(told.case(), "registry").tolist() == asked


def test_refused_requests_count_by_answer_and_some_of_them_were_sent_again() -> None:
    # Three requests for layer a-0 are refused, two for manifests; the second of these ends its pull.
    told = story()
    assert told.rollout is not None
    told.rollout.refusals += [
        (0, 3.0, 503, 0, True), (0, 3.1, 503, 0, True), (0, 3.2, 0, 0, True), (0, 10.0, 429, -1, True),
        (0, 10.6, 429, -1, False),
    ]  # fmt: skip
    told.fail(told.pull(10.0, nan, nan), 10.8, "429 Too Many Requests")
    told.fail(told.pull(10.0, nan, nan), 10.8, "no space left on device: …")
    result = run(replace(told.case(), end=30.0))
    (found,) = registry_summaries(result, result.cases[0])
    # 4 pulls of 4 requests (refused ones among them), 4 layers, 3 refused requests for layers.
    assert (found.requests, found.pulls) == (16 + 4 + 3, 4)
    assert found.refused == {"429": 2, "503": 2, "broken": 1}
    assert found.retries == 5 - 1


def test_an_answer_that_broke_and_was_not_asked_for_again_is_one_request() -> None:
    # The first layer's bytes begin at 3 s and break at 4 s; asked again at 4.1 s, it is refused, and that was all.
    told = story()
    assert told.rollout is not None
    told.rollout.refusals += [(0, 4.0, 0, 0, True), (0, 4.1, 0, 0, False)]
    result = run(told.case())
    (found,) = registry_summaries(result, result.cases[0])
    # 2 pulls of 4 requests, 3 other layers, and the two for this one.
    assert (found.requests, found.refused, found.retries) == (8 + 3 + 2, {"broken": 2}, 1)


def test_an_object_storage_is_asked_for_each_layer_and_config() -> None:
    result = run(story().case())
    redirected = Registry("registry", ("registry.uplink",), redirect=Redirect())
    result = replace(result, scenario=replace(result.scenario, registries={"registry": redirected}))
    (found,) = registry_summaries(result, result.cases[0])
    assert found.storage_requests == 2 * (1 + 2)


def two_registries() -> Run:
    told = Story((image("a", 4.0), replace(image("b", 4.0), registry="hub")), requests=1, rollout=Rollout())
    told.fetch(told.pull(0.0, 1.0, 4.0), "a-0", 1.0, 1.0, 4.0)
    told.fetch(told.pull(0.0, 1.0, 4.0, image=1), "b-0", 1.0, 1.0, 4.0)
    assert told.rollout is not None
    told.rollout.refusals.append((2, 1.0, 429, -1, True))
    case = told.case()
    names = ("unused", "registry", "hub")
    fetches = replace(case.fetches, source=np.array([1, 2], np.int16))
    result = run(replace(case, fetches=fetches, sources=names))
    registries = {name: Registry(name, ("registry.uplink",)) for name in names}
    return replace(result, scenario=replace(result.scenario, registries=registries))


def test_each_registry_counts_for_itself() -> None:
    result = two_registries()
    first, second = registry_summaries(result, result.cases[0])
    assert (first.registry, first.requests, first.refused) == ("registry", 2, {})
    assert (second.registry, second.requests, second.refused) == ("hub", 2, {"429": 1})
    with pytest.raises(KeyError, match=r"case 'all' pulls nothing from registry 'unused'; from: registry, hub"):
        request_times(result.cases[0], "unused")


def test_bare_pulls_can_be_asked_too() -> None:
    told = story()
    told.rollout = None
    result = run(told.case())
    assert registry_summaries(result, result.cases[0])[0].requests == 12
