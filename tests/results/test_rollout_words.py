"""A rollout's table, findings, explanation and JSON; whole texts."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan, nan
from typing import Any

import pytest

from rolloutsim.results.contract.case import Detail
from rolloutsim.results.facts.records import CaseRecords, Run
from rolloutsim.results.metrics import RunSummary, summarise
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.parts import Part, RecordedColumns
from rolloutsim.results.pods.failures import unfinished_pods
from rolloutsim.results.shown.findings import Finding, findings
from rolloutsim.results.shown.tables import case_rows, footnotes, to_csv, to_markdown
from rolloutsim.scenario.orchestration import Amount
from rolloutsim.scenario.resolved import Prices, Push, Threshold
from tests.results.by_hand import Story, image, run
from tests.results.rollout_by_hand import Rollout, workload

CI = Push("ci", "ci.uplink", ("a", "b"))


def told() -> Story:
    """Two of two pods, one after another; the first pull of the second pod fails at 6 and is begun again at 16."""
    rollout = Rollout((workload(replicas=2, unavailable=Amount(count=0), surge=Amount(count=1)),))
    story = Story((image("a", 4e6),), nodes=2, rollout=rollout, link_bytes=(880.0,), link_saturated=(4.0,))
    story.fetch(story.pull(0.0, 0.0, 4.0, alone=4.0), "a-0", 0.0, 0.0, 4.0)
    story.fail(story.pull(5.0, nan, nan, node=1), 6.0, "429 Too Many Requests")
    story.fetch(story.pull(16.0, 16.0, 20.0, node=1, alone=4.0), "a-0", 16.0, 16.0, 20.0)
    first, second = rollout.pod(5.0, pull=0), rollout.pod(22.0, node=1, pull=2, reason="429 Too Many Requests")
    rollout.steps(first, ("pull", 4.0, 0), ("startup", 5.0))
    rollout.steps(
        second, ("controller_pacing", 5.0, 2 * first), ("failed_pull", 6.0, 1), ("rate_limited", 16.0),
        ("pull", 20.0, 2), ("startup", 22.0),
    )  # fmt: skip
    for time, old, new in ((5.0, -1, 1), (22.0, -1, 1)):
        rollout.old_pod(time)
        rollout.change(time, old, new)
    rollout.refusals.append((0, 5.5, 429, -1, False))
    return story


def rolled(**other: Any) -> Run:
    return run(told().case(), **other)


def read(result: Run, detail: Detail | None = None) -> dict[str, Any]:
    (found,) = json.loads(Outcome(result).to_json(detail))["cases"]
    return dict(found)


def test_a_row_for_each_workload() -> None:
    table = case_rows(Outcome(rolled()))
    assert [column.heading for column in table.columns] == [
        "workload", "pods", "rollout time", "least ready", "promised", "pulls", "on the wire", "pull time p50", "p95",
    ]  # fmt: skip
    assert table.cells() == (("api", "2", "22.0 s", "2", "2", "3", "8 MB", "4.00 s", "4.00 s"),)
    assert footnotes(Outcome(rolled())) == (
        "Sizes are bytes on the wire; `docker images` shows unpacked sizes, often 2 to 3 times more.",
    )


def test_where_images_are_the_cases_the_table_shows_images() -> None:
    story = told()
    story.name = "a"
    assert case_rows(Outcome(run(story.case()))).columns[0].heading == "image"


def test_why_follows_the_last_pod_where_controllers_pace() -> None:
    # 10 s of rate limit, 8 s of bytes, 3 s of start-up and 1 s of an attempt that failed: 22 s.
    assert Outcome(rolled()).why == (
        "the registry's rate limit refuses requests; registry uplink 40 % busy; node NICs without a limit.\n"
        "Of the last pod's 22.0 s, 45 % goes to the registry's rate limit, 36 % to the registry "
        "uplink, 14 % to the start of the containers and 5 % to pulls that fail.\n"
        "2 pods are replaced one after another (max_surge 1): the last pod's 22.0 s hold 2 turns, of 5.00 s and 17.0 s."
    )


def test_statistics_leave_out_pulls_that_were_begun_again() -> None:
    figures = summarise(rolled()).cases["all"]
    assert (figures.pulls, figures.unfinished_pulls) == (3, 0)
    assert figures.pull_time_s is not None
    assert figures.slowdown is not None
    assert (figures.pull_time_s.max, figures.slowdown.max) == (4.0, 1.0)


def test_findings_of_a_rollout_that_kept_its_promise() -> None:
    assert findings(summarise(rolled())) == (
        Finding("Ready", "api: never fewer than 2 of 2 pods ready (at 0 s); max_unavailable 0 promises 2."),
        # 6 for each of 3 pulls, 2 layers; in the second from 5 s on 6 for manifests.
        Finding(
            "Requests",
            "registry gets 20 requests, 6.67 a pull, at most 7 in one second; 1 of them fails (429 rate limit), "
            "0 are sent again.",
        ),
        Finding("Failed", "1 pull: 429 Too Many Requests."),
        Finding("Disk", "a node keeps 12 MB of the images, all nodes 24 MB, the registry 4 MB."),
    )


def test_registries_are_named_that_keep_the_images() -> None:
    figures = summarise(rolled()).cases["all"]
    assert figures.rollout is not None
    (one,) = figures.rollout.registries
    for names, which in ((["hub"], "hub"), (["hub", "near"], "hub and near together")):
        several = tuple(replace(one, registry=name) for name in names)
        case = replace(figures, rollout=replace(figures.rollout, registries=several))
        found = findings(RunSummary("s", {"all": case}))
        (text,) = (each.text for each in found if each.topic == "Disk")
        assert text == f"a node keeps 12 MB of the images, all nodes 24 MB, {which} 4 MB."


def test_findings_of_all_that_can_go_wrong() -> None:
    story = told()
    assert story.rollout is not None
    story.rollout.change(30.0, 0, -1)
    story.end = 42.0
    story.again[0] = 1e6
    story.rollout.conditions = ((25.0, "api", "progress deadline exceeded: …"),)
    story.rollout.faults += [("hub-down", "registry", "hub", 3.0, 7.0), ("cut", "link", "wan", 9.0, nan)]
    story.rollout.pushes += [(0, "a", 1.0, 3.0, 4e6, 0.0), (0, "b", 1.0, 4.5, 1e6, 2e6)]
    story.rollout.disks.append((0, 100e6, 50e6, 90e6, 62e6, 20e6))
    story.rollout.refusals.append((0, 6.0, 503, 1, True))
    found = findings(summarise(run(story.case(), pushes=(CI,))))
    assert [one.text for one in found] == [
        "api: only 1 of 2 pods ready (at 30.0 s); max_unavailable 0 promises 2, and there were fewer for 12.0 s.",
        "api: its progress deadline was exceeded at 25.0 s: `kubectl rollout status` fails then, the rollout goes on.",
        "registry gets 21 requests, 7.00 a pull, at most 7 in one second; 2 of them fail (1 × 429 rate limit, "
        "1 × 503 unavailable), 1 is sent again.",
        "1 pull: 429 Too Many Requests.",
        "1 MB fetched again.",
        "ci uploads a, b: 5 MB, 2 MB more are there already, in 3.50 s, before the rollout.",
        "a node keeps 12 MB of the images, all nodes 24 MB, the registry 4 MB.",
        "the fullest disk is 90.0 % full; image garbage collection removes 20 MB.",
        "hub-down: registry hub from 3.00 s until 7.00 s.",
        "cut: link wan from 9.00 s on.",
    ]


def test_of_many_faults_of_one_name_the_first_ones_are_told() -> None:
    story = told()
    assert story.rollout is not None
    story.rollout.faults += [("crash", "node", f"node-00{i}", float(i), i + 0.5) for i in range(8)]
    story.rollout.faults += [("cut", "link", "wan", 9.0, 10.0)] * 3
    texts = [one.text for one in findings(summarise(run(story.case()))) if one.topic == "Faults"]
    assert texts == [
        "crash: node node-000 from 0 s until 0.500 s.",
        "crash: node node-001 from 1.00 s until 1.50 s.",
        "crash: 6 times more, the last time from 7.00 s on.",
        "cut: link wan from 9.00 s until 10.0 s.",
    ]


def test_a_push_during_the_rollout_and_one_that_does_not_end() -> None:
    story = told()
    assert story.rollout is not None
    story.rollout.pushes += [(0, "a", 1.0, 3.0, 4e6, 0.0), (1, "a", 1.0, nan, 4e6, 0.0)]
    story.rollout.pushes.append((2, "a", 3.0, nan, 4e6, 0.0))
    late = (replace(CI, at=1.0), replace(CI, name="laptop"), replace(CI, name="nightly", at=3.0))
    found = [one.text for one in findings(summarise(run(story.case(), pushes=late))) if one.topic == "Push"]
    assert found == [
        "ci uploads a: 4 MB, in 2.00 s, from 1.00 s on.",
        "laptop uploads a: 4 MB; it does not end.",
        "nightly uploads a: 4 MB; it is not complete when the rollout ends, which does not wait for it.",
    ]


def test_what_is_true_of_several_cases_is_said_once() -> None:
    first, second = told(), told()
    first.name, second.name = "one", "two"
    result = run(first.case(), second.case())
    assert [one.text for one in findings(summarise(result)) if one.topic == "Failed"] == [
        "one, two: 1 pull: 429 Too Many Requests."
    ]


def test_a_strategy_without_a_promise_says_so() -> None:
    story = told()
    assert story.rollout is not None
    story.rollout.workloads = (workload(replicas=2, strategy="all_at_once"),)
    found = findings(summarise(run(story.case())))
    assert found[0].text == "api: never fewer than 2 of 2 pods ready (at 0 s); this strategy promises nothing."
    story.rollout.change(40.0, 0, -2)
    found = findings(summarise(run(story.case())))
    assert found[0].text == "api: none of 2 pods ready (at 40.0 s); this strategy promises nothing."
    story.rollout.old.clear()
    assert "Ready" not in {one.topic for one in findings(summarise(run(story.case())))}


def test_bare_pulls_find_nothing() -> None:
    story = Story((image("a", 4.0),))
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    assert findings(summarise(run(story.case()))) == ()
    assert not {"failed_pulls", "pods", "disk", "registries"} & read(run(story.case())).keys()


def unfinished() -> Story:
    """One pod is ready, one in back-off, one waits for its node, one does not exist."""
    rollout = Rollout((workload(replicas=4),))
    story = Story(
        (image("a", 4.0),), nodes=3, rollout=rollout, finished=False, end=90.0,
        stuck=("workload 'api': 1 of 4 pods of the new version are available",),
    )  # fmt: skip
    story.fetch(story.pull(0.0, 0.0, 4.0), "a-0", 0.0, 0.0, 4.0)
    rollout.steps(rollout.pod(5.0, pull=0), ("pull", 4.0, 0), ("startup", 5.0))
    rollout.steps(rollout.pod(nan, node=1, reason="503 Service Unavailable"), ("backoff", nan))
    rollout.steps(rollout.pod(6.0, node=2), ("startup", 6.0), ("node_down", nan))
    return story


def test_the_explanation_of_a_rollout_that_cannot_finish() -> None:
    result = run(unfinished().case())
    assert Outcome(result).why == (
        "the rollout cannot finish: workload 'api': 1 of 4 pods of the new version are available. "
        "The last pull on node-001 failed: 503 Service Unavailable."
    )
    story = unfinished()
    assert story.rollout is not None
    for node in (0, 0, 2, 1, 2):
        story.rollout.steps(story.rollout.pod(nan, node=node, reason="503 Service Unavailable"), ("backoff", nan))
    story.nodes = 4
    story.rollout.steps(story.rollout.pod(nan, node=3, reason="503 Service Unavailable"), ("backoff", nan))
    assert Outcome(run(story.case())).why.endswith(
        "The last pull on node-000, node-001, node-002 and 1 more failed: 503 Service Unavailable."
    )
    other = told()
    other.name = "other"
    assert Outcome(run(unfinished().case(), other.case())).why.startswith("all: the rollout cannot finish: ")


def test_unfinished_pods_say_what_they_wait_for() -> None:
    found = [(one.pod, one.node, one.waits, one.reason) for one in unfinished_pods(unfinished().case())]
    assert found == [
        ("api-001", "node-001", "in back-off after a failed pull", "503 Service Unavailable"),
        ("api-002", "node-002", "for its node, which is down", None),
    ]


def test_a_bare_pull_that_failed_is_an_unfinished_pod() -> None:
    story = Story((image("a", 4.0),), rollout=Rollout(), finished=False, end=9.0)
    story.fail(story.pull(0.0, nan, nan), 3.0, "503 Service Unavailable")
    (found,) = unfinished_pods(story.case())
    assert (found.pod, found.workload, found.waits, found.reason) == (
        "node-000/a", None, "for nothing any more: its pull failed", "503 Service Unavailable",
    )  # fmt: skip


def test_when_pods_were_ready_counts_pods_that_do_not_exist_as_missing() -> None:
    about = Threshold("rollout_time", {}, None, "<", 1.0, "")

    def ready(case: CaseRecords, **labels: str) -> list[float]:
        one = run(case)
        return Part(one, case, RecordedColumns(one, case), case.finished, labels).values(about).tolist()

    case = told().case()
    assert ready(case) == [5.0, 22.0]
    assert ready(case, image=case.images[0].name) == [5.0, 22.0]  # of its image, all pods
    assert ready(case, image="none") == []
    assert isnan(ready(unfinished().case())[-1])


def test_the_contracts_sections_of_a_rollout() -> None:
    case = read(rolled())
    assert case["workloads"] == [
        {
            "workload": "api", "replicas": 2, "old_pods": 2, "max_surge": 1, "max_unavailable": 0, "floor": 2,
            "start_s": 0.0,
            "ready_s": 22.0, "ready_pods": 2, "least_ready": 2, "least_ready_at_s": 0.0, "below_floor_s": 0.0,
            "progress_deadline_exceeded_s": None, "pulls": 3, "rechecks": 0, "failed_pulls": 1,
            "bytes_on_wire": 8000000,
            "pull_time_s": {"mean": 4.0, "p50": 4.0, "p95": 4.0, "p99": 4.0, "max": 4.0},
        }
    ]  # fmt: skip
    assert case["registries"] == [
        {
            "registry": "registry", "pulls": 3, "rechecks": 0, "requests": 20, "requests_per_pull": 20 / 3,
            "peak_requests_per_s": 7,
            "refused": {"429": 1}, "retries": 0, "storage_requests": 0,
        }
    ]  # fmt: skip
    assert (case["failed_pulls"], case["failed_pull_reasons"]) == (1, {"429 Too Many Requests": 1})
    assert case["bytes_again"] == 0
    assert case["pods"][1] == {
        "pod": "api-001", "workload": "api", "node": "node-001", "created_s": 5.0, "asked_s": 5.0, "pulled_s": 20.0,
        "ready_s": 22.0, "available_s": 22.0, "reason": "429 Too Many Requests",
    }  # fmt: skip
    assert case["ready_replicas"] == [
        {"workload": "api", "time_s": 0.0, "old": 2, "new": 0},
        {"workload": "api", "time_s": 5.0, "old": 1, "new": 1},
        {"workload": "api", "time_s": 22.0, "old": 0, "new": 2},
    ]
    pull = {"node": "node-001", "image": "a", "asked_s": 5.0, "pulled_s": None, "failed_s": 6.0}
    assert case["pulls"][1] == pull | {"reason": "429 Too Many Requests", "layers": case["pulls"][1]["layers"]}
    assert not {"push", "faults", "conditions", "unfinished_pods", "node_disks"} & case.keys()
    assert not {"pods", "ready_replicas"} & read(rolled(), "summary").keys()


def test_the_contracts_sections_of_what_went_wrong() -> None:
    story = unfinished()
    assert story.rollout is not None
    story.rollout.pods[0] = (0, 0, 5.0, 5.0, 0, 9.0, "")
    story.rollout.conditions = ((25.0, "api", "progress deadline exceeded: …"),)
    story.rollout.faults.append(("cut", "link", "wan", 9.0, nan))
    story.rollout.pushes.append((0, "a", 1.0, nan, 4.0, 0.5))
    story.rollout.disks.append((0, 100.0, 50.0, 90.0, 62.5, 20.0))
    case = read(run(story.case(), pushes=(CI,), prices=Prices(ssd=1e9)))
    assert case["push"] == [
        {
            "image": "a", "push": "ci", "before_rollout": True, "started_s": 1.0, "finished_s": None,
            "push_time_s": None, "bytes": 4, "held_bytes": 0.5,
        }
    ]  # fmt: skip
    assert case["faults"] == [{"fault": "cut", "kind": "link", "target": "wan", "started_s": 9.0, "ended_s": None}]
    assert case["conditions"] == [{"workload": "api", "condition": "progress deadline exceeded: …", "time_s": 25.0}]
    assert case["unfinished_pods"][0] == {
        "pod": "api-001", "workload": "api", "node": "node-001", "waits": "in back-off after a failed pull",
        "reason": "503 Service Unavailable",
    }  # fmt: skip
    assert case["pods"][0]["deleted_s"] == 9.0
    # One node keeps 4 bytes compressed and 8 unpacked, the registry 4 compressed.
    image_row = {
        "image": "a", "nodes": 1, "compressed_bytes": 4, "unpacked_bytes": 8, "bytes_per_node": 12, "fleet_bytes": 12,
        "cost_per_month": {"ssd": 16.0},
    }  # fmt: skip
    assert case["disk"] == {
        "bytes_per_node": 12, "most_bytes_per_node": 12, "fleet_bytes": 12, "registry_bytes": 4,
        "cost_per_month": {"ssd": 16.0}, "peak_utilisation": 0.9, "collected_bytes": 20, "images": [image_row],
    }  # fmt: skip
    assert case["node_disks"] == [
        {
            "node": "node-000", "capacity_bytes": 100, "before_bytes": 50, "peak_bytes": 90, "after_bytes": 62.5,
            "collected_bytes": 20,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("changes", [999, 5000])
def test_many_changes_are_thinned_out_but_the_fewest_ready_pods_stay(changes: int) -> None:
    story = told()
    assert story.rollout is not None
    story.rollout.changes = [(1.0 + i, 0, (-1) ** (i + 1) if i != changes // 2 else -2, 0) for i in range(changes)]
    rows = read(run(story.case()))["ready_replicas"]
    assert len(rows) == 1000
    assert (rows[0]["time_s"], rows[-1]["time_s"]) == (0.0, float(changes))
    assert min(row["old"] for row in rows) == min(2 + d for d in _sums([c[2] for c in story.rollout.changes]))


def _sums(changes: list[int]) -> list[int]:
    found, total = [], 0
    for change in changes:
        total += change
        found.append(total)
    return found


def test_csv_and_markdown_tell_of_failures_too() -> None:
    head, line = to_csv(Outcome(rolled())).splitlines()
    assert head.endswith(",slowdown_max,unfinished_pods,failed_pulls,bytes_again")
    assert line.endswith(",1.0,0,1,0.0")
    text = to_markdown(Outcome(rolled(prices=Prices(ssd=1.0))))
    assert (
        "## Rollout\n\n- Ready: api: never fewer than 2 of 2 pods ready (at 0 s); max_unavailable 0 promises 2." in text
    )
    assert "## Disk and cost\n\n| image | a node | all nodes | registry | a month on SSD | vs smallest |" in text
