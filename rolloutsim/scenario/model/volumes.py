"""Volumes of nodes that are made of a snapshot."""

from rolloutsim.scenario.fields import key
from rolloutsim.scenario.model.kinds import ByteRate, OnOff, Share, Spec
from rolloutsim.scenario.snapshotters import NEEDED


class VolumeSnapshotSpec(Spec):
    """A volume that is made of a snapshot, or of a machine image, which holds the images that are `cached`.

    Kubernetes finds these images there; their blocks are initialised, which is to say that they come from object
    storage to the volume, when they are read for the first time, or in the background. A pod is ready when what its
    containers read first has come and its start-up is over. What has come takes no time to be read, as all that is
    cached; what unpacking, or a node that serves others, reads is not slowed.
    """

    rate: ByteRate = key(
        unit="rate",
        description="how fast one volume is initialised. AWS EBS: 100 to 300 MiB/s where it is provisioned "
        "(VolumeInitializationRate), unlimited with fast snapshot restore; otherwise nothing is promised, and users "
        "saw about 5 MiB/s (github-aws-runners/terraform-aws-github-runner#5163)",
    )  # fmt: skip
    needed: Share = key(
        NEEDED.value, unit="share", shown=NEEDED.shown, source=NEEDED.source,
        description="share of an image's unpacked bytes that its containers read before they are ready; images may "
        "have a `needed` of their own",
    )  # fmt: skip
    background: OnOff = key(
        True,
        description="whether blocks that nobody has read are initialised as well, as fast as `rate` says, from when "
        "the node is asked for (join), or from the rollout's start on; what containers read comes first",
        source="AWS Storage Blog, Addressing I/O latency when restoring Amazon EBS volumes from EBS Snapshots: the "
        "volume loads data in the background",
    )  # fmt: skip
