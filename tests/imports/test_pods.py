"""Pods that run, and what they tell of the workloads they are of."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
IMAGE = "quay.io/team/api:1.2"


def stamp(seconds: float) -> str:
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod(took: float, restarts: int = 0, node: str = "n-0", ready: str = "True", **more: Any) -> dict[str, Any]:
    """A pod of a Deployment, as the API tells of it."""
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "api-6d5f9b7c4-x7k2p", "namespace": "shop", "labels": {"pod-template-hash": "6d5f9b7c4"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "api-6d5f9b7c4", "controller": True}],
        },
        "spec": {"nodeName": node, "containers": [{"name": "a", "image": IMAGE}, {"name": "b", "image": IMAGE}]},
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(-60)},
                {"type": "Ready", "status": ready, "lastTransitionTime": stamp(took)},
            ],
            "containerStatuses": [
                {"name": "a", "restartCount": 0, "state": {"running": {"startedAt": stamp(-8)}}},
                {"name": "b", "restartCount": restarts, "state": {"running": {"startedAt": stamp(0)}}},
            ],
        },
        **more,
    }  # fmt: skip


def deployment(name: str = "api", namespace: str = "shop", probe: Any = None) -> dict[str, Any]:
    container = {"name": "a", "image": IMAGE, **({"readinessProbe": probe} if probe else {})}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [container]}}},
    }  # fmt: skip


def made_of(folder: Path, *objects: Any) -> Any:
    path = folder / "pods.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}), encoding="utf-8")
    made = imported([str(path)])
    assert loads(made.text)
    return made


def startup(made: Any) -> Any:
    return yaml.safe_load(made.text)["workloads"]["api"].get("startup")


def test_the_median_of_few_pods_is_the_time_until_they_are_ready(tmp_path: Path) -> None:
    made = made_of(tmp_path, deployment(), pod(4), pod(11), pod(6))
    assert startup(made) == "6 s"
    assert "# from pods.json: Ready less startedAt of 3 pods, the median; 4 to 11 s\n" in made.text
    assert not any("startup" in one.key for one in made.assumed)


def test_the_quantiles_of_many_are(tmp_path: Path) -> None:
    made = made_of(tmp_path, deployment(), *(pod(1 + number) for number in range(21)))
    assert startup(made) == {"p50": "11 s", "p95": "20 s"}


def test_pods_that_are_all_alike_have_one_time(tmp_path: Path) -> None:
    assert startup(made_of(tmp_path, deployment(), *[pod(5)] * 30)) == "5 s"
    assert startup(made_of(tmp_path, deployment(), *[pod(0)] * 30, pod(9))) == "0 s"


def test_what_was_measured_counts_more_than_a_probes_delay(tmp_path: Path) -> None:
    assert startup(made_of(tmp_path, deployment(probe={"initialDelaySeconds": 10}), pod(14))) == "14 s"


@pytest.mark.parametrize(
    "one",
    [
        pod(5, restarts=2),  # its container began anew since
        pod(5, ready="False"),
        pod(-3),  # its clock was set, or its readiness is of an earlier start
        pod(5, status={"phase": "Pending"}),
        pod(5, status={"phase": "Running"}),
        pod(5, metadata={"name": "api-x", "namespace": "shop"}),
    ],
)  # fmt: skip
def test_pods_that_do_not_tell_it_are_left_out(tmp_path: Path, one: Any) -> None:
    assert startup(made_of(tmp_path, deployment(), one)) is None
    assert startup(made_of(tmp_path, deployment(), one, pod(7))) == "7 s"


def test_restarted_pods_are_counted(tmp_path: Path) -> None:
    assert "of 1 pods, 2 that restarted left out" in made_of(
        tmp_path, deployment(), pod(7), pod(5, restarts=1), pod(5, restarts=4)
    ).text  # fmt: skip


@pytest.mark.parametrize(("namespace", "expected"), [("shop", "7 s"), ("", "7 s"), ("other", None)])
def test_pods_are_of_the_workload_of_their_namespace(tmp_path: Path, namespace: str, expected: Any) -> None:
    # helm template leaves the namespace out.
    made = made_of(tmp_path, deployment(namespace=namespace), pod(7))
    assert startup(made) == expected
    assert any("not used: running pods of Deployment api" in note for note in made.notes) is (expected is None)


@pytest.mark.parametrize("time", ["yesterday", 5, "2026-03-01T12:00:00", [1]])
def test_a_time_that_is_none_is_an_error(tmp_path: Path, time: Any) -> None:
    one = pod(5)
    one["status"]["conditions"][1]["lastTransitionTime"] = time
    with pytest.raises(UnreadableError, match=r"pods.json: Pod api-6d5f9b7c4-x7k2p: lastTransitionTime is .*a time"):
        made_of(tmp_path, deployment(), one)


def test_a_node_has_the_images_that_run_on_it(tmp_path: Path) -> None:
    nodes = [
        {
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": f"n-{number}"},
            "status": {
                "nodeInfo": {"containerRuntimeVersion": "containerd://2.0", "operatingSystem": "linux"},
                "images": [{"names": [IMAGE], "sizeBytes": 5000}] if number == 2 else [],
            },
        }
        for number in range(4)
    ]  # fmt: skip
    made = made_of(tmp_path, *nodes, deployment(), pod(5), pod(5, node="n-1"), pod(5, node="n-2"))
    assert yaml.safe_load(made.text)["nodes"]["node"]["cached"] == {IMAGE: 3}
    assert "3 of 4 nodes list it or run it" in made.text


def test_pods_that_do_not_run_are_not_used(tmp_path: Path) -> None:
    assert made_of(tmp_path, deployment(), pod(5, status={}), pod(5, status={"phase": "Succeeded"})).notes == (
        "not used: 2 Pod",
    )


def test_pods_alone_are_asked_for_their_workloads(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no image in what was given; give the workloads"):
        made_of(tmp_path, pod(5))
