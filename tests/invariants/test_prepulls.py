"""What holds for every pre-pull, whenever it begins and whoever makes nodes pull: no byte comes twice, none is lost."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=4)  # of layers [MB]


@st.composite
def scenarios(draw: Any) -> dict[str, Any]:
    """Nodes in two groups, two images with a common base, and a pre-pull or two of them."""
    base = {"digest": "base", "compressed": f"{draw(st.integers(1, 60))} MB"}
    images = {
        name: {"layers": {"base": base} | {f"{name}{i}": f"{size} MB" for i, size in enumerate(draw(SIZES))}}
        for name in ("api:1", "db:1")
    }
    kinds = st.sampled_from(("image_pull_job", "daemonset", "kube_fledged", "schedule"))
    timed = draw(st.booleans())
    prepulls = {}
    for name in ("night", "noon")[: draw(st.integers(1, 2))]:
        spec: dict[str, Any] = {"images": draw(st.sampled_from((["api:1"], ["db:1"], ["api:1", "db:1"])))}
        spec["by"] = draw(kinds)
        if timed:
            spec["at"] = f"-{draw(st.integers(0, 40)) / 4} s"
        if spec["by"] == "image_pull_job":
            spec["parallelism"] = draw(st.integers(1, 5))
        if spec["by"] == "schedule":
            spec["spread"] = {"min": "0 s", "max": f"{draw(st.integers(0, 8))} s"}
        if draw(st.booleans()):
            spec["rate"] = f"{draw(st.integers(50, 2000))} Mbit/s"
        if draw(st.booleans()):
            spec["groups"] = ["b"]
        prepulls[name] = spec
    return {
        "rolloutsim": 1,
        "model": draw(st.sampled_from(("ideal", "real"))),
        "nodes": {
            "a": {"count": 2, "serialize_image_pulls": draw(st.booleans())},
            "b": {"count": draw(st.integers(1, 3))},
        },
        "network": "1 Gbit/s",
        "images": images,
        "workloads": {
            "api": {"images": ["api:1", "db:1"], "daemonset": True},
            "db": {"images": "db:1", "replicas": 3},
        },
        "rollout": draw(st.sampled_from(("all_at_once", "rolling"))),
        "prepulls": prepulls,
    }


def case_of(scenario: dict[str, Any], seed: int = 1) -> CaseRecords:
    if scenario["rollout"] == "rolling":
        scenario = {key: value for key, value in scenario.items() if key != "rollout"}
    (case,) = rs.loads(json.dumps(scenario)).run(seed=seed).run.cases
    return case


@given(scenarios())
@settings(max_examples=25, deadline=None)
def test_every_node_gets_each_layer_once_before_the_rollout_or_in_it(scenario: dict[str, Any]) -> None:
    case = case_of(scenario)
    assert case.finished
    layers = {(name if own != "base" else "", own): one["compressed"] if own == "base" else one
              for name, image in scenario["images"].items() for own, one in image["layers"].items()}  # fmt: skip
    each = sum(float(size.split()[0]) * 1e6 for size in layers.values())
    nodes = len(case.node_names)
    moved = float(case.fetches.bytes_done.sum() + case.prepulls.before.sum())
    assert moved == pytest.approx(nodes * each, rel=1e-9)
    assert not case.fetches.again.any()


@given(scenarios())
@settings(max_examples=25, deadline=None)
def test_what_links_carried_before_is_what_was_fetched_before(scenario: dict[str, Any]) -> None:
    before = case_of(scenario).prepulls
    links = dict(zip(before.links.name, before.links.bytes.tolist(), strict=True))
    assert links["registry.uplink"] == pytest.approx(float(before.before.sum()), rel=1e-9, abs=1e-3)
    for number, (name, spec) in enumerate(scenario["prepulls"].items()):
        own = float(before.before[before.prepull == number].sum())
        if "rate" in spec:
            assert links[f"{name}.rate"] == pytest.approx(own, rel=1e-9, abs=1e-3)


@given(scenarios())
@settings(max_examples=15, deadline=None)
def test_times_are_in_order_and_the_same_seed_gives_the_same(scenario: dict[str, Any]) -> None:
    case, again = case_of(scenario), case_of(scenario)
    before = case.prepulls
    done = ~np.isnan(before.pulled)
    assert np.all(before.asked[done] <= before.pulled[done])
    assert np.all(before.over[done] == before.pulled[done])
    assert before.ended <= 1e-9
    if any("at" not in spec for spec in scenario["prepulls"].values()):
        assert done.all()
        assert before.pulled.max() == pytest.approx(0.0, abs=1e-9)
    assert before.pulled.tobytes() == again.prepulls.pulled.tobytes()
    assert case.end == again.end
