"""Parts of documents, taken out with care: what is there and of the right kind, or an error that names the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.errors import UnreadableError

LARGEST = 2**63  # more than any disk, layer or number of replicas


def part(content: Any, *path: str) -> Any:
    """What stands at a path of keys, None if nothing does or a part of the way is no map."""
    for step in path:
        if not isinstance(content, Mapping):
            return None
        content = content.get(step)
    return content


def mapping(content: Any, *path: str) -> Mapping[str, Any]:
    """The map at a path; an empty one for what is absent or null."""
    found = part(content, *path)
    return found if isinstance(found, Mapping) else {}


def maps(content: Any, *path: str) -> Iterator[Mapping[str, Any]]:
    """The maps of a list at a path."""
    found = part(content, *path)
    return (one for one in found if isinstance(one, Mapping)) if isinstance(found, list) else iter(())


def text(content: Any, *path: str) -> str | None:
    """The text at a path, None if there is none or it is empty."""
    found = part(content, *path)
    return found if isinstance(found, str) and found else None


def whole(content: Any, place: str, *path: str, least: int = 0) -> int | None:
    """The whole number at a path, None if it is absent or null.

    Raises
    ------
    UnreadableError
        If it is something else, or less than `least`.
    """
    found = part(content, *path)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found < LARGEST:
        where = ".".join(path)
        raise UnreadableError(f"{place}: {where} is {found!r:.60}; it must be a whole number, {least} or more")
    return found
