"""What EC2 says of instance types, and what their names say, in the node groups of a scenario."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rolloutsim import loads
from rolloutsim.errors import UnreadableError
from rolloutsim.imports import Imported, imported
from rolloutsim.scenario.resolve import simulated_alike

DATA = Path(__file__).parent.parent / "data" / "imports"
TYPES = DATA / "instances" / "types.json"  # aws ec2 describe-instance-types, the keys that are read and their parts
CLUSTER = [str(DATA / "cluster" / name) for name in ("nodes.json", "workloads.yaml", "api.json", "train.json")]
API = str(DATA / "cluster" / "api.json")
CAPACITY = {"capacity": "85886742528 B"}
M6I = {
    "nic": "1.562 Gbit/s", "disk": {**CAPACITY, "rate": "125 MiB/s", "iops": 3000}, "unpack": {"cores": 4},
}  # fmt: skip
G5 = {"nic": "5 Gbit/s", "disk": {**CAPACITY, "rate": "106.25 MB/s", "iops": 3000}, "unpack": {"cores": 8}}


def types(*wanted: str) -> dict[str, Any]:
    found = json.loads(TYPES.read_text(encoding="utf-8"))
    return {"InstanceTypes": [one for one in found["InstanceTypes"] if one["InstanceType"] in wanted]}


def without_bandwidth(content: dict[str, Any]) -> dict[str, Any]:
    for one in content["InstanceTypes"]:
        for card in one["NetworkInfo"]["NetworkCards"]:
            del card["BaselineBandwidthInGbps"], card["PeakBandwidthInGbps"]
    return content


def put(folder: Path, content: object, name: str = "types.json") -> str:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def nodes(folder: Path, *kinds: str) -> str:
    items = [
        {
            "kind": "Node", "apiVersion": "v1",
            "metadata": {"name": f"n{number}", "labels": {"node.kubernetes.io/instance-type": kind} if kind else {}},
            "status": {"nodeInfo": {"containerRuntimeVersion": "containerd://2.0", "operatingSystem": "linux"}},
        }
        for number, kind in enumerate(kinds)
    ]  # fmt: skip
    return put(folder, {"kind": "List", "apiVersion": "v1", "items": items}, "nodes.json")


def groups(made: Imported) -> dict[str, Any]:
    keys = ("preset", "nic", "disk", "unpack")
    found = yaml.safe_load(made.text)["nodes"]
    return {name: {key: group[key] for key in keys if key in group} for name, group in found.items()}


def told(made: Imported, key: str) -> list[tuple[str, str, str]]:
    return [(one.value, one.why, one.command) for one in made.assumed if one.key == key]


def test_nodes_of_a_known_type_get_its_preset() -> None:
    made = imported(CLUSTER)
    web = {"preset": "m6i.xlarge", "disk": CAPACITY}
    assert groups(made) == {
        "m6i-xlarge-eu-1a": web, "m6i-xlarge-eu-1b": web, "m6i-xlarge-eu-1a-cordoned": web,
        "g5-2xlarge-eu-1a": {"preset": "g5.2xlarge", "disk": CAPACITY},
    }  # fmt: skip
    assert "preset: m6i.xlarge  # from nodes.json: node.kubernetes.io/instance-type\n" in made.text


def test_what_ec2_says_itself_wins() -> None:
    made = imported([*CLUSTER, str(TYPES)])
    assert groups(made) == {
        "m6i-xlarge-eu-1a": M6I, "m6i-xlarge-eu-1b": M6I, "m6i-xlarge-eu-1a-cordoned": M6I, "g5-2xlarge-eu-1a": G5,
    }  # fmt: skip
    assert (
        "nic: 1.562 Gbit/s  # from types.json: baseline; it may burst to 12.5 Gbit/s, for how long is not published"
    ) in made.text
    assert "not used: EC2's description of p4d.24xlarge, x2idn.16xlarge, which no node is" in made.notes


def test_both_ways_are_the_same_scenario() -> None:
    by_preset, by_ec2 = (loads(imported(given).text).resolve() for given in (CLUSTER, [*CLUSTER, str(TYPES)]))
    assert by_ec2.groups == by_preset.groups
    assert simulated_alike(by_ec2, dataclasses.replace(by_preset, notes=by_ec2.notes))


def test_only_the_registry_is_assumed_where_all_nics_are_known() -> None:
    for given in (CLUSTER, [*CLUSTER, str(TYPES)]):
        made = imported(given)
        ((value, why, command),) = told(made, "network")
        assert (value, why) == ("1 Gbit/s", "line rate of the registry's uplink")
        assert command.startswith("ethtool eth0, on the registry's host; ")
        assert "network: 1 Gbit/s  # assumed: the line rate of the registry's uplink\n" in made.text
        assert [value for value, _, _ in told(made, "nodes.<group>.disk.rate")] == ["the provider's usual volume"]


def test_what_is_assumed_names_the_groups_whose_nics_nothing_tells(tmp_path: Path) -> None:
    made = imported([nodes(tmp_path, "m6i.xlarge", "x1e.xlarge"), API])
    assert groups(made) == {"m6i-xlarge": {"preset": "m6i.xlarge"}, "x1e-xlarge": {}}
    assert told(made, "network") == [(
        "1 Gbit/s", "line rate of the NICs of x1e-xlarge and of every registry's uplink",
        "aws ec2 describe-instance-types --instance-types x1e.xlarge > types.json, and import that as well",
    )]  # fmt: skip
    assert [value for value, _, _ in told(made, "nodes.<group>.disk.rate")] == [
        "the provider's usual volume", "125 MiB/s",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["", "x; reboot", "custom-8-16384"])
def test_a_name_that_is_none_of_ec2s_is_in_no_command(tmp_path: Path, kind: str) -> None:
    made = imported([nodes(tmp_path, kind), API])
    (network,) = told(made, "network")
    assert network[1:] == ("line rate of every NIC and of every registry's uplink", "ethtool eth0, on a node")


def test_several_registries_have_uplinks_of_their_own(tmp_path: Path) -> None:
    pod = {"containers": [{"name": "a", "image": "app:1"}, {"name": "b", "image": "quay.io/b:1"}]}
    one = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
           "spec": {"template": {"spec": pod}}}  # fmt: skip
    made = imported([nodes(tmp_path, "m6i.xlarge"), put(tmp_path, one, "d.json")])
    assert "network" not in yaml.safe_load(made.text)
    assert len(told(made, "registries.<registry>.uplink")) == 1
    assert not told(made, "network")
    assert not any("has no part" in note for note in loads(made.text).resolve().notes)


def test_of_several_network_cards_the_default_one_counts(tmp_path: Path) -> None:
    content = types("p4d.24xlarge")
    cards = content["InstanceTypes"][0]["NetworkInfo"]["NetworkCards"]
    assert len(cards) == 4
    made = imported([nodes(tmp_path, "p4d.24xlarge"), API, put(tmp_path, content)])
    assert groups(made)["p4d-24xlarge"]["nic"] == "100 Gbit/s"
    assert "without bursts; one of 4 network cards: pulls go over the default one" in made.text
    cards[2] |= {"BaselineBandwidthInGbps": 7.5, "PeakBandwidthInGbps": 10.0}
    content["InstanceTypes"][0]["NetworkInfo"]["DefaultNetworkCardIndex"] = 2
    made = imported([nodes(tmp_path, "p4d.24xlarge"), API, put(tmp_path, content)])
    assert groups(made)["p4d-24xlarge"]["nic"] == "7.5 Gbit/s"


def test_an_old_cli_that_leaves_bandwidths_out_is_told_of(tmp_path: Path) -> None:
    given = put(tmp_path, without_bandwidth(types("m6i.xlarge", "x2idn.16xlarge")))
    made = imported([nodes(tmp_path, "m6i.xlarge", "x2idn.16xlarge"), API, given])
    assert groups(made) == {
        "m6i-xlarge": {"preset": "m6i.xlarge"},
        "x2idn-16xlarge": {"disk": {"rate": "125 MiB/s", "iops": 3000}, "unpack": {"cores": 64}},
    }
    start = "types.json says nothing of the bandwidth of"
    why = "old versions of the AWS CLI (2.11) leave it out"
    again = "Update it, and ask again: aws ec2 describe-instance-types --instance-types"
    assert f"{start} m6i.xlarge: {why}; its preset stands in its place. {again} m6i.xlarge" in made.notes
    assert f"{start} x2idn.16xlarge: {why}; its NIC is assumed. {again} x2idn.16xlarge" in made.notes
    assert told(made, "network")[0][1] == "line rate of the NICs of x2idn-16xlarge and of every registry's uplink"
    loads(made.text)


def test_types_without_nodes_say_what_is_missing(tmp_path: Path) -> None:
    one = imported([put(tmp_path, types("x2idn.16xlarge")), API])
    assert yaml.safe_load(one.text)["nodes"] == {
        "node": {
            "count": 10, "nic": "50 Gbit/s", "disk": {"rate": "125 MiB/s", "iops": 3000}, "memory": "1048576 MiB",
            "unpack": {"cores": 64},
        }
    }  # fmt: skip
    assert one.notes[0] == (
        "all nodes are taken to be x2idn.16xlarge, of types.json; give the nodes as well: "
        "kubectl get nodes -o json > nodes.json"
    )
    several = imported([put(tmp_path, types("x2idn.16xlarge", "m6i.xlarge")), API])
    assert yaml.safe_load(several.text)["nodes"] == {"node": {"count": 10}}
    assert several.notes[0] == (
        "types.json describes m6i.xlarge, x2idn.16xlarge, and no nodes say how many there are of which; give them as "
        "well: kubectl get nodes -o json > nodes.json"
    )
    assert told(several, "network")[0][1] == "line rate of every NIC and of every registry's uplink"


def test_a_type_alone_is_told_as_keys_to_write(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as raised:
        imported([put(tmp_path, types("x2idn.16xlarge"))])
    assert str(raised.value).startswith(
        "types.json: x2idn.16xlarge has nic: 50 Gbit/s, disk: {rate: 125 MiB/s, iops: 3000}, memory: 1048576 MiB, "
        "unpack: {cores: 64}, which you may write into a node group; no image in what was given; give the workloads"
    )
    with pytest.raises(UnreadableError, match=r"says nothing of the bandwidth of x2idn.16xlarge: .*; no image in what"):
        imported([put(tmp_path, without_bandwidth(types("x2idn.16xlarge")))])


def changed(**more: Any) -> dict[str, Any]:
    """The description of one type, with other values at keys whose steps `__` parts."""
    content = types("m6i.xlarge")
    for path, value in more.items():
        part: Any = content["InstanceTypes"][0]
        *steps, last = path.split("__")
        for step in steps:
            part = part[int(step) if step.isdecimal() else step]
        part[last] = value
    return content


CARD = "NetworkInfo__NetworkCards__0"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"InstanceTypes": []}, "no instance type in it; name some: aws ec2 describe-instance-types"),
        ({"InstanceTypes": [7, None]}, "no instance type in it"),
        ({"InstanceTypes": [{}]}, "an instance type without a name (InstanceType)"),
        ({"InstanceTypes": [{"InstanceType": "a"}] * 10_001}, "10,001 instance types; at most 10,000 are read"),
        (changed(**{f"{CARD}__BaselineBandwidthInGbps": "3"}), "BaselineBandwidthInGbps is '3'; it must be a number"),
        (changed(**{f"{CARD}__BaselineBandwidthInGbps": -1}), "BaselineBandwidthInGbps is -1; it must be a number"),
        (changed(**{f"{CARD}__PeakBandwidthInGbps": True}), "PeakBandwidthInGbps is True; it must be a number"),
        (changed(**{f"{CARD}__PeakBandwidthInGbps": 1e9}), "PeakBandwidthInGbps is 1e+09; the most is 1e+06"),
        (changed(**{f"{CARD}__PeakBandwidthInGbps": 1}), "the baseline of its network card is above the peak"),
        (changed(EbsInfo__EbsOptimizedInfo__MaximumThroughputInMBps=1), "the baseline of its EBS volumes is above"),
        (changed(VCpuInfo__DefaultVCpus=0), "VCpuInfo.DefaultVCpus is 0; it must be a whole number, 1 or more"),
        (changed(MemoryInfo__SizeInMiB=1.5), "MemoryInfo.SizeInMiB is 1.5; it must be a whole number"),
        (changed(NetworkInfo__DefaultNetworkCardIndex=[]), "DefaultNetworkCardIndex is []; it must be a whole number"),
    ],
)  # fmt: skip
def test_descriptions_that_lie_are_refused(tmp_path: Path, content: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        imported([put(tmp_path, content), API])
    assert message in str(raised.value)
    assert "types.json" in str(raised.value)


@pytest.mark.parametrize("key", ["NetworkInfo", "EbsInfo", "VCpuInfo", "MemoryInfo"])
@pytest.mark.parametrize("value", [None, [], "x", {}])
def test_what_a_description_lacks_is_left_open(tmp_path: Path, key: str, value: object) -> None:
    made = imported([nodes(tmp_path, "m6i.xlarge"), API, put(tmp_path, changed(**{key: value}))])
    loads(made.text)
    assert ("preset" in groups(made)["m6i-xlarge"]) == (key == "NetworkInfo")


def test_a_type_that_is_described_twice_has_one_description(tmp_path: Path) -> None:
    first = put(tmp_path, types("m6i.xlarge"), "a.json")
    assert imported([first, put(tmp_path, types("m6i.xlarge"), "b.json"), API])
    other = put(tmp_path, changed(VCpuInfo__DefaultVCpus=5), "b.json")
    with pytest.raises(UnreadableError, match=r"b.json: another description of m6i.xlarge than in a.json"):
        imported([first, other, API])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"name": "n2-standard-8", "guestCpus": 8, "memoryMb": 32768, "zone": "z"},
         "a machine type of Google Cloud, which says nothing of its bandwidth: n2-standard-8; write it into the node "
         "group (preset: n2-standard-8;"),
        ([{"name": "Standard_D8s_v5", "resourceType": "virtualMachines",
           "capabilities": [{"name": "vCPUs", "value": "8"}, {"name": "MemoryGB", "value": "32"}]}],
         "a size of Azure, which says nothing of its network bandwidth: Standard_D8s_v5; write it into the node "
         "group (preset: Standard_D8s_v5;"),
    ],
)  # fmt: skip
def test_machines_of_other_clouds_name_their_presets(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(UnreadableError) as raised:
        imported([put(tmp_path, content)])
    assert message in str(raised.value)
    assert str(raised.value).endswith("kubectl get nodes -o json | rolloutsim import -")
