"""What is looked up in a drawn scenario, and put into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rolloutsim.units import QuantityError, parse

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping, Sequence
    from random import Random

Data = dict[str, Any]

MOST_NODES = 12  # of a group; what is to be seen of many nodes is seen of a few
RATES = ("1 Gbit/s", "100 Mbit/s", "10 Gbit/s", "20 MB/s")
SIZES = ("100 MB", "1 GB", "5 MB", "30 MB")


def quantity(kind: Any, text: Any) -> float:
    """A quantity; 0 where it is none, so that the loader refuses it."""
    try:
        return parse(kind, text)
    except QuantityError:
        return 0.0


def means(part: MutableMapping[str, Any], key: str, known: Iterable[str], random: Random) -> None:
    """Names of a key that are known, each once; others become one of these, and without any the key goes."""
    known = list(known)
    if key not in part:
        return
    given = part[key]
    names = [name if name in known else random.choice(known) for name in listed(given)] if known else []
    if not names:
        del part[key]
    else:
        part[key] = once(names) if isinstance(given, list) else names[0]


def only(part: Data, key: str, known: Sequence[str]) -> None:
    """Names of a key that are known, in whatever form; the key goes if none is."""
    given = part.get(key)
    if isinstance(given, dict):
        kept: Any = {name: value for name, value in given.items() if name in known}
    else:
        kept = [name for name in listed(given or []) if name in known]
    if key in part:
        part[key] = kept
        if not kept:
            del part[key]


def listed(given: Any) -> list[str]:
    return list(given) if isinstance(given, (list, tuple)) else [given]


def once(given: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for one in given:
        if one not in found:
            found.append(one)
    return found


def drop(part: Data, keys: Iterable[str]) -> None:
    for key in keys:
        part.pop(key, None)


def is_map(value: Any) -> bool:
    return isinstance(value, dict)


def strategy(rollout: Any) -> str | None:
    return rollout.get("strategy") if isinstance(rollout, dict) else rollout
