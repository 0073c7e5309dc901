"""export, as a shell sees it; what is written is read as the tools read it that it is for."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import pytest
import yaml

from rolloutsim import results as results_of
from rolloutsim.results.exports.delays import delays
from tests.cli.conftest import Program, Saved

SCENARIO = """\
rolloutsim: 1
network: 1 Gbit/s
nodes: {web: {count: 4, nic: 500 Mbit/s}, db: {count: 2, nic: 100 Mbit/s}}
images: {"quay.io/team/api:1": 80 MB, proxy: 20 MB}
workloads:
  api: {images: ["quay.io/team/api:1"], replicas: 6, groups: [web]}
  both: {images: ["quay.io/team/api:1", proxy], daemonset: true, groups: [db]}
"""


@pytest.fixture
def results(saved: Saved, tmp_path: Any) -> str:
    (tmp_path / "a.yaml").write_text(SCENARIO)
    saved("a.yaml", "results")
    return "results"


def fits(stage: dict[str, Any], node: str, images: set[str]) -> bool:
    """Whether a Stage takes on a new pod, of what the expressions here can say."""
    for one in stage["spec"]["selector"]["matchExpressions"]:
        if "nodeName" in one["key"]:
            values = {node}
        elif ".image" in one["key"]:
            values = images
        else:
            continue
        if bool(values & set(one["values"])) != (one["operator"] == "In"):
            return False
    return True


def stages_of(shell: Program, *arguments: str) -> list[dict[str, Any]]:
    done = shell("export", *arguments)
    assert done.code == 0, done.err
    return [one for one in yaml.safe_load_all(done.out) if one]


def test_each_pod_gets_the_delay_of_its_node_in_kwok(shell: Program, results: str) -> None:
    stages = stages_of(shell, "kwok", results, "--resolution", "1 ms")
    outcome = results_of.store.load(results)
    found, never = delays(outcome.records(outcome.slowest))
    assert (len(found), never) == (8, 0)
    assert len({one["metadata"]["name"] for one in stages}) == len(stages)
    of_node = Counter((one.node, frozenset(one.images)) for one in found)
    for one in found:
        fitting = [stage["spec"] for stage in stages if fits(stage, one.node, set(one.images))]
        waits = [stage["delay"]["durationMilliseconds"] for stage in fitting for _ in range(stage["weight"])]
        assert round(one.seconds * 1000) in waits
        # As many as the node has pods of the workload, or one for all if they are equal.
        assert len(waits) in (1, of_node[one.node, frozenset(one.images)])


def test_a_coarser_resolution_makes_fewer_stages(shell: Program, results: str) -> None:
    fine, coarse = (stages_of(shell, "kwok", results, "--resolution", one) for one in ("1 ms", "1 h"))
    assert len(fine) > len(coarse) == 2  # a workload each
    assert {stage["spec"]["delay"]["durationMilliseconds"] for stage in coarse} == {0}


def test_simkube_draws_from_all_delays_of_a_workload(shell: Program, results: str) -> None:
    stages = stages_of(shell, "simkube", results)
    own = [one["spec"] for one in stages if fits(one, "", {"quay.io/team/api:1"})]
    outcome = results_of.store.load(results)
    found = [one for one in delays(outcome.records(outcome.slowest))[0] if len(one.images) == 1]
    seconds = sorted(one.seconds for one in found)
    assert sum(stage["weight"] for stage in own) == len(seconds) == 6
    assert own[0]["delay"]["durationMilliseconds"] == round(seconds[0] * 1000)
    last = own[-1]["delay"]
    assert last.get("jitterDurationMilliseconds", last["durationMilliseconds"]) == round(seconds[-1] * 1000)
    # A Stage without a weight is not drawn where others have one, and the zero weight of another is not either.
    assert all(stage["weight"] > 0 for stage in own)


def test_the_histogram_counts_each_pull_once(shell: Program, results: str) -> None:
    done = shell("export", "prometheus", results)
    counts = re.findall(r"^kubelet_image_pull_duration_seconds_count\{(.+)\} (\d+)$", done.out, re.M)
    assert sum(int(count) for _, count in counts) == 4 + 2 * 2  # a pull a node and image
    for labels, count in counts:
        buckets = re.findall(rf"_bucket\{{{re.escape(labels)},le=\"([^\"]+)\"\}} (\d+)", done.out)
        assert buckets[-1] == ("+Inf", count)
        values = [int(value) for _, value in buckets]
        assert values == sorted(values)
    assert {re.search(r'bytes="(.+)"', labels)[1] for labels, _ in counts} == {"10MB-100MB"}  # type: ignore[index]


def test_a_span_of_a_layer_lies_within_its_pulls(shell: Program, results: str) -> None:
    done = shell("export", "otlp", results, "--start", "2026-03-01T09:00:00Z")
    spans = json.loads(done.out)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    roots = {one["spanId"]: one for one in spans if "parentSpanId" not in one}
    layers = [one for one in spans if "parentSpanId" in one]
    assert len(roots) == 8
    assert len(layers) == 2 * 8  # a fetch and an unpack each
    assert len({one["spanId"] for one in spans}) == len(spans)
    for one in layers:
        root = roots[one["parentSpanId"]]
        assert one["traceId"] == root["traceId"]
        assert int(root["startTimeUnixNano"]) <= int(one["startTimeUnixNano"]) <= int(one["endTimeUnixNano"])
        assert int(one["endTimeUnixNano"]) <= int(root["endTimeUnixNano"])
    assert min(int(one["startTimeUnixNano"]) for one in spans) >= 1_772_355_600 * 10**9
    assert shell("export", "otlp", results, "--start", "2026-03-01T09:00:00Z").out == done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kwok", "results", "--case", "q"], "error: --case q: no case has this name; cases: "),
        (["kwok", "results", "--resolution", "q"], "error: --resolution: "),
        (["otlp", "results", "--start", "q"], "error: --start q: no date and time; write it as 2026-03-01T09:00:00Z"),
        (["yaml", "results"], "Error: Invalid value for 'FORMAT': 'yaml' is not one of"),
    ],
)
def test_2_an_export_that_cannot_be(shell: Program, results: str, arguments: list[str], message: str) -> None:
    done = shell("export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1].startswith(message)


def test_a_file_that_is_there_is_left_as_it_is(shell: Program, results: str, tmp_path: Any) -> None:
    file = tmp_path / "stages.yaml"
    file.write_text("mine")
    done = shell("export", "kwok", results, "-o", "stages.yaml")
    assert (done.code, file.read_text()) == (2, "mine")
    assert (
        done.err == "error: stages.yaml exists and is left as it is; choose another name, or replace it with --force\n"
    )
    assert shell("export", "kwok", results, "-o", "stages.yaml", "--force").code == 0
    assert file.read_text() != "mine"


def test_pods_that_were_never_ready_have_no_stage(shell: Program, saved: Saved, tmp_path: Any) -> None:
    (tmp_path / "b.yaml").write_text(SCENARIO.replace("network", "rollout: {horizon: 1 s}\nnetwork"))
    shell("run", "b.yaml", "-o", "late")
    done = shell("export", "kwok", "late")
    assert done.code == 2
    assert "became ready: there is no delay to write" in done.err
