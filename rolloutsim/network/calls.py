"""What waits in SimPy's queue: a function to call when its time comes, at a fraction of the cost of a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Call:
    """A function with one argument, to be called when its time comes: `FluidNetwork.run` does.

    There is one for each request of each layer, so it is none of SimPy's events, which know much more.
    """

    __slots__ = ("argument", "function")

    def __init__(self, function: Callable[[Any], None], argument: Any) -> None:
        self.function = function
        self.argument = argument
