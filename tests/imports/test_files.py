"""Files as people have them, read or refused; whole scenarios compared."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim import loads
from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports import imported
from rolloutsim.imports.documents import READ as READ_AS_SAID
from tests.imports.refusing import read_or_refused

DATA = Path(__file__).parent.parent / "data" / "imports"
FILES = DATA / "files"
CLUSTER = [str(DATA / "cluster" / name) for name in ("nodes.json", "workloads.yaml", "api.json", "train.json")]
NO_NODES = {"node": {"count": 10}}

# Real files, and what of the scenario they tell.
READ = {
    "02a-docker-manifest-inspect-v-old.json": {
        "docker.io/library/hello-world:latest": [("b04784fba78d", "972 B", None)],
    },
    "03-skopeo-inspect.json": {"docker.io/library/fedora": [("cb8b1ed77979", "65990920 B", None)]},
    "04-oci1-all-media-types.json": {
        "04-oci1-all-media-types": [
            ("6a5a5368e0c2", "51354364 B", "51354364 B"), ("1bbf5d58d24c", "150 B", None),
            ("2bbf5d58d24c", "152 B", None), ("8f5dc8a4b12c", "11739507 B", "11739507 B"),
            ("bbd6b22eb11a", "8841833 B", None), ("960e52ecf820", "291 B", None),
        ],
    },
    "04-ociv1.nondistributable.zstd.manifest.json": {
        "04-ociv1.nondistributable.zstd.manifest": [("e692418e4cba", "32654 B", None)],
    },
    "04-ociv1.zstd.manifest.json": {
        "04-ociv1.zstd.manifest": [
            ("e692418e4cba", "32654 B", None), ("3c3a4604a545", "16724 B", None), ("ec4b89559586", "73109 B", None),
        ],
    },
    "04-v2s2.nondistributable.gzip.manifest.json": {
        "04-v2s2.nondistributable.gzip.manifest": [("e692418e4cba", "32654 B", None)],
    },
}  # fmt: skip

NEXT_READ = READ_AS_SAID
CALIBRATE = "calibrate a scenario on it: rolloutsim calibrate SCENARIO --events FILE"
NO_IMAGE = (
    "no image in what was given; give the workloads whose images roll out as well (kubectl get "
    "deployments,daemonsets -A -o json), or a manifest: crane manifest IMAGE | rolloutsim import IMAGE=-"
)
REFUSED = {
    "01-containerd-kubelet-journal.log":
        f"a log of containerd, the kubelet or a registry; {CALIBRATE}",
    "05-oci-index-with-attestation.json":
        "an index, which has no layers (platforms: linux/amd64); give the manifest of one: "
        "crane manifest --platform linux/amd64 IMAGE | rolloutsim import IMAGE=-",
    "08-helm-values-node-exporter-excerpt.yaml":
        "Helm values, which are no workloads; render them: helm template RELEASE CHART -f FILE | rolloutsim import -",
    "10-eks-al2023-kubelet-config.json": NO_IMAGE,
    "11b-eks-soci-config.toml": NO_IMAGE,
    "12-distribution-notification.json":
        f"notifications of a registry; {CALIBRATE}",
    "14-kubectl-get-nodes.json": NO_IMAGE,
    "15-kubectl-describe-events.txt":
        f"events as kubectl prints them; {CALIBRATE}",
    "17-registry-access.log":
        f"a log of containerd, the kubelet or a registry; {CALIBRATE}",
}  # fmt: skip


def content(*given: str) -> dict[str, object]:
    """What files give; what of it is assumed, test_assumptions.py says."""
    made = yaml.safe_load(imported(given).text)
    made.pop("assumed", None)
    return made


@pytest.mark.parametrize("name", READ)
def test_manifests_give_layers(name: str) -> None:
    scenario = content(str(FILES / name))
    for image in scenario["images"].values():
        for layer in image["layers"]:
            layer["digest"] = layer["digest"].removeprefix("sha256:")[:12]
    assert scenario == {
        "rolloutsim": 1, "name": f"imported from {name}", "nodes": NO_NODES, "network": "1 Gbit/s",
        "images": {
            image: {
                "layers": [
                    {"compressed": size, "digest": digest} | ({"unpacked": unpacked} if unpacked else {})
                    for digest, size, unpacked in layers
                ]
            }
            for image, layers in READ[name].items()
        },
    }  # fmt: skip


def test_a_daemonset() -> None:
    images = ["quay.io/prometheus/node-exporter:v1.12.1", "quay.io/brancz/kube-rbac-proxy:v0.22.1"]
    assert content(str(FILES / "06-daemonset-node-exporter.yaml")) == {
        "rolloutsim": 1, "name": "imported from 06-daemonset-node-exporter.yaml", "nodes": NO_NODES,
        "network": "1 Gbit/s", "images": {image: {"compressed": "200 MB"} for image in images},
        "workloads": {
            "node-exporter": {
                "images": images, "daemonset": True, "pull_policy": "if_not_present",
                "rollout": {"max_unavailable": "10%"},
            }
        },
    }  # fmt: skip


def test_an_image_pull_job() -> None:
    assert content(str(FILES / "09-imagepulljob.yaml")) == {
        "rolloutsim": 1, "name": "imported from 09-imagepulljob.yaml", "nodes": NO_NODES, "network": "1 Gbit/s",
        "images": {"nginx:latest": {"compressed": "200 MB"}},
        "prepulls": {
            "test-imagepulljob": {
                "images": ["nginx:latest"], "by": "image_pull_job", "parallelism": 10, "pull_timeout": "300 s",
                "backoff_limit": 3,
            }
        },
    }  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_with_the_next_command(name: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        imported([str(FILES / name)])
    place, _, message = str(raised.value).partition(": ")
    assert Path(place).name == name
    assert message == REFUSED[name]


def test_every_real_file_is_read_or_refused_here() -> None:
    alone = {"06-daemonset-node-exporter.yaml", "07a-docker-stack.yml", "09-imagepulljob.yaml"}
    assert {path.name for path in FILES.iterdir()} == {*READ, *REFUSED, *alone}


def test_nodes_and_a_kubelet_beside_a_workload() -> None:
    given = [str(FILES / name) for name in (
        "14-kubectl-get-nodes.json", "06-daemonset-node-exporter.yaml", "10-eks-al2023-kubelet-config.json",
    )]  # fmt: skip
    assert content(*given)["nodes"] == {
        "node": {
            "count": 1, "runtime": "dockerd", "memory": "16706441216 B", "disk": {"capacity": "486097952768 B"},
            "serialize_image_pulls": False, "eviction_hard": {"nodefs": "10%"},
        }
    }  # fmt: skip


def test_a_cluster() -> None:
    made = imported(CLUSTER)
    scenario = yaml.safe_load(made.text)
    common = {"runtime": "containerd", "disk": {"capacity": "85886742528 B"}}
    web = {
        **common, "count": 8, "preset": "m6i.xlarge", "memory": "16384000000 B",
        "cached": {"quay.io/team/log-agent:3.1": "100%"},
    }  # fmt: skip
    assert scenario["nodes"] == {
        "m6i-xlarge-eu-1a": web, "m6i-xlarge-eu-1b": web,
        "m6i-xlarge-eu-1a-cordoned": {**common, "count": 1, "preset": "m6i.xlarge", "memory": "16384000000 B"},
        "g5-2xlarge-eu-1a": {**common, "count": 3, "preset": "g5.2xlarge", "memory": "32768000000 B"},
    }  # fmt: skip
    assert {name: len(image.get("layers", ())) for name, image in scenario["images"].items()} == {
        "quay.io/team/proxy:1.0": 0, "quay.io/team/api:1.2": 4, "quay.io/team/log-agent:3.1": 0,
        "quay.io/team/train:7": 3,
    }  # fmt: skip
    assert scenario["images"]["quay.io/team/log-agent:3.1"] == {"compressed": "41234567 B"}
    assert scenario["workloads"] == {
        "api": {
            "images": ["quay.io/team/proxy:1.0", "quay.io/team/api:1.2"], "replicas": 24,
            "groups": ["m6i-xlarge-eu-1a", "m6i-xlarge-eu-1b"], "pull_policy": "if_not_present",
        },
        "log-agent": {
            "images": ["quay.io/team/log-agent:3.1"], "daemonset": True, "pull_policy": "always",
            "rollout": {"max_unavailable": "10%"},
        },
        "train": {
            "images": ["quay.io/team/train:7"], "replicas": 3, "groups": ["g5-2xlarge-eu-1a"], "create": True,
            "pull_policy": "if_not_present", "rollout": {"strategy": "all_at_once"},
        },
    }  # fmt: skip
    assert [one.key for one in made.assumed[:3]] == [
        "network", "images.quay.io/team/proxy:1.0", "images.quay.io/team/log-agent:3.1",
    ]  # fmt: skip
    assert "not used: 1 Service" in made.notes


def test_each_value_says_where_it_is_from() -> None:
    said = {}
    for line in imported(CLUSTER).text.splitlines():
        key, colon, rest = line.strip().partition(":")
        if colon and " " in rest and not rest.endswith(":"):
            said.setdefault(key, []).append(rest)
    for key in ("count", "runtime", "memory", "replicas", "network", "groups", "pull_policy"):
        assert all("  # " in rest for rest in said[key]), key


def test_two_clusters_of_the_same_files_are_the_same() -> None:
    assert imported(CLUSTER) == imported(CLUSTER)
    assert loads(imported(CLUSTER).text).run(seed=1)["all"].rollout_time > 0


def written(folder: Path, name: str, data: object) -> str:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return str(path)


def layer(size: object = 5, digest: str = "sha256:ab", **more: object) -> dict[str, object]:
    return {"size": size, "digest": digest, "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **more}


def deployment(**spec: object) -> dict[str, object]:
    pod = {"containers": [{"name": "c", "image": "app:1"}]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {"template": {"spec": pod}, **spec},
    }  # fmt: skip


def test_an_index_finds_its_manifest_among_the_files(tmp_path: Path) -> None:
    child = written(tmp_path, "child.json", {"schemaVersion": 2, "layers": [layer()]})
    import hashlib

    digest = "sha256:" + hashlib.sha256(Path(child).read_bytes()).hexdigest()
    index = written(tmp_path, "app.json", {
        "manifests": [
            {"digest": "sha256:00", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": digest, "platform": {"os": "linux", "architecture": "amd64"}},
        ]
    })  # fmt: skip
    assert list(content(index, child)["images"]) == ["app"]
    with pytest.raises(UnreadableError, match=r"platforms: linux/arm64/v8, linux/amd64.*--platform linux/arm64 IMAGE"):
        imported([index, child], platform="linux/arm64")
    with pytest.raises(UnreadableError, match="an index without linux/riscv64; its platforms"):
        imported([index, child], platform="linux/riscv64")


def test_both_generations_of_docker_manifest_inspect(tmp_path: Path) -> None:
    import base64

    raw = base64.b64encode(json.dumps({"layers": [layer(7)]}).encode()).decode()
    entries = [
        {"Ref": "app:1@sha256:0", "Descriptor": {"platform": {"os": "linux", "architecture": name}}, "Raw": raw}
        for name in ("arm64", "amd64")
    ]
    given = written(tmp_path, "x.json", entries)
    assert content(given)["images"] == {"app:1": {"layers": [{"compressed": "7 B", "digest": "sha256:ab"}]}}
    del entries[1]
    given = written(tmp_path, "x.json", [*entries, *entries])
    with pytest.raises(UnreadableError, match="no manifest of linux/amd64; there are: linux/arm64; choose one"):
        imported([given])


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([], "a manifest without layers"),
        ([layer(None)], "layer 0 has no size"),
        ([{"size": 3}], "layer 0 has no digest"),
        ([layer(-1)], "layer 0: size is -1; it must be a whole number, 0 or more"),
        ([layer("3 MB")], "size is '3 MB'; it must be a whole number"),
        ([layer(2**70)], "it must be a whole number"),
        ([layer(3), layer(4)], "sha256:ab is 4 B here and 3 B before; a layer has one size"),
        ([layer(3, "../../etc/passwd")], "'../../etc/passwd' is no digest; allowed: sha256:…"),
        ([layer(3, f"sha256:{number}") for number in range(1001)], "1,001 layers; at most 1,000 are read"),
        ([layer(3, mediaType="application/vnd.in-toto+json")], "no layer that a runtime unpacks"),
        ([layer(0)], "no layer that a runtime unpacks"),
    ],
)  # fmt: skip
def test_manifests_that_lie(tmp_path: Path, layers: list[object], message: str) -> None:
    given = written(tmp_path, "app.json", {"schemaVersion": 2, "layers": layers})
    with pytest.raises(UnreadableError) as raised:
        imported([given])
    assert message in str(raised.value)


def test_a_layer_that_stands_twice_is_one(tmp_path: Path) -> None:
    given = written(tmp_path, "app.json", {"layers": [layer(3), layer(3), layer(0, "sha256:cd")]})
    assert content(given)["images"] == {"app": {"layers": [{"compressed": "3 B", "digest": "sha256:ab"}]}}
    assert "1 of size 0 left out" in imported([given]).text


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, {"replicas": 1}),
        ({"replicas": 3, "strategy": {"type": "Recreate"}}, {"replicas": 3, "rollout": {"strategy": "all_at_once"}}),
        ({"strategy": {"rollingUpdate": {"maxSurge": 2, "maxUnavailable": "0%"}}, "minReadySeconds": 5,
          "progressDeadlineSeconds": 90},
         {"replicas": 1, "rollout": {"max_surge": 2, "max_unavailable": "0%", "min_ready": "5 s",
                                     "progress_deadline": "90 s"}}),
    ],
)  # fmt: skip
def test_what_a_deployment_says(tmp_path: Path, spec: dict[str, object], expected: dict[str, object]) -> None:
    found = content(written(tmp_path, "d.json", deployment(**spec)))["workloads"]
    assert found == {"d": {"images": ["app:1"], "pull_policy": "if_not_present", **expected}}


@pytest.mark.parametrize(
    ("image", "policy"),
    [("app", "always"), ("app:latest", "always"), ("host:5000/app", "always"), ("app:1", "if_not_present"),
     ("host:5000/team/app:1", "if_not_present"), ("app@sha256:ab", "if_not_present")],
)  # fmt: skip
def test_the_pull_policy_is_the_one_that_kubernetes_derives(tmp_path: Path, image: str, policy: str) -> None:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0]["image"] = image
    assert content(written(tmp_path, "d.json", one))["workloads"]["d"]["pull_policy"] == policy


def node(
    name: str = "n", runtime: str = "containerd://2.0", labels: object = None, **more: object
) -> dict[str, object]:
    return {
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "labels": labels or {}}, "spec": more,
        "status": {
            "nodeInfo": {"containerRuntimeVersion": runtime, "operatingSystem": "linux"},
            "images": [{"names": ["docker.io/library/app:1"], "sizeBytes": 1000}],
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("runtime", "expected", "key"),
    [("containerd://1.7.2", "containerd-1", "compressed"), ("containerd://2.1.4", "containerd", "compressed"),
     ("docker://19.3.2", "dockerd", "unpacked"), ("cri-o://1.30.1", "cri-o", "unpacked")],
)  # fmt: skip
def test_sizes_in_a_nodes_list_are_what_its_runtime_counts(
    tmp_path: Path, runtime: str, expected: str, key: str
) -> None:
    nodes = written(tmp_path, "nodes.json", {"apiVersion": "v1", "kind": "List", "items": [node(runtime=runtime)]})
    scenario = content(nodes, written(tmp_path, "d.json", deployment()))
    assert scenario["nodes"]["node"]["runtime"] == expected
    assert scenario["images"] == {"app:1": {key: "1000 B"}}


def test_a_workload_that_runs_nowhere_is_an_error(tmp_path: Path) -> None:
    nodes = written(tmp_path, "nodes.json", node())
    one = deployment()
    one["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "ssd"}
    with pytest.raises(UnreadableError, match=r"Deployment d runs on no node of nodes.json: it wants disk=ssd"):
        imported([nodes, written(tmp_path, "d.json", one)])
    nodes = written(tmp_path, "nodes.json", node(taints=[{"key": "a", "effect": "NoSchedule"}]))
    with pytest.raises(UnreadableError, match="it wants no taint that it does not tolerate"):
        imported([nodes, written(tmp_path, "d.json", deployment())])


def test_images_of_several_registries(tmp_path: Path) -> None:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"].append({"name": "b", "image": "quay.io/b:1"})
    scenario = content(written(tmp_path, "d.json", one))
    assert scenario["registries"] == {"docker-io": {"uplink": "1 Gbit/s"}, "quay-io": {"uplink": "1 Gbit/s"}}
    assert [image["registry"] for image in scenario["images"].values()] == ["docker-io", "quay-io"]


def test_a_file_that_may_be_two_images_must_be_named(tmp_path: Path) -> None:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"].append({"name": "b", "image": "quay.io/app:2"})
    given = written(tmp_path, "d.json", one)
    manifest = written(tmp_path, "app.json", {"layers": [layer()]})
    with pytest.raises(UnreadableError, match=r"may be app:1 or quay.io/app:2; say which: rolloutsim import app:1="):
        imported([given, manifest])
    assert "layers" in content(given, f"quay.io/app:2={manifest}")["images"]["quay.io/app:2"]


def test_folders_and_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="in this folder; name the files themselves"):
        imported([str(tmp_path)])
    written(tmp_path, "a.json", {"layers": [layer()]})
    (tmp_path / "b.json").symlink_to("/etc/passwd")
    assert list(content(str(tmp_path))["images"]) == ["a"]
    with pytest.raises(UsageError, match="no such file"):
        imported([str(tmp_path / "missing.json")])
    with pytest.raises(UsageError, match="'-' stands twice"):
        imported(["-", "app=-"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"), ("---\n---\n", "empty"), ('{"a": ', "not JSON"), ("[" * 5000, "not"),
        ('{"a": NaN}', "no number of JSON"),
        ("a: [1", "neither JSON nor YAML"), ("a: !!python/object/apply:os.system [ls]", "neither JSON nor YAML"),
        ("rolloutsim: 1\nnodes: 3", "a scenario already"), ("hello", "nothing that is known here"),
        ('{"architecture": "amd64", "rootfs": {"diff_ids": []}}', "an image's configuration, which has no sizes"),
        ('{"schemaVersion": 1, "fsLayers": [], "Digest": 1}', "a manifest of schema 1"),
        ("apiVersion: v1\nkind: Service\n", "only Service"),
        ("apiVersion: v1\nkind: Event\n", "events, which tell of pulls; calibrate a scenario on it"),
        ("I0507 11:59:43.469105    3315 a.go:1] x", "a log of containerd, the kubelet or a registry; calibrate"),
        ("LAST SEEN   TYPE     REASON   OBJECT    MESSAGE", "events as kubectl prints them; calibrate"),
        ("# HELP a b", "metrics; calibrate"), ('{"MESSAGE": "x"}', "a log; calibrate"),
        ('10.0.0.3 - - [17/Jul/2018:21:54:38 +0000] "GET /v2/ HTTP/1.1" 200 2', "an access log; calibrate"),
    ],
)  # fmt: skip
def test_what_is_none_of_these(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        imported([written(tmp_path, "x.json", text)])
    assert message in str(raised.value)
    assert "x.json" in str(raised.value)


def test_names_stay_text_in_the_scenario(tmp_path: Path) -> None:
    name = 'a"b\\c: {} #d é 😀'
    given = written(tmp_path, "x.json", {"Ref": name, "OCIManifest": {"layers": [layer()]}})
    assert list(yaml.safe_load(imported([given]).text)["images"]) == [name]


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb"])
def test_names_with_control_characters_are_refused(tmp_path: Path, name: str) -> None:
    given = written(tmp_path, "x.json", {"Ref": name, "OCIManifest": {"layers": [layer()]}})
    with pytest.raises(UnreadableError, match="the text has the control character|is not valid"):
        imported([given])


SAMPLES = [path.read_text(encoding="utf-8") for path in sorted(FILES.iterdir())]


@given(st.sampled_from(SAMPLES), st.data())
def test_files_that_are_cut_or_changed_are_read_or_refused(sample: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 40))
    put = data.draw(st.sampled_from(["", "null", "-1", "[]", "{}", '"', ": ", "\n", "99999999999999999999", "é"]))
    changed = sample[:at] + put + sample[at + length :]
    with TemporaryDirectory() as folder:
        path = Path(folder, "x.yaml")
        path.write_text(changed, encoding="utf-8")
        read_or_refused([str(path)], "x.yaml")
