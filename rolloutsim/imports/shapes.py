"""Parts of documents, taken out with care: what is there and of the right kind, or an error that names the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from rolloutsim.errors import UnreadableError

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][+-]?[0-9]{1,3})|([numkKMGTPE]i?))?")
# kubernetes apimachinery pkg/api/resource/suffix.go: the suffixes of a quantity.
_SUFFIXES = {
    None: Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip
_LARGEST = 2**63  # more than any disk, layer or number of replicas


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


def texts(content: Any, *path: str) -> dict[str, str]:
    """The map of texts at a path; what is no text is written as YAML writes it."""
    return {
        str(key): value if isinstance(value, str) else str(value).lower()
        for key, value in mapping(content, *path).items()
    }


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
    if isinstance(found, bool) or not isinstance(found, int) or not least <= found < _LARGEST:
        where = ".".join(path)
        raise UnreadableError(f"{place}: {where} is {found!r:.60}; it must be a whole number, {least} or more")
    return found


def number(content: Any, place: str, *path: str) -> float | None:
    """The number above zero at a path, None if it is absent or null.

    Raises
    ------
    UnreadableError
        If it is something else.
    """
    found = part(content, *path)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found < _LARGEST:
        raise UnreadableError(f"{place}: {'.'.join(path)} is {found!r:.60}; it must be a number above 0")
    return float(found)


def quantity(content: Any, place: str, *path: str) -> int | None:
    """The bytes of a quantity of Kubernetes at a path, None if it is absent.

    Raises
    ------
    UnreadableError
        If it is none.
    """
    found = part(content, *path)
    if found is None:
        return None
    match = _QUANTITY.fullmatch(str(found)) if not isinstance(found, bool) and len(str(found)) < 40 else None
    try:
        value = Decimal(match[1] + (match[2] or "")) * _SUFFIXES[match[3]] if match else None
    except (InvalidOperation, KeyError):
        value = None
    if value is None or not 0 <= value < _LARGEST:
        where = ".".join(path)
        raise UnreadableError(
            f"{place}: {where} is {str(found)!r:.60}; a quantity is a number and perhaps Ki, Mi, Gi or M, G"
        )
    return int(value)
