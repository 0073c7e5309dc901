"""Instance types: the table, and what a preset is to the keys beside it."""

from __future__ import annotations

import dataclasses
from importlib.resources import files

import pytest

from rolloutsim.errors import ScenarioError
from rolloutsim.scenario import loads
from rolloutsim.scenario.explanation import explain
from rolloutsim.scenario.presets import SOURCES, VOLUMES, families, names, preset, written
from rolloutsim.scenario.resolve import simulated_alike
from rolloutsim.scenario.resolved import NodeGroup, ResolvedScenario
from rolloutsim.scenario.settings import changes, settings, show
from rolloutsim.units import parse_rate, parse_size

GBIT = 125e6  # [B]

# aws/karpenter-provider-aws pkg/providers/instancetype/zz_generated.bandwidth.go at 1d92708 [Mbit/s].
BASELINES = {
    "t3.medium": 256, "t3.large": 512, "m5.large": 750, "m5.xlarge": 1250, "m5.2xlarge": 2500, "m5.4xlarge": 5000,
    "m6i.large": 781, "m6i.xlarge": 1562, "m6i.2xlarge": 3125, "m7g.large": 937, "m7g.xlarge": 1876,
    "m7g.2xlarge": 3750, "g5.xlarge": 2500, "g4dn.xlarge": 5000, "g6.xlarge": 2500, "m5n.xlarge": 4100,
}  # fmt: skip
# What the providers' own pages say: NIC [Gbit/s], the same in bursts, disk, vCPUs, memory.
KNOWN = {
    "m6i.2xlarge": (3.125, 12.5, "125 MiB/s", 8, "32 GiB"),
    "m6i.large": (0.781, 12.5, "81.25 MB/s", 2, "8 GiB"),
    "m5.24xlarge": (25, 25, "125 MiB/s", 96, "384 GiB"),
    "p4d.24xlarge": (100, 100, "125 MiB/s", 96, "1152 GiB"),
    "e2-standard-4": (8, 8, "168 MiB/s", 4, "16 GiB"),
    "n2-standard-8": (16, 16, "168 MiB/s", 8, "32 GiB"),
    "n1-standard-1": (2, 2, "168 MiB/s", 1, "3.75 GiB"),
    "Standard_D2s_v3": (1, 1, "48 MB/s", 2, "8 GiB"),
    "Standard_D8s_v5": (12.5, 12.5, "125 MB/s", 8, "32 GiB"),
    "Standard_D4ds_v5": (12.5, 12.5, "250 MB/s", 4, "16 GiB"),
    "Standard_D64as_v5": (32, 32, "200 MB/s", 64, "256 GiB"),
}  # fmt: skip


def scenario(keys: str, *overrides: str, top: str = "") -> ResolvedScenario:
    text = f"rolloutsim: 1\nnodes: {{web: {{count: 20, {keys}}}}}\nregistry: 10 Gbit/s\nimages: {{app: 30 MB}}\n{top}"
    return loads(text, "f.yaml", overrides).resolve()


def group(keys: str, *overrides: str, top: str = "") -> NodeGroup:
    return scenario(keys, *overrides, top=top).groups[0]


def test_there_are_many_types_of_each_provider() -> None:
    assert len(names()) == len(set(names())) >= 60
    assert {preset(name).provider.name for name in names()} == {"AWS", "Google Cloud", "Azure"}
    lines = files("rolloutsim.scenario").joinpath("presets.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[0] for line in lines] == ["type", *names()]


def test_every_type_is_whole() -> None:
    for name in names():
        one = preset(name)
        assert 0 < one.nic <= one.nic_burst, name
        assert {"nic", "disk.rate", "memory", "unpack.cores"} <= one.values.keys() == one.reasons.keys(), name
        assert all(value > 0 for value in one.values.values()), name
        assert all(reason.startswith(f"preset {name}: ") for reason in one.reasons.values())
        assert "bursts of" in one.reasons["nic"] or one.nic == one.nic_burst, name


def test_every_row_has_a_source_and_a_volume_that_is_declared() -> None:
    lines = files("rolloutsim.scenario").joinpath("presets.csv").read_text("utf-8").splitlines()
    head = lines[0].split(",")
    rows = [dict(zip(head, line.split(","), strict=True)) for line in lines[1:]]
    assert {row["source"] for row in rows} == SOURCES.keys()
    assert {row["volume"] for row in rows} == VOLUMES.keys()
    for row in rows:
        if row["disk_burst_mb_s"]:
            assert float(row["disk_mb_s"]) <= float(row["disk_burst_mb_s"]), row


@pytest.mark.parametrize("name", BASELINES)
def test_baselines_are_what_a_second_source_says(name: str) -> None:
    assert preset(name).nic == parse_rate(f"{BASELINES[name]} Mbit/s")


@pytest.mark.parametrize("name", KNOWN)
def test_known_types_are_what_their_providers_say(name: str) -> None:
    nic, burst, disk, cores, memory = KNOWN[name]
    one = preset(name)
    assert (one.nic, one.nic_burst) == (parse_rate(f"{nic} Gbit/s"), parse_rate(f"{burst} Gbit/s"))
    assert one.values["disk.rate"] == parse_rate(disk)
    assert one.values["unpack.cores"] == cores
    assert one.values["memory"] == parse_size(memory)


def test_what_is_to_know_of_a_type_stands_with_the_value_that_it_is_about() -> None:
    assert "one of 4 network cards: pulls go over the default one" in preset("p4d.24xlarge").reasons["nic"]
    assert "the published rate is of reads" in preset("Standard_D4ds_v5").reasons["disk.rate"]


def test_up_to_is_the_burst_and_not_what_is_simulated() -> None:
    assert group("preset: m6i.2xlarge").nic_line_rate == 3.125 * GBIT


def test_a_disk_writes_the_lower_of_what_its_machine_and_its_volume_do() -> None:
    gp3 = VOLUMES["gp3"]
    assert written(None, gp3)[0] == gp3.rate
    assert written(1e9, gp3)[0] == gp3.rate
    assert written(50e6, gp3)[0] == 50e6
    assert written(50e6, VOLUMES["ephemeral"])[0] == 50e6
    assert group("preset: m6i.2xlarge").disk_iops == 3000
    assert group("preset: t3.medium").disk_iops == 2000
    assert group("preset: e2-standard-4").disk_iops == 3600


def test_a_preset_is_the_same_as_its_values_written_out() -> None:
    short = scenario("preset: m6i.large")
    long = scenario(
        "nic: 781 Mbit/s, disk: {rate: 81.25 MB/s, iops: 3000}, memory: 8 GiB, unpack: {cores: 2}"
    )  # fmt: skip
    assert simulated_alike(short, dataclasses.replace(long, notes=short.notes))


@pytest.mark.parametrize(
    ("keys", "changed"),
    [
        ("nic: 10 Gbit/s", {"nic_line_rate": 10 * GBIT}),
        ("disk: 1 GB/s", {"disk": 1e9, "disk_iops": None}),
        ("disk: {iops: 700}", {"disk_iops": 700.0}),
        ("memory: 4 GiB", {"dirty_limit": 0.2 * 4 * 2.0**30}),
        ("unpack: {cores: 3}", {"unpack_cores": 3}),
        ("unpack: {rate: 1 GB/s}", {"unpack_rate": 1e9, "stored_rate": 4e9}),
        ("disk: {capacity: 50 GB}", {}),
    ],
)  # fmt: skip
def test_what_the_group_says_wins_and_the_rest_stays(keys: str, changed: dict[str, object]) -> None:
    plain, own = group("preset: m6i.large"), group(f"preset: m6i.large, {keys}")
    fields = ("nic_line_rate", "disk", "disk_iops", "dirty_limit", "unpack_cores", "unpack_rate", "stored_rate")
    expected = {field: getattr(plain, field) for field in fields} | changed
    assert {field: getattr(own, field) for field in fields} == expected


def test_the_preset_wins_over_the_rate_of_all_lines() -> None:
    assert group("preset: m6i.large", top="network: 1 Gbit/s\n").nic_line_rate == 0.781 * GBIT


def test_a_preset_can_be_set_varied_and_changed() -> None:
    assert group("nic: 1 Gbit/s", "nodes.web.preset=m6i.large").nic_line_rate == GBIT
    assert group("preset: m6i.large", "nodes.web.nic=2 Gbit/s").nic_line_rate == 2 * GBIT
    one = loads("rolloutsim: 1\nnodes: {web: {count: 2, preset: m6i.large}}\nregistry: 1 Gbit/s\nimages: {a: 1 MB}\n")
    assert one.with_({"nodes.web.preset": "m6i.xlarge"}).resolve().groups[0].nic_line_rate == 1.562 * GBIT
    assert one.nodes["web"].nic == 0.781 * GBIT
    assert "nic" not in one.nodes["web"].model_fields_set
    assert "disk" not in one.nodes["web"].model_fields_set


def test_show_names_the_preset_behind_each_value_that_it_set() -> None:
    resolved = scenario("preset: m6i.large, disk: {capacity: 50 GB}")
    found = {one.key: one for one in settings(resolved)}
    of_preset = {"nic": "781 Mbit/s", "disk.rate": "81.25 MB/s", "disk.iops": "3000", "memory": "8192 MiB",
                 "unpack.cores": "2"}  # fmt: skip
    for key, value in of_preset.items():
        one = found[f"nodes.web.{key}"]
        assert (one.value, one.given, one.follows) == (value, False, ("nodes", "web", "preset")), key
        assert one.source.startswith("preset m6i.large: "), key
    assert found["nodes.web.preset"].given
    assert "# nic: 781 Mbit/s  # default; preset m6i.large: baseline; bursts of 12.5 Gbit/s" in show(resolved)
    assert loads(show(resolved)).resolve().sha256 == resolved.sha256


def test_what_the_group_says_is_no_default_in_show() -> None:
    found = {one.key: one for one in settings(scenario("preset: m6i.large, nic: 1 Gbit/s, disk: 1 GB/s"))}
    assert found["nodes.web.nic"].given
    assert not found["nodes.web.disk.iops"].source.startswith("preset")
    plain = {one.key: one for one in settings(scenario("nic: 1 Gbit/s"))}
    assert not any(one.source.startswith("preset") for one in plain.values())


def test_diff_of_two_presets_tells_what_they_change() -> None:
    found = {one.key for one in changes(scenario("preset: m6i.large"), scenario("preset: m6i.xlarge"))}
    assert {"nodes.web.preset", "nodes.web.nic", "nodes.web.disk.rate", "nodes.web.unpack.cores"} <= found


def test_bursts_that_are_not_simulated_are_said_once_a_type() -> None:
    text = (
        "rolloutsim: 1\nnodes:\n  a: {count: 1, preset: m6i.large}\n  b: {count: 1, preset: m6i.large}\n"
        "  c: {count: 1, preset: m6i.8xlarge}\n  d: {count: 1, preset: m5.large, nic: 1 Gbit/s}\n"
        "registry: 1 Gbit/s\nimages: {app: 30 MB}\n"
    )
    notes = [note for note in loads(text).resolve().notes if "bursts" in note]
    assert len(notes) == 1
    assert notes[0].startswith("NICs of m6i.large (nodes.a, nodes.b) have 781 Mbit/s, their baseline; bursts of up to ")
    assert notes[0].endswith("write nic: 12.5 Gbit/s.")


@pytest.mark.parametrize(
    ("name", "message", "help"),
    [
        ("m6i.3xlarge", "nearest: ", "EC2 tells what it has: aws ec2 describe-instance-types --instance-types "
         "m6i.3xlarge | rolloutsim import -"),
        ("M6I.2XLARGE", "nearest: m6i.2xlarge", "'rolloutsim explain nodes.preset' lists them"),
        ("standard_d8s_v5", "nearest: Standard_D8s_v5", "'rolloutsim explain nodes.preset' lists them"),
        ("n2-standard-7", "nearest: n2-standard-", "'rolloutsim explain nodes.preset' lists them"),
        ("a.b; rm -rf x", "is no instance type that has a preset", "'rolloutsim explain nodes.preset' lists them"),
    ],
)  # fmt: skip
def test_an_unknown_type_is_an_error_with_the_nearest_names(name: str, message: str, help: str) -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario(f'preset: "{name}"')
    (one,) = raised.value.diagnostics
    assert (one.line, one.column) == (2, 34)
    assert one.message.startswith(f"'{name}' is no instance type that has a preset")
    assert message in one.message
    assert one.help is not None
    assert one.help.startswith(help)
    assert one.help.endswith("or leave 'preset' out and say nic, disk, memory and unpack.cores yourself")


@pytest.mark.parametrize("value", ["42", "true", "[m6i.large]", "{a: 1}"])
def test_a_type_is_text(value: str) -> None:
    with pytest.raises(ScenarioError, match="is no instance type; write its name, such as m6i.2xlarge"):
        scenario(f"preset: {value}")


def test_explain_lists_every_type_and_says_where_values_come_from() -> None:
    text = str(explain("nodes.preset"))
    assert "describe-instance-types" in text
    assert "AKS" in text
    listed = {
        name.replace("…", "{}").format(size) if "…" in name else f"{name}{'.' if provider == 'AWS' else '-'}{size}"
        for provider, name, sizes in families()
        for size in sizes
    }
    assert listed == set(names())
    assert all(family in text for _, family, _ in families())
