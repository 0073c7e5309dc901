"""What no input told, and the values that stand in its place."""

from __future__ import annotations

from rolloutsim.structs import struct

# Where nothing tells: round numbers that one sees at once are nobody's (assumed).
NODES = 10
NETWORK = "1 Gbit/s"
IMAGE = "200 MB"


@struct
class Assumed:
    """What no input told.

    Parameters
    ----------
    key, value : str
        The key, and what stands there.
    why : str
        What it is.
    command : str
        What would find it out.
    """

    key: str
    value: str
    why: str
    command: str
