"""Inputs of several kinds together, and into scenarios whose values are of other kinds: each keeps its meaning."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports import Merged, imported, merged
from tests.imports.saved import config, docker_24, sha256, tar, text

TYPES = Path(__file__).parent.parent / "data" / "imports" / "instances" / "types.json"
API = "quay.io/team/api:1.2"


def write(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def manifest(folder: Path, name: str, *sizes: int) -> str:
    layers = [{"size": size, "digest": f"sha256:{number:02d}"} for number, size in enumerate(sizes)]
    return write(folder, name, {"schemaVersion": 2, "layers": layers})


def nodes(folder: Path, *kinds: str, runtime: str = "containerd://2.1.4", **images: int) -> str:
    """A node of each instance type, with images."""
    return write(folder, "nodes.json", {"apiVersion": "v1", "kind": "List", "items": [
        {
            "kind": "Node", "apiVersion": "v1",
            "metadata": {"name": f"n{number}", "labels": {"node.kubernetes.io/instance-type": kind}},
            "status": {
                "nodeInfo": {"containerRuntimeVersion": runtime, "operatingSystem": "linux"},
                "images": [{"names": [name], "sizeBytes": size} for name, size in images.items()],
            },
        }
        for number, kind in enumerate(kinds)
    ]})  # fmt: skip


def deployment(folder: Path, *images: str) -> str:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return write(folder, "work.json", {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "work"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": containers}}},
    })  # fmt: skip


def into(folder: Path, text: str, *given: str) -> Merged:
    file = write(folder, "mine.yaml", text)
    return merged(given, text, file)


def with_manifest(folder: Path, more: str = "") -> str:
    manifest(folder, "api.json", 1000, 2000)
    return (
        f"rolloutsim: 1\nnodes: {{web: {{count: 3, nic: 1 Gbit/s}}}}\nnetwork: 1 Gbit/s\n"
        f"images:\n  {API}: {{manifest: api.json{more}}}  # mine\n"
    )


def test_what_a_scenarios_manifest_says_already_changes_nothing(tmp_path: Path) -> None:
    text = with_manifest(tmp_path)
    told = manifest(tmp_path, "other.json", 1000, 2000)
    listing = {"images": [{"repoTags": [API], "repoDigests": [], "id": "sha256:1", "size": "3000"}]}
    for given in (f"{API}={told}", write(tmp_path, "crictl.json", listing)):
        assert into(tmp_path, text, given).text == text
    made = into(tmp_path, text, nodes(tmp_path, "own", **{API: 3000}))
    assert yaml.safe_load(made.text)["images"] == {API: {"manifest": "api.json"}}
    assert yaml.safe_load(made.text)["nodes"]["web"]["cached"] == {API: "100%"}


@pytest.mark.parametrize("more", ["", ", ratio: 3"])
def test_another_manifest_takes_the_place_of_the_scenarios(tmp_path: Path, more: str) -> None:
    text = with_manifest(tmp_path, more)
    made = into(tmp_path, text, f"{API}={manifest(tmp_path, 'new.json', 1000, 2500)}")
    image = yaml.safe_load(made.text)["images"][API]
    assert [layer["compressed"] for layer in image.pop("layers")] == ["1000 B", "2500 B"]
    assert image == ({"ratio": 3} if more else {})


def test_a_scenarios_own_values_stay_where_a_file_and_an_assumption_tell_another(tmp_path: Path) -> None:
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 3, nic: 1 Gbit/s, hosts: [m-example], disk: 300 MB/s}}\n"
        f"network: 1 Gbit/s\nimages: {{'{API}': 1 GB}}\nmirrors: {{m-example: {{uplink: 40 Gbit/s}}}}\n"
    )
    hosts = write(tmp_path, "quay.io/hosts.toml", '[host."https://m.example"]\n')
    types = json.loads(TYPES.read_text(encoding="utf-8"))
    ebs = types["InstanceTypes"][0]["EbsInfo"]["EbsOptimizedInfo"]
    ebs["BaselineThroughputInMBps"] = 81.25
    made = into(tmp_path, text, nodes(tmp_path, "m6i.xlarge"), hosts, write(tmp_path, "types.json", types))
    scenario = yaml.safe_load(made.text)
    assert scenario["mirrors"] == {"m-example": {"uplink": "40 Gbit/s"}}
    assert scenario["nodes"]["web"]["disk"] == "300 MB/s"
    assert any(note.startswith("nodes.web.disk.rate stays 300 MB/s, and is not 81.25 MB/s") for note in made.notes)


def test_what_is_given_twice_is_there_once(tmp_path: Path) -> None:
    cluster, work = nodes(tmp_path, "own", "own"), deployment(tmp_path, API)
    once, twice = imported([cluster, work]), imported([cluster, work, str(tmp_path / "." / "work.json"), cluster])
    assert twice.text == once.text
    assert f"{cluster} holds what {cluster} does, and is taken once" in twice.notes
    other = write(tmp_path, "other.json", Path(cluster).read_text(encoding="utf-8") + "\n")
    with pytest.raises(UnreadableError, match=r"^nodes\.json and other\.json: node n0 stands there twice; leave one"):
        imported([cluster, work, other])


def test_commands_are_of_the_platform_that_is_wanted_and_can_be_pasted(tmp_path: Path) -> None:
    name = "quay.io/team/x;id"
    made = imported([deployment(tmp_path, name)], "linux/arm64")
    command = next(one.command for one in made.assumed if one.key == f"images.{name}")
    assert command == f"crane manifest --platform linux/arm64 '{name}' > x-id.json, and import that as well"
    index = {"schemaVersion": 2, "manifests": [{"platform": {"os": "linux", "architecture": "amd64"}, "digest": "a:b"}]}
    with pytest.raises(UnreadableError, match=r"crane manifest --platform linux/amd64 'x;id' \| rolloutsim import 'x;"):
        imported([f"x;id={write(tmp_path, 'index.json', index)}"])


def test_a_runtimes_configuration_is_not_that_of_nodes_with_another_runtime(tmp_path: Path) -> None:
    cluster = nodes(tmp_path, "own", runtime="other://1")
    config = write(tmp_path, "config.toml", 'version = 3\n[plugins."io.containerd.cri.v1.images"]\n')
    soci = write(tmp_path, "soci.toml", "[pull_modes.parallel_pull_unpack]\nenable = true\n")
    made = imported([cluster, deployment(tmp_path, API), config, soci])
    assert "runtime: containerd  # assumed: the nodes' own is not known here (other://1)" in made.text
    assert [note for note in made.notes if "is not used for" in note] == [
        f"{name} is not used for own: its nodes run other://1" for name in ("config.toml", "soci.toml")
    ]


HOSTS = '[host."https://a.example"]\n[host."https://b.example"]\n'
OTHERS = '[host."https://b.example"]\n[host."https://a.example"]\n'


def test_nodes_have_one_order_of_mirrors_and_other_orders_are_told(tmp_path: Path) -> None:
    work = deployment(tmp_path, API, "nginx:1.27")
    given = [write(tmp_path, "docker.io/hosts.toml", HOSTS), write(tmp_path, "quay.io/hosts.toml", OTHERS)]
    made = imported([work, *given])
    assert "hosts: [a-example, b-example]  # from docker.io/hosts.toml, quay.io/hosts.toml, in the order of the f" in (
        made.text
    )
    assert made.notes == (
        "quay.io asks its mirrors in another order (b.example, a.example, quay.io/hosts.toml): nodes have one here, "
        "a.example, b.example",
    )
    assert not imported([work, given[0]]).notes


@pytest.mark.parametrize(
    ("keys", "mirrors"),
    [
        ("registries: {hub: {uplink: 1 Gbit/s}, quay: {uplink: 1 Gbit/s}}", {"of": ["quay"]}),
        ("registry: {uplink: 1 Gbit/s}", {}),
    ],
)
def test_mirrors_are_of_the_scenarios_own_registries(tmp_path: Path, keys: str, mirrors: dict[str, object]) -> None:
    quay, hub = (", registry: quay", ", registry: hub") if mirrors else ("", "")
    text = (
        f"rolloutsim: 1\nnodes: {{web: {{count: 3, nic: 1 Gbit/s}}}}\n{keys}\n"
        f"images: {{'{API}': {{compressed: 1 GB{quay}}}, 'nginx:1.27': {{compressed: 1 GB{hub}}}}}\n"
    )
    made = into(tmp_path, text, write(tmp_path, "quay.io/hosts.toml", HOSTS))
    expected = {name: {"uplink": "1 Gbit/s", **mirrors} for name in ("a-example", "b-example")}
    assert yaml.safe_load(made.text)["mirrors"] == expected


def test_a_mirror_that_is_a_cache_in_the_scenario_stays_one(tmp_path: Path) -> None:
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 3, nic: 1 Gbit/s}}\nnetwork: 1 Gbit/s\n"
        f"images: {{'{API}': 1 GB}}\ncaches: {{a-example: 20 Gbit/s}}\n"
    )
    made = yaml.safe_load(into(tmp_path, text, write(tmp_path, "quay.io/hosts.toml", HOSTS)).text)
    assert (list(made["mirrors"]), made["caches"]) == (["b-example"], {"a-example": "20 Gbit/s"})
    assert made["nodes"]["web"]["hosts"] == ["a-example", "b-example"]


ARCHIVES, TOTALS = TYPES.parent.parent / "archives", TYPES.parent.parent / "totals"
DOCKER, HISTORY = ARCHIVES / "skopeo-docker-archive.tar.gz", TOTALS / "history-exact.json"


@pytest.mark.parametrize("order", [(DOCKER, HISTORY), (HISTORY, DOCKER)])
def test_of_two_files_of_unpacked_layers_the_one_with_digests_counts(order: tuple[Path, Path]) -> None:
    made = imported([f"{API}={file}" for file in order])
    layers = yaml.safe_load(made.text)["images"][API]["layers"]
    assert [(layer["unpacked"], layer["digest"][:7]) for layer in layers] == [("10240 B", "sha256:")] * 2
    assert "history-exact.json is not used: skopeo-docker-archive.tar.gz tells its layers already" in made.notes


def test_layers_larger_on_the_wire_than_unpacked_are_another_images(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=rf"^api\.json: another manifest of {API} than skopeo-docker-archive"):
        imported([f"{API}={manifest(tmp_path, 'api.json', 1_000_000, 2_000_000)}", str(DOCKER)])
    assert yaml.safe_load(imported([f"{API}={manifest(tmp_path, 'api.json', 100, 10_300)}", str(DOCKER)]).text)


def test_a_name_before_what_is_no_image_is_said_to_be_unused(tmp_path: Path) -> None:
    work = deployment(tmp_path, API)
    assert imported([f"x={work}"]).notes == (f"x= before {work} is not used: this is no image that it could name",)
    listing = {"images": [{"repoTags": [API], "repoDigests": [], "id": "sha256:1", "size": "3000"}]}
    assert not imported([work, f"{API}={write(tmp_path, 'crictl.json', listing)}"]).notes


KUBELET = TYPES.parent.parent / "files" / "10-eks-al2023-kubelet-config.json"
SOCI = TYPES.parent.parent / "files" / "11b-eks-soci-config.toml"
STACK = 'version: "3.8"\nservices: {api: {image: "quay.io/team/api:1.2"}}\n'


@pytest.mark.parametrize("given", [DOCKER, HISTORY])
@pytest.mark.parametrize("of", ["manifest", "layers"])
def test_unpacked_layers_keep_what_a_scenario_knows_of_the_wire(tmp_path: Path, given: Path, of: str) -> None:
    text = with_manifest(tmp_path)
    if of == "layers":
        text = text.replace(
            "manifest: api.json",
            'layers: [{compressed: 1000 B, digest: "sha256:00"}, {compressed: 2000 B, digest: "sha256:01"}]',
        )
    made = into(tmp_path, text, f"{API}={given}")
    layers = yaml.safe_load(made.text)["images"][API]["layers"]
    assert [(layer["compressed"], layer["digest"]) for layer in layers] == [
        ("1000 B", "sha256:00"), ("2000 B", "sha256:01"),
    ]  # fmt: skip
    expected = yaml.safe_load(imported([f"{API}={given}"]).text)["images"][API]["layers"]
    assert [layer["unpacked"] for layer in layers] == [layer["unpacked"] for layer in expected]
    assert f"# unpacked sizes from {given.name}" in made.text
    again = into(tmp_path, made.text, f"{API}={given}")
    assert (again.text, again.changes) == (made.text, ())


@pytest.mark.parametrize("given", [DOCKER, HISTORY])
@pytest.mark.parametrize("size", ["1 GB", "{layers: [1 GB]}"])
def test_unpacked_layers_do_not_replace_what_is_on_the_wire(tmp_path: Path, given: Path, size: str) -> None:
    text = with_manifest(tmp_path).replace("{manifest: api.json}", size)
    made = into(tmp_path, text, f"{API}={given}")
    assert made.text == text
    assert made.notes == (
        f"{given.name} is not used: it tells nothing of what {API} is on the wire, as {tmp_path / 'mine.yaml'} does; "
        "give its manifest as well",
    )
    assumed = text.replace("# mine", "# assumed: nothing told it")
    if size == "1 GB":
        assert into(tmp_path, assumed, f"{API}={given}").changes


def test_kubelets_of_nodes_that_have_none_are_not_used(tmp_path: Path) -> None:
    alone = imported([f"{API}={manifest(tmp_path, 'api.json', 1000)}", str(KUBELET)])
    assert "serialize_image_pulls" not in alone.text
    assert any("is not used: without workloads nodes pull on their own, and" in one for one in alone.notes)
    swarm = imported([write(tmp_path, "stack.yaml", STACK), str(KUBELET), str(SOCI)])
    assert "serialize_image_pulls: false  # they have no kubelet" in swarm.text
    assert any("is not used: nodes of a Swarm have no kubelet" in one for one in swarm.notes)
    assert any(one == f"{SOCI.name} is not used for node: its nodes run dockerd" for one in swarm.notes)


def test_keys_that_containerd_1_lacks_are_left_out_of_its_nodes(tmp_path: Path) -> None:
    made = imported([nodes(tmp_path, "own", runtime="containerd://1.7.2"), deployment(tmp_path, API), str(SOCI)])
    assert not {"layer_fetch_buffer", "parallel_unpacks"} & set(yaml.safe_load(made.text)["nodes"]["own"])
    assert f"parallel_unpacks of {SOCI.name} is not taken for own: containerd-1 has no such key here" in made.notes


@pytest.mark.parametrize(("kind", "is_assumed"), [("own", True), ("m6i.xlarge", False)])
def test_cores_are_assumed_where_nothing_tells_them(tmp_path: Path, kind: str, is_assumed: bool) -> None:
    made = imported([nodes(tmp_path, kind), deployment(tmp_path, API), str(SOCI)])
    assert any(one.key.endswith(".unpack.cores") for one in made.assumed) == is_assumed


def test_pipes_are_told_apart_by_their_turn(tmp_path: Path) -> None:
    pipes = []
    for file in (deployment(tmp_path, API), manifest(tmp_path, "api.json", 5, 6)):
        read, write_end = os.pipe()
        os.write(write_end, Path(file).read_bytes())
        os.close(write_end)
        pipes.append(read)
    try:
        made = imported([f"/dev/fd/{pipes[0]}", f"{API}=/dev/fd/{pipes[1]}"])
    finally:
        for one in pipes:
            os.close(one)
    assert 'name: "imported from <pipe 1>, <pipe 2>"' in made.text
    assert f"{API}:  # from <pipe 2>" in made.text


def test_of_a_kubelet_a_scenario_takes_what_it_has_a_place_for(tmp_path: Path) -> None:
    text = with_manifest(tmp_path)
    work = f"workloads: {{api: {{images: '{API}', replicas: 2}}}}\n"
    alone = into(tmp_path, text, str(KUBELET))
    assert alone.text == text
    assert all("is not taken: without workloads nodes have no kubelet" in note for note in alone.notes)
    made = into(tmp_path, text + work, str(KUBELET))
    assert yaml.safe_load(made.text)["nodes"]["web"] == {
        "count": 3, "nic": "1 Gbit/s", "serialize_image_pulls": False,
    }  # fmt: skip
    assert made.notes == (
        "nodes.web.eviction_hard is not taken: nodes.web.disk.capacity is not known; give it, or the nodes as well",
    )
    sized = (text + work).replace("nic: 1 Gbit/s", "nic: 1 Gbit/s, disk: {capacity: 100 GB}")
    assert "eviction_hard" in yaml.safe_load(into(tmp_path, sized, str(KUBELET)).text)["nodes"]["web"]


CONFIG = 'version = 3\n[plugins."io.containerd.cri.v1.images"]\nmax_concurrent_downloads = 7\n'


def test_a_runtimes_configuration_goes_to_the_groups_that_run_it(tmp_path: Path) -> None:
    text = (
        "rolloutsim: 1\nnetwork: 1 Gbit/s\nimages: {a: 1 GB}\n"
        "nodes: {crio: {count: 1, runtime: cri-o}, old: {count: 1, runtime: containerd-1}, new: {count: 1}}\n"
    )
    made = into(tmp_path, text, write(tmp_path, "config.toml", CONFIG))
    assert yaml.safe_load(made.text)["nodes"] == {
        "crio": {"count": 1, "runtime": "cri-o"}, "old": {"count": 1, "runtime": "containerd-1"},
        "new": {"count": 1, "runtime": "containerd", "parallel_layers": 7},
    }  # fmt: skip
    assert "config.toml is not used for crio: its nodes run cri-o" in made.notes


def test_a_stack_leaves_the_nodes_of_other_workloads_as_they_are(tmp_path: Path) -> None:
    text = with_manifest(tmp_path) + f"workloads: {{other: {{images: '{API}', replicas: 2}}}}\n"
    stack = write(tmp_path, "stack.yaml", STACK)
    made = into(tmp_path, text, stack)
    scenario = yaml.safe_load(made.text)
    assert scenario["nodes"] == {"web": {"count": 3, "nic": "1 Gbit/s"}}
    assert (list(scenario["workloads"]), "controller_manager" in scenario) == (["other", "api"], False)
    assert any("has other workloads as well: its nodes are left as they are" in note for note in made.notes)
    own = yaml.safe_load(into(tmp_path, text.replace("other:", "api:"), stack).text)
    assert (own["nodes"]["web"]["runtime"], own["controller_manager"]) == ("dockerd", "unlimited")


@pytest.mark.parametrize("name", ["new\nline.json", "tab\tx.json", "esc\x1b[1m.json"])
def test_files_may_be_called_anything(tmp_path: Path, name: str) -> None:
    deployment(tmp_path, API)
    (tmp_path / "work.json").rename(tmp_path / name)
    assert "�" in yaml.safe_load(imported([str(tmp_path / name)]).text)["name"]


@pytest.mark.parametrize("given", ["", "x="])
def test_what_names_no_file_is_not_the_working_directory(given: str) -> None:
    with pytest.raises(UsageError, match=r"names no file; a shell leaves nothing of a variable that is not set"):
        imported([given])


@pytest.mark.parametrize("platform", ["", "linux", "LINUX/AMD64", "linux/", "linux/arm64;x"])
def test_half_a_platform_is_none(tmp_path: Path, platform: str) -> None:
    with pytest.raises(UsageError, match=r"no platform; write for example linux/arm64"):
        imported([deployment(tmp_path, API)], platform)


@pytest.mark.parametrize(("platform", "is_told"), [("linux/amd64", False), ("linux/arm64", True)])
def test_a_total_of_another_platform_is_told(platform: str, is_told: bool) -> None:
    made = imported([str(TOTALS / "inspect.json")], platform)
    note = "inspect.json is of linux/amd64, not of linux/arm64: its size may be another"
    assert (note in made.notes) == is_told


def test_a_runtime_that_a_configuration_tells_is_not_assumed(tmp_path: Path) -> None:
    given = [nodes(tmp_path, "own", runtime=""), deployment(tmp_path, API)]
    made = imported([*given, write(tmp_path, "config.toml", CONFIG)])
    assert "runtime: containerd  # from config.toml: version 3, which 2.x reads" in made.text
    assert "nodes.own.runtime" not in [one.key for one in made.assumed]
    assert "nodes.own.runtime" in [one.key for one in imported(given).assumed]


def unpacked(folder: Path, *layers: bytes) -> str:
    """An archive of docker save whose layers are not compressed."""
    digests = [f"sha256:{sha256(layer)}" for layer in layers]
    own = text({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": digests}})
    files = {f"{number}.tar": layer for number, layer in enumerate(layers)}
    entry = {"Config": "c.json", "RepoTags": ["api:1"], "Layers": list(files)}
    path = folder / "api.tar"
    path.write_bytes(tar({**files, "c.json": own, "manifest.json": text([entry])}))
    return str(path)


def test_unpacked_layers_are_taken_for_those_of_an_image_only_if_they_may_be_these(tmp_path: Path) -> None:
    mine = "rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages:\n  api:1: {{layers: [{}, 1 kB]}}\n"
    layers = [tar({"a": bytes(90_000)}), tar({"b": bytes(90_000)})]
    given = unpacked(tmp_path, *layers)
    made = merged([given], mine.format("50 kB"), "mine.yaml")
    assert any(note.startswith("api.tar is taken to be api:1, by the number of its layers") for note in made.notes)
    with pytest.raises(UnreadableError) as caught:
        merged([given], mine.format("5 MB"), "mine.yaml")
    assert str(caught.value) == (
        f"api.tar: another image than the api:1 of mine.yaml, though of as many layers: layer 0 unpacks to "
        f"{len(layers[0])} B here, and is 5 MB on the wire there; give it the name of the image that it is: NAME=FILE, "
        "or import the manifest of api:1 as well"
    )


def test_layers_of_which_some_are_compressed_are_merged(tmp_path: Path) -> None:
    mine = "rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages:\n  api:1: {layers: [1 kB, 1 kB]}\n"
    files = docker_24(("api:1",))
    own = config()
    zipped = b"\x28\xb5\x2f\xfd" + b"x" * 900
    entry = {"Config": "c.json", "RepoTags": ["api:1"], "Layers": [f"{'a' * 64}/layer.tar", "z"]}
    files |= {"c.json": own, "z": zipped, "manifest.json": text([entry])}
    path = tmp_path / "api.tar"
    path.write_bytes(tar(files))
    made = merged([str(path)], mine, "mine.yaml")
    assert [set(layer) for layer in yaml.safe_load(made.text)["images"]["api:1"]["layers"]] == [
        {"compressed", "unpacked"}, {"compressed"},
    ]  # fmt: skip
