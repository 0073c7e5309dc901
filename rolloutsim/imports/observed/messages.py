"""What a kubelet says of pulls in its events, in the words of all its versions."""

from __future__ import annotations

import re

from rolloutsim.imports.observed import times
from rolloutsim.structs import struct

# Messages of kubernetes pkg/kubelet/images/image_manager.go. A duration since 1.20 (#91563), "including waiting" since
# 1.26 (#111772), the size since 1.30 (#121719), "and can be accessed by the pod" since 1.33, in front of it all
# "spec.containers{c}: " since 1.35; client-go's events correlator puts "(combined from similar events): " in front.
# What is counted in braces bounds the time that a hostile message can take.
_PULLED = re.compile(
    r'Successfully pulled image "([^"\n]{1,1000})"(?: in ([0-9][^ ()\n]{0,40}))?'
    r"(?: \(([0-9][^ ()\n]{0,40}) including waiting\))?(?:\. Image size: ([0-9]{1,18}) bytes)?"
)
_OTHERS = (
    ("present", re.compile(r'Container image "([^"\n]{1,1000})" already present on machine')),
    ("failed", re.compile(r'Failed to pull image "([^"\n]{1,1000})"')),
    ("backed off", re.compile(r'Back-off pulling image "([^"\n]{1,1000})"')),
    ("pulling", re.compile(r'[Pp]ulling image "([^"\n]{1,1000})"')),
)
_ASSIGNED = re.compile(r"Successfully assigned ([^ \n]{1,300}) to ([^ \n]{1,300})")
_LOOKED_AT = 4000  # characters of a message (assumed: what is looked for stands in front)


@struct
class Message:
    """What an event says of an image.

    Parameters
    ----------
    kind : str
        `pulled`, `present`, `failed`, `backed off` or `pulling`.
    image : str
        Its reference, as it was written.
    duration : float or None
        Of the pull [s]; None before 1.20.
    total : float or None
        The same with waiting for other pulls [s]; None before 1.26.
    size : int or None
        The image's bytes as the runtime counts them; None before 1.30.
    is_combined : bool
        Whether it stands for several messages that were alike.
    """

    kind: str
    image: str
    duration: float | None = None
    total: float | None = None
    size: int | None = None
    is_combined: bool = False


def message(text: str) -> Message | None:
    """What a message says of an image, None if it is about something else."""
    text = text[:_LOOKED_AT]
    is_combined = text.startswith("(combined from similar events)")
    pulled = _PULLED.search(text)
    if pulled is not None:
        image, took, total, size = pulled.groups()
        return Message(
            "pulled",
            image,
            times.duration(took) if took else None,
            times.duration(total) if total else None,
            int(size) or None if size else None,  # 0: the runtime did not tell
            is_combined,
        )
    for kind, pattern in _OTHERS:
        match = pattern.search(text)
        if match is not None:
            return Message(kind, match[1], is_combined=is_combined)
    return None


def assigned(text: str) -> tuple[str, str] | None:
    """The pod and the node of the scheduler's message."""
    match = _ASSIGNED.search(text[:_LOOKED_AT])
    return (match[1], match[2]) if match else None
