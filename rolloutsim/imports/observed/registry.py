"""What registries log of requests: access logs, "response completed", and notifications."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from rolloutsim.imports.observed import times
from rolloutsim.imports.observed.lines import Entry
from rolloutsim.imports.observed.pulls import ObservedRequest
from rolloutsim.imports.observed.seen import TWICE, Seen
from rolloutsim.imports.observed.sorting import place_key
from rolloutsim.imports.shapes import maps, part, text

REDIRECTED = "request that was redirected: its bytes came from elsewhere"
HEAD = "request for the head only"
RANGE = "request for a part of a blob"
NO_BLOB = "request of a manifest, token or tag"
PUSH = "request that pushes or deletes"
REFUSED = "request that was refused or failed"
CUT = "request that ended before its blob did"

ACCESS = "access log"
COMPLETED = "registry log"
NOTIFIED = "notification"
REPEATED = "registry log again"  # in logs that overlap, each with lines of an access log

# Apache's Combined Log Format, as distribution and nginx write it; what stands behind the bytes is not looked at.
_ACCESS = re.compile(
    r'(\S{1,255}) \S{1,255} \S{1,255} \[([^\]]{1,40})\] "([A-Z]{1,20}) (\S{1,4000}) HTTP/[0-9.]{1,5}" ([0-9]{3}) '
    r"([0-9]{1,18}|-)(?:\s.*)?"
)
_BLOB = re.compile(r"/v2/[^?#]{1,1000}/blobs/([a-z0-9+._-]{1,20}:[0-9A-Fa-f]{32,128})(?:\?.*)?")
_MANIFEST = re.compile(r"vnd\.(?:oci|docker)\.[a-z.]{0,40}(?:manifest|index)")
_TOGETHER = 1.5  # [s] between two tellings of one request (assumed: one of them in whole seconds)
_COMPARED = 200  # of them in such a time (assumed: bounds the time for hostile input)


def access(line: str, place: str, seen: Seen) -> bool:
    """Whether a line is of an access log; it is taken then."""
    match = _ACCESS.match(line.lstrip()) if '" ' in line else None
    if match is None:
        return False
    client, told, method, path, status, sent = match.groups()
    request = ObservedRequest(
        ended=times.of_access_log(told),
        duration=None,
        client=_client(client),
        method=method,
        path=path,
        status=int(status),
        sent=int(sent) if sent != "-" else 0,
        place=place,
    )
    seen.requests.append((ACCESS, request))
    return True


def completed(one: Entry, place: str, seen: Seen) -> bool:
    """Whether an entry of a registry's log is of a request that it answered; it is taken then."""
    fields = one.fields
    method, path = fields.get("http.request.method"), fields.get("http.request.uri")
    if not one.message.startswith("response completed") or not method or not path:
        return False
    status, sent = fields.get("http.response.status", ""), fields.get("http.response.written", "")
    is_whole = one.message == "response completed"
    request = ObservedRequest(
        ended=one.at if not one.clock else None,
        duration=times.duration(fields.get("http.response.duration", "")),
        client=_client(fields.get("http.request.remoteaddr", "")),
        method=method,
        path=path[:4000],
        status=int(status) if is_whole and status.isdigit() and len(status) == 3 else 0,
        sent=int(sent) if sent.isdigit() and len(sent) < 19 else 0,
        place=place,
    )
    own = [fields.get(key) for key in ("time", "http.request.id", "http.request.remoteaddr", "http.response.duration")]
    is_new = one.resolution >= 1.0 or seen.is_new(f"request {own} {method} {path}")
    seen.requests.append((COMPLETED if is_new else REPEATED, request))
    return True


def is_notification(content: Any) -> bool:
    """Whether data are a registry's notifications, or one of them."""
    if part(content, "target") is not None:
        return text(content, "action") is not None
    return any(text(one, "action") and part(one, "target") is not None for one in maps(content, "events"))


def notifications(content: Any, place: str, seen: Seen) -> None:
    """Take the events of an envelope of notifications; sizes there are the blob's, whatever was sent of it."""
    for one in [content] if part(content, "target") is not None else maps(content, "events"):
        own = text(one, "id")
        if own and not seen.is_new(f"notification {own}"):
            continue
        stamp = times.stamp(part(one, "timestamp"))
        size = part(one, "target", "size")
        action, method = text(one, "action"), text(one, "request", "method") or "GET"
        request = ObservedRequest(
            ended=stamp[0] if stamp else None,
            duration=None,
            client=_client(text(one, "request", "addr") or ""),
            method=method if action == "pull" or method not in ("GET", "HEAD") else "PUT",
            path=_path(one),
            status=200,
            sent=size if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**63 else 0,
            place=place,
        )
        seen.requests.append((NOTIFIED, request))


def _path(one: Mapping[str, Any]) -> str:
    """The path of what a notification is of, from its address or its parts."""
    try:
        path = urlsplit(text(one, "target", "url") or "").path
    except ValueError:
        path = ""
    if path:
        return path[:4000]
    repository, digest = text(one, "target", "repository") or "", text(one, "target", "digest") or ""
    kind = "manifests" if _MANIFEST.search((text(one, "target", "mediaType") or "")[:200]) else "blobs"
    return f"/v2/{repository}/{kind}/{digest}"[:4000]


def _client(address: str) -> str:
    """An address without its port."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdigit() and (":" not in host or host.startswith("[")):
        address = host
    return address.strip("[]")[:255]


def requests(seen: Seen) -> list[ObservedRequest]:
    """The requests of blobs that were answered in full, the earliest first; the others are counted."""
    kept = []
    largest: dict[str, int] = {}
    for source, one in _once(seen):
        blob = _BLOB.fullmatch(one.path)
        reason = _reason(one, blob is not None)
        if reason is not None or blob is None:
            seen.leave_out(reason or NO_BLOB)
            continue
        largest[blob[1]] = max(largest.get(blob[1], 0), one.sent)
        kept.append((source, one, blob[1]))
    whole = []
    for _, one, digest in kept:
        if one.sent < largest[digest]:
            seen.leave_out(CUT)
        else:
            whole.append(one)
    notified = sum(source == NOTIFIED for source, _, _ in kept)
    if notified:
        seen.notes.append(
            f"{notified} {'request is' if notified == 1 else 'requests are'} told by notifications, which have no "
            "duration and tell a blob's size even where less was sent, or where it was redirected"
        )
    return sorted(whole, key=lambda one: (one.ended is None, one.ended or 0.0, *place_key(one.place)))


def _reason(one: ObservedRequest, is_blob: bool) -> str | None:
    """Why a request says nothing of how fast blobs are sent, None if it does."""
    if one.method not in ("GET", "HEAD"):
        return PUSH
    if not is_blob:
        return NO_BLOB
    if one.status in (301, 302, 303, 307, 308):
        return REDIRECTED
    if one.method == "HEAD":
        return HEAD
    if one.status == 206:
        return RANGE
    return None if one.status == 200 else REFUSED


def _once(seen: Seen) -> list[tuple[str, ObservedRequest]]:
    """The requests, without what an access log or a notification tells again of one that was told better."""
    known: dict[tuple[str, str], list[tuple[float, int]]] = defaultdict(list)  # when it was answered, and which
    gone: set[int] = set()
    for source in (COMPLETED, REPEATED, ACCESS, NOTIFIED):  # the best first
        taken: set[int] = set()
        mine = [
            (place, one, known[one.method, one.path.partition("?")[0]])
            for place, (told, one) in enumerate(seen.requests)
            if told == source
        ]
        for place, one, like in mine:
            same = _same(one, source, like, seen, taken) if source in (ACCESS, NOTIFIED) else None
            if same is not None:
                taken.add(same)
                gone.add(place)
                seen.leave_out(TWICE)
        for place, one, like in mine:
            if one.ended is not None and place not in gone:
                like.append((one.ended, place))
        for like in known.values():
            like.sort()
    return [one for place, one in enumerate(seen.requests) if place not in gone and one[0] != REPEATED]


def _same(one: ObservedRequest, source: str, like: list[tuple[float, int]], seen: Seen, taken: set[int]) -> int | None:
    """Which of the requests that others told this one is."""
    if one.ended is None:
        return None
    first = bisect_left(like, (one.ended - _TOGETHER, 0))
    for ended, other in like[first : first + _COMPARED]:
        if ended > one.ended + _TOGETHER:
            break
        that = seen.requests[other][1]
        is_same = source == NOTIFIED or (that.sent == one.sent and that.status in (one.status, 0))
        if is_same and other not in taken:
            return other
    return None
