"""From files to what was seen: which file is what, told by its content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from rolloutsim.errors import UnreadableError, UsageError, shortened
from rolloutsim.imports.documents import files, of_json, of_yaml
from rolloutsim.imports.observed import events, lines, registry, sorting
from rolloutsim.imports.observed.journal import Journal
from rolloutsim.imports.observed.metrics import Metrics
from rolloutsim.imports.observed.pulls import Observed, ObservedPull
from rolloutsim.imports.observed.seen import CUT_LINE, LONG_LINE, Seen
from rolloutsim.imports.observed.tables import Tables
from rolloutsim.imports.shapes import maps, part, text
from rolloutsim.manifests import layers as told_by

SUFFIXES = (".json", ".jsonl", ".yaml", ".yml", ".log", ".txt", ".prom")
READ = (
    "read are: events of pulls (kubectl get events -A -o json, kubectl describe pods), logs of kubelets, containerd "
    "and CRI-O (journalctl -u kubelet -u containerd -o json), their metrics, and logs and notifications of registries"
)
_LONGEST = 1_000_000  # characters of a line (assumed: a log's lines have some kB)
_LOOKED_AT = 20_000  # characters in which a file shows what it is (assumed: some hundred lines)
_LOOKED_AT_LINES = 200  # lines in which a log shows that it is one (assumed)
_YAML = re.compile(r"^(?:apiVersion|kind|items|rolloutsim|services|- apiVersion):(?: |\r?$)", re.M)
_JSON = re.compile(r"\s*(?:\{|\[\s*[\[{\"\]])")
_GZIP = b"\x1f\x8b"


def observed(given: Sequence[str]) -> Observed:
    """Read what tells of pulls, and sort out what says nothing of their speed.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-` for the standard input.

    Returns
    -------
    Observed
        Pulls and requests, the earliest first, histograms, and how many of what is left out, why.

    Raises
    ------
    UsageError
        If a file cannot be read.
    UnreadableError
        If one is nothing that is known.
    """
    seen = Seen()
    digests: dict[str, str] = {}
    contents: list[tuple[Any, str]] = []
    for origin, name, raw in files(given, SUFFIXES):
        if name is not None:
            raise UsageError(f"{name}={origin}: names stand before manifests of images; give the file alone")
        digest = hashlib.sha256(raw).hexdigest()
        if digest in digests:
            seen.notes.append(f"{origin} is the same as {digests[digest]}, and counted once")
            continue
        digests[digest] = origin
        contents.extend(_read(origin, raw, seen))
    pods: dict[str, str] = {}
    for content, _ in contents:
        pods |= events.assigned(content)
    for content, place in contents:
        for one in events.events(content):
            events.event(one, place, seen, pods)
    kept = sorting.pulls(seen)
    requests = registry.requests(seen)
    return Observed(
        kept,
        requests,
        seen.left_out,
        [shortened(one) for one in (*seen.notes, *_notes(kept, seen))],
        dict(seen.histograms),
    )


def _read(origin: str, raw: bytes, seen: Seen) -> Iterator[tuple[Any, str]]:
    """Take a file; what has events of Kubernetes is given back, since some tell of others."""
    if raw[:2] == _GZIP:
        raise UnreadableError(
            f"{origin}: compressed with gzip; unpack it: zcat FILE | rolloutsim calibrate SCENARIO --events -"
        )
    whole = raw.decode("utf-8-sig", errors="replace")
    if not whole.strip():
        raise UnreadableError(f"{origin}: empty; nothing is read from it")
    is_json = bool(_JSON.match(whole))
    if (is_json and not _is_lines(whole)) or (not is_json and _YAML.search(whole, 0, _LOOKED_AT)):
        found = of_json(origin, whole) if is_json else of_yaml(origin, whole)
        found = [one for one in found if one is not None]
        journal = Journal(seen, origin)
        for number, content in enumerate(found, 1):
            place = f"{origin}, document {number}" if len(found) > 1 else origin
            for one in content if isinstance(content, list) else [content]:
                if not _take(one, place, origin, seen, journal):
                    raise UnreadableError(f"{place}: {_unknown(content, origin)}")
                yield one, place
        journal.finish()
        return
    yield from _lines(origin, whole, seen)


def _is_lines(whole: str) -> bool:
    """Whether there are several lines, and the first is JSON of its own; a registry logs text among them."""
    first, _, rest = whole.lstrip()[:_LONGEST].partition("\n")
    return bool(rest.strip()) and first.rstrip().endswith("}") and lines.content(first) is not None


def _lines(origin: str, whole: str, seen: Seen) -> Iterator[tuple[Any, str]]:
    """Take a file of lines, which may be of several programs."""
    journal, tables, metrics = Journal(seen, origin), Tables(seen, origin), Metrics(seen, origin)
    is_known = False
    for number, line in enumerate(whole.split("\n"), 1):
        if len(line) > _LONGEST:
            seen.leave_out(LONG_LINE)
            continue
        place = f"{origin}:{number}"
        if line.startswith("{"):
            content = lines.content(line)
            if content is None:
                seen.leave_out(CUT_LINE)
            elif _take(content, place, origin, seen, journal):
                is_known = True
                if any(True for _ in events.events(content)):
                    yield content, place
        elif tables.take(line, place) or registry.access(line, place, seen) or metrics.take(line, place):
            is_known = True
        elif journal.may_tell(line) or "response completed" in line or (number <= _LOOKED_AT_LINES and not is_known):
            entry = lines.entry(line, origin)
            if entry is not None:
                is_known = True
                if not (registry.completed(entry, place, seen) or journal.take(entry, line, place)):
                    seen.others["lines"] += 1
    journal.finish()
    tables.finish()
    if not (metrics.finish() or is_known):
        raise UnreadableError(f"{origin}: nothing that tells of pulls; {READ}")


def _take(content: Any, place: str, origin: str, seen: Seen, journal: Journal) -> bool:
    """Whether data are of what is read; all but events are taken then."""
    if any(True for _ in events.events(content)):
        return True
    if _is_empty_list(content):
        return True
    if registry.is_notification(content):
        registry.notifications(content, place, seen)
        return True
    entry = lines.of_json(content, origin)
    if entry is None:
        return False
    if not (registry.completed(entry, place, seen) or journal.take(entry, entry.message, place)):
        seen.others["lines"] += 1
    return True


def _is_empty_list(content: Any) -> bool:
    """Whether it is a list in which kubectl found nothing."""
    return text(content, "kind") in ("List", "EventList") and part(content, "items") == []


def _notes(kept: Sequence[ObservedPull], seen: Seen) -> Iterator[str]:
    """What to know of the pulls that are kept."""
    told = [one for one in kept if one.source not in ("containerd log", "CRI-O log")]
    old = sum(one.waited is None for one in told)
    if old:
        yield (
            f"{old} of {len(kept)} pulls are told by kubelets before 1.26, whose durations include waiting for other "
            "pulls of the node"
        )
    sizeless = sum(one.size is None for one in kept)
    if sizeless:
        yield f"{sizeless} of {len(kept)} pulls are told without the image's size (kubelet before 1.30, or CRI-O's log)"
    if len(kept) > sizeless:
        yield (
            "sizes are as the runtime counts them, which events do not say: compressed with containerd, unpacked with "
            "dockerd and CRI-O"
        )
    nodeless = sum(one.node is None for one in kept)
    if nodeless:
        yield (
            f"{nodeless} of {len(kept)} pulls are told without their node: re-checks among them are told only by the "
            "bytes that were read, or the same pod's pull before"
        )
    if seen.others:
        yield "of other things: " + ", ".join(f"{what} ({count:,})" for what, count in sorted(seen.others.items()))


def _unknown(content: Any, origin: str) -> str:
    """What data are that tell of no pulls, and what to do with them."""
    make = f"make a scenario of it: rolloutsim import {origin}"
    kinds = sorted({kind for one in (content, *maps(content, "items")) if (kind := text(one, "kind"))} - {"List"})
    if part(content, "rolloutsim") is not None:
        return f"a scenario, which stands first: rolloutsim calibrate {origin} --events FILE"
    if told_by.shape(content) is not None:
        return f"a manifest of an image, which tells of no pull; {make}"
    if kinds:
        return f"{', '.join(kinds[:5])}, which {'tell' if len(kinds) > 1 else 'tells'} of no pull; {make}"
    return f"nothing that tells of pulls; {READ}"
