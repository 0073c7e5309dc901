"""What follows from facts, worked out once: they never change, so that neither does it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary


class Lasting:
    """Facts that what was derived from them is kept with."""

    __slots__ = ("__weakref__",)


Facts = TypeVar("Facts", bound=Lasting)
Value = TypeVar("Value")


def derived(function: Callable[[Facts], Value]) -> Callable[[Facts], Value]:
    """Keep what a function makes of facts for as long as these live."""
    known: WeakKeyDictionary[Facts, Value] = WeakKeyDictionary()

    @wraps(function)
    def once(facts: Facts) -> Value:
        if facts not in known:
            known[facts] = function(facts)
        return known[facts]

    return once
