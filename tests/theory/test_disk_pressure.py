"""A node with little of its disk free has DiskPressure: by the kubelet's rule, worked out by hand.

Looks every 10 s; below 15 % free (the file system of images) it takes no pods for 5 min after the last such look,
removes images that no pod uses and that are 2 min old, then evicts a pod a look.
"""

from __future__ import annotations

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.metrics import summarise
from rolloutsim.results.shown.findings import findings
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

PERIOD, MIN_AGE, TRANSITION = 10.0, 120.0, 300.0  # [s]

# 1 Gbit/s, and a disk that is as fast: 1 GB of layers arrive in 8 s, what they unpack to takes longer.
SCENARIO = """
rolloutsim: 1
nodes:
  web: {{count: {count}, disk: {{rate: unlimited, capacity: 40 GB, used: {used}, old_images: {old}}}, unpack: unlimited{more}}}
network: 1 Gbit/s
registry: 100 Gbit/s
images: {{app: {{layers: [{{compressed: 1 GB, unpacked: 3 GB}}]}}}}
workloads: {{app: {{images: app, {kind}, create: true, startup: 30 s}}}}
rollout: {{horizon: {horizon}}}
"""  # noqa: E501


def run(
    used: str = "33 GB",
    old: str = "0 B",
    count: int = 1,
    kind: str = "daemonset: true",
    more: str = "",
    end: str = "30m",
) -> rs.Result:
    text = SCENARIO.format(used=used, old=old, count=count, kind=kind, more=more, horizon=end)
    return rs.loads(text).run()


def records(result: rs.Result) -> CaseRecords:
    return result.run.cases[0]


def said(result: rs.Result) -> str:
    return " ".join(one.text for one in findings(summarise(result.run)))


def test_an_image_of_4_gb_on_a_disk_of_40_gb_that_has_7_free_is_no_plain_success() -> None:
    result = run()
    case = records(result)
    # Twelve and a half seconds or so after the start 3 GB of 40 are free, the pod would start in 30 s more: the look
    # before that evicts it, and the next one waits.
    assert not case.finished
    assert case.stuck == (
        "workload 'app': 0 of 1 pods of the new version are available: 1 refused by a node under DiskPressure",
    )
    assert "DiskPressure on 1 node from 10.0 s on: 7.50 % of its disk is free" in said(result)
    deleted = case.pods.deleted[~np.isnan(case.pods.deleted)]
    assert np.all(deleted % PERIOD == 0.0)


def test_the_image_goes_when_it_is_2_min_old_and_the_pod_comes_back_5_min_later() -> None:
    case = records(run())
    pulled, asked = case.pulls.pulled, case.pulls.asked
    removed = np.ceil((pulled[0] + MIN_AGE) / PERIOD) * PERIOD
    assert asked[1] == removed + TRANSITION
    assert len(asked) >= 3  # and again: there is no more room than before


@pytest.mark.parametrize("used", ["29.9 GB", "30 GB"])
def test_a_disk_of_which_15_percent_stay_free_has_no_pressure(used: str) -> None:
    # 30 + 4 = 34 GB of 40: 15 % are free, which is not less than 15 %.
    result = run(used)
    assert records(result).finished
    assert "DiskPressure" not in said(result)
    assert not len(records(result).orchestration.pressures.node)


def test_images_that_nobody_uses_go_first_and_no_pod_is_evicted() -> None:
    result = run("30 GB", old="3 GB")
    case = records(result)
    assert case.finished
    assert case.orchestration.pressures.evicted.tolist() == [0]
    assert float(case.orchestration.disks.collected[0]) == 3e9
    assert "0 pods evicted" in said(result)


def test_a_limit_of_nothing_is_none() -> None:
    result = run(more=", eviction_hard: {imagefs: 0%, nodefs: 0%}")
    assert records(result).finished
    assert "DiskPressure" not in said(result)
    # The node's file system is the same disk: of both the larger one counts.
    assert records(run("33 GB", more=", eviction_hard: {imagefs: 5%, nodefs: 5%}")).finished
    assert not records(run("33 GB", more=", eviction_hard: {imagefs: 5%}")).finished


def test_pods_of_a_deployment_go_to_nodes_that_have_room() -> None:
    # Two nodes are too full, two have room: four pods end on the latter, two each.
    text = SCENARIO.format(used="33 GB", old="0 B", count=2, kind="replicas: 4", more="", horizon="30m")
    (case,) = simulate(loads(text, overrides=["nodes.roomy={count: 2}"]).resolve(), alone=False).cases
    assert case.finished
    left = np.isnan(case.pods.deleted)
    assert sorted(case.pods.node[left].tolist()) == [2, 2, 3, 3]
    assert int(case.orchestration.pressures.evicted.sum()) == 2
    assert not case.orchestration.pressures.refused.any()


def test_a_rollout_is_not_over_before_a_full_disk_was_looked_at() -> None:
    # The image takes 0.5 s, the pod is ready at once, and evicted at 10 s.
    text = SCENARIO.format(
        used="33 GB", old="0 B", count=1, kind="daemonset: true", more=", nic: 100 Gbit/s", horizon="20s"
    )
    (case,) = simulate(loads(text, overrides=["workloads.app.startup=0 s"]).resolve(), alone=False).cases
    assert case.pods.ready[0] < 5.0
    assert case.pods.deleted[0] == 10.0
    assert not case.finished


def test_nodes_without_kubelets_are_said_to_be_too_full_for_one() -> None:
    text = "\n".join(
        line for line in SCENARIO.format(used="33 GB", old="0 B", count=1, kind="", more="", horizon="1h").splitlines()
        if not line.startswith(("workloads", "rollout:"))
    )  # fmt: skip
    result = rs.loads(text).run()
    assert records(result).finished
    assert "DiskPressure: 1 node would have it as a node of Kubernetes" in said(result)
