"""Instance types of clouds: what a machine's NIC, disk, cores and memory are, with sources.

The numbers stand in `presets.csv` beside this file, a line each: `type`, `vcpus`, `memory_gib`; `nic_gbit_s` and
`nic_burst_gbit_s`, the rate that lasts and that of bursts [Gbit/s]; `disk_mb_s` and `disk_burst_mb_s`, what the machine
moves to its disks [MB/s], empty where its provider says nothing that is below the volume's; `disk_iops`; `volume`, the
disk that a node has where nobody asks for another one (`VOLUMES`); `source` (`SOURCES`); `remark`.

What is simulated is what lasts: the NIC's baseline, and the lower of what machine and volume write. "Up to 25 Gigabit"
is a burst, for which providers give credits; how large the credits of NICs are, none of them publishes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rolloutsim.errors import RolloutsimError
from rolloutsim.scenario.hints import listing
from rolloutsim.structs import struct
from rolloutsim.units import parse_rate, plain_text

if TYPE_CHECKING:
    from rolloutsim.scenario.model import Document

_MB = 1e6  # [B]
_MIB = 2.0**20  # [B]
_GIB = 2.0**30  # [B]
MOST_NEAR = 3  # names that an error tells (assumed: more are not read)


@struct
class Volume:
    """A disk that a node has where nobody asks for another one.

    Parameters
    ----------
    rate : float or None
        What it writes [B/s]; None: what the machine does.
    iops : int or None
        Its operations [1/s]; None: no limit that would count beside its rate.
    words : str
        What it is, and where that is from.
    """

    rate: float | None
    iops: int | None
    words: str


@struct
class Provider:
    """Whose machines these are: its name, and how it says what a machine has, empty where it does not."""

    name: str
    command: str = ""


AWS = Provider("AWS", "aws ec2 describe-instance-types --instance-types {}")
GOOGLE_CLOUD = Provider("Google Cloud")
AZURE = Provider("Azure")

_AKS = "AKS by number of vCPUs: MicrosoftDocs/azure-aks-docs articles/aks/concepts-storage.md, 2026-07-30"
_CREDITS = (
    "its 500 to 2,300 IOPS are 3,500 for 30 minutes (disk-storage-premium-ssd-sizes.md), as many as its rate has files"
)

VOLUMES: Mapping[str, Volume] = {
    "gp3": Volume(125 * _MIB, 3000, "gp3 as EBS gives it without provisioned throughput, EBS volume types page"),
    "pd-balanced": Volume(
        168 * _MIB, 3600,
        "pd-balanced of 100 GB as GKE gives it (custom-boot-disks page; NodeConfig diskSizeGb): 140 MiB/s and 0.28 "
        "MiB/s a GB, 3,000 IOPS and 6 a GB: GoogleCloudPlatform/gcpdiag limits_per_gb.json 9f84bc0",
    ),
    "P10": Volume(100 * _MB, None, f"managed disk P10, {_AKS}; {_CREDITS}"),
    "P15": Volume(125 * _MB, None, f"managed disk P15, {_AKS}; {_CREDITS}"),
    "P20": Volume(150 * _MB, None, f"managed disk P20, {_AKS}; {_CREDITS}"),
    "P30": Volume(200 * _MB, 5000, f"managed disk P30, {_AKS}"),
    "ephemeral": Volume(
        None, None, "ephemeral OS disk on the temporary disk, as AKS gives it from 128 GiB on: concepts-storage.md"
    ),
}  # fmt: skip

_AZURE_DOCS = "MicrosoftDocs/azure-compute-docs articles/virtual-machines/sizes/"
_AZURE_NIC = "max network bandwidth, no burst beyond it"

# Name in the table → whose it is, and where it is from.
SOURCES: Mapping[str, tuple[Provider, str]] = {
    "ec2": (
        AWS,
        "EC2's own describe-instance-types as getmoto/moto moto/ec2/resources/instance_types.json has it, 34d6cad, "
        "2026-08-02; the NICs' baselines also in aws/karpenter-provider-aws zz_generated.bandwidth.go, 1d92708",
    ),
    "gce": (
        GOOGLE_CLOUD,
        "Compute Engine, general-purpose machine family, default egress bandwidth, read 2026-11-29; the same inwards, "
        "where no limit is published (assumed)",
    ),
    "dsv3": (
        AZURE,
        "MicrosoftDocs/azure-docs articles/virtual-machines/includes/auto-updated-vm-sizes/dsv3.md, 2022-06-09: "
        "expected network bandwidth, no burst beyond it",
    ),
    "dsv5": (AZURE, f"{_AZURE_DOCS}general-purpose/dsv5-series.md, 2026-02-27: {_AZURE_NIC}"),
    "ddsv5": (AZURE, f"{_AZURE_DOCS}general-purpose/ddsv5-series.md, 2024-07-29: {_AZURE_NIC}"),
    "dasv5": (AZURE, f"{_AZURE_DOCS}general-purpose/dasv5-series.md, 2026-03-10: {_AZURE_NIC}"),
    "esv5": (AZURE, f"{_AZURE_DOCS}memory-optimized/esv5-series.md, 2026-03-10: {_AZURE_NIC}"),
}


class UnknownTypeError(RolloutsimError, ValueError):
    """There is no such instance type here; `help` says what to do."""

    def __init__(self, message: str, help: str) -> None:
        self.help = help
        super().__init__(message)


@struct
class Preset:
    """An instance type.

    Parameters
    ----------
    name : str
        As its provider calls it.
    provider : Provider
        Whose it is.
    nic, nic_burst : float
        The rate of its NIC that lasts, and that of its bursts [B/s].
    values : mapping
        Keys of a node group, with dots, to what they are: rates [B/s], sizes [B], numbers.
    reasons : mapping
        The same keys to where the values are from.
    """

    name: str
    provider: Provider
    nic: float
    nic_burst: float
    values: Mapping[str, Any]
    reasons: Mapping[str, str]


@lru_cache(1)
def _table() -> dict[str, dict[str, str]]:
    """The lines of the table by their types."""
    from importlib.resources import files  # slow to import, and only presets need it

    head, *lines = files(__package__).joinpath("presets.csv").read_text("utf-8").splitlines()
    columns = head.split(",")
    rows = (dict(zip(columns, line.split(",", len(columns) - 1), strict=True)) for line in lines)
    return {row["type"]: row for row in rows}


def names() -> tuple[str, ...]:
    """All instance types, in the order of the table."""
    return tuple(_table())


def known(name: str | None) -> bool:
    """Whether there is a preset of that name."""
    return name in _table()


@lru_cache(64)
def preset(name: str) -> Preset:
    """An instance type by its name.

    Raises
    ------
    UnknownTypeError
        If there is none of that name; tells the nearest ones.
    """
    row = _table().get(name)
    if row is None:
        raise _unknown(name)
    provider, source = SOURCES[row["source"]]
    volume = VOLUMES[row["volume"]]
    nic, burst = (parse_rate(f"{row[key]} Gbit/s") for key in ("nic_gbit_s", "nic_burst_gbit_s"))
    machine = parse_rate(f"{row['disk_mb_s']} MB/s") if row["disk_mb_s"] else None
    rate, reason = written(machine, volume)
    iops = [one for one in (volume.iops, int(row["disk_iops"] or 0) or None) if one is not None]
    values: dict[str, Any] = {"nic": nic, "disk.rate": rate}
    reasons = {"nic": _of_nic(nic, burst), "disk.rate": reason}
    if volume.iops is not None:
        values["disk.iops"] = float(min(iops))
        reasons["disk.iops"] = "the lower of the volume's and the machine's"
    values |= {"memory": float(row["memory_gib"]) * _GIB, "unpack.cores": int(row["vcpus"])}
    reasons |= {"memory": "all of the machine's", "unpack.cores": "its vCPUs"}
    if row["remark"]:
        reasons["nic" if volume.rate is not None else "disk.rate"] += f"; {row['remark']}"
    reasons = {key: f"preset {name}: {reason}; {source}" for key, reason in reasons.items()}
    return Preset(name, provider, nic, burst, values, reasons)


def written(machine: float | None, volume: Volume) -> tuple[float, str]:
    """What a node writes, and why.

    Parameters
    ----------
    machine : float or None
        What the machine moves to its disks as long as one likes [B/s]; None: more than the volume.
    volume : Volume
        The disk.

    Returns
    -------
    tuple
        The lower of both rates [B/s], and which it is.
    """
    if volume.rate is None or (machine is not None and machine < volume.rate):
        assert machine is not None
        limit = "" if volume.rate is None else f", less than the volume's {_bytes(volume.rate)}"
        return machine, f"what the machine moves to its disks{limit} ({volume.words})"
    more = "" if machine is None else f"; the machine moves {_bytes(machine)}"
    return volume.rate, f"{volume.words}{more}"


def _of_nic(nic: float, burst: float) -> str:
    """What is to say of the rate of a NIC [B/s]."""
    if burst <= nic:
        return "its line rate, without bursts"
    return f"baseline; bursts of {_bits(burst)} are not simulated, nobody publishes how long they last"


def _bits(rate: float) -> str:
    return plain_text("rate", rate, bits=True)


def _bytes(rate: float) -> str:
    return plain_text("rate", rate)


_EC2 = re.compile(r"[a-z][a-z0-9-]{1,20}\.[a-z0-9-]{2,20}")  # t3.medium, m7i-flex.large, u-6tb1.metal
_BY_HAND = "leave 'preset' out and say nic, disk, memory and unpack.cores yourself"


def _unknown(name: str) -> UnknownTypeError:
    from difflib import get_close_matches  # slow to import, and only errors need it

    by_lower = {one.lower(): one for one in names()}
    # Of a thousand those are compared that begin alike: each takes 20 us.
    begin = (name[:length].lower() for length in (2, 1, 0))
    alike = next(found for start in begin if (found := [one for one in by_lower if one.startswith(start)]))
    near = get_close_matches(name.lower(), alike, MOST_NEAR, 0.5)
    nearest = ", ".join(by_lower[one] for one in near)
    message = f"'{name:.60}' is no instance type that has a preset" + (f"; nearest: {nearest}" if nearest else "")
    if _EC2.fullmatch(name):
        asked = AWS.command.format(name)
        return UnknownTypeError(message, f"EC2 tells what it has: {asked} | rolloutsim import -; or {_BY_HAND}")
    return UnknownTypeError(message, f"'rolloutsim explain nodes.preset' lists them; or {_BY_HAND}")


def sources() -> str:
    """Where the values of all types are from."""
    of_azure = f"the page of each series of sizes, such as {SOURCES['dsv5'][1]}"
    return f"AWS: {SOURCES['ec2'][1]}; Google Cloud: {SOURCES['gce'][1]}; Azure: {of_azure}"


def volumes() -> str:
    """The disks that nodes have where nobody asks for another one, and where that is from."""
    return "; ".join(VOLUMES[name].words for name in ("gp3", "pd-balanced", "P10", "ephemeral"))


def families() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Provider, family and sizes: `AWS`, `m6i`, `(large, xlarge)`."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, row in _table().items():
        provider = SOURCES[row["source"]][0].name
        family, size = _parts(name)
        found.setdefault((provider, family), []).append(size)
    return ((provider, family, tuple(sizes)) for (provider, family), sizes in found.items())


def _parts(name: str) -> tuple[str, str]:
    """The family of a type and its size in it: `Standard_D8s_v5` is of `Standard_Dnds_v5` the 8."""
    azure = re.fullmatch(r"(Standard_[A-Z])([0-9]+)(.*)", name)
    if azure is not None:
        return f"{azure[1]}…{azure[3]}", azure[2]
    family, _, size = name.rpartition("." if "." in name else "-")
    return family, size


def unsimulated_bursts(document: Document) -> Iterator[str]:
    """What to say of groups whose NICs may be faster for a while than they are taken to be."""
    groups: dict[str, list[str]] = {}
    for name, group in document.nodes.items():
        if group.preset is not None and "nic" not in group.model_fields_set:
            groups.setdefault(group.preset, []).append(f"nodes.{name}")
    for one in map(preset, groups):
        if one.nic_burst > one.nic:
            yield (
                f"NICs of {one.name} ({listing(groups[one.name], 3, ', ')}) have {_bits(one.nic)}, their baseline; "
                f"bursts of up to {_bits(one.nic_burst)} are not simulated, since {one.provider.name} does not publish "
                f"how many bytes they last for; for nodes that may burst throughout write nic: {_bits(one.nic_burst)}."
            )
