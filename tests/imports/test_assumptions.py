"""What nothing told stands under `assumed`, as long as nothing tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.imports import imported, merged
from rolloutsim.imports.editing import remarks_of
from rolloutsim.scenario.assumed import assumptions

CLUSTER = Path(__file__).parents[1] / "data" / "imports" / "cluster"
FILES = CLUSTER.parent / "files"
NODES, WORKLOADS, API, TRAIN = (
    str(CLUSTER / name) for name in ("nodes.json", "workloads.yaml", "api.json", "train.json")
)
TYPES = str(CLUSTER.parent / "instances" / "types.json")
NIC = "the line rate of every NIC and of every registry's uplink"
UNKNOWN = "nothing that was given tells its size"


def assumed(text: str) -> Any:
    return yaml.safe_load(text).get("assumed", {})


def into(text: str, *given: str) -> str:
    return merged(given, text, "mine.yaml").text


def one_type(folder: Path) -> str:
    """EC2's description of a machine alone, so that all nodes are taken to be it."""
    described = json.loads(Path(TYPES).read_text(encoding="utf-8"))
    described["InstanceTypes"] = described["InstanceTypes"][:1]
    path = folder / "types.json"
    path.write_text(json.dumps(described), encoding="utf-8")
    return str(path)


def test_what_no_file_tells_is_listed_with_the_reason() -> None:
    images = [f"quay.io/team/{one}" for one in ("proxy:1.0", "api:1.2", "log-agent:3.1", "train:7")]
    assert assumed(imported([WORKLOADS]).text) == {
        "nodes.node.count": "nothing that was given tells it",
        "network.rate": NIC,
        **{f'images["{one}"].compressed': UNKNOWN for one in images},
    }


@pytest.mark.parametrize(
    "given",
    [
        [WORKLOADS], [NODES, WORKLOADS], [API], [NODES, WORKLOADS, TYPES],
        [str(FILES / "06-daemonset-node-exporter.yaml")], [str(FILES / "07a-docker-stack.yml")],
        [str(CLUSTER.parent / "archives" / "skopeo-docker-archive.tar.gz")],
        [str(CLUSTER.parent / "totals" / "images.json")],
    ],
)  # fmt: skip
def test_what_a_remark_calls_assumed_is_listed_and_nothing_else(given: list[str]) -> None:
    text = imported(given).text
    listed = {tuple(map(str, path)) for path in assumptions(yaml.safe_load(text))}
    remarked = {path for path, remark in remarks_of(text).items() if remark.startswith("assumed")}
    assert listed
    assert remarked
    for path in remarked:
        assert any(one[: len(path)] == path for one in listed), path
    partly = {path for path, remark in remarks_of(text).items() if "; assumed: " in remark}
    for one in listed:
        assert any(one[: len(path)] == path for path in remarked | partly), one


def test_it_changes_no_result() -> None:
    text = imported([NODES, WORKLOADS, API]).text
    without = text[: text.index("\nassumed:")] + "\n"
    assert loads(text).resolve().sha256 == loads(without).resolve().sha256


def test_of_a_machines_disk_what_is_assumed_is_listed(tmp_path: Path) -> None:
    said = assumed(imported([WORKLOADS, one_type(tmp_path)]).text)
    assert said["nodes.node.disk.iops"] == "gp3 without provisioned IOPS"
    assert said["nodes.node.disk.rate"].startswith("gp3 without provisioned throughput")


def test_what_is_told_later_is_assumed_no_more_and_what_is_new_is_added() -> None:
    text = imported([API]).text
    assert list(assumed(text)) == ["nodes.node.count", "network.rate"]
    text = into(text, WORKLOADS)
    new = [f'images["quay.io/team/{one}"].compressed' for one in ("proxy:1.0", "log-agent:3.1", "train:7")]
    assert list(assumed(text)) == ["nodes.node.count", "network.rate", *new]
    text = into(text, NODES)
    assert list(assumed(text)) == ["network.rate", new[0], new[2]]
    text = into(text, f"quay.io/team/train:7={TRAIN}", f"quay.io/team/proxy:1.0={API}")
    assert assumed(text) == {"network.rate": NIC}


def test_the_key_goes_with_what_was_last_in_it() -> None:
    text = "rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {api: {compressed: 9 MB}}\n"
    own = f"{text}assumed: {{images.api.compressed: a guess}}  # mine\n"
    made = into(own, API)
    assert "assumed" not in yaml.safe_load(made)
    assert loads(made).assumed == {}


def test_a_value_that_turns_out_as_it_was_assumed_is_told() -> None:
    text = imported([WORKLOADS]).text.replace("    count: 10  # assumed", "    count: 10")
    nodes = json.loads(Path(NODES).read_text(encoding="utf-8"))
    assert "nodes.node.count" in assumed(text)
    assert nodes["items"]
    assert "nodes.node.count" not in assumed(into(text, NODES))


def test_a_scenario_without_comments_knows_what_is_assumed_in_it() -> None:
    text = json.dumps(yaml.safe_load(imported([WORKLOADS]).text), indent=2)
    made = into(text, NODES)
    assert list(json.loads(made)["nodes"]) == list(yaml.safe_load(into(imported([WORKLOADS]).text, NODES))["nodes"])
    assert list(assumed(made)) == list(assumed(into(imported([WORKLOADS]).text, NODES)))


def test_what_is_assumed_of_nodes_goes_with_them_to_their_groups(tmp_path: Path) -> None:
    text = imported([WORKLOADS, one_type(tmp_path)]).text
    for given in (text, json.dumps(yaml.safe_load(text))):
        made = into(given, NODES)
        groups = yaml.safe_load(made)["nodes"]
        kept = [name for name, group in groups.items() if "iops" in group.get("disk", {})]
        assert kept
        for name in kept:
            assert assumed(made)[f"nodes.{name}.disk.iops"] == "gp3 without provisioned IOPS"


def test_what_files_do_not_tell_keeps_its_lines() -> None:
    mine = """\
rolloutsim: 1
nodes: {web: {count: 20, nic: 10 Gbit/s}}
network: 1 Gbit/s
images: {api: 346 MB}
assumed:
  # who asks?
  network.rate: nobody measured it   # mine
"""
    made = into(mine, API)
    assert made.endswith(mine[mine.index("assumed:") :])
    assert made != mine


def test_a_scenario_that_assumes_nothing_gets_no_such_key() -> None:
    mine = "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {api: 346 MB}\n"
    assert "assumed" not in into(mine, API)
