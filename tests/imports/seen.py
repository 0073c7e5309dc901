"""Pulls and requests to be written and read back, and what they become."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import floor
from pathlib import Path

from rolloutsim.imports.observed import Observed, ObservedPull, ObservedRequest, observed
from tests.imports import writers

NOON = 1795780800.0  # 2026-11-27T12:00:00Z
BLOB = "/v2/team/app/blobs/sha256:" + "ab" * 32
RECHECK = {"image checked again, nothing fetched": 1}


def pull(image: str = "app:1", took: float = 20.0, at: float = NOON, **more: object) -> ObservedPull:
    fields: dict[str, object] = {
        "image": image, "node": "n1", "pod": "default/p", "began": at - took, "ended": at, "resolution": 1.0,
        "duration": took, "waited": 0.0, "size": 100_000_000, "read": None, "source": "kubelet event", "place": "x",
    }  # fmt: skip
    return ObservedPull(**{**fields, **more})


def as_told(one: ObservedPull) -> ObservedPull:
    """A pull whose start is told by `Pulling`, in whole seconds, before it waited."""
    assert one.began is not None
    waited = one.waited or 0.0
    return replace(one, began=floor(round(one.began - waited, 6)) + waited)


def request(at: float = NOON, **more: object) -> ObservedRequest:
    fields: dict[str, object] = {
        "ended": at, "duration": 0.5, "client": "10.0.0.7", "method": "GET", "path": BLOB, "status": 200,
        "sent": 1503125, "place": "x",
    }  # fmt: skip
    return ObservedRequest(**{**fields, **more})


def without_place(found: Iterable[object]) -> list[dict[str, object]]:
    return [{key: getattr(one, key) for key in one.__slots__ if key != "place"} for one in found]


def of(folder: Path, *texts: str) -> Observed:
    given = []
    for number, text in enumerate(texts):
        path = folder / f"{number}.txt"
        path.write_text(text, encoding="utf-8")
        given.append(str(path))
    return observed(given)


def of_events(folder: Path, *items: dict[str, object]) -> Observed:
    return of(folder, writers.kubectl_list(items))


def fetched(took: float, read: int, at: float = NOON, **more: object) -> ObservedPull:
    return pull(took=took, at=at, read=read, source="containerd log", resolution=1e-6, pod=None, waited=None, **more)


_PULLED = 'Successfully pulled image "a:1" in 5.5s (6s including waiting). Image size: 77 bytes.'
_PRESENT = 'Container image "b:1" already present on machine'
_WIDE = "spec.containers{c}  kubelet, n3   "
LISTS = {
    "kubectl get events": f"""\
LAST SEEN   TYPE      REASON      OBJECT             MESSAGE
59m         Normal    Scheduled   pod/web-1          Successfully assigned default/web-1 to n3
58m         Normal    Pulled      pod/web-1          {_PULLED}
57m         Normal    Pulled      pod/web-1          Container image "b:1" already present on machine
56m         Normal    Created     replicaset/web     Created pod: web-1
""",
    "kubectl get events -A -o wide": f"""\
NAMESPACE   LAST SEEN   TYPE     REASON   OBJECT      SUBOBJECT   SOURCE   MESSAGE   FIRST SEEN   COUNT   NAME
default     58m         Normal    Pulled    pod/web-1   {_WIDE}{_PULLED}    58m          1       web-1.17
default     57m         Normal    Pulled    pod/web-1   {_WIDE}{_PRESENT}     58m          1       web-1.18
""",
    "kubectl events -A": f"""\
NAMESPACE   LAST SEEN              TYPE     REASON      OBJECT      MESSAGE
default     59m                    Normal   Scheduled   Pod/web-1   Successfully assigned default/web-1 to n3
default     58m                    Normal   Pulled      Pod/web-1   {_PULLED}
default     3m (x1 over 57m)       Normal   Pulled      Pod/web-1   Container image "b:1" already present on machine
""",
}  # fmt: skip
