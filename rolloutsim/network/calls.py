"""Events that call a function when their time comes: a SimPy process's work at a fraction of its cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simpy.events import Event


class Call(Event):
    """An event that has happened, and calls a function with one argument when its time comes.

    What the kernel wants to know of every event stands in the class: there is one a request of each layer.
    """

    __slots__ = ("argument", "function")
    _ok = True
    _value = None

    def __init__(self, function: Callable[[Any], None], argument: Any, callbacks: list[Any]) -> None:
        self.callbacks: Any = callbacks
        self.function = function
        self.argument = argument
