"""Parts of a case: what labels choose, worked out anew from tables of pulls, pods and nodes."""

from __future__ import annotations

from math import ceil, inf, nan
from typing import Any

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.planning.replicate import replicate
from rolloutsim.planning.seeds import seeds
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.results.thresholds import ThresholdResult
from rolloutsim.scenario.metrics import METRICS, NARROWED
from rolloutsim.scenario.resolved import Threshold
from tests.results.by_hand import Story, image, run
from tests.results.rollout_by_hand import Rollout, workload

TEXT = """
rolloutsim: 1
nodes:
  web: {count: 6, nic: 1 Gbit/s, racks: [r1, r2, r3]}
  db: {count: 3, nic: 200 Mbit/s, racks: [r3]}
network: {rate: 1 Gbit/s, racks: {uplink: 10 Gbit/s}}
images: {app: 100 MB, side: 20 MB}
workloads:
  api: {images: [app, side], replicas: 9, groups: [web], startup: {min: 1 s, max: 20 s}}
  log: {images: side, daemonset: true, startup: {min: 1 s, max: 8 s}}
"""
SCENARIO = rs.loads(TEXT)
RESULT = SCENARIO.run()
OUTCOME = RESULT.outcome
RACKS = {f"web-{i:03d}": f"r{i % 3 + 1}" for i in range(6)} | {f"db-{i:03d}": "r3" for i in range(3)}
IMAGES = {"api": ("app", "side"), "log": ("side",)}
LABELS: list[dict[str, str]] = [
    {"group": "web"}, {"group": "db"}, {"rack": "r1"}, {"rack": "r3"}, {"workload": "api"}, {"image": "app"},
    {"workload": "log", "group": "web"}, {"image": "side", "rack": "r3"},
    {"workload": "log", "rack": "r3", "group": "db"},
]  # fmt: skip


def value(metric: str, statistic: str | None = None, comparison: Any = "<", **labels: str) -> float | None:
    about = Threshold(metric, labels, statistic, comparison, 1.0, "")
    (found,) = OUTCOME.figures("all", about)
    return found


def on(node: str, labels: dict[str, str]) -> bool:
    group = node.split("-")[0]
    return labels.get("group", group) == group and labels.get("rack", RACKS[node]) == RACKS[node]


def pods(labels: dict[str, str]) -> list[tuple[str, float]]:
    """Node and readiness of the pods that have all labels."""
    table = RESULT["all"].pods
    rows = zip(table["workload"], table["node"], table["ready_s"].tolist(), strict=True)
    return [
        (node, ready)
        for name, node, ready in rows
        if on(node, labels) and labels.get("workload", name) == name
        and labels.get("image", IMAGES[name][0]) in IMAGES[name]
    ]  # fmt: skip


def pulls(labels: dict[str, str]) -> dict[str, np.ndarray[Any, Any]]:
    """The pulls on the nodes and of the images of labels; whose they are is told by the records' steps."""
    table = RESULT["all"].pulls
    caller = {}
    records = RESULT["all"].records
    steps = records.orchestration.steps
    for pod, pull, _ in sorted(zip(steps.pod, steps.pull, steps.started, strict=True), key=lambda row: row[2]):
        if pull >= 0:
            caller.setdefault(int(pull), ("api", "log")[records.pods.workload[pod]])
    chosen = [
        i
        for i, (node, name) in enumerate(zip(table["node"], table["image"], strict=True))
        if on(node, labels) and labels.get("image", name) == name and labels.get("workload", caller[i]) == caller[i]
        and not table["recheck"][i]
    ]  # fmt: skip
    columns = ("asked_s", "pulled_s", "alone_time_s", "bytes")
    return {key: np.asarray(table[key])[chosen] for key in columns}


def rank(values: list[float], share: float) -> float:
    return sorted(values)[ceil(share * len(values) - 1e-9) - 1]


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_pulls_with_all_labels_count(labels: dict[str, str]) -> None:
    found = pulls(labels)
    times = found["pulled_s"] - found["asked_s"]
    assert len(times) >= 1
    assert value("pull_time", "max", **labels) == times.max()
    assert value("pull_time", "mean", **labels) == pytest.approx(times.mean(), rel=1e-12)
    assert value("pull_time", "p95", **labels) == rank(times.tolist(), 0.95)
    assert value("slowdown", "max", **labels) == pytest.approx((times / found["alone_time_s"]).max(), rel=1e-12)
    assert value("alone_time", **labels) == pytest.approx(found["alone_time_s"].mean(), rel=1e-12)
    assert value("bytes_on_wire", **labels) == found["bytes"].sum()
    assert value("failed_pulls", **labels) == value("bytes_again", **labels) == 0.0


@pytest.mark.parametrize("labels", LABELS, ids=str)
def test_pods_with_all_labels_count(labels: dict[str, str]) -> None:
    found = pods(labels)
    ready = [time for _, time in found]
    assert value("rollout_time", **labels) == max(ready)
    for share in ("10%", "50%", "95%", "100%"):
        part = float(share[:-1]) / 100
        assert value("pods_ready", share=share, **labels) == rank(ready, part)
        last = {node: max(time for other, time in found if other == node) for node, _ in found}
        assert value("nodes_ready", share=share, **labels) == rank(list(last.values()), part)
    named = (
        [labels["workload"]]
        if "workload" in labels
        else [name for name in IMAGES if pods({**labels, "workload": name})]
    )
    counts = [len(pods({**labels, "workload": name})) for name in named]
    assert value("ready_pods", comparison="<", **labels) == max(counts)
    assert value("ready", comparison="<", **labels) == max(ready)


@pytest.mark.parametrize("labels", [one for one in LABELS if {*one} <= {"group", "rack"}], ids=str)
def test_nodes_with_all_labels_count(labels: dict[str, str]) -> None:
    table = RESULT["all"].pulls
    held = {(node, name) for node, name in zip(table["node"], table["image"], strict=True) if on(node, labels)}
    layer = {one.name: one.layers[0] for one in RESULT["all"].records.images}
    sizes: dict[str, float] = {}
    for node, name in held:
        sizes[node] = sizes.get(node, 0.0) + layer[name].unpacked + layer[name].compressed
    assert value("fleet_bytes", **labels) == pytest.approx(sum(sizes.values()), rel=1e-12)
    assert value("bytes_per_node", **labels) == pytest.approx(sum(sizes.values()) / len(sizes), rel=1e-12)
    assert value("most_bytes_per_node", **labels) == pytest.approx(max(sizes.values()), rel=1e-12)


def test_all_parts_together_are_the_case() -> None:
    """Labels that everything has choose what no label does."""
    whole = rs.loads("{rolloutsim: 1, nodes: 4, network: 1 Gbit/s, images: {app: 100 MB}, prices: {ssd: 1}}").run()
    for metric, what in METRICS.items():
        if what.of is None or what.own or "workload" in what.labels or metric == "peak_utilisation":
            continue
        statistic = "mean" if what.needs_statistic else None
        about = [Threshold(metric, labels, statistic, "<", 1.0, "") for labels in ({}, {"group": "node"})]
        alone, narrowed = (whole.outcome.figures("app", one) for one in about)
        assert narrowed == pytest.approx(alone, rel=1e-12), metric
        assert narrowed[0] is not None, metric


def test_the_share_of_bare_pulls_is_that_of_nodes() -> None:
    result = rs.loads("{rolloutsim: 1, nodes: 10, network: 1 Gbit/s, images: {app: 100 MB}}").run()
    ready = sorted(result["app"].nodes["ready_s"].tolist())
    for metric in ("pods_ready", "nodes_ready"):
        about = Threshold(metric, {"share": "25%"}, None, "<", 1.0, "")
        assert result.outcome.figures("app", about) == (ready[2],)


def test_replications_keep_what_parts_are_worked_out_of() -> None:
    """Each replication's figure is that of a run with its seed, also once it was saved and read."""
    outcome = replicate(SCENARIO.resolve(), 5, 3)
    again = from_bytes(to_bytes(outcome))
    about = [
        Threshold("pull_time", {"group": "db"}, "p95", "<", 1.0, ""),
        Threshold("pods_ready", {"share": "60%", "workload": "api", "rack": "r2"}, None, "<", 1.0, ""),
        Threshold("fleet_bytes", {"rack": "r3"}, None, "<", 1.0, ""),
    ]
    for one in about:
        expected = tuple(SCENARIO.run(seed=seed).outcome.figures("all", one)[0] for seed in seeds(5, 3))
        assert outcome.figures("all", one) == again.figures("all", one) == expected
        assert all(value is not None for value in expected)
    assert len({*outcome.figures("all", about[1])}) == 3  # start-up times differ


def judged(story: Story, *about: tuple[str, str, dict[str, str]]) -> list[ThresholdResult]:
    limits = tuple(Threshold(metric, labels, None, "<", 10.0, check) for metric, check, labels in about)
    return list(Outcome(run(story.case(), thresholds=limits)).thresholds)


def unfinished() -> Story:
    """Of `api` two of three pods are ready, at 4 and 6 s, and the third does not exist; `log` is done at 5 s."""
    rollout = Rollout((workload("api", replicas=3, images=("a",)), workload("log", replicas=1, images=("b",))))
    story = Story((image("a", 4e6), image("b", 4e6)), nodes=2, rollout=rollout, finished=False, end=9.0)
    for node, time in enumerate((4.0, 6.0)):
        pull = story.pull(0.0, 0.0, time - 1, node=node)
        rollout.steps(rollout.pod(time, node=node, pull=pull), ("pull", time - 1, pull), ("startup", time))
    pull = story.pull(0.0, 0.0, 4.0, image=1)
    rollout.steps(rollout.pod(5.0, pull=pull, of=1), ("pull", 4.0, pull), ("startup", 5.0))
    return story


def test_pods_that_do_not_exist_are_never_ready() -> None:
    found = judged(
        unfinished(),
        ("pods_ready", "< 10 s", {"share": "50%"}),  # 2 of 4
        ("pods_ready", "< 10 s", {"share": "75%"}),  # 3 of 4
        ("pods_ready", "< 10 s", {"share": "95%"}),
        ("pods_ready", "< 10 s", {"share": "95%", "workload": "log"}),
        ("pods_ready", "< 10 s", {"share": "10%", "group": "node"}),  # nobody knows where the third would be
        ("nodes_ready", "< 10 s", {"share": "10%"}),
        ("nodes_ready", "< 10 s", {"share": "100%", "image": "b"}),
        ("rollout_time", "< 10 s", {"workload": "log"}),
        ("ready", "< 10 s", {"workload": "api", "group": "node"}),
    )
    assert [one.value for one in found] == [5.0, 6.0, None, 5.0, None, None, 5.0, 5.0, None]
    assert {one.headroom for one in found if one.value is None} == {"the rollout did not finish"}


def test_a_part_with_nothing_in_it_has_no_value() -> None:
    story = Story((image("a", 10.0), image("b", 20.0)), nodes=2)
    story.fetch(story.pull(0.0, 0.0, 3.0, ready=4.0), "a-0", 0.0, 0.0, 3.0)
    (found,) = judged(story, ("rollout_time", "< 10 s", {"image": "b"}))
    assert (found.value, found.passed, found.headroom) == (None, False, "nothing of the kind in this case")


def test_every_label_of_parts_is_a_label_that_narrows_something() -> None:
    assert {what.of for what in METRICS.values()} == {None, *NARROWED}


def test_a_pull_that_did_not_finish_is_the_longest_of_its_part() -> None:
    story = Story((image("a", 10.0),), nodes=3, name="a", finished=False, end=9.0, groups=(0, 0, 0))
    for node, time in enumerate((4.0, 5.0, nan)):
        story.pull(0.0, 0.0, time, node=node, alone=2.0)
    limit = Threshold("pull_time", {"group": "node"}, "max", "<", inf, "max < 9 s")
    (found,) = Outcome(run(story.case(), thresholds=(limit,))).thresholds
    assert (found.value, found.headroom) == (None, "the rollout did not finish")


@pytest.mark.parametrize("metric", ["pods_ready", "nodes_ready"])
def test_a_share_of_many_is_the_right_one(metric: str) -> None:
    """0.07 × 100 is more than 7 as a float, and the seventh of a hundred is meant."""
    story = Story((image("a", 1.0),), nodes=100, name="a")
    for node in range(100):
        story.pull(0.0, 0.0, node + 1.0, node=node, alone=1.0)
    (found,) = judged(story, (metric, "< 10 s", {"share": "7%"}))
    assert (found.value, found.metric) == (7.0, f"{metric}{{image=a,share=7%}}")
