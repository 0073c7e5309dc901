"""Images that nodes pull before a rollout: closed forms, measurements, and a DaemonSet in a pre-pull's place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil
from statistics import median
from typing import Any

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import CaseSummary, RunSummary, summarise
from rolloutsim.results.shown.findings import PREPULL, findings

SCENARIO = """
rolloutsim: 1
nodes: 20
network: 1 Gbit/s
images: {{"{image}": {{layers: [30 MB, 20 MB]}}}}
workloads:
  prepull: {{images: "{image}", daemonset: true, create: true}}
  app: {{images: "{image}", replicas: 40, {after}}}
"""


@pytest.mark.parametrize("image", ["app:1", "app", "reg.example/app", "app:latest"])
@pytest.mark.parametrize("after", ["start: 1h", "after: prepull"])
def test_the_bytes_of_a_deployment_whose_image_was_pulled_before_are_0(image: str, after: str) -> None:
    run = rs.loads(SCENARIO.format(image=image, after=after)).run().run
    case = run.cases[0]
    rollout = summarise(run).cases["all"].rollout
    assert rollout is not None
    prepull, app = rollout.workloads
    assert prepull.bytes_on_wire == pytest.approx(20 * 50e6)
    assert app.bytes_on_wire == 0.0
    # With the tag latest, or a registry's image without a tag, the registry is asked; else not even that.
    assert app.pulls == 0
    assert app.rechecks == (40 if image in ("reg.example/app", "app:latest") else 0)
    begun = float(case.pods.created[case.pods.workload == 1].min())
    assert np.all(case.fetches.granted < begun)
    assert app.start_s == begun


# ---- closed forms: bandwidth sharing alone, an image of 50 MB, NICs of 100 Mbit/s, a registry of 1 Gbit/s ----------

SIZE, NIC, UPLINK = 50e6, 12.5e6, 125e6  # [B, B/s, B/s]
NODES = 8


def ran(*changes: Mapping[str, Any], seed: int = 1, **prepull: Any) -> tuple[CaseRecords, CaseSummary]:
    """The only case of a rollout on all nodes at once, with a pre-pull of these keys, or without any."""
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "model": "ideal",
        "nodes": {"web": {"count": NODES, "nic": "100 Mbit/s"}},
        "registry": {"uplink": "1 Gbit/s"},
        "network": {},
        "images": {"api:1": {"layers": ["30 MB", "20 MB"]}},
        "workloads": {"api": {"images": "api:1", "daemonset": True, "rollout": "all_at_once"}},
    }
    if prepull:
        scenario["prepulls"] = {"night": {"images": "api:1"} | prepull}
    for change in changes:
        scenario |= change
    run = rs.loads(json.dumps(scenario)).run(seed=seed).run
    (case,) = run.cases
    return case, summarise(run).cases["all"]


@pytest.mark.parametrize("parallelism", [1, 2, 3, 5, 8, 100])
def test_a_job_of_parallelism_p_takes_so_many_rounds_as_p_goes_into_the_nodes(parallelism: int) -> None:
    # So few NICs do not fill the registry's uplink.
    _, summary = ran(parallelism=parallelism, at="-1h")
    (night,) = summary.prepulls
    assert night.prepull_time_s == pytest.approx(ceil(NODES / min(parallelism, NODES)) * SIZE / NIC)
    assert night.finished_s == pytest.approx(-3600 + (night.prepull_time_s or 0.0))
    assert (night.before_rollout, night.nodes_ready) == (True, NODES)


def test_a_rate_is_that_of_all_nodes_together() -> None:
    _, summary = ran(by="daemonset", at="-1h", rate="200 Mbit/s")
    (night,) = summary.prepulls
    assert night.prepull_time_s == pytest.approx(NODES * SIZE / 25e6)
    links = {row.link: row for row in summary.prepull_links}
    assert links["night.rate"].bytes == pytest.approx(NODES * SIZE)
    assert links["night.rate"].saturated_s == pytest.approx(night.prepull_time_s)
    assert links["registry.uplink"].saturated_s == 0.0


@pytest.mark.parametrize("before", [0.0, 0.5, 1.0, 3.2, 3.999])
@pytest.mark.parametrize("by", ["daemonset", "schedule", "kube_fledged"])
def test_a_pre_pull_that_is_not_over_is_joined_and_ends_as_if_it_had_been_alone(before: float, by: str) -> None:
    _, summary = ran(by=by, at=f"-{before} s" if before else "0 s")
    (night,) = summary.prepulls
    assert summary.rollout_time_s == pytest.approx(SIZE / NIC - before)
    assert night.bytes_before == pytest.approx(NODES * NIC * before)
    assert night.bytes_before + night.bytes_after == pytest.approx(NODES * SIZE)
    assert summary.bytes_on_wire == pytest.approx(night.bytes_after)
    assert (night.before_rollout, night.nodes_ready) == (False, 0)
    assert night.finished_s == pytest.approx(summary.rollout_time_s)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_of_layers_that_are_partly_unpacked_cores_read_the_rest(share: float) -> None:
    """One core is at its limit for as long as the bytes take that are left."""
    unpack = 10e6
    cores = {"unpack": {"rate": "10 MB/s", "cores": 1}, "disk": "unlimited"}
    nodes = {"web": {"count": NODES, "nic": "100 Mbit/s", **cores}}
    _, summary = ran({"model": "real", "nodes": nodes}, by="schedule", at=f"-{SIZE / NIC + share * SIZE / unpack} s")
    (row,) = (row for row in summary.links if row.link == "web.unpack")
    assert (1.0 - share) * SIZE < row.bytes < (1.0 - share) * SIZE + 5e6
    assert row.bytes == pytest.approx(row.saturated_s * unpack)


def test_a_pre_pull_without_a_time_is_over_as_the_rollout_begins() -> None:
    _, summary = ran(by="schedule")
    (night,) = summary.prepulls
    assert (night.started_s, night.finished_s) == (pytest.approx(-SIZE / NIC), 0.0)
    assert summary.rollout_time_s == 0.0
    assert night.before_rollout


@pytest.mark.parametrize("model", ["ideal", "real"])
@pytest.mark.parametrize("at", [None, "-1h"])
def test_nodes_that_have_pulled_before_are_as_those_that_hold_the_image(model: str, at: str | None) -> None:
    held = {"nodes": {"web": {"count": NODES, "nic": "100 Mbit/s", "cached": {"api:1": "100%"}}}, "model": model}
    _, cached = ran(held)
    _, pulled = ran({"model": model}, parallelism="unlimited", **({} if at is None else {"at": at}))
    assert pulled.rollout_time_s == cached.rollout_time_s
    assert pulled.bytes_on_wire == cached.bytes_on_wire == 0.0
    assert pulled.time_split_s == cached.time_split_s


def test_nodes_pull_in_the_order_of_their_names() -> None:
    nodes = {name: {"count": 2, "nic": "100 Mbit/s"} for name in ("web", "api")}
    case, _ = ran({"nodes": nodes}, at="-1h")
    order = [case.node_names[node] for node in case.prepulls.node[np.argsort(case.prepulls.asked)]]
    assert order == ["api-000", "api-001", "web-000", "web-001"]


def test_a_spread_tells_when_each_node_begins() -> None:
    case, _ = ran(by="schedule", at="-1h", spread={"min": "10 s", "max": "20 s"})
    assert np.all((case.prepulls.asked >= -3590) & (case.prepulls.asked <= -3580))
    assert len(np.unique(case.prepulls.asked)) == NODES
    assert case.drawn == ("prepulls",)


def test_an_application_beside_a_pre_pull_has_its_fair_share_of_the_uplink() -> None:
    backup = {"background": {"backup": {"links": ["registry.uplink"], "connections": 1}}}
    nodes = {"nodes": {"web": {"count": 3, "nic": "10 Gbit/s"}}, "images": {"api:1": "50 MB"}}
    _, summary = ran(backup, nodes, at="-1h", by="schedule")
    (night,) = summary.prepulls
    assert night.prepull_time_s == pytest.approx(3 * SIZE / (UPLINK * 3 / 4))
    case, _ = ran(backup, nodes, at="-1h", by="schedule")
    assert case.prepulls.rate.tolist() == pytest.approx([UPLINK / 4])
    assert case.background.before.tolist() == pytest.approx([UPLINK])


@pytest.mark.parametrize(("limit", "given_up"), [(0, NODES), (1, NODES), (2, 0)])
def test_a_pull_that_takes_too_long_goes_on_with_what_is_there_as_often_as_allowed(limit: int, given_up: int) -> None:
    # 4 s in three parts, and between them 1 s and 2 s.
    _, summary = ran(at="-1h", parallelism=NODES, pull_timeout="1.4 s", backoff_limit=limit)
    (night,) = summary.prepulls
    assert night.given_up == given_up
    assert night.bytes_before == pytest.approx(NODES * min(NIC * 1.4 * (limit + 1), SIZE))
    assert night.nodes_ready == NODES - given_up
    tries = limit + 1
    waits = sum(2.0**number for number in range(limit))
    assert night.prepull_time_s == pytest.approx(waits + (SIZE / NIC if not given_up else 1.4 * tries))
    # What is there of the image is not fetched again.
    assert summary.bytes_on_wire == pytest.approx(NODES * SIZE - night.bytes_before)


LIMITED = {
    "model": "real",
    "registry": {
        "uplink": "1 Gbit/s",
        "rate_limit": {"kind": "fixed_window", "rate": "10/6h", "counts": "pulls"},
    },
    "images": {"api:1": "1 MB", "other:1": "1 MB"},
}


@pytest.mark.parametrize(("at", "refused"), [("-1h", True), ("-5h", True), ("-7h", False)])
def test_what_a_rate_limit_counted_before_the_rollout_is_used(at: str, refused: bool) -> None:
    window = {
        "registry": LIMITED["registry"] | {"rate_limit": LIMITED["registry"]["rate_limit"] | {"resets_after": "1h"}}
    }  # type: ignore[operator]
    _, summary = ran(LIMITED, window, at=at, images="other:1", parallelism=NODES)
    assert summary.rollout is not None
    (registry,) = summary.rollout.registries
    assert bool(registry.refused) is refused


def test_layers_that_were_read_before_the_rollout_are_not_cold_any_more() -> None:
    cold = {"registry": {"uplink": "1 Gbit/s", "first_fetch": {"time": "5 s"}}, "model": "real"}
    other = {"images": {"api:1": "1 MB"}}
    nodes = {"nodes": {"web": {"count": 2, "nic": "1 Gbit/s"}, "db": {"count": 2, "nic": "1 Gbit/s"}}}
    _, without = ran(cold, other, nodes)
    _, after = ran(cold, other, nodes, at="-1h", groups="db")
    assert (without.rollout_time_s or 0.0) - (after.rollout_time_s or 0.0) == pytest.approx(5.0, abs=0.2)


def test_a_cache_that_nodes_have_pulled_through_before_holds_the_image() -> None:
    """Oracle: the other half of the nodes gets it over the cache's 10 Gbit/s, not the registry's 100 Mbit/s."""
    nodes = {name: {"count": 2, "nic": "1 Gbit/s", "hosts": ["near", "registry"]} for name in ("web", "db")}
    cached = {
        "nodes": nodes, "registry": {"uplink": "100 Mbit/s"},
        "caches": {"near": {"upstream": "registry", "uplink": "10 Gbit/s", "profile": "zot"}},
    }  # fmt: skip
    _, summary = ran(cached, at="-1h", groups="db", parallelism=1, rate="50 Mbit/s")
    assert summary.rollout_time_s == pytest.approx(SIZE / 125e6)
    assert summary.link("registry.uplink").bytes == 0.0
    before = {row.link: row.bytes for row in summary.prepull_links}
    assert before["registry.uplink"] == pytest.approx(SIZE)
    assert before["night.rate"] == pytest.approx(2 * SIZE)


def test_when_a_pre_pull_begins_changes_nothing_but_its_times() -> None:
    first, _ = ran({"model": "real"}, at="-1h", parallelism=3)
    other, _ = ran({"model": "real"}, at="-10h", parallelism=3)
    assert other.prepulls.pulled + 9 * 3600 == pytest.approx(first.prepulls.pulled)
    assert other.end == first.end


def test_a_rollout_waits_for_a_pre_pull_without_a_time_and_one_that_never_ends_is_told() -> None:
    case, summary = ran({"rollout": {"horizon": "30 s"}}, rate="1 kbit/s")
    assert not summary.finished
    assert "it begins when 'night' is over" in case.stuck[0]


# ---- measured: containerd 1.6 pulls, while it was pre-pulling; 5 nodes and a registry of 50 Mbit/s each -------------

LAYERS = (1996973, 1996973, 1996973, 1996973)  # [B]
GOODPUT = 1448 / 1514  # payload in packets of the links' rate

# Name: nodes that pre-pull at a time, when that begins [s], whether pods follow one another, and rollout times [s].
MEASURED: Mapping[str, tuple[int | None, float, bool, tuple[float, ...]]] = {
    "no pre-pull, rolling": (None, 0.0, True, (8.63, 8.67, 8.89)),
    "2 at a time, rolling": (2, 3.0, True, (5.77, 5.89, 6.17)),
    "5 at a time, all at once": (5, 1.0, False, (8.67, 8.48, 8.26)),
}
WITHIN = 0.07  # of the median


def measured_as_scenario(parallelism: int | None, lead: float, rolling: bool) -> dict[str, Any]:
    """Every client starts on one core: 0.11 s, and 0.105 s for each pull that runs beside it."""
    at_once = (1 if rolling else 5) + (parallelism or 0)
    overhead = 0.11 + 0.105 * at_once
    layers = {f"l{i}": {"digest": f"l{i}", "compressed": f"{b} B", "unpacked": f"{b} B"} for i, b in enumerate(LAYERS)}
    rollout = (
        {"strategy": "daemonset", "max_unavailable": 1, "step_overhead": "0.2 s"}
        if rolling
        else {"strategy": "all_at_once", "step_overhead": "0 s"}
    )
    scenario: dict[str, Any] = {
        "rolloutsim": 1,
        "network": {"efficiency": f"{GOODPUT:.15%}", "latency": "0.05 ms"},
        "registry": {"uplink": "50 Mbit/s", "ttfb": "0 s"},
        "nodes": {
            "n": {
                "count": 5, "nic": "50 Mbit/s", "disk": "unlimited", "unpack": "unlimited", "parallel_layers": 99,
                "slots_per": "image", "resolve_time": "60 ms", "resolve_round_trips": 4, "layer_time": "10 ms",
                "layer_round_trips": 2, "finish_time": f"{overhead - 0.07:.4f} s", "ingest_poll": "2.048 s",
                "serialize_image_pulls": False,
            }
        },
        "images": {"i:latest": {"layers": layers}},
        "controller_manager": "unlimited",
        "workloads": {"w": {"images": "i:latest", "daemonset": True, "pull_policy": "always", "rollout": rollout}},
    }  # fmt: skip
    if parallelism is not None:
        scenario["prepulls"] = {"lead": {"images": "i:latest", "parallelism": parallelism, "at": f"-{lead} s"}}
    return scenario


@pytest.mark.parametrize("name", MEASURED)
def test_a_measured_rollout_beside_a_pre_pull_is_predicted_within_seven_per_cent(name: str) -> None:
    parallelism, lead, rolling, measured = MEASURED[name]
    scenario = rs.loads(json.dumps(measured_as_scenario(parallelism, lead, rolling)))
    times = []
    for seed in (1, 2, 3):
        (case,) = scenario.run(seed=seed).run.cases
        times.append(case.end - (0.2 if rolling else 0.0))  # measured from the first start on
        # Bytes were never fetched twice.
        fetched = case.fetches.bytes_done.sum() + case.prepulls.before.sum()
        assert fetched == pytest.approx(5 * sum(LAYERS))
    assert median(times) == pytest.approx(median(measured), rel=WITHIN)


def told(summary: CaseSummary) -> str:
    """What findings say of pre-pulls."""
    run = RunSummary("", {summary.case: summary})
    return " ".join(one.text for one in findings(run) if one.topic == PREPULL)


def test_pulls_that_a_pre_pull_cuts_are_counted_and_told_with_the_key() -> None:
    # A job of one node at a time, held to 10 Mbit/s: 40 s a pull, of which it may take 30.
    case, summary = ran(at="-1h", rate="10 Mbit/s", pull_timeout="30 s", backoff_limit=0)
    (night,) = summary.prepulls
    assert night.timed_out == night.given_up == NODES
    assert case.prepulls.timed_out.tolist() == [1] * NODES
    assert f"{NODES} pulls were cut after 30.0 s (prepulls.night.pull_timeout); {NODES} pulls failed" in told(summary)


def test_pulls_that_are_cut_once_and_then_come_are_said_to_be_begun_anew() -> None:
    # The second try has the first layer, of 24 s, already.
    _, summary = ran(at="-1h", rate="10 Mbit/s", pull_timeout="30 s")
    (night,) = summary.prepulls
    assert (night.timed_out, night.given_up) == (NODES, 0)
    assert f"{NODES} pulls were cut after 30.0 s (prepulls.night.pull_timeout) and begun anew" in told(summary)


def test_links_that_were_full_before_a_rollout_have_their_words() -> None:
    _, paced = ran(at="-1h", by="daemonset", rate="200 Mbit/s")
    assert "full before the rollout: the rate of night (prepulls.night.rate) for" in told(paced)
    _, narrow = ran({"registry": {"uplink": "200 Mbit/s"}}, at="-1h", by="daemonset")
    assert "full before the rollout: the registry uplink for" in told(narrow)
    racks = {
        "nodes": {"web": {"count": NODES, "nic": "100 Mbit/s", "racks": ["a", "b"]}},
        "network": {"racks": {"uplink": "50 Mbit/s"}},
    }
    _, apart = ran(racks, at="-1h", by="daemonset")
    assert "full before the rollout: the uplink of rack a for" in told(apart)
