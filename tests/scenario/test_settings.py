"""What a resolved scenario says, as a file, and what differs in two of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutsim.scenario import load, loads
from rolloutsim.scenario.settings import changes, settings, show

ROOT = Path(__file__).parent.parent.parent
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
PLAIN = "rolloutsim: 1\nname: x\nnodes: {web: {count: 4%s}}\nnetwork: 1 Gbit/s\nimages: {a: 100 MB}\n%s"


def told(*pairs: tuple[str, str]) -> list[tuple[str, str, str | None, str | None, bool]]:
    """What differs in two variants of a plain scenario."""
    before, after = (loads(PLAIN % pair).resolve() for pair in pairs)
    return [
        (one.sign, one.key, one.before and one.before.value, one.after and one.after.value, one.is_default)
        for one in changes(before, after)
    ]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_is_shown_is_a_scenario_that_resolves_to_the_same(path: Path) -> None:
    resolved = load(path).resolve()
    again = loads(show(resolved)).resolve()
    assert again.sha256 == resolved.sha256
    assert changes(resolved, again) == ()


def test_odd_names_and_texts_are_shown_so_that_they_can_be_read_back() -> None:
    text = (
        'rolloutsim: 1\nname: "a: b # c"\ndescription: "two\\nlines"\nnodes: 2\nnetwork: 1 Gbit/s\n'
        'images: {"true": 3 MB, "1.20": 4 MB, "it\'s \\"so\\"": 5 MB}\n'
    )
    resolved = loads(text).resolve()
    again = loads(show(resolved)).resolve()
    assert again.sha256 == resolved.sha256
    assert (again.name, again.description, list(again.images)) == (
        "a: b # c", "two\nlines", ["true", "1.20", "it's \"so\""],
    )  # fmt: skip


def test_defaults_have_their_source_and_those_of_the_runtime_are_its_own() -> None:
    found = {one.key: one for one in settings(loads(PLAIN % (", runtime: cri-o", "")).resolve())}
    assert (found["nodes.web.parallel_layers"].value, found["nodes.web.parallel_layers"].given) == ("6", False)
    assert found["nodes.web.parallel_layers"].source == "containers/image copy/copy.go L38-40"
    assert (found["nodes.web.nic"].value, found["nodes.web.nic"].source) == ("1 Gbit/s", "as network.rate")
    assert found["nodes.web.runtime"].given
    assert "nodes.web.registry_pull_qps" not in found  # there are no pods
    assert "rollout.max_surge" not in found


def test_the_ideal_model_has_no_defaults_that_it_switches_off() -> None:
    found = {one.key for one in settings(loads(PLAIN % ("", "model: ideal\n")).resolve())}
    assert "nodes.web.nic" in found
    assert not found & {"nodes.web.disk.rate", "nodes.web.memory", "network.latency", "nodes.web.unpack.rate"}


def test_a_difference_is_told_with_the_defaults_that_change_with_it() -> None:
    found = told(("", ""), (", runtime: cri-o", ""))
    assert ("~", "nodes.web.runtime", "containerd", "cri-o", False) in found
    assert ("~", "nodes.web.parallel_layers", "3", "6", True) in found
    assert ("~", "nodes.web.slots_per", "node", "image", True) in found
    assert all(key.startswith("nodes.web.") for _, key, *_ in found)


def test_a_value_that_is_written_out_where_the_other_has_it_as_a_default_is_no_difference() -> None:
    assert told(("", ""), (", parallel_layers: 3, nic: 1 Gbit/s", "")) == []


def test_what_only_one_has_is_new_or_gone_as_one_part() -> None:
    more = "background: {backup: {links: [registry.uplink], rate: 300 Mbit/s}}\nthresholds: {rollout_time: max < 9 s}\n"
    assert told(("", ""), ("", more)) == [
        ("+", "background.backup", None, "{links: [registry.uplink], rate: 300 Mbit/s}", False),
        ("+", "thresholds.rollout_time", None, "[{check: max < 9 s}]", False),
    ]
    assert [one[:2] for one in told(("", more), ("", ""))] == [
        ("-", "background.backup"), ("-", "thresholds.rollout_time"),
    ]  # fmt: skip


def test_a_default_of_another_key_is_told_where_it_acts() -> None:
    before = loads(PLAIN % ("", "")).resolve()
    after = loads(PLAIN % ("", ""), "f", ["network=10 Gbit/s"]).resolve()
    found = {one.key: (one.is_default, one.after and one.after.source) for one in changes(before, after)}
    assert found == {
        "network.rate": (False, ""),
        "nodes.web.nic": (True, "as network.rate"),
        "registry.uplink": (True, "as network.rate"),
    }


def test_a_workload_shows_what_holds_for_it_of_the_rollout() -> None:
    text = (
        "rolloutsim: 1\nname: x\nnodes: {web: {count: 4}, low: {count: 2, runtime: cri-o}}\nnetwork: 1 Gbit/s\n"
        "images: {a: 100 MB}\nrollout: {strategy: rolling, max_surge: 1, min_ready: 3 s}\n"
        "workloads: {a: {images: a, replicas: 8}, agent: {images: a, daemonset: true}}\n"
    )
    resolved = loads(text).resolve()
    found = {one.key: (one.value, one.source.split(";")[0][:30]) for one in settings(resolved) if not one.given}
    kubernetes = "kubernetes pkg/apis/apps/v1/de"
    assert found["workloads.a.rollout.strategy"] == ("rolling", "")
    assert found["workloads.a.rollout.max_surge"] == ("1", "as rollout.max_surge")
    assert found["workloads.a.rollout.max_unavailable"] == ("25%", kubernetes)
    assert found["workloads.agent.rollout.strategy"] == ("daemonset", "")
    assert found["workloads.agent.rollout.max_surge"] == ("0", kubernetes)  # that of `rollout` is for Deployments
    assert found["workloads.agent.rollout.max_unavailable"] == ("1", kubernetes)
    assert found["workloads.agent.rollout.min_ready"] == ("3 s", "as rollout.min_ready")
    assert "workloads.agent.rollout.progress_deadline" not in found
    assert (found["nodes.web.unpack.cores"][0], found["nodes.low.unpack.cores"][0]) == ("1", "4")
    assert loads(show(resolved)).resolve().sha256 == resolved.sha256


def test_what_follows_a_key_that_differs_is_no_difference_of_its_own() -> None:
    pods = "workloads: {agent: {images: a, daemonset: true}}\nrollout: {strategy: daemonset%s}\n"
    assert told(("", pods % ""), ("", pods % ", max_unavailable: 2")) == [
        ("~", "rollout.max_unavailable", "1", "2", False),
    ]
    assert told(("", pods % ", max_unavailable: 3"), ("", pods % ", max_unavailable: 2")) == [
        ("~", "rollout.max_unavailable", "3", "2", False),
    ]
