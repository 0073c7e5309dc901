"""TOML of runtimes: containerd's config.toml and hosts.toml, the SOCI snapshotter's; and what a kubelet says beside."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import imported
from tests.imports.refusing import read_or_refused

FILES = Path(__file__).parent.parent / "data" / "imports" / "files"
SOCI = FILES / "11b-eks-soci-config.toml"
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: c, image: "quay.io/app:1"}]}}}
"""
IMAGES = "[plugins.'io.containerd.cri.v1.images']\n"
TRANSFER = "[plugins.'io.containerd.transfer.v1.local']\n"
OLD = '[plugins."io.containerd.grpc.v1.cri"]\n'


def put(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def node(runtime: str, **capacity: str) -> str:
    status = {"nodeInfo": {"containerRuntimeVersion": runtime, "operatingSystem": "linux"}, "capacity": capacity}
    return json.dumps({"kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "status": status})


def drafted(folder: Path, *texts: str, runtime: str = "") -> tuple[dict[str, Any], tuple[str, ...]]:
    """The only node group of a scenario of configurations, without what it always has, and the notes."""
    given = [put(folder, f"config{number or ''}.toml", text) for number, text in enumerate(texts)]
    given.append(put(folder, "d.yaml", WORKLOAD))
    if runtime:
        given.append(put(folder, "node.json", node(runtime)))
    made = imported(given)
    group = loads(made.text) and yaml.safe_load(made.text)["nodes"]["node"]
    return {key: value for key, value in group.items() if key not in ("count", "runtime")}, made.notes


def test_the_real_configuration_of_soci_in_parallel(tmp_path: Path) -> None:
    made = imported([put(tmp_path, "d.yaml", WORKLOAD), str(SOCI)])
    assert yaml.safe_load(made.text)["nodes"] == {
        "node": {
            "count": 10, "parallel_layers": 20, "slots_per": "image", "layer_fetch_buffer": "16777216 B",
            "parallel_unpacks": 12, "keeps_compressed": False,
        }
    }  # fmt: skip
    assert made.notes == (
        "11b-eks-soci-config.toml decompresses gzip by /usr/bin/unpigz; how fast is not told: set "
        "nodes.<group>.unpack.rate",
        "not used of 11b-eks-soci-config.toml: content_store, cri_keychain",
    )
    assert any(one.key == "nodes.node.unpack.cores" and one.command == "nproc, on a node" for one in made.assumed)
    said = [line for line in made.text.splitlines() if "11b" in line]
    assert said[1].strip() == "parallel_layers: 20  # from 11b-eks-soci-config.toml: max_concurrent_downloads_per_image"


@pytest.mark.parametrize(
    ("mode", "expected", "note"),
    [
        ("", {"parallel_layers": 3, "slots_per": "image", "parallel_unpacks": 1, "keeps_compressed": True}, ""),
        ("max_concurrent_downloads_per_image = -1\nmax_concurrent_unpacks_per_image = -1\n",
         {"parallel_layers": 1000, "slots_per": "node", "parallel_unpacks": 1000, "keeps_compressed": True}, ""),
        ("max_concurrent_downloads = 8\nmax_concurrent_downloads_per_image = 10\n",
         {"parallel_layers": 8, "slots_per": "node", "parallel_unpacks": 1, "keeps_compressed": True}, ""),
        ("max_concurrent_downloads = 40\nmax_concurrent_unpacks = 4\nconcurrent_download_chunk_size = '1.5 MB'\n",
         {"parallel_layers": 3, "slots_per": "image", "layer_fetch_buffer": "1572864 B", "parallel_unpacks": 1,
          "keeps_compressed": True},
         "max_concurrent_downloads 40 of config.toml has no key beside that of an image, 3"),
        ("concurrent_download_chunk_size = '100'\n",
         {"parallel_layers": 3, "slots_per": "image", "parallel_unpacks": 1, "keeps_compressed": True},
         "concurrent_download_chunk_size 100 B of config.toml is less than 512 B"),
    ],
)  # fmt: skip
def test_limits_of_soci(tmp_path: Path, mode: str, expected: dict[str, Any], note: str) -> None:
    found, notes = drafted(tmp_path, f"[pull_modes.parallel_pull_unpack]\nenable = true\n{mode}")
    assert found == expected
    assert not note or note in notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[pull_modes]\n", {"snapshotter": {"kind": "soci"}}),
        ("[pull_modes]\n[background_fetch]\ndisable = true\n", {"snapshotter": {"kind": "soci", "background": False}}),
        ("[pull_modes]\n[background_fetch]\nsilence_period_msec = 5000\nfetch_period_msec = 250\n",
         {"snapshotter": {"kind": "soci", "background_after": "5000 ms", "background_rate": "16777216.0 B/s"}}),
        ("[pull_modes.soci_v2]\nenable = false\n", {}),
        ("[pull_modes.soci_v2]\nenable = false\n[pull_modes.soci_v1]\nenable = true\n",
         {"snapshotter": {"kind": "soci"}}),
    ],
)  # fmt: skip
def test_soci_without_its_parallel_mode_is_lazy(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert drafted(tmp_path, text)[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 10\n", {"parallel_layers": 10}),
        (f"version = 3\n{TRANSFER}max_concurrent_downloads = 8\nconcurrent_layer_fetch_buffer = 8388608\n"
         "max_concurrent_unpacks = 4\n",
         {"parallel_layers": 8, "layer_fetch_buffer": "8388608 B", "parallel_unpacks": 4}),
        # Its own number brings CRI's pulls back, which ask the transfer service for nothing.
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 10\n{TRANSFER}max_concurrent_downloads = 8\n"
         "max_concurrent_unpacks = 4\n", {"parallel_layers": 10}),
        (f"version = 3\n{IMAGES}discard_unpacked_layers = true\nconcurrent_layer_fetch_buffer = 1048576\n{TRANSFER}"
         "max_concurrent_downloads = 8\n", {"keeps_compressed": False, "layer_fetch_buffer": "1048576 B"}),
        (f"version = 3\n{IMAGES}use_local_image_pull = true\n{TRANSFER}max_concurrent_downloads = 8\n", {}),
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 0\n", {"parallel_layers": 1000}),
        (f"version = 3\n{IMAGES}image_pull_progress_timeout = '1m30.5s'\n", {"pull_progress_timeout": "90.5 s"}),
        (f"version = 3\n{IMAGES}image_pull_progress_timeout = '0s'\n", {"pull_progress_timeout": "off"}),
        (f"version = 3\n{IMAGES}snapshotter = 'stargz'\n", {"snapshotter": "stargz"}),
        (f"version = 3\n{IMAGES}snapshotter = 'overlayfs'\n", {}),
        (f"version = 2\n{OLD}max_concurrent_downloads = 5\nimage_pull_progress_timeout = '5m0s'\n"
         '[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "nydus"\ndiscard_unpacked_layers = true\n',
         {"parallel_layers": 5, "keeps_compressed": False, "pull_progress_timeout": "300 s", "snapshotter": "nydus"}),
        ("[plugins.cri]\nmax_concurrent_downloads = 5\n", {"parallel_layers": 5}),
        ("version = 3\nroot = '/var/lib/containerd'\n", {}),
    ],
)  # fmt: skip
def test_what_containerd_s_configuration_sets(tmp_path: Path, text: str, expected: dict[str, Any]) -> None:
    assert drafted(tmp_path, text)[0] == expected


def test_containerd_1_knows_no_transfer_service(tmp_path: Path) -> None:
    text = f"version = 2\n{OLD}max_concurrent_downloads = 3\n{TRANSFER}max_concurrent_downloads = 8\n"
    assert drafted(tmp_path, text, runtime="containerd://1.7.2")[0] == {"parallel_layers": 3}
    assert drafted(tmp_path, text, runtime="containerd://2.1.0")[0] == {"parallel_layers": 8}


@pytest.mark.parametrize(
    ("text", "runtime", "note"),
    [
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 9\n", "containerd://1.7.2",
         "config.toml is of containerd 2.x, and node runs 1.x, which does not read it"),
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 9\n", "cri-o://1.30.1",
         "config.toml is not used for node: its nodes run cri-o"),
        (f"version = 3\n{IMAGES}snapshotter = 'devmapper'\n", "",
         "snapshotter devmapper of config.toml has no key here; simulated as overlayfs"),
        (f"version = 3\n{IMAGES}image_pull_with_sync_fs = true\n", "",
         "image_pull_with_sync_fs of config.toml has no key here: unpacked files are synced to the disk, which is not "
         "simulated"),
        (f"version = 3\n{IMAGES}registry.config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n", "",
         "config.toml names mirrors in /etc/containerd/certs.d:/etc/docker/certs.d; give what stands there as well: "
         "rolloutsim import docker.io=/etc/containerd/certs.d/docker.io/hosts.toml …"),
        ('version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n',
         "", "registry.mirrors of config.toml (docker.io) is not taken; write them as hosts.toml, as containerd 2.x "
         "wants it, or as mirrors and nodes.<group>.hosts of the scenario"),
        (f"version = 3\n{IMAGES}[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kata]\n"
         "snapshotter = 'nydus'\n", "",
         "pods of runtime kata pull with nydus, says config.toml; all pods of nodes pull alike here"),
        (f"version = 3\ndebug.level = 'info'\n{IMAGES}{TRANSFER}max_concurrent_uploaded_layers = 3\n", "",
         "not used of config.toml: debug"),
        (f"version = 3\n{IMAGES}max_concurrent_downloads = 9\n{TRANSFER}max_concurrent_unpacks = 4\n", "",
         "max_concurrent_unpacks of the transfer service in config.toml has no effect: pulls are CRI's own, since "
         "max_concurrent_downloads is set"),
    ],
)  # fmt: skip
def test_what_has_no_key_is_said(tmp_path: Path, text: str, runtime: str, note: str) -> None:
    found, notes = drafted(tmp_path, text, runtime=runtime)
    assert note in notes
    assert set(found) <= {"parallel_layers"}
    assert not found or not runtime


def test_containerd_says_whether_soci_pulls(tmp_path: Path) -> None:
    parallel = SOCI.read_text(encoding="utf-8")
    found, notes = drafted(tmp_path, f"version = 3\n{IMAGES}snapshotter = 'soci'\n", parallel)
    assert (found["parallel_layers"], "snapshotter" in found) == (20, False)
    assert not any("lazily" in note for note in notes)
    found, notes = drafted(tmp_path, f"version = 3\n{IMAGES}max_concurrent_downloads = 5\n", parallel)
    assert found == {"parallel_layers": 5}
    assert "config1.toml has no effect: config.toml pulls with overlayfs" in notes
    found, notes = drafted(tmp_path, f"version = 3\n{IMAGES}snapshotter = 'soci'\n")
    assert found == {"snapshotter": "soci"}
    assert any("its parallel mode it does not: give its configuration as well" in note for note in notes)


HOSTS = """\
server = "https://registry-1.docker.io"
[host."https://mirror.example:5000"]
  capabilities = ["pull", "resolve"]
[host."https://second.example/v2/proxy"]
  capabilities = ["pull"]
  dial_timeout = "3s"
[host."https://third.example"]
  capabilities = ["push"]
"""


def test_hosts_are_mirrors_in_their_order(tmp_path: Path) -> None:
    workload = put(tmp_path, "d.yaml", WORKLOAD.replace("quay.io/app", "app"))
    made = imported([put(tmp_path, "certs.d/docker.io/hosts.toml", HOSTS), workload])
    scenario = yaml.safe_load(made.text)
    assert scenario["mirrors"] == {name: {"uplink": "1 Gbit/s"} for name in ("mirror-example-5000", "second-example")}
    assert scenario["nodes"]["node"]["hosts"] == ["mirror-example-5000", "second-example"]
    assert made.notes == (
        "second.example of docker.io/hosts.toml does not resolve tags; here it is asked for manifests as well",
        "dial_timeout of second.example in docker.io/hosts.toml is not taken: nodes.<group>.timeouts.dial is of all",
        "third.example of docker.io/hosts.toml is left out: nodes do not pull from it (capabilities)",
    )
    assert [one.key for one in made.assumed if "mirror" in one.key] == [
        "mirrors.mirror-example-5000", "mirrors.second-example",
    ]  # fmt: skip
    assert loads(made.text).run(seed=1)["all"].rollout_time > 0


def test_hosts_are_of_the_registry_that_their_folder_or_name_or_server_says(tmp_path: Path) -> None:
    workload = put(tmp_path, "d.yaml", WORKLOAD)
    hosts = '[host."https://m.example"]\n'
    for one in (
        put(tmp_path, "quay.io/hosts.toml", hosts), f"quay.io={put(tmp_path, 'x/hosts.toml', hosts)}",
        put(tmp_path, "y/hosts.toml", 'server = "https://quay.io"\n' + hosts),
        put(tmp_path, "_default/hosts.toml", hosts),
    ):  # fmt: skip
        assert list(yaml.safe_load(imported([one, workload]).text)["mirrors"]) == ["m-example"]
    made = imported([put(tmp_path, "gcr.io/hosts.toml", hosts), workload])
    assert "mirrors" not in yaml.safe_load(made.text)
    assert made.notes == ("gcr.io/hosts.toml is not used: no image is from gcr.io",)
    with pytest.raises(UnreadableError, match=r"not named; say which: rolloutsim import docker.io=.*z/hosts.toml"):
        imported([put(tmp_path, "z/hosts.toml", hosts), workload])


def test_mirrors_of_one_of_several_registries(tmp_path: Path) -> None:
    both = WORKLOAD.replace("}]}}}", '}, {name: b, image: "b:1"}]}}}')
    given = [put(tmp_path, "d.yaml", both), put(tmp_path, "docker.io/hosts.toml", HOSTS)]
    scenario = yaml.safe_load(imported(given).text)
    assert scenario["mirrors"]["second-example"] == {"uplink": "1 Gbit/s", "of": ["docker-io"]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = [1,", ":1:8: not TOML: invalid value; is the file cut, or edited?"),
        ("version = 3\n[plugins\n", ":2:9: not TOML: expected ']' at the end of a table declaration; is the file"),
        ("a = " + "[" * 5000, ": not read: nested too deep"),
        ("a." * 500 + "b = 1", ":1: more than 400 dots in a line; is this a configuration?"),
        ("# x\n" * 100_000, ": larger than 256 KiB, the most that is read of TOML"),
        ("[tool.ruff]\nline-length = 120\n", ": nothing that is known here; read are: "),
        ("version = 4\n[plugins.'io.containerd.cri.v1.images']\n",
         ": version 4 of containerd's configuration; 1, 2 and 3 are read"),
        (f"{IMAGES}max_concurrent_downloads = 'many'\n",
         ": max_concurrent_downloads is 'many'; it must be a whole number"),
        (f"{IMAGES}discard_unpacked_layers = 1\n", ": discard_unpacked_layers is 1; allowed: true or false"),
        (f"{IMAGES}image_pull_progress_timeout = 5\n",
         ": image_pull_progress_timeout is 5; a duration is written as 5m0s or 30s"),
        ("[pull_modes.parallel_pull_unpack]\nenable = true\nconcurrent_download_chunk_size = '16 MiB'\n",
         ": concurrent_download_chunk_size is '16 MiB'; it is a text such as 16mb, of b, kb, mb or gb"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_where_it_stands(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        drafted(tmp_path, text)
    assert message in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "config.toml"))


def test_two_configurations_of_a_kind_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"another configuration of containerd than .*config.toml; give one"):
        drafted(tmp_path, f"{IMAGES}max_concurrent_downloads = 9\n", f"{IMAGES}max_concurrent_downloads = 8\n")


def kubelet(**more: object) -> str:
    return json.dumps({"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1", **more})


def test_sizes_of_eviction_are_shares_of_the_disk_where_it_is_known(tmp_path: Path) -> None:
    given = [
        put(tmp_path, "d.yaml", WORKLOAD),
        put(tmp_path, "k.json", kubelet(evictionHard={"imagefs.available": "10Gi", "nodefs.available": "10%"})),
        put(tmp_path, "n.json", node("containerd://2.0", **{"ephemeral-storage": "80Gi"})),
    ]
    made = imported(given)
    assert yaml.safe_load(made.text)["nodes"]["node"]["eviction_hard"] == {"nodefs": "10%", "imagefs": "12.5%"}
    assert made.notes == ()
    given[2] = put(tmp_path, "n.json", node("containerd://2.0", **{"ephemeral-storage": "8Gi"}))
    made = imported(given)
    assert yaml.safe_load(made.text)["nodes"]["node"]["eviction_hard"] == {"nodefs": "10%"}
    assert made.notes == (
        "evictionHard imagefs.available of k.json is 10737418240 B, and the disks are smaller",
    )  # fmt: skip
    given[1] = put(tmp_path, "k.json", kubelet(evictionHard={"imagefs.available": "much"}))
    with pytest.raises(UnreadableError, match=r"evictionHard.imagefs.available is 'much'; a quantity is"):
        imported(given)


@pytest.mark.parametrize(
    ("more", "keys"),
    [
        ({"evictionHard": {"nodefs.available": "10%"}}, "eviction_hard"),
        ({"evictionHard": {"nodefs.available": "10Gi"}}, "eviction_hard"),
        ({"imageGCHighThresholdPercent": 75}, "image_gc"),
        ({"evictionHard": {"nodefs.available": "10%"}, "imageGCLowThresholdPercent": 75}, "eviction_hard and image_gc"),
    ],
)
def test_what_needs_the_size_of_disks_is_not_taken_without_it(tmp_path: Path, more: dict[str, Any], keys: str) -> None:
    """A kubelet's configuration beside workloads, without nodes, ended as a scenario that is not valid."""
    made = imported([put(tmp_path, "d.yaml", WORKLOAD), put(tmp_path, "k.json", kubelet(**more))])
    assert yaml.safe_load(made.text)["nodes"]["node"] == {"count": 10}
    assert made.notes == (
        f"{keys} of k.json: not taken, since nothing tells how large the disks are; kubectl get nodes -o json > "
        "nodes.json",
    )


def test_keys_of_a_kubelet_that_pulls_depend_on_are_named(tmp_path: Path) -> None:
    text = kubelet(
        evictionSoft={"imagefs.available": "20%"}, imageMinimumGCAge="10m", imageMaximumGCAge="0s", maxPods=58,
        evictionHard={"nodefs.inodesFree": "9%"}, imageServiceEndpoint="",
    )  # fmt: skip
    made = imported([put(tmp_path, "d.yaml", WORKLOAD), put(tmp_path, "k.json", text)])
    assert made.notes == (
        "evictionSoft of k.json has no key here: pods are evicted at the hard thresholds only",
        "imageMinimumGCAge of k.json has no key here: images are removed whatever their age",
        "evictionHard nodefs.inodesFree of k.json has no key here: inodes are not counted",
    )


def test_the_assumed_rate_of_disks_is_the_default(tmp_path: Path) -> None:
    from rolloutsim.scenario import explain

    made = imported([put(tmp_path, "d.yaml", WORKLOAD)])
    (rate,) = [one.value for one in made.assumed if one.key == "nodes.<group>.disk.rate"]
    assert rate == explain("nodes.disk.rate").default


SAMPLES = [
    SOCI.read_text(encoding="utf-8"), HOSTS,
    f"version = 3\n{IMAGES}snapshotter = 'soci'\nimage_pull_progress_timeout = '5m0s'\nmax_concurrent_downloads = 10\n"
    f"{TRANSFER}max_concurrent_unpacks = 4\n",
]  # fmt: skip
PUT_IN = ["", "-1", "[]", "{}", '"', "= ", "\n", "true", "99999999999999999999", "é", "."]


@given(st.sampled_from(SAMPLES), st.data())
def test_toml_that_is_cut_or_changed_is_read_or_refused(sample: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sample)))
    length = data.draw(st.integers(0, 40))
    put_in = data.draw(st.sampled_from(PUT_IN))
    with TemporaryDirectory() as folder:
        given = [put(Path(folder), "docker.io/x.toml", sample[:at] + put_in + sample[at + length :])]
        given.append(put(Path(folder), "d.yaml", WORKLOAD))
        read_or_refused(given, "x.toml")
