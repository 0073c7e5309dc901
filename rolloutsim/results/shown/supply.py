"""Where the bytes came from: as a table, and what is worth a warning in words.

Servers of one key, one in each rack or site, stand together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rolloutsim.results.load.supply import FamilySummary, SupplySummary, families
from rolloutsim.results.numerals import listed, show_count, show_size, show_time, three_digits, whole_share
from rolloutsim.results.shown.tabular import COUNT, SHARE, SIZE, TEXT, Column, Kind, Table

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.load.peers import Uploads
    from rolloutsim.results.load.supply import CacheSummary
    from rolloutsim.results.metrics import CaseSummary, RunSummary

TITLE = "Where the bytes came from"

_HERDS = 1.5  # copies of a layer from which on a cache is told to do less than it could (assumed)
_CLEARLY = 1.01  # the most of a layer is told where it is so many times the mean (assumed)
_IN_VAIN = 0.1  # of all look-ups, a smaller share in vain is not worth a word (assumed)
_NEARLY_ALL = 0.9  # (assumed)
_HOT = 0.5  # of all that peers handed over, the share of one that is a hot spot (assumed)
_FEW = 8  # look-ups; of fewer one node serves most by chance (assumed)
_TOO_LATE = ("dial_timeout", "tls_timeout", "header_timeout")
_MISSING = "404"
_MOST_IMAGES = 3  # that are named before the others are only counted (assumed)
MOST_NODES = 40  # that served others; of more the busiest are shown (assumed: a page)
COPIES = Kind(lambda copies: f"{three_digits(copies)}×")

# Of rows of a case, its sources and one of them: what only caches, and only peers have.
_FROM_UPSTREAM = Column("from upstream", SIZE, lambda row: row[2].upstream_bytes)
_OF_CACHES = (
    Column("of it held", SIZE, lambda row: row[2].held_bytes),
    Column("hit ratio", SHARE, lambda row: row[2].hit_ratio),
    _FROM_UPSTREAM,
    Column("copies of a layer", COPIES, lambda row: getattr(row[2].upstream_copies, "mean", None)),
)
_OF_PEERS = (
    Column("serving nodes", COUNT, lambda row: getattr(row[2].uploads, "serving_nodes", None)),
    Column("most of one", SIZE, lambda row: getattr(row[2].uploads, "most_served_bytes", None)),
    Column("look-ups", COUNT, lambda row: getattr(row[2].uploads, "look_ups", None)),
    Column("in vain", COUNT, lambda row: getattr(row[2].uploads, "found_nobody", None)),
)


def supply_rows(summary: RunSummary) -> Table | None:
    """A row for each server, or each key of several, and for peers; None: nodes ask nobody but registries.

    Parameters
    ----------
    summary : RunSummary
        The run's figures.
    """
    rows = [
        (case, supply, one)
        for case in summary.cases.values()
        if (supply := case.supply) is not None
        for one in families(supply)
        if one.requests or one.sent_bytes or one.bytes
    ]
    if not rows:
        return None
    of_caches = any(one.caches for _, _, one in rows)
    of_swarms = any(one.seeding is not None for _, _, one in rows)
    columns = (
        *((Column("case", TEXT, lambda row: row[0].case),) if len(summary.cases) > 1 else ()),
        Column("source", TEXT, lambda row: row[2].words),
        Column("to nodes", SIZE, lambda row: row[2].bytes),
        Column("share", SHARE, _share),
        *(_OF_CACHES if of_caches else ()),
        *((_FROM_UPSTREAM,) if of_swarms and not of_caches else ()),
        Column("sent in all", SIZE, lambda row: row[2].sent_bytes),
        *(_OF_PEERS if any(one.uploads is not None for _, _, one in rows) else ()),
    )
    return Table(columns, rows)


def uploads_rows(case: CaseRecords) -> tuple[Table, str] | None:
    """The nodes that served others, those that served most first, and a caption; None: none did.

    Parameters
    ----------
    case : CaseRecords
        The case.
    """
    uploads = case.supply.uploads
    served = np.bincount(uploads.node, uploads.bytes, len(case.node_names))
    layers = np.bincount(uploads.node, minlength=len(case.node_names))
    order = np.argsort(-served, kind="stable")
    rows = [row for row in order[:MOST_NODES].tolist() if served[row] > 0.0]
    if not rows:
        return None
    columns = (
        Column("node", TEXT, lambda row: case.node_names[row]),
        Column("layers", COUNT, lambda row: int(layers[row])),
        Column("sent to others", SIZE, lambda row: float(served[row])),
        Column("share", SHARE, lambda row: float(served[row] / served.sum())),
    )
    number = int(np.count_nonzero(served))
    of = "" if number == len(rows) else f", {len(rows)} of {number}"
    return Table(columns, rows), f"Nodes that served others, the busiest first{of}"


def _share(row: tuple[CaseSummary, SupplySummary, FamilySummary]) -> float | None:
    total = sum(row[1].bytes_by_source.values())
    return row[2].bytes / total if total else None


def about_sources(supply: SupplySummary) -> Iterator[str]:
    """What those who hand over layers did that one would not expect of them, a sentence each."""
    for one in families(supply):
        yield from _herds(one)
        yield from _silent(supply, one) if one.seeding is None else _stored_first(one)
        yield from _lacks(one)
        if one.uploads is not None:
            yield from _found_nobody(one, one.uploads)
            yield from _hot_spot(one, one.uploads)


def _herds(one: FamilySummary) -> Iterator[str]:
    """A cache that lets more copies of a layer come than one."""
    copies = one.upstream_copies
    if copies is None or copies.mean <= _HERDS or one.upstream_bytes is None:
        return
    # Of the layers that came, one copy each.
    least = sum(cache.distinct_bytes for cache in one.caches)
    upstreams = listed(list(dict.fromkeys(cache.upstream for cache in one.caches))[:_MOST_IMAGES])
    who = one.called if one.servers == 1 else f"each {one.called}"
    most = f", at most {three_digits(copies.max)} times" if copies.max > copies.mean * _CLEARLY else ""
    yield (
        f"{who} fetched each layer {three_digits(copies.mean)} times on average{most}, "
        f"since {_why(one.caches)}: {show_size(one.upstream_bytes)} from {upstreams}, where one copy of "
        f"each layer{'' if one.servers == 1 else ' for each of them'} is {show_size(least)}."
    )


def _why(caches: Sequence[CacheSummary]) -> str:
    """Why caches of one key do so, by what they do with a request for a layer that is coming, and by their limits."""
    first, limits = caches[0], dict[str, float]()
    for cache in reversed(caches):
        limits |= cache.comes_again
    its, several = ("its", "") if len(caches) == 1 else ("their", "s")
    found = []
    if first.coalesce == "none" and (not limits or "together" in limits):
        found.append(f"{first.profile} does not coalesce requests")
    elif first.coalesce == "lock" and not limits:
        found.append(f"with {first.profile} those who wait for a layer fetch it themselves in the end")
    if "own_copies" in limits:
        found.append(f"{first.profile} fetches a copy of its own beside what it passes on")
    if "disk_bytes" in limits:
        holds = "does" if len(caches) == 1 else "do"
        found.append(f"{its} disk{several} of {show_size(limits['disk_bytes'])} {holds} not hold all of it")
    if "ttl_s" in limits:
        found.append(f"layers are dropped after {show_time(limits['ttl_s'])} (ttl)")
    if "replicas" in limits:
        found.append(
            f"{its} {show_count(limits['replicas'])} replicas{' each' if several else ''} have their own stores"
        )
    if "repositories" in limits:
        found.append(f"{first.profile} stores each of {show_count(limits['repositories'])} repositories for itself")
    if "lost_bytes" in limits:
        found.append("fetches were lost before they were complete")
    return listed(found)


def _found_nobody(one: FamilySummary, uploads: Uploads) -> Iterator[str]:
    """Peers among whom nobody has what is looked for."""
    if not uploads.look_ups or uploads.found_nobody < _IN_VAIN * uploads.look_ups:
        return
    text = f"{show_count(uploads.found_nobody)} of {show_count(uploads.look_ups)} look-ups of {one.called} found nobody"
    if uploads.too_early >= _NEARLY_ALL * uploads.elsewhere > 0:
        text += ": nodes ask before anybody has the layer"
    yield f"{text}."


def _hot_spot(one: FamilySummary, uploads: Uploads) -> Iterator[str]:
    """A node that serves most of what all of them serve."""
    share = uploads.most_served_bytes / one.bytes if one.bytes else 0.0
    if share >= _HOT and uploads.most_serving_node is not None and uploads.look_ups >= _FEW:
        yield (
            f"{uploads.most_serving_node} served {whole_share(share)} of what {one.called} handed over "
            f"(finds: {uploads.finds})."
        )


def _silent(supply: SupplySummary, one: FamilySummary) -> Iterator[str]:
    """Hosts that do not even answer, each request to which takes its time."""
    silent = [
        server
        for server in supply.servers
        if (server.kind, server.called) == (one.kind, one.called)
        and server.lost_s > 0.0
        and any(server.refused.get(status) for status in _TOO_LATE)
    ]
    if not silent:
        return
    number = sum(server.refused.get(status, 0) for server in silent for status in _TOO_LATE)
    lost = sum(server.lost_s for server in silent)
    who = silent[0].server if len(silent) == 1 else f"{len(silent)} of {one.servers} {one.called}"
    does = "does" if len(silent) == 1 else "do"
    yield (
        f"{who} {does} not answer {show_count(number)} {'request' if number == 1 else 'requests'} in time: each costs "
        f"{show_time(lost / number)} before the next host is asked, one request of a pull after another; "
        f"{show_time(lost)} over all pulls."
    )


def _stored_first(one: FamilySummary) -> Iterator[str]:
    """A swarm that hands layers over when they are whole, for which runtimes do not wait so long."""
    number = sum(one.refused.get(status, 0) for status in _TOO_LATE)
    if number:
        yield (
            f"{one.called} does not have the whole layer in time for {show_count(number)} "
            f"{'request' if number == 1 else 'requests'}: it hands a layer over when all of it is there "
            "(serve: store_and_forward), and a runtime that has no header of an answer until then asks the next host "
            "for all of it."
        )


def about_copies(supply: SupplySummary) -> Iterator[str]:
    """When images were on the mirrors that they are copied to, a sentence for each image and key."""
    for one in families(supply):
        images = dict.fromkeys(image.image for mirror in one.copied for image in mirror.images)
        for name in images:
            yield f"{one.called}: {_copied(name, one)}."


def _copied(name: str, one: FamilySummary) -> str:
    """Of one image."""
    copies = [image for mirror in one.copied for image in mirror.images if image.image == name]
    times = sorted(image.complete_s for image in copies if image.complete_s is not None)
    given_up = sum(image.given_up for image in copies)
    failures = sum(image.failures for image in copies)
    size = sum(image.bytes for image in copies)
    all_of, several = len(times) == len(copies), len(copies) > 1
    if all_of and several:
        text = f"{name} is on all {show_count(len(copies))} mirrors after {show_time(times[-1])}"
        text += f"; the first after {show_time(times[0])}"
    elif all_of:
        text = f"{name} is there after {show_time(times[0])}"
    elif several:
        on = f"on {show_count(len(times))} of {show_count(len(copies))} mirrors"
        text = f"{name} is {on} when the rollout ends"
        text += f", on the first after {show_time(times[0])}" if times else ""
    else:
        text = f"{name} is not there when the rollout ends"
    if not all_of and not any(image.began_s is not None for image in copies):
        text += "; nothing began to copy it"
    text += f"; {show_size(size)} copied" if size else ""
    text += f"; {show_count(failures)} failed {'try' if failures == 1 else 'tries'}" if failures else ""
    if given_up:
        text += f", given up for {show_count(given_up)} of them" if several else ", and given up"
    return text


def _lacks(one: FamilySummary) -> Iterator[str]:
    """Mirrors without all of what they are asked for."""
    missed = one.refused.get(_MISSING, 0)
    if not missed or one.kind != "mirror":
        return
    if one.copied and not one.lacks:
        yield (
            f"{show_count(missed)} {'request' if missed == 1 else 'requests'} to {one.words} came before the image was "
            f"there: answered with 404, {'it goes' if missed == 1 else 'they go'} to the next host."
        )
        return
    more = f" and {len(one.lacks) - _MOST_IMAGES} more images" if len(one.lacks) > _MOST_IMAGES else ""
    images = f"{', '.join(one.lacks[:_MOST_IMAGES])}{more}" if more else listed(one.lacks)
    does = "does" if one.servers == 1 else "do"
    yield (
        f"{one.words} {does} not have all of {images or 'what it is asked for'}: {show_count(missed)} "
        f"{'request is' if missed == 1 else 'requests are'} answered with 404, and {'goes' if missed == 1 else 'go'} "
        "to the next host."
    )
