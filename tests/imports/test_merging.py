"""What files tell, merged into a scenario that is there: only what they know is replaced."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim import loads
from rolloutsim.errors import ScenarioError, UnreadableError, UsageError
from rolloutsim.imports import Merged, imported, merged
from rolloutsim.imports.editing import remarks_of
from rolloutsim.scenario.templates import template

CLUSTER = Path(__file__).parent.parent / "data" / "imports" / "cluster"
FILES = CLUSTER.parent / "files"
NODES, WORKLOADS, API, TRAIN = (
    str(CLUSTER / name) for name in ("nodes.json", "workloads.yaml", "api.json", "train.json")
)
NAMED = (f"quay.io/team/api:1.2={API}", f"quay.io/team/train:7={TRAIN}")
KUBELET = str(FILES / "10-eks-al2023-kubelet-config.json")

MINE = """\
rolloutsim: 1
nodes:
  web: {count: 20, nic: 10 Gbit/s}   # mine
network: 1 Gbit/s
images:
  api: 346 MB       # mine, too
"""


def into(text: str, *given: str, groups: tuple[str, ...] = ()) -> Merged:
    return merged(given, text, "mine.yaml", groups=groups)


def data(text: str) -> Any:
    return yaml.safe_load(text)


def write(folder: Path, name: str, content: object) -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def nodes(folder: Path, *kinds: tuple[str, str, int], memory: str = "8Gi") -> str:
    """Nodes of an instance type and zone, so many of each."""
    return write(folder, "nodes.json", {"apiVersion": "v1", "kind": "List", "items": [
        {
            "kind": "Node", "apiVersion": "v1", "spec": {},
            "metadata": {"name": f"{kind}-{zone}-{number}", "labels": {
                "node.kubernetes.io/instance-type": kind, "topology.kubernetes.io/zone": zone,
            }},
            "status": {
                "capacity": {"memory": memory},
                "nodeInfo": {"containerRuntimeVersion": "containerd://2.0", "operatingSystem": "linux"},
            },
        }
        for kind, zone, count in kinds for number in range(count)
    ]})  # fmt: skip


def workload(folder: Path, *images: str, kind: str = "Deployment", name: str = "d", **spec: object) -> str:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return write(folder, f"{name}.json", {
        "apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name},
        "spec": {"template": {"spec": {"containers": containers}}, **spec},
    })  # fmt: skip


def manifest(folder: Path, name: str = "api.json", *sizes: int) -> str:
    layers = [{"size": size, "digest": f"sha256:{size:02d}"} for size in sizes or (5,)]
    return write(folder, name, {"schemaVersion": 2, "layers": layers})


@pytest.mark.parametrize("order", list(permutations([(NODES,), (WORKLOADS,), NAMED])))
def test_one_after_another_says_what_all_together_say(order: tuple[tuple[str, ...], ...]) -> None:
    text = imported([*order[0], WORKLOADS] if order[0] == (NODES,) else order[0]).text
    for files in [*order[1:], *order]:  # again: nodes tell of images that came later
        text = into(text, *files).text
    expected = data(imported([NODES, WORKLOADS, API, TRAIN]).text)
    made = data(text)
    for name, one in expected["workloads"].items():
        one.pop("groups", None)  # which nodes a selector means is told by both together only
        made["workloads"][name].pop("groups", None)
    # Nor do nodes alone tell that a DaemonSet comes to cordoned ones too: they are left out, with a note.
    for one in (expected, made):
        one["nodes"].pop("m6i-xlarge-eu-1a-cordoned", None)
    del expected["name"], made["name"]
    assert made.pop("assumed").keys() == expected.pop("assumed").keys()  # why, each says as of when it was assumed
    assert made == expected
    for files in order:
        again = into(text, *files)
        assert (again.text, again.changes) == (text, ())


def test_a_question_about_groups_has_all_options_to_paste(tmp_path: Path) -> None:
    given = nodes(tmp_path, ("m6", "a", 2), ("g5", "a", 1))
    with pytest.raises(UnreadableError) as caught:
        into(MINE, given)
    options = "--group m6=m6 --group g5=g5"
    assert f"say it: {options} adds them as they are; --group web takes all nodes for web" in str(caught.value)
    made = into(MINE, given, groups=tuple(options.replace("--group ", "").split()))
    assert list(data(made.text)["nodes"]) == ["web", "m6", "g5"]


def test_a_machine_that_a_group_says_itself_gets_no_preset(tmp_path: Path) -> None:
    given = nodes(tmp_path, ("m6i.xlarge", "a", 2))
    made = into(MINE, given)
    assert data(made.text)["nodes"]["web"] == {
        "count": 2, "nic": "10 Gbit/s", "runtime": "containerd", "memory": "8589934592 B",
    }  # fmt: skip
    assert "web keeps the machine that stands there: preset m6i.xlarge is not taken" in made.notes
    without = into(MINE.replace(", nic: 10 Gbit/s", ""), given)
    assert data(without.text)["nodes"]["web"]["preset"] == "m6i.xlarge"
    assert not any("is not taken" in note for note in without.notes)


def test_a_machine_that_was_described_stays_with_its_type_and_goes_from_others(tmp_path: Path) -> None:
    text = imported([WORKLOADS]).text.replace(
        "    count: 10  # assumed\n",
        "    count: 10  # assumed\n    nic: 1.562 Gbit/s  # from types.json: baseline\n    disk: 125 MiB/s\n",
    )
    found = data(into(text, nodes(tmp_path, ("m6i.xlarge", "a", 2), ("g5.2xlarge", "a", 1))).text)["nodes"]
    assert found["m6i-xlarge"]["nic"] == "1.562 Gbit/s"
    assert found["m6i-xlarge"]["disk"] == "125 MiB/s"
    assert "preset" not in found["m6i-xlarge"]
    assert found["g5-2xlarge"]["preset"] == "g5.2xlarge"
    assert not {"nic", "disk"} & found["g5-2xlarge"].keys()


def test_nodes_and_workloads_together_tell_where_workloads_run() -> None:
    made = data(into(imported([WORKLOADS]).text, NODES, WORKLOADS).text)
    assert made["workloads"] == data(imported([NODES, WORKLOADS]).text)["workloads"]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_users_file_keeps_every_other_byte(mark: str, ending: str) -> None:
    text = mark + template("kubernetes").replace("\n", ending)
    made = into(text, NODES, groups=("web",))
    assert any(
        note.startswith("web has nodes of several instance types (m6i.xlarge, g5.2xlarge)") for note in made.notes
    )
    assert made.changes == (
        "nodes.web.count: 50 -> 19 (from nodes.json)",
        "nodes.web.memory: 16384000000 B (from nodes.json, the least; the most is 32768000000 B)",
        "nodes.web.disk.capacity: 100 GB -> 85886742528 B (from nodes.json)",
    )
    before, after = text.split(ending), made.text.split(ending)
    assert [one for one in before if one not in after] == [
        "    count: 50", "    disk: {rate: 125 MiB/s, capacity: 100 GB, used: 30 GB, old_images: 40 GB}",
    ]  # fmt: skip
    assert [one for one in after if one not in before] == [
        "    count: 19  # from nodes.json",
        "    disk: {rate: 125 MiB/s, capacity: 85886742528 B, used: 30 GB, old_images: 40 GB}"
        "  # capacity: from nodes.json",
        "    memory: 16384000000 B  # from nodes.json, the least; the most is 32768000000 B",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("theirs", "kinds", "groups", "expected", "note"),
    [
        # The same name.
        ("web: 3, m6: 5", [("m6", "a", 2)], (), {"web": 3, "m6": 2}, "no nodes were given for the group web"),
        ("m6-a: 1, m6-b: 1", [("m6", "a", 2), ("m6", "b", 3)], (), {"m6-a": 2, "m6-b": 3}, ""),
        # The name with or without what other nodes made it need.
        ("m6-a: 1, x: 1", [("m6", "a", 2)], (), {"m6-a": 2, "x": 1}, "the nodes m6 are taken to be m6-a, by its name"),
        ("m6: 1, g5: 1", [("m6", "a", 2), ("g5", "b", 3)], (), {"m6": 2, "g5": 3}, "m6-a are taken to be m6"),
        # The only one.
        ("web: 1", [("m6", "a", 2)], (), {"web": 2}, "the nodes m6 are taken to be web, the only group"),
        # As said.
        ("web: 1, db: 7", [("m6", "a", 2)], ("web",), {"web": 2, "db": 7}, ""),
        ("web: 1", [("m6", "a", 2), ("g5", "a", 3)], ("web",), {"web": 5}, ""),
        ("web: 1", [("m6", "a", 2), ("g5", "a", 3)], ("m6=web", "g5=gpu"), {"web": 2, "gpu": 3}, ""),
        ("web: 1, db: 7", [("m6", "a", 2), ("g5", "a", 3)], ("m6=web", "db"), {"web": 2, "db": 3}, ""),
        ("m6: 1", [("m6", "a", 2), ("m6", "b", 3)], ("m6",), {"m6": 5}, ""),
        # New ones, beside some that are known.
        ("m6: 1", [("m6", "a", 2), ("g5", "a", 3)], (), {"m6": 2, "g5": 3}, ""),
    ],
)  # fmt: skip
def test_nodes_are_of_the_group_that_is_meant(
    tmp_path: Path, theirs: str, kinds: list[tuple[str, str, int]], groups: tuple[str, ...],
    expected: Mapping[str, int], note: str,
) -> None:  # fmt: skip
    text = f"rolloutsim: 1\nnodes: {{{theirs}}}\nnetwork: 1 Gbit/s\nimages: {{api: 3 MB}}\n"
    made = into(text, nodes(tmp_path, *kinds), groups=groups)
    assert {name: group.count for name, group in loads(made.text).nodes.items()} == expected
    assert note in "\n".join(made.notes)


@pytest.mark.parametrize(
    ("theirs", "kinds", "groups", "error", "message"),
    [
        ("web: 1, db: 1", [("m6", "a", 2)], (), UnreadableError,
         "which groups of mine.yaml (web, db) are m6 (2 nodes)? say it: --group m6=web, with the group of each in "
         "place of web; --group m6=m6 adds them as they are; --group web takes all nodes for web"),
        ("web: 1", [("m6", "a", 2), ("g5", "a", 1)], (), UnreadableError, "are m6 (2 nodes), g5 (1 node)? say it"),
        ("m6: 1", [("m6", "a", 2), ("m6", "b", 1)], (), UnreadableError, "are m6-a (2 nodes), m6-b (1 node)? say it"),
        ("web: 1", [("m6", "a", 2)], ("g5=web",), UsageError,
         "--group g5=web: the input has no group 'g5'; it has: m6"),
        ("web: 1", [("m6", "a", 2)], ("wbe",), UsageError, "--group wbe: mine.yaml has no such group; it has: web"),
        ("web: 1, db: 1", [("m6", "a", 2)], ("web", "db"), UsageError, "--group db: the second name for all nodes"),
    ],
)  # fmt: skip
def test_groups_that_are_not_clear_are_asked_for(
    tmp_path: Path, theirs: str, kinds: list[tuple[str, str, int]], groups: tuple[str, ...],
    error: type[Exception], message: str,
) -> None:  # fmt: skip
    text = f"rolloutsim: 1\nnodes: {{{theirs}}}\nnetwork: 1 Gbit/s\nimages: {{api: 3 MB}}\n"
    with pytest.raises(error) as raised:
        into(text, nodes(tmp_path, *kinds), groups=groups)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    "before",
    [
        "nodes: 10  # assumed",
        "nodes:\n  node:\n    count: 10  # assumed\n    registry_burst: 7  # from kubelet.json",
    ],
)
def test_nodes_that_were_assumed_make_place(tmp_path: Path, before: str) -> None:
    rest = "network: 1 Gbit/s\nimages: {api: 3 MB}\nworkloads: {w: {images: api, replicas: 2}}\n"
    text = f"rolloutsim: 1\n{before}\n{rest}"
    made = into(text, nodes(tmp_path, ("m6", "a", 2), ("g5", "a", 3)))
    kept = {"registry_burst": 7} if "burst" in before else {}
    own = {"runtime": "containerd", "memory": "8589934592 B"}
    assert data(made.text)["nodes"] == {"m6": {**kept, "count": 2, **own}, "g5": {**kept, "count": 3, **own}}
    assert (
        "workloads keep their groups: nodes and workloads together tell where pods may run; give both to renew them"
        in made.notes
    )


def test_kubelet_settings_are_of_all_groups_or_of_those_that_are_named() -> None:
    text = (
        "rolloutsim: 1\nnodes:\n  web: {count: 3, disk: {capacity: 9 GB}}\n"
        "  db: {count: 2, serialize_image_pulls: false, disk: {capacity: 9 GB}}\nnetwork: 1 Gbit/s\n"
        "images: {api: 3 MB}\nworkloads: {w: {images: api, replicas: 2}}\n"
    )
    told = {"serialize_image_pulls": False, "eviction_hard": {"nodefs": "10%"}}
    before = data(text)["nodes"]
    after = {name: {**group, **told} for name, group in before.items()}
    assert data(into(text, KUBELET).text)["nodes"] == after
    assert data(into(text, KUBELET, groups=("db",)).text)["nodes"] == {"web": before["web"], "db": after["db"]}
    with pytest.raises(UsageError, match=r"--group x: mine.yaml has no such group; it has: web, db"):
        into(text, KUBELET, groups=("x",))


@pytest.mark.parametrize("name", ["quay.io/team/api:1.2", "docker.io/library/api:latest", "api"])
def test_an_image_is_known_by_its_reference_or_name(tmp_path: Path, name: str) -> None:
    made = into(MINE, f"{name}={manifest(tmp_path, 'x.json')}")
    assert made.text == MINE.replace(
        "api: 346 MB       # mine, too",
        'api:  # from x.json       # mine, too\n    layers:\n      - {compressed: 5 B, digest: "sha256:05"}',
    )
    assert made.changes == ("images.api: 346 MB -> 1 layer (from x.json)",)


def test_images_of_a_file_of_its_name_and_of_workloads(tmp_path: Path) -> None:
    full = MINE.replace("api: 346", "quay.io/team/api:1.2: 346")
    assert into(full, manifest(tmp_path)).changes == (
        'images["quay.io/team/api:1.2"]: 346 MB -> 1 layer (from api.json)',
    )
    made = into(MINE, workload(tmp_path, "quay.io/team/api:1.2", "nginx:1"))
    assert data(made.text)["images"] == {"api": "346 MB", "nginx:1": {"compressed": "200 MB"}}
    assert data(made.text)["workloads"]["d"]["images"] == ["api", "nginx:1"]
    assert "quay.io/team/api:1.2 is taken to be api, by its name" in made.notes
    assert [one.key for one in made.assumed] == ["images.nginx:1"]
    other = into(MINE, workload(tmp_path, "quay.io/team/web:1"))
    assert set(data(other.text)["images"]) == {"api", "quay.io/team/web:1"}


def test_a_manifest_that_is_nobodys_is_a_new_image_and_says_so(tmp_path: Path) -> None:
    made = into(MINE, manifest(tmp_path, "m.json"))
    assert set(data(made.text)["images"]) == {"api", "m"}
    assert made.notes == (
        "m.json is a new image, m, since mine.yaml has none of that name; say which it is: rolloutsim import "
        "NAME=m.json --into mine.yaml",
    )


def test_a_manifest_without_a_file_is_the_only_image_or_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = Path(manifest(tmp_path)).read_bytes()
    for name, text in (("api", MINE), ("app", MINE.replace("api:", "app:"))):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
        made = into(text, "-")
        assert made.changes == (f"images.{name}: 346 MB -> 1 layer (from <stdin>)",)
        assert made.notes == (f"<stdin> is taken to be {name}, the only image",)
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(content)))
    with pytest.raises(
        UnreadableError, match=r"which image of mine.yaml \(api, app\) is it\? say it: .* NAME=- --into"
    ):
        into(MINE + "  app: 3 MB\n", "-")


def test_nodes_put_together_are_told_where_a_workload_runs_on_some_only(tmp_path: Path) -> None:
    given = [nodes(tmp_path, ("m6", "a", 2), ("g5", "a", 3)), workload(tmp_path, "api")]
    path = tmp_path / "d.json"
    one = json.loads(path.read_text(encoding="utf-8"))
    one["spec"]["template"]["spec"]["nodeSelector"] = {"node.kubernetes.io/instance-type": "m6"}
    path.write_text(json.dumps(one), encoding="utf-8")
    made = into(MINE, *given, groups=("web",))
    assert any(note.startswith("Deployment d may run on 2 of the 5 nodes of web; simulated as") for note in made.notes)


def test_images_that_are_not_clear_are_asked_for(tmp_path: Path) -> None:
    two = MINE.replace("  api: 346 MB", "  api-1.2: 3 MB\n  api: 346 MB")
    with pytest.raises(UnreadableError, match=r"quay.io/api:1.2 may be the scenario's api-1.2 or api; say which"):
        into(two, f"quay.io/api:1.2={manifest(tmp_path)}")
    with pytest.raises(UnreadableError, match=r"a/api:1 and b/api:2 may both be the scenario's api; rename api there"):
        into(MINE, workload(tmp_path, "a/api:1", "b/api:2"))
    with pytest.raises(UnreadableError, match=r"x.json: another manifest of api; leave one of them out"):
        into(MINE, manifest(tmp_path), f"quay.io/api:1={manifest(tmp_path, 'x.json', 6)}")
    assert into(MINE, manifest(tmp_path), f"quay.io/api:1={manifest(tmp_path, 'x.json')}").changes


def test_layers_keep_what_is_known_of_their_digests_and_images_the_rest(tmp_path: Path) -> None:
    text = MINE.replace(
        "api: 346 MB ",
        "base: 3 MB\n"
        "  api: {base: base, ratio: 3, layers: [{digest: sha256:05, compressed: 9 B, unpacked: 20 B}, 3 B]} ",
    )
    made = into(text, manifest(tmp_path, "api.json", 5, 6))
    assert data(made.text)["images"]["api"] == {
        "ratio": 3,
        "layers": [
            {"compressed": "5 B", "digest": "sha256:05", "unpacked": "20 B"},
            {"compressed": "6 B", "digest": "sha256:06"},
        ],
    }
    assert "# mine, too" in made.text


def test_the_same_in_other_words_is_no_change(tmp_path: Path) -> None:
    text = """\
rolloutsim: 1
nodes: {m6: {count: 2, memory: 8 GiB, runtime: containerd}}
network: 1 Gbit/s
images:
  api:
    layers:
      one: {digest: 'sha256:05', compressed: 0.005 kB, unpacked: 9 B}
      two: {digest: 'sha256:06', compressed: 6 B}
workloads:
  d: {images: api, replicas: 1, pull_policy: always}
"""
    given = [nodes(tmp_path, ("m6", "a", 2)), manifest(tmp_path, "api.json", 5, 6), workload(tmp_path, "team/api")]
    assert into(text, *given).text == text


def test_a_total_of_the_nodes_says_less_than_layers_and_more_than_what_is_assumed(tmp_path: Path) -> None:
    listed = write(tmp_path, "nodes.json", {
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": "n"}, "spec": {},
        "status": {
            "images": [{"names": ["docker.io/library/api:latest"], "sizeBytes": 1000}],
            "nodeInfo": {"containerRuntimeVersion": "docker://19", "operatingSystem": "linux"},
        },
    })  # fmt: skip
    cases = {
        "{layers: [3 MB]}": {"layers": ["3 MB"]},
        "{size: 5 MB, layers: 3}": {"size": "5 MB", "layers": 3},
        "{compressed: 5 MB, equal_layers: 3}": {"compressed": "5 MB", "equal_layers": 3},
        "{base: other}\n  other: 3 MB": {"base": "other"},
        "{compressed: 200 MB, ratio: 2}  # assumed: x": {"ratio": 2, "unpacked": "1000 B"},
        "346 MB": {"compressed": "346 MB", "unpacked": "1000 B"},
        "{unpacked: 7 B}": {"unpacked": "1000 B"},
    }
    for before, after in cases.items():
        made = into(MINE.replace("346 MB", before), listed)
        assert data(made.text)["images"]["api"] == after, before
        assert "assumed: x" not in made.text


def test_a_workload_has_replicas_or_is_a_daemonset(tmp_path: Path) -> None:
    text = MINE + "workloads:\n  d:\n    images: api\n    daemonset: true   # mine\n    startup: 3 s   # mine\n"
    made = into(text, workload(tmp_path, "team/api:1", replicas=4))
    assert data(made.text)["workloads"]["d"] == {
        "images": "api", "startup": "3 s", "replicas": 4, "pull_policy": "if_not_present",
    }  # fmt: skip
    back = into(made.text, workload(tmp_path, "team/api:1", kind="DaemonSet"))
    assert data(back.text)["workloads"]["d"] == {
        "images": "api", "startup": "3 s", "daemonset": True, "pull_policy": "if_not_present",
    }  # fmt: skip


def test_a_new_image_is_of_the_registry_that_has_its_hosts_others(tmp_path: Path) -> None:
    text = (
        "rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\nregistries: {hub: {}, quay-io: {}}\nimages:\n"
        "  nginx: {registry: hub, compressed: 3 MB}\n"
    )
    made = into(text, f"redis:1={manifest(tmp_path)}", f"quay.io/x:1={manifest(tmp_path, 'x.json', 9)}")
    assert {name: image["registry"] for name, image in data(made.text)["images"].items()} == {
        "nginx": "hub", "redis:1": "hub", "quay.io/x:1": "quay-io",
    }  # fmt: skip
    with pytest.raises(
        UnreadableError, match=r"which of its registries \(hub, quay-io\) has ghcr.io/x:1\? add it there"
    ):
        into(text, f"ghcr.io/x:1={manifest(tmp_path)}")


def test_nothing_is_invented_where_the_scenario_lacks_what_is_needed(tmp_path: Path) -> None:
    text = MINE.replace("network: 1 Gbit/s\n", "registry: 1 Gbit/s\n")
    with pytest.raises(UnreadableError) as raised:
        into(text, nodes(tmp_path, ("m6", "a", 2), ("g5", "a", 1)), groups=("m6=web", "g5=gpu"))
    assert str(raised.value).startswith("mine.yaml: with what nodes.json tells it would not be valid: ")
    assert str(raised.value).endswith("; nothing was written")
    assert "nic" in str(raised.value)


def test_what_stands_in_an_anchor_is_refused_with_its_file(tmp_path: Path) -> None:
    text = MINE.replace("web: {", "db: &x {count: 3}\n  web2: *x\n  web: {")
    with pytest.raises(
        UnreadableError, match=r"^mine.yaml: line 3: nodes.db has the anchor '&x', which line 4 repeats"
    ):
        into(text, nodes(tmp_path, ("m6", "a", 2)), groups=("m6=db",))


def test_a_scenario_that_is_not_valid_is_refused_with_its_errors() -> None:
    with pytest.raises(ScenarioError, match="mine.yaml:1:1"):
        into("nodes: 3\n", NODES)


def test_the_remarks_of_a_text_are_those_of_its_values() -> None:
    text = (
        "a: 1  # from x # mine\nb: {c: 1, d: {e: 2}}  # c: assumed; d.e: calibrated 2\nf:  # assumed: all\n  - 1\n"
        "g:\n  h: 3 # mine\n"
    )
    assert remarks_of(text) == {
        ("a",): "from x", ("b", "c"): "assumed", ("b", "d", "e"): "calibrated 2", ("f",): "assumed: all",
    }  # fmt: skip


@given(st.sampled_from(("20nodes", "kubernetes", "racks", "real", "two-registries")), st.data())
def test_merging_twice_is_merging_once(name: str, random: st.DataObject) -> None:
    text = template(name)
    group = random.draw(st.sampled_from(list(loads(text).nodes)))
    files = random.draw(st.lists(st.sampled_from([NODES, WORKLOADS, API, TRAIN]), min_size=1, unique=True))
    groups = (group,) if NODES in files else ()
    refused = ""
    try:
        once = into(text, *files, groups=groups)
    except UnreadableError as error:
        refused = str(error)
    if refused:
        assert any(one in refused for one in ("nothing was written", "which of its registries", "runs on no node"))
        return
    twice = into(once.text, *files, groups=groups)
    assert (twice.text, twice.changes) == (once.text, ())
    after = set(once.text.splitlines())
    replaced = [line for line in text.splitlines() if line not in after]
    assert len(replaced) <= len(once.changes)
