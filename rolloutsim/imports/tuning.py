"""What configurations of a runtime set: keys of a node group with where they are from, and what has no key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from typing import Any

from rolloutsim.errors import UnreadableError
from rolloutsim.manifests.shapes import part, whole
from rolloutsim.structs import struct

UNLIMITED = 1000  # the most of parallel_layers and parallel_unpacks, for what has no limit
# Go's time.ParseDuration: its units [s].
_UNITS = {
    "h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("1e-3"), "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"), "ns": Decimal("1e-9"),
}  # fmt: skip
_STEP = r"([0-9]{1,12}(?:\.[0-9]{0,9})?)(h|ms|m|us|µs|ns|s)"


@struct
class Tuned:
    """What is set, and what to know.

    Parameters
    ----------
    settings : dict
        Key of a node group → value, and what to remark of it.
    notes : list of str
        What has no key, or no effect.
    """

    settings: dict[str, tuple[Any, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def flag(table: Mapping[str, Any], place: str, key: str) -> bool:
    """Whether a key of a table is set; it need not be there.

    Raises
    ------
    UnreadableError
        If it is neither true nor false.
    """
    found = part(table, key)
    if found is None or isinstance(found, bool):
        return found is True
    raise UnreadableError(f"{place}: {key} is {found!r:.60}; allowed: true or false")


def limit_or(table: Mapping[str, Any], place: str, key: str, default: int) -> tuple[int, str]:
    """A limit of a table as in `limit`, or what holds where it is not set."""
    return limit(table, place, key) or (default, f"{key} is not set")


def limit(table: Mapping[str, Any], place: str, key: str) -> tuple[int, str] | None:
    """A limit of a table, of which 0 and less are none: the number that stands for it, and a remark; None: not set."""
    found = whole(table, place, key, least=-(2**31))
    if found is None:
        return None
    if found <= 0:
        return UNLIMITED, f"{key} {found}, no limit; {UNLIMITED} is the most here"
    return min(found, UNLIMITED), key if found <= UNLIMITED else f"{key} {found}; {UNLIMITED} is the most here"


def seconds(text: Any, place: str, key: str) -> Decimal:
    """A duration of Go [s].

    Raises
    ------
    UnreadableError
        If it is none.
    """
    if isinstance(text, str) and (text == "0" or re.fullmatch(f"(?:{_STEP})+", text)):
        return sum((Decimal(number) * _UNITS[unit] for number, unit in re.findall(_STEP, text)), Decimal(0))
    raise UnreadableError(f"{place}: {key} is {text!r:.60}; a duration is written as 5m0s or 30s")


def shown(duration: Decimal) -> str:
    """A duration as a scenario writes it."""
    return f"{duration.normalize():f} s"
