"""What readers of events, logs and metrics find, before it is sorted out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import isinf

from rolloutsim.imports.drafts import references
from rolloutsim.imports.observed.messages import Message
from rolloutsim.imports.observed.pulls import ObservedPull, ObservedRequest
from rolloutsim.structs import struct

# Why something says nothing of a pull's speed.
PRESENT = "image already present"
RECHECKED = "image checked again, nothing fetched"
JOINED = "pulled at the same time by another pod of its node, which fetched the bytes"
FAILED = "pull failed"
BACKED_OFF = "pull backed off"
MERGED = "merged events, of which only the last is told"
UNTIMED = "pull without a duration (an old kubelet or containerd, or a log that is cut)"
TWICE = "told twice"
LONG_LINE = "line longer than 1 MB"
CUT_LINE = "line that is cut"

_LEFT_OUT = {"present": PRESENT, "failed": FAILED, "backed off": BACKED_OFF}
_FINE = 1e-3  # [s], as exact as times must be to tell two things apart (assumed: logs have microseconds)
_OLDEST = 1e12  # [s] of a duration or an age (assumed: longer ones are no pull's)


@struct
class Fact:
    """That an image came to a node, was there, or went.

    Parameters
    ----------
    kind : str
        `pulled`, `present` or `removed`.
    image : str
        Its reference as it was written, or its id.
    where : str or None
        The node, or else the pod; None where neither is told.
    clock : str
        What `at` counts from: empty for Unix time, the file whose ages they are otherwise.
    at : float or None
        When it was so, or the pull's end [s].
    pull : ObservedPull or None
        The pull.
    """

    kind: str
    image: str
    where: str | None
    clock: str
    at: float | None
    pull: ObservedPull | None = None


@struct
class Source:
    """Where a fact stands.

    Parameters
    ----------
    name : str
        What tells it: `kubelet event`, `containerd log`.
    place : str
        File and line, or file and document.
    clock : str
        What its times count from, as in `Fact`.
    at : float or None
        Its time on that clock [s].
    resolution : float
        How exact that is [s].
    node, pod : str or None
        Of what it tells.
    """

    name: str
    place: str
    clock: str
    at: float | None
    resolution: float
    node: str | None
    pod: str | None

    @property
    def where(self) -> str | None:
        """The node, or what stands for it: a pod is on one."""
        return self.node or (f"pod {self.pod}" if self.pod else None)


class Seen:
    """All that was found, in the order in which it was read."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.requests: list[tuple[str, ObservedRequest]] = []  # with what told of it
        self.notes: list[str] = []
        self.histograms: dict[str, dict[float, float]] = {}
        self.ids: dict[str, set[str]] = {}  # an image's id → its references
        # Node, pod and image → when it was asked for, before any waiting: Unix time [s].
        self.asked: dict[tuple[str | None, str | None, str], list[float]] = {}
        self.known: set[str] = set()  # unique ids of what was read
        self.counts: dict[str, int] = {}  # an event's unique id → how often it was, at most
        self.others: Counter[str] = Counter()  # what is of other things
        self._left_out: dict[str, dict[str, Counter[str]]] = {}

    def leave_out(self, reason: str, source: str = "", subject: str = "", count: int = 1) -> None:
        """Count what says nothing of a pull's speed; of what several sources tell of a subject the most count."""
        self._left_out.setdefault(reason, {}).setdefault(subject, Counter())[source] += count

    @property
    def left_out(self) -> dict[str, int]:
        """Each reason, and how many."""
        return {
            reason: sum(max(sources.values()) for sources in subjects.values())
            for reason, subjects in sorted(self._left_out.items())
            if any(any(sources.values()) for sources in subjects.values())
        }

    def said(self, message: Message, source: Source, count: int = 1) -> None:
        """Take what a kubelet said, so many times; 0 for what was counted before."""
        if message.kind == "pulling":
            if source.at is not None and not source.clock:
                self.asked.setdefault((source.node, source.pod, references.full(message.image)), []).append(source.at)
            return
        if message.kind == "pulled":
            self._pulled(message, source, count)
            return
        if message.kind == "present":
            self.facts.append(Fact("present", message.image, source.where, source.clock, source.at))
        self.leave_out(_LEFT_OUT[message.kind], source.name, references.full(message.image), count)

    def _pulled(self, message: Message, source: Source, count: int) -> None:
        if count != 1:  # 0: one of those that were counted so is told now
            self.leave_out(MERGED, source.name, message.image, count - 1)
        took, total = message.duration, message.total
        waited = max(0.0, round(total - took, 9)) if took is not None and total is not None else None
        self.pulled(message.image, took, source, size=message.size, waited=waited)

    def pulled(
        self,
        image: str,
        took: float | None,
        source: Source,
        *,
        size: int | None = None,
        waited: float | None = None,
        read: int | None = None,
    ) -> None:
        """Take a pull of an image that ended at the source's time after `took` [s]."""
        if took is None or isinf(took) or took > _OLDEST:
            self.facts.append(Fact("present", image, source.where, source.clock, source.at))
            self.leave_out(UNTIMED, source.name, image)
            return
        ended = source.at if not source.clock else None
        if source.resolution <= _FINE and not self.is_new(f"{source.name} {source.node} {image} {ended} {took}"):
            return
        pull = ObservedPull(
            image=image,
            node=source.node,
            pod=source.pod,
            began=ended - took if ended is not None else None,
            ended=ended,
            resolution=source.resolution,
            duration=took,
            waited=waited,
            size=size,
            read=read,
            source=source.name,
            place=source.place,
        )
        self.facts.append(Fact("pulled", image, source.where, source.clock, source.at, pull))

    def is_new(self, own: str) -> bool:
        """Whether something was not told before, by its unique id; else it is counted as told twice."""
        if own in self.known:
            self.leave_out(TWICE)
            return False
        self.known.add(own)
        return True

    def counted(self, name: str, buckets: Mapping[float, float]) -> None:
        """Add a histogram to what others of its name counted."""
        into = self.histograms.setdefault(name, {})
        if into and set(into) != set(buckets):
            self.notes.append(f"{name} has other bounds in another file; the first is kept")
            return
        for bound, count in buckets.items():
            into[bound] = into.get(bound, 0.0) + count
