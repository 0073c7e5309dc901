"""What a node is made of: its disk, its cores that unpack, and the machines that have presets of both."""

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from rolloutsim.scenario.fields import Described, Whole, fault, key, quoted
from rolloutsim.scenario.model.kinds import AnyRate, ByteRate, Share, Size, SizeOrNone, Spec, Time, ruled
from rolloutsim.scenario.presets import UnknownTypeError, names, preset

GP3 = 125 * 2.0**20  # the source stands at DiskSpec.rate [B/s]


class InstanceType(Described):
    """The name of an instance type that has a preset."""

    def read(self, value: Any) -> str:
        """The name itself."""
        if not isinstance(value, str):
            raise fault(f"{quoted(value)} is no instance type; write its name, such as m6i.2xlarge")
        try:
            return preset(value).name
        except UnknownTypeError as error:
            raise fault(str(error), error.help) from None

    def schema(self) -> dict[str, Any]:
        """Every name."""
        return {"enum": list(names())}

    def words(self) -> str:
        """What it is."""
        return "instance type"


class UnpackSpec(Spec):
    """How fast a node unpacks layers."""

    rate: ByteRate = key(
        135e6, unit="rate", shown="135 MB/s",
        description="compressed bytes that one core reads per second while it decompresses",
        source="containerd PR 13560, Go standard library on NVIDIA Grace, an image of 1.8 GiB: 135 MiB/s of input; "
        "rounded down to 135 MB/s, 5 % less (assumed: most cores are slower)",
    )  # fmt: skip
    cores: Annotated[int, Whole(1, 1024)] | None = key(
        None, description="cores that unpack; one layer uses one of them", shown="1; cri-o: 4",
        source="containerd plugins/transfer/plugin.go L284: one layer of an image is unpacked at a time, and gzip "
        "is decompressed by one core; cri-o decompresses each of the layers that it fetches on a core of its own "
        "(assumed: nodes of four cores)",
    )  # fmt: skip
    stored_rate: AnyRate | None = key(
        None, unit="rate", shown="4 × rate",
        description="the same of layers that do not compress (unpacked no larger than compressed), whose deflate "
        "blocks are stored",
        source="spegel-org/benchmark-results, 10 AKS nodes: 1 GiB of random bytes in one layer takes 4.7 s, of which "
        "0.7 s for the network of 12.5 Gbit/s and 2.1 s for a disk of 500 MB/s (Azure, D8ds_v5) leave 1.8 s, or "
        "590 MB/s; rounded down to 4 × 135 MB/s",
    )  # fmt: skip


class DiskSpec(Spec):
    """A node's disk: how fast it is, how large, and what is on it before the rollout."""

    model_config = ruled({"dependentRequired": {"used": ["capacity"], "old_images": ["capacity"]}})

    rate: ByteRate = key(
        GP3, unit="rate", shown="125 MiB/s", description="write rate",
        source="AWS EBS gp3 without provisioned throughput: 125 MiB/s; EBS volume types page",
    )  # fmt: skip
    iops: Annotated[float, Whole(1, 100_000_000, unlimited=True)] | None = key(
        None, unit="operations per second", shown="3000 at 125 MiB/s, unlimited at any other rate",
        description="operations; a file that is written takes one at least",
        source="AWS EBS gp3 without provisioned IOPS: 3,000; EBS volume types page. At any other rate assumed",
    )  # fmt: skip
    sync: Time = key(
        0.002, unit="time", shown="2 ms", description="what a synchronous write takes; not used at rate: unlimited",
        source="assumed: AWS says single-digit milliseconds of EBS gp3 (EBS volume types page); local SSDs need about "
        "0.2 ms",
    )  # fmt: skip
    dirty_ratio: Share = key(
        0.20, unit="share", shown="20%",
        description="share of `memory` that unwritten bytes may take; whoever unpacks more waits for the disk, and "
        "from half of it on the disk writes by itself",
        source="Linux Documentation/admin-guide/sysctl/vm.rst: dirty_ratio 20, dirty_background_ratio 10",
    )  # fmt: skip
    capacity: Size | None = key(
        None, unit="size", shown="none: everything fits", description="size; a pull that does not fit fails"
    )
    used: SizeOrNone | None = key(
        None, unit="size", shown="0 B", source="assumed",
        description="what no garbage collection can remove: the system, logs, images in use",
    )  # fmt: skip
    old_images: SizeOrNone | None = key(
        None, unit="size", shown="0 B", source="assumed",
        description="unused images, which image garbage collection removes; those of `cached` come on top",
    )  # fmt: skip


def equipped(name: str, values: Mapping[str, Any], given: Collection[str]) -> dict[str, Any]:
    """The values of a group's keys that its preset has and the group does not give.

    Parameters
    ----------
    name : str
        The instance type.
    values : mapping
        The group's keys, and what they have.
    given : collection of str
        Those of them that the group gives.
    """
    machine = preset(name).values
    own: dict[str, Any] = {key: machine[key] for key in ("nic", "memory") if key in machine and key not in given}
    disk: DiskSpec = values["disk"]
    changes = {}
    if "rate" not in disk.model_fields_set:  # of another disk's operations nothing is known
        changes = {key: machine[f"disk.{key}"] for key in ("rate", "iops") if f"disk.{key}" in machine}
    own["disk"] = _with(disk, changes)
    own["unpack"] = _with(values["unpack"], {"cores": machine["unpack.cores"]})
    return own


def _with(part: Any, defaults: Mapping[str, Any]) -> Any:
    """A part with other defaults: what it gives itself stays, and nothing else counts as given."""
    values = {**part.__dict__, **{key: one for key, one in defaults.items() if key not in part.model_fields_set}}
    return type(part).model_construct(_fields_set=set(part.model_fields_set), **values)
