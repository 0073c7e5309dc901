"""What Kubernetes does with its objects, taken over or left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported

API = {"Job": "batch/v1", "CronJob": "batch/v1", "ReplicationController": "v1", "Node": "v1"}


def workload(kind: str = "Deployment", pod: Any = None, meta: Any = None, status: Any = None, **spec: Any) -> Any:
    pod = {"containers": [{"name": "c", "image": "app:1"}], **(pod or {})}
    return {
        "apiVersion": API.get(kind, "apps/v1"), "kind": kind, "metadata": {"name": "d", **(meta or {})},
        "spec": {"template": {"spec": pod}, **spec}, "status": status or {},
    }  # fmt: skip


def node(name: str = "n", labels: Any = None, taints: Any = (), cordoned: bool = False) -> Any:
    return {
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels or {}},
        "spec": {"taints": list(taints), "unschedulable": cordoned},
        "status": {"nodeInfo": {"containerRuntimeVersion": "containerd://2.0", "operatingSystem": "linux"}},
    }  # fmt: skip


def made_of(folder: Path, *objects: Any) -> Any:
    path = folder / "all.json"
    path.write_text("\n".join(json.dumps(one) for one in objects), encoding="utf-8")
    return imported([str(path)])


def workloads(folder: Path, *objects: Any) -> Any:
    made = made_of(folder, *objects)
    assert loads(made.text).run(seed=1)["all"].rollout_time > 0
    return yaml.safe_load(made.text)["workloads"]


def container(name: str = "c", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": f"{name}:1", **more}


def delay(seconds: Any) -> dict[str, Any]:
    return {"initialDelaySeconds": seconds, "periodSeconds": 7}


@pytest.mark.parametrize(
    ("containers", "inits", "startup", "told"),
    [
        ([container(readinessProbe=delay(20))], [], "20 s", "readinessProbe.initialDelaySeconds, a lower bound"),
        ([container(readinessProbe=delay(20), startupProbe=delay(30))], [], "30 s",
         "startupProbe.initialDelaySeconds, a lower bound"),
        ([container("a", readinessProbe=delay(20)), container("b", readinessProbe=delay(5))], [], "20 s",
         "readinessProbe.initialDelaySeconds of a, a lower bound; less if images of later containers are pulled"
         " meanwhile"),
        ([container("a", readinessProbe=delay(5)), container("b", readinessProbe=delay(20))], [], "20 s",
         "readinessProbe.initialDelaySeconds of b, a lower bound"),
        # What follows a sidecar waits for its startup probe.
        ([container(readinessProbe=delay(20))], [container("s", restartPolicy="Always", startupProbe=delay(4))],
         "24 s",
         "startupProbe.initialDelaySeconds of sidecars and readinessProbe.initialDelaySeconds, a lower bound"),
        # It does not wait for its readiness probe, which runs beside it.
        ([container(readinessProbe=delay(3))], [container("s", restartPolicy="Always", readinessProbe=delay(9))],
         "9 s", "readinessProbe.initialDelaySeconds of a sidecar, a lower bound; less if images of later"
         " containers are pulled meanwhile"),
        ([container()], [container("s", restartPolicy="Always", startupProbe=delay(4), readinessProbe=delay(6)),
                         container("t", restartPolicy="Always", readinessProbe=delay(7))],
         "11 s", "startupProbe.initialDelaySeconds of sidecars and readinessProbe.initialDelaySeconds of a sidecar,"
         " a lower bound; less if images of later containers are pulled meanwhile"),
    ],
)  # fmt: skip
def test_a_pod_is_not_ready_before_its_probes_are_allowed(
    tmp_path: Path, containers: Any, inits: Any, startup: str, told: str
) -> None:
    one = workload(pod={"containers": containers, "initContainers": inits})
    assert workloads(tmp_path, one)["d"]["startup"] == startup
    made = made_of(tmp_path, one)
    assert f"startup: {startup}  # from all.json: {told}\n" in made.text
    assert [(each.key, each.value) for each in made.assumed if each.key.endswith("startup")] == [
        ("workloads.d.startup", startup)
    ]


@pytest.mark.parametrize(
    "containers",
    [[container()], [container(readinessProbe=delay(0))], [container(readinessProbe={"periodSeconds": 5})],
     [container(livenessProbe=delay(60))]],
)  # fmt: skip
def test_other_probes_say_nothing_of_it(tmp_path: Path, containers: Any) -> None:
    # An init container that ends is no sidecar: the API refuses probes there, and the kubelet runs none.
    inits = [container("i", readinessProbe=delay(30))]
    one = workload(pod={"containers": containers, "initContainers": inits})
    assert "startup" not in workloads(tmp_path, one)["d"]
    assert [each.value for each in made_of(tmp_path, one).assumed if each.key == "rollout.startup"] == ["0 s"]


def test_both_are_listed_where_some_workloads_have_probes(tmp_path: Path) -> None:
    one = workload(pod={"containers": [container(readinessProbe=delay(20))]})
    keys = [each.key for each in made_of(tmp_path, one, workload(meta={"name": "e"})).assumed]
    assert {"workloads.d.startup", "rollout.startup"} <= set(keys)


def test_bounds_of_many_workloads_are_listed_once(tmp_path: Path) -> None:
    several = [
        workload(pod={"containers": [container(readinessProbe=delay(20))]}, meta={"name": name}) for name in "abcde"
    ]
    found = [(one.key, one.value, one.why) for one in made_of(tmp_path, *several).assumed if "startup" in one.key]
    assert found == [(
        "workloads.<workload>.startup", "lower bounds",
        "delays of probes, of a, b, c and 2 more; how long it takes, nothing tells",
    )]  # fmt: skip


@pytest.mark.parametrize("seconds", [-1, "5", 1.5, True])
def test_a_delay_that_is_none_is_an_error(tmp_path: Path, seconds: Any) -> None:
    one = workload(pod={"containers": [container(startupProbe=delay(seconds))]})
    with pytest.raises(UnreadableError, match=r"Deployment d: startupProbe.initialDelaySeconds is .*whole number"):
        made_of(tmp_path, one)


ZONE = "topology.kubernetes.io/zone"
NODES = (
    node("a", {ZONE: "1", "cores": "4", "disk": "ssd"}), node("b", {ZONE: "2", "cores": "16"}),
    node("c", {ZONE: "3", "cores": "many"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ([[(ZONE, "In", ["1", "2"])]], "ab"),
        ([[(ZONE, "NotIn", ["1"])]], "bc"),
        ([[("disk", "NotIn", ["ssd"])]], "bc"),  # what has no such label is not in it either
        ([[("disk", "Exists", [])]], "a"),
        ([[("disk", "DoesNotExist", [])]], "bc"),
        ([[("cores", "Gt", ["4"])]], "b"),  # a label that is no number is neither more nor less
        ([[("cores", "Lt", ["16"])]], "a"),
        ([[("disk", "Exists", [])], [("cores", "Gt", ["4"])]], "ab"),  # one of the terms
        ([[(ZONE, "In", ["1", "2"]), ("cores", "Gt", ["4"])]], "b"),  # all of a term
        ([[], [("disk", "Exists", [])]], "a"),  # an empty term is fulfilled by none
        ([[("metadata.name", "In", ["c"])]], "c"),
    ],
)  # fmt: skip
def test_required_node_affinity_is_the_schedulers(tmp_path: Path, terms: Any, names: str) -> None:
    written = [
        {
            "matchFields" if any(key == "metadata.name" for key, _, _ in term) else "matchExpressions": [
                {"key": key, "operator": operator, "values": values} for key, operator, values in term
            ]
        }
        for term in terms
    ]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": written}}
    found = workloads(tmp_path, *NODES, workload(pod={"affinity": {"nodeAffinity": required}}))["d"]
    assert found["groups"] == [f"node-{'abc'.index(name) + 1}" for name in names]


def test_affinity_that_no_node_fulfils_is_an_error_that_says_it(tmp_path: Path) -> None:
    terms = [{"matchExpressions": [{"key": "gpu", "operator": "In", "values": ["a100", "h100"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    one = workload(pod={"affinity": {"nodeAffinity": required}, "nodeSelector": {"disk": "ssd"}})
    with pytest.raises(UnreadableError, match=r"runs on no node of all.json: it wants disk=ssd, and gpu In a100 h100"):
        made_of(tmp_path, *NODES, one)
    assert ("workloads.d.groups", "it runs on nodes with disk=ssd, and gpu In a100 h100") in [
        (each.key, each.why) for each in made_of(tmp_path, one).assumed
    ]


def test_affinity_that_is_preferred_binds_nobody(tmp_path: Path) -> None:
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "preference": {}}]}
    assert "groups" not in workloads(tmp_path, *NODES, workload(pod={"affinity": {"nodeAffinity": preferred}}))["d"]


def taint(key: str, effect: str = "NoSchedule") -> dict[str, str]:
    return {"key": f"node.kubernetes.io/{key}", "effect": effect}


@pytest.mark.parametrize(
    ("taints", "runs"),
    [([taint("disk-pressure")], True), ([taint("memory-pressure")], True), ([taint("pid-pressure")], True),
     ([taint("not-ready", "NoExecute")], True), ([taint("unreachable", "NoExecute")], True),
     ([taint("not-ready")], False), ([taint("network-unavailable")], False), ([taint("of-mine")], False)],
)  # fmt: skip
def test_daemonsets_tolerate_what_their_controller_adds(tmp_path: Path, taints: Any, runs: bool) -> None:
    nodes = (node("a"), node("b", taints=taints))
    found = workloads(tmp_path, *nodes, workload("DaemonSet"), workload(meta={"name": "e"}, replicas=2))
    assert found["e"].get("groups", ["node"]) == ["node"]
    assert found["d"].get("groups", "all") == ("all" if runs else ["node"])


def test_daemonsets_in_the_nodes_network_need_no_other(tmp_path: Path) -> None:
    nodes = (node("a"), node("b", taints=[taint("network-unavailable")]))
    assert "groups" not in workloads(tmp_path, *nodes, workload("DaemonSet", {"hostNetwork": True}))["d"]


def test_a_cordoned_node_gets_pods_of_daemonsets_only(tmp_path: Path) -> None:
    nodes = (node("a"), node("b"), node("c", cordoned=True))
    made = made_of(tmp_path, *nodes, workload("DaemonSet"), workload(meta={"name": "e"}))
    scenario = yaml.safe_load(made.text)
    assert {name: group["count"] for name, group in scenario["nodes"].items()} == {"node": 2, "node-cordoned": 1}
    assert scenario["workloads"]["e"]["groups"] == ["node"]
    assert "groups" not in scenario["workloads"]["d"]
    made = made_of(tmp_path, *nodes, workload())
    assert list(yaml.safe_load(made.text)["nodes"]) == ["node"]
    assert "node c is left out: it is cordoned, and gets none of these pods" in made.notes


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (workload(paused=True), "it is paused; it rolls out after: kubectl rollout resume deployment/d"),
        (workload(replicas=0), "it has no pods: its replicas are 0"),
        (workload("Job", parallelism=0), "it has no pods: its parallelism or its completions are 0"),
        (workload("Job", suspend=True), "it is suspended, and has no pods"),
        (workload("Job", status={"conditions": [{"type": "Complete", "status": "True"}]}), "it is over"),
        (workload("Job", status={"conditions": [{"type": "Failed", "status": "True"}]}), "it is over"),
        (workload("ReplicaSet", meta={"ownerReferences": [{"kind": "Deployment", "name": "x", "controller": True}]}),
         "Deployment x makes it; give that"),
        (workload("StatefulSet", replicas=3, updateStrategy={"rollingUpdate": {"partition": 3}}),
         "its partition 3 keeps all 3 pods at their version"),
        (workload("CronJob"), "its Jobs pull when their time comes, not with a rollout; for one of them: kubectl "
         "create job --from=cronjob/d d --dry-run=server -o json"),
    ],
)  # fmt: skip
def test_what_rolls_out_nothing_is_left_out(tmp_path: Path, one: Any, why: str) -> None:
    told = f"{one['kind']} d is left out: {why}"
    made = made_of(tmp_path, one, workload(meta={"name": "other"}))
    assert list(yaml.safe_load(made.text)["workloads"]) == ["other"]
    assert told in made.notes
    with pytest.raises(UnreadableError) as raised:
        made_of(tmp_path, one)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (workload("Job", parallelism=5, completions=3), {"replicas": 3}),
        (workload("Job", parallelism=5, completions=30), {"replicas": 5}),
        (workload("Job", completions=30), {"replicas": 1}),
        (workload("ReplicaSet", replicas=2), {"replicas": 2}),
        (workload("ReplicationController", replicas=2), {"replicas": 2}),
    ],
)  # fmt: skip
def test_jobs_and_replicasets_create_pods_at_once(tmp_path: Path, one: Any, expected: Any) -> None:
    rest = {"images": ["app:1"], "pull_policy": "if_not_present", "rollout": {"strategy": "all_at_once"}}
    assert workloads(tmp_path, one) == {"d": {**rest, "create": True, **expected}}


@pytest.mark.parametrize(
    ("one", "rollout"),
    [
        (workload("StatefulSet"), {"strategy": "statefulset"}),
        (workload("StatefulSet", podManagementPolicy="Parallel", replicas=3, minReadySeconds=4,
                  updateStrategy={"rollingUpdate": {"partition": 2, "maxUnavailable": 2}}),
         {"strategy": "statefulset", "parallel": True, "partition": 2, "max_unavailable": 2, "min_ready": "4 s"}),
        (workload("StatefulSet", updateStrategy={"type": "OnDelete"}), {"strategy": "statefulset"}),
        (workload("DaemonSet", updateStrategy={"type": "OnDelete"}), {"strategy": "daemonset"}),
        (workload("DaemonSet", updateStrategy={"rollingUpdate": {"maxSurge": "30%", "maxUnavailable": 0}}),
         {"max_surge": "30%", "max_unavailable": 0}),
        # What is left of rollingUpdate beside Recreate counts for nothing.
        (workload(strategy={"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}), {"strategy": "all_at_once"}),
    ],
)  # fmt: skip
def test_how_pods_are_replaced(tmp_path: Path, one: Any, rollout: Any) -> None:
    assert workloads(tmp_path, one)["d"]["rollout"] == rollout


def test_what_a_strategy_does_not_carry_is_said(tmp_path: Path) -> None:
    said = made_of(tmp_path, workload(strategy={"type": "Recreate"})).text
    assert "from all.json: Recreate, whose new pods wait until all old ones are gone; here they do not" in said
    made = made_of(tmp_path, workload("DaemonSet", updateStrategy={"type": "OnDelete"}))
    assert "assumed: OnDelete" in made.text
    assert "workloads.d.rollout" in [one.key for one in made.assumed]


def test_of_a_strategy_that_is_assumed_the_rest_is_told(tmp_path: Path) -> None:
    one = workload("StatefulSet", replicas=3, minReadySeconds=4, updateStrategy={"type": "OnDelete"})
    assert workloads(tmp_path, one)["d"]["rollout"] == {"strategy": "statefulset", "min_ready": "4 s"}
    said = yaml.safe_load(made_of(tmp_path, one).text)["assumed"]
    assert said["workloads.d.rollout.strategy"].startswith("OnDelete: ")
    assert "workloads.d.rollout.min_ready" not in said


@pytest.mark.parametrize(
    ("kind", "resources", "said"),
    [
        ("Job", {"limits": {"nvidia.com/gpu": 1, "cpu": 2}}, "nvidia.com/gpu"),
        ("Deployment", {"limits": {"nvidia.com/gpu": "1"}, "requests": {"a.example/b": 1}},
         "nvidia.com/gpu, a.example/b"),
        ("Deployment", {"limits": {"cpu": 2, "hugepages-2Mi": "4Mi", "x.kubernetes.io/y": 1}}, ""),
        ("DaemonSet", {"limits": {"nvidia.com/gpu": 1}}, ""),
        ("Deployment", {"limits": ["nvidia.com/gpu"]}, ""),
        ("Deployment", None, ""),
    ],
)  # fmt: skip
def test_that_what_fits_on_a_node_is_not_simulated_is_said_of_gpus(
    tmp_path: Path, kind: str, resources: Any, said: str
) -> None:
    one = workload(kind, pod={"containers": [{"name": "c", "image": "app:1", "resources": resources}]})
    found = [note for note in made_of(tmp_path, one).notes if "not simulated" in note]
    expected = (
        f"{kind} d: its pods ask for {said}; how many of them fit on a node is not simulated, pods go to the node that "
        "has the fewest of them"
    )
    assert found == ([expected] if said else [])


def test_a_name_that_is_generated_stands_without_its_dash(tmp_path: Path) -> None:
    one = workload("Job", meta={"name": None, "generateName": "train-"})
    assert list(workloads(tmp_path, one)) == ["train"]


@pytest.mark.parametrize(
    ("image", "policy"),
    [("app:latest@sha256:ab", "always"), ("app@sha256:ab", "if_not_present"), ("app:1@sha256:ab", "if_not_present")],
)  # fmt: skip
def test_a_digest_does_not_undo_the_tag_latest(tmp_path: Path, image: str, policy: str) -> None:
    made = made_of(tmp_path, workload(pod={"containers": [container(image=image)]}))
    assert yaml.safe_load(made.text)["workloads"]["d"]["pull_policy"] == policy


def test_volumes_of_images_are_pulled_before_containers(tmp_path: Path) -> None:
    volumes = [{"name": "m", "image": {"reference": "model:1", "pullPolicy": "Always"}}, {"name": "e", "emptyDir": {}}]
    found = workloads(tmp_path, workload(pod={"volumes": volumes}))["d"]
    assert found["images"] == ["model:1", "app:1"]


@pytest.mark.parametrize(("given", "replicas"), [({}, 4), ({"replicas": 7}, 7)])
def test_an_autoscaler_gives_the_replicas_that_a_workload_leaves_open(
    tmp_path: Path, given: Any, replicas: int
) -> None:
    scaler = {
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "minReplicas": 4, "maxReplicas": 9},
    }  # fmt: skip
    made = made_of(tmp_path, scaler, workload(**given))
    assert yaml.safe_load(made.text)["workloads"]["d"]["replicas"] == replicas
    assert f"HorizontalPodAutoscaler h sets the replicas of Deployment d: 4 to 9; {replicas} stand here" in made.notes
    made = made_of(tmp_path, scaler, workload(meta={"namespace": "shop"}, **given))
    assert yaml.safe_load(made.text)["workloads"]["d"]["replicas"] == replicas
    elsewhere = {**scaler, "metadata": {"name": "h", "namespace": "other"}}
    made = made_of(tmp_path, elsewhere, workload(meta={"namespace": "shop"}, **given))
    assert yaml.safe_load(made.text)["workloads"]["d"]["replicas"] == given.get("replicas", 1)
    made = made_of(tmp_path, scaler, workload(meta={"name": "other"}))
    assert "HorizontalPodAutoscaler h scales nothing that was given" in made.notes


def test_what_pods_want_of_each_other_is_said_to_be_left_out(tmp_path: Path) -> None:
    spread = [{"maxSkew": 1, "topologyKey": ZONE, "whenUnsatisfiable": "DoNotSchedule"}]
    made = made_of(tmp_path, workload(pod={"topologySpreadConstraints": spread}))
    assert (
        "Deployment d: topologySpreadConstraints is not taken; pods go to the node that has the fewest of them"
        in made.notes
    )
    spread[0]["whenUnsatisfiable"] = "ScheduleAnyway"
    assert made_of(tmp_path, workload(pod={"topologySpreadConstraints": spread})).notes == ()


def test_zones_have_no_links_that_anything_tells(tmp_path: Path) -> None:
    made = made_of(tmp_path, *NODES, workload())
    assert [(one.value, one.why.partition(";")[0]) for one in made.assumed if one.key == "network.racks"] == [
        ("none", "links between the 3 zones 1, 2, 3")
    ]
    assert not any("racks" in group for group in yaml.safe_load(made.text)["nodes"].values())
    assert "network.racks" not in [one.key for one in made_of(tmp_path, node("a"), node("b"), workload()).assumed]
