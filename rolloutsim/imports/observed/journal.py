"""Logs of kubelets, containerd, CRI-O and dockerd, as journald or a file has them, in any order of lines."""

from __future__ import annotations

import re
from collections import defaultdict

from rolloutsim.imports.drafts import references
from rolloutsim.imports.observed import messages
from rolloutsim.imports.observed.lines import Entry
from rolloutsim.imports.observed.seen import BACKED_OFF, FAILED, UNTIMED, Fact, Seen, Source
from rolloutsim.imports.observed.times import duration
from rolloutsim.structs import struct

# containerd internal/cri/server/images/image_pull.go, internal/cri/instrument/instrumented_service.go (since 1.6).
_PULLED = re.compile(
    r'Pulled image "([^"]{1,1000})" with image id "([^"]{0,200})"[^\n]{0,4000}?, size "([0-9]{1,18})" in (\S{1,40})'
)
_STOPPED = re.compile(r"stop pulling image (\S{1,1000}): active requests=[0-9]{1,9}, bytes read=([0-9]{1,18})")
_PULL_IMAGE = re.compile(r'PullImage "([^"]{1,1000})" (failed|returns image reference)')
_REMOVED = re.compile(r'RemoveImage "([^"]{1,1000})"(?: returns successfully)?')
# CRI-O server/image_pull.go: the reference, then the digest, of requests with the same id.
_CRIO = re.compile(r"(Pulling|Pulled) image: (\S{1,1000})")
# moby distribution/pull_v2.go, daemon/images: it logs failures only.
_DOCKERD_FAILED = "Not continuing with pull after error"
# kubernetes pkg/kubelet: container_manager's events in its own log, failures, and the removal of images.
_OLD_EVENT = re.compile(r'Event\(v1\.ObjectReference\{Kind:"Pod", Namespace:"([^"]{1,300})", Name:"([^"]{1,300})"')
_WAITING = re.compile(r'Back-off pulling image \\*"([^"\\]{1,1000})')
_FREED = "Removing image to free bytes"

_PAIRED = 1.0  # [s] between what was read of an image and its end (assumed: both are logged within milliseconds)
_COMPARED = 20  # of them for each end (assumed: bounds the time for hostile input)
_WORDS = (
    "ulled image", "ulling image", "PullImage", "RemoveImage", _FREED, "already present on machine",
    "Failed to pull image", _DOCKERD_FAILED,
)  # fmt: skip


@struct
class _End:
    """A pull's end in containerd's log."""

    image: str
    said: Entry
    place: str
    took: float | None  # [s], None if it failed
    size: int | None


class Journal:
    """What a file's lines tell of pulls; `finish` when all were read.

    Parameters
    ----------
    seen : Seen
        What it is added to.
    origin : str
        The file.
    """

    def __init__(self, seen: Seen, origin: str) -> None:
        self._seen = seen
        self._origin = origin
        self._ends: dict[tuple[str | None, str], list[_End]] = defaultdict(list)
        self._read: dict[tuple[str | None, str], list[tuple[float, int]]] = defaultdict(list)
        self._returned: dict[tuple[str | None, str], int] = defaultdict(int)
        self._crio: dict[tuple[str | None, str], tuple[str | None, Entry | None, Entry | None, str]] = {}
        self._dockerd = False

    @staticmethod
    def may_tell(line: str) -> bool:
        """Whether a line can be of a pull: others need not be taken apart."""
        return any(word in line for word in _WORDS)

    def take(self, one: Entry, line: str, place: str) -> bool:
        """Whether an entry is of a pull; it is taken then."""
        said = one.message
        if said.startswith(("Pulled image ", "stop pulling", "PullImage", "RemoveImage")):
            return self._containerd(one, place)
        crio = _CRIO.match(said)
        if crio is not None:
            self._take_crio(one, crio[1] == "Pulling", crio[2], place)
            return True
        if said.startswith(_DOCKERD_FAILED):
            self._dockerd = True
            self._seen.leave_out(FAILED, "dockerd log")
            return True
        return self._kubelet(one, line, place)

    def _source(self, name: str, one: Entry, place: str, pod: str | None = None) -> Source:
        return Source(name, place, one.clock, one.at, one.resolution, one.host, pod)

    def _kubelet(self, one: Entry, line: str, place: str) -> bool:
        said, fields = one.message, one.fields
        pod = None
        event = ""
        old = _OLD_EVENT.search(said[:2000])
        if old is not None:
            pod, event = f"{old[1]}/{old[2]}", said
        elif said.startswith("Event occurred"):
            pod, event = fields.get("object") or None, fields.get("message", "")
        elif said.startswith("Failed to pull image") and fields.get("image"):
            self._seen.leave_out(FAILED, "kubelet log", references.full(fields["image"]))
            return True
        elif said.startswith(_FREED):
            image = fields.get("imageID") or fields.get("image")
            if image:
                self._seen.facts.append(Fact("removed", image, one.host, one.clock, one.at))
            return bool(image)
        message = messages.message(event) if event else None
        if message is not None:
            self._seen.said(message, self._source("kubelet log", one, place, pod))
            return True
        waiting = _WAITING.search(line[:4000]) if "ImagePullBackOff" in line[:4000] else None
        if waiting is not None:
            self._seen.leave_out(BACKED_OFF, "kubelet log", references.full(waiting[1]))
            return True
        return False

    def _containerd(self, one: Entry, place: str) -> bool:
        said = one.message
        pulled = _PULLED.match(said)
        if pulled is not None:
            image, own, size, took = pulled.groups()
            self._seen.ids.setdefault(own, set()).add(references.full(image))
            self._end(_End(image, one, place, duration(took), int(size) or None))
            return True
        stopped = _STOPPED.match(said)
        if stopped is not None:
            if one.at is not None:
                self._read[one.host, references.full(stopped[1])].append((one.at, int(stopped[2])))
            return True
        call = _PULL_IMAGE.match(said)
        if call is not None:
            if call[2] == "failed":
                self._end(_End(call[1], one, place, None, None))
            else:
                self._returned[one.host, references.full(call[1])] += 1
            return True
        removed = _REMOVED.match(said)
        if removed is not None:
            self._seen.facts.append(Fact("removed", removed[1], one.host, one.clock, one.at))
        return removed is not None

    def _end(self, end: _End) -> None:
        self._ends[end.said.host, references.full(end.image)].append(end)

    def _take_crio(self, one: Entry, is_start: bool, image: str, place: str) -> None:
        request = one.fields.get("id")
        if request is None:
            if not is_start:
                self._seen.leave_out(UNTIMED, "CRI-O log", image)
            return
        name, start, end, where = self._crio.get((one.host, request), (None, None, None, place))
        if is_start:
            self._crio[one.host, request] = (image, one, end, where)
        else:
            self._crio[one.host, request] = (name, start, one, place)

    def finish(self) -> None:
        """Put together what stands in several lines."""
        for key, ends in self._ends.items():
            self._finish_containerd(ends, self._read[key])
            untimed = self._returned[key] - sum(end.took is not None for end in ends)
            if untimed > 0 and not any(end.took is not None for end in ends):
                self._seen.leave_out(UNTIMED, "containerd log", key[1], untimed)
        for key, returned in self._returned.items():
            if key not in self._ends:
                self._seen.leave_out(UNTIMED, "containerd log", key[1], returned)
        for image, start, end, place in self._crio.values():
            if end is None:
                continue  # it failed, or went on when the log ended
            if image is None or start is None or start.at is None or end.at is None or end.at < start.at:
                self._seen.leave_out(UNTIMED, "CRI-O log", image or "")
                continue
            self._seen.pulled(image, round(end.at - start.at, 6), self._source("CRI-O log", end, place))
        if self._dockerd:
            self._seen.notes.append(
                f"{self._origin}: dockerd logs no pull that went well; kubectl get events -A -o json tells of them"
            )

    def _finish_containerd(self, ends: list[_End], read: list[tuple[float, int]]) -> None:
        """Give each end of one image's pulls the bytes that were read nearest to it in time."""
        read_of = _nearest([end.said.at for end in ends], read)
        for end, bytes_read in zip(ends, read_of, strict=True):
            if end.took is None:
                self._seen.leave_out(FAILED, "containerd log", references.full(end.image))
            else:
                source = self._source("containerd log", end.said, end.place)
                self._seen.pulled(end.image, end.took, source, size=end.size, read=bytes_read)


def _nearest(ends: list[float | None], read: list[tuple[float, int]]) -> list[int | None]:
    """For each end the bytes of what was read at most a second from it, nearest first, each once."""
    order = sorted((at, place) for place, at in enumerate(ends) if at is not None)
    read = sorted(read)
    pairs = []
    first = 0
    for at, place in order:
        while first < len(read) and read[first][0] < at - _PAIRED:
            first += 1
        for other in range(first, min(first + _COMPARED, len(read))):
            if read[other][0] > at + _PAIRED:
                break
            pairs.append((abs(read[other][0] - at), place, other))
    found: list[int | None] = [None] * len(ends)
    taken: set[int] = set()
    for _, place, other in sorted(pairs):
        if found[place] is None and other not in taken:
            found[place] = read[other][1]
            taken.add(other)
    return found
