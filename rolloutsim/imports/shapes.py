"""Parts of documents of Kubernetes: what `manifests.shapes` takes out of any document, texts and quantities."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.manifests.shapes import LARGEST, mapping, maps, part, text, whole

__all__ = ["mapping", "maps", "part", "quantity", "text", "texts", "whole"]

_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:([eE][+-]?[0-9]{1,3})|([numkKMGTPE]i?))?")
# kubernetes apimachinery pkg/api/resource/suffix.go: the suffixes of a quantity.
_SUFFIXES = {
    None: Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "k": Decimal(10**3),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip


def texts(content: Any, *path: str) -> dict[str, str]:
    """The map of texts at a path; what is no text is written as YAML writes it."""
    return {
        str(key): value if isinstance(value, str) else str(value).lower()
        for key, value in mapping(content, *path).items()
    }


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
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found < LARGEST:
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
    if value is None or not 0 <= value < LARGEST:
        where = ".".join(path)
        raise UnreadableError(
            f"{place}: {where} is {str(found)!r:.60}; a quantity is a number and perhaps Ki, Mi, Gi or M, G"
        )
    return int(value)
