"""Containerd's `hosts.toml`: which mirrors nodes ask for the images of a registry.

Pinned source: containerd docs/hosts.md and core/remotes/docker/config/hosts.go at 301026e5: hosts in the file's order,
each request begins at the first, the server comes last.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.imports.documents import Document
from rolloutsim.imports.found import Found, FoundHosts
from rolloutsim.imports.shapes import mapping, part, text

ANY = "_default"  # the folder of registries without one of their own
_URL = re.compile(r"(?:https?://)?([A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9a-fA-F:.]+\](?::\d{1,5})?)(?:/\S*)?")
_HOST = re.compile(r"(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|localhost)(?:[:_]\d{1,5}_?)?|" + ANY)
_KNOWN = {"server", "host", "ca", "client", "skip_verify", "capabilities", "override_path", "header", "dial_timeout"}
_HUB = ("registry-1.docker.io", "index.docker.io")
MOST = 100  # hosts in a file (assumed: a hundred times what anybody has)


def is_hosts(content: Any) -> bool:
    """Whether data is a `hosts.toml`."""
    if not isinstance(content, Mapping) or not set(content) <= _KNOWN:
        return False
    hosts = mapping(content, "host")
    return (
        bool(hosts)
        and all(_URL.fullmatch(str(one)) for one in hosts)
        or _URL.fullmatch(text(content, "server") or "") is not None
    )


def take(one: Document, found: Found) -> None:
    """Take the mirrors of a registry in.

    Raises
    ------
    UnreadableError
        If nothing says of which registry they are.
    """
    server = _host(text(one.content, "server"))
    folder = Path(one.origin).parent.name
    label = f"{folder}/{one.title}" if _HOST.fullmatch(folder) else one.label
    of = one.name if one.is_named else folder if _HOST.fullmatch(folder) else server
    if of is None:
        raise UnreadableError(
            f"{one.place}: hosts of a registry that is not named; say which: rolloutsim import docker.io={one.origin}"
        )
    given = mapping(one.content, "host")
    if len(given) > MOST:
        raise UnreadableError(f"{one.place}: {len(given):,} hosts; at most {MOST} are read")
    mirrors, notes = [], []
    for url, table in given.items():
        name = _host(str(url))
        can = part(table, "capabilities")
        if name is None:
            raise UnreadableError(f"{one.place}: {url!r:.80} is no host; write for example https://mirror.example")
        if isinstance(can, list) and "pull" not in can:
            notes.append(f"{name} of {label} is left out: nodes do not pull from it (capabilities)")
            continue
        if isinstance(can, list) and "resolve" not in can:
            notes.append(f"{name} of {label} does not resolve tags; here it is asked for manifests as well")
        if part(table, "dial_timeout") is not None:
            notes.append(f"dial_timeout of {name} in {label} is not taken: nodes.<group>.timeouts.dial is of all")
        if name not in mirrors:
            mirrors.append(name)
    found.hosts.append(FoundHosts(label, one.place, registry(of), server, tuple(mirrors), tuple(notes)))


def _host(url: str | None) -> str | None:
    """The host in a URL, None if there is none."""
    match = _URL.fullmatch(url or "")
    return match[1] if match else None


def registry(name: str) -> str:
    """A registry's host, as images name it: `docker.io`."""
    # containerd's folders may have `host_5000_` for `host:5000`: core/remotes/docker/config/hosts.go, hostDirectory.
    match = re.fullmatch(r"(.*)_(\d{1,5})_", name)
    name = f"{match[1]}:{match[2]}" if match else name
    return "docker.io" if name in _HUB else name
