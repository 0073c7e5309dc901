"""What is said to have no effect has none: a few of the cases of `tests.planning.no_effect`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.planning import proofs
from rolloutsim.planning.changes.situation import Candidate
from rolloutsim.planning.proofs import Proof, Prover, are_compatible, of_each_subject
from rolloutsim.planning.tried import WhatIf, WhatIfs
from rolloutsim.planning.what_if import what_if
from tests.long import one_in
from tests.planning import no_effect
from tests.planning.no_effect import PLANTED, SHIPPED, check

# One of each planted set, in turn with every pacing, fault and size.
SOME = tuple(range(0, len(PLANTED), 31))
QUICK = ("20nodes", "mixed-nics", "two-registries", "racks")


@pytest.mark.parametrize("number", one_in(3, SOME))
def test_what_was_planted_together_is_found_together_and_the_rest_has_no_effect(number: int) -> None:
    found = check("planted", number)
    assert not found.wrong
    assert found.claims


@pytest.mark.parametrize("number", one_in(2, range(8)))
def test_what_has_no_effect_in_random_scenarios_has_none_all_at_once(number: int) -> None:
    assert not check("random", number).wrong


@pytest.mark.parametrize("number", one_in(2, [number for number, path in enumerate(SHIPPED) if path.stem in QUICK]))
def test_what_has_no_effect_in_shipped_scenarios_has_none_all_at_once(number: int) -> None:
    found = check("shipped", number)
    assert not found.wrong
    assert found.claims
    assert found.change <= no_effect.MOST


@pytest.mark.parametrize("number", [0, 3 * 15, 7 * 15])
def test_claims_that_nobody_proved_are_caught(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(prover: Prover, idle: Sequence[Candidate], *others: Any) -> Proof:
        return Proof(tuple(one.subject for one in idle))

    monkeypatch.setattr(proofs.Prover, "prove", believe)
    monkeypatch.setattr(WhatIfs, "idle", property(lambda found: tuple(one.subject for one in found.tried)))
    monkeypatch.setattr(WhatIfs, "_adds", lambda found, one: not one.parts)
    assert check("planted", number).wrong


def test_where_there_is_no_time_for_everything_effects_are_known_alone_only() -> None:
    outcome = rs.load(next(path for path in SHIPPED if path.stem == "20nodes")).run().outcome
    every = what_if(outcome, jobs=1)
    assert every.without_effect == (("No effect", ("latency", "node NICs", "layer slots")),)
    assert not set(every.idle) - set(every.useless)
    alone = WhatIfs(every.case, every.tried)
    assert alone.without_effect == (("No effect alone", every.idle),)


def test_claims_of_a_scenario_with_random_times_are_made_over_several_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
rolloutsim: 1
nodes: 2
network: 100 Mbit/s
images: {app: 1 MB}
workloads: {app: {images: [app], replicas: 2, startup: {min: 1 s, max: 2 s}}}
"""
    seen: list[int] = []
    run = Prover._run

    def watched(prover: Prover, overrides: Any, seed: int) -> Any:
        seen.append(seed)
        return run(prover, overrides, seed)

    monkeypatch.setattr(Prover, "_run", watched)
    assert what_if(rs.loads(text).run().outcome, jobs=1).useless
    assert len(set(seen)) == 5
    seen.clear()
    assert what_if(rs.loads(text.replace("{min: 1 s, max: 2 s}", "1 s")).run().outcome, jobs=1).useless
    assert len(set(seen)) == 1


def candidate(subject: str, *overrides: str) -> Candidate:
    return Candidate(subject, subject, overrides, 0.0)


def test_changes_that_set_the_same_otherwise_are_not_made_at_once() -> None:
    nic, again = candidate("NICs", "nodes.a.nic=1 Gbit/s"), candidate("ports", "nodes.a.nic=1 Gbit/s")
    other, whole = candidate("faster NICs", "nodes.a.nic=10 Gbit/s"), candidate("nodes", 'nodes.a={"count": 3}')
    assert are_compatible([nic, again])
    assert not are_compatible([nic, other])
    assert not are_compatible([nic, whole])
    assert are_compatible([nic, candidate("NICs of b", "nodes.a.nics=2")])


def test_a_subject_is_made_with_all_its_changes_that_go_together() -> None:
    rate, more = candidate("disks", "disk.rate=2"), candidate("disks", "disk.rate=3")
    iops, nic = candidate("disks", "disk.iops=7"), candidate("NICs", "nic=1")
    assert [one.overrides for one in of_each_subject([rate, more, nic, iops])] == [
        ("disk.rate=2", "disk.iops=7"),
        ("nic=1",),
    ]


def test_several_changes_are_shown_where_they_do_more_than_the_best_of_them() -> None:
    def changed(subject: str, after: float, *parts: str) -> WhatIf:
        return WhatIf("a", subject, subject, (), 100.0, after, parts)

    disk, cores = changed("disk", 50.0), changed("cores", 100.0)
    both = changed("disk and cores", 49.9, "disk", "cores")
    found = WhatIfs("a", (both, disk, cores))
    assert [one.subject for one in found.best] == ["disk"]
    assert both not in found.seen
    assert found.idle == ("cores",)
    better = WhatIfs("a", (changed("disk and cores", 45.0, "disk", "cores"), disk, cores))
    assert [one.subject for one in better.best] == ["disk and cores", "disk"]
    assert better.idle == ()


def test_a_replica_more_keeps_the_thresholds() -> None:
    path = next(path for path in SHIPPED if path.stem == "20nodes-10g")
    found = what_if(rs.load(path).run().outcome, jobs=1)
    (one,) = [one for one in found.tried if one.subject == "replicas of registry"]
    (renamed,) = [override for override in one.overrides if override.startswith("thresholds=")]
    assert json.loads(renamed.removeprefix("thresholds=")) == {
        "rollout_time": "max < 30 s",
        "utilisation{link=registry-0.uplink}": {"check": "max < 80%", "severity": "warn"},
    }
    rs.load(path, one.overrides).resolve()


@pytest.mark.parametrize(
    ("images", "change"),
    [
        ("{app: 100 MB, other: 10 MB}", None),  # the other workload's
        ("{app: 100 MB, other: 10 MB, app-slim: 20 MB}", "app-slim instead of app"),  # nobody's
        ('{app: 100 MB, other: 10 MB, "app:slim": 20 MB}', "app:slim instead of app"),
    ],
)
def test_an_image_is_replaced_by_one_that_can_do_its_work(images: str, change: str | None) -> None:
    text = (
        f"rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {images}\n"
        "workloads: {app: {images: [app], replicas: 2}, other: {images: [other], replicas: 2}}\n"
    )
    found = what_if(rs.loads(text).run().outcome, jobs=1)
    assert [one.change for one in found.tried if one.subject == "a smaller image"] == ([change] if change else [])
