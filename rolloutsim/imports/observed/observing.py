"""From files to what was seen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from rolloutsim.errors import UnreadableError, UsageError
from rolloutsim.imports.documents import files, of_json, of_yaml
from rolloutsim.imports.observed import events, sorting
from rolloutsim.imports.observed.pulls import Observed
from rolloutsim.imports.observed.seen import Seen

SUFFIXES = (".json", ".yaml", ".yml")
READ = "read are: kubectl get events -A -o json"
_LOOKED_AT = 20_000
_YAML = re.compile(r"^(?:apiVersion|kind|items|events): *", re.M)


def observed(given: Sequence[str]) -> Observed:
    """Read what tells of pulls, and sort out what says nothing of their speed.

    Parameters
    ----------
    given : sequence of str
        Files, folders, or `-` for the standard input.

    Returns
    -------
    Observed
        Pulls, requests and histograms.

    Raises
    ------
    UsageError
        If a file cannot be read.
    UnreadableError
        If one is nothing that is known.
    """
    seen = Seen()
    contents: list[tuple[Any, str]] = []
    for origin, name, raw in files(given, SUFFIXES):
        if name is not None:
            raise UsageError(f"{name}={origin}: a name stands before the manifest of an image; give the file alone")
        text = raw.decode("utf-8-sig", errors="replace")
        found = of_json(origin, text) if text.lstrip()[:1] in ("{", "[") else of_yaml(origin, text)
        for number, content in enumerate(found, 1):
            contents.append((content, f"{origin}, document {number}" if len(found) > 1 else origin))
    pods: dict[str, str] = {}
    for content, _ in contents:
        pods |= events.assigned(content)
    for content, place in contents:
        some = list(events.events(content))
        if not some:
            raise UnreadableError(f"{place}: nothing that tells of pulls; {READ}")
        for one in some:
            events.event(one, place, seen, pods)
    kept = sorting.pulls(seen)
    return Observed(kept, [], seen.left_out, seen.notes, dict(seen.histograms))
