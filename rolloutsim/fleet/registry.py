"""A registry's connections: so many at a time, the others queue in the order of asking."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any


class Connections:
    """Grants connections, first come first served.

    Parameters
    ----------
    limit : int or None
        How many at a time; None: no limit.
    """

    __slots__ = ("in_use", "limit", "queue")

    def __init__(self, limit: int | None) -> None:
        self.limit = limit
        self.in_use = 0
        self.queue: deque[tuple[Callable[[Any], None], Any]] = deque()

    def ask(self, granted: Callable[[Any], None], argument: Any) -> None:
        """Call `granted(argument)` as soon as there is a connection, at once if there is one."""
        if self.limit is None:
            granted(argument)
        elif self.in_use < self.limit:
            self.in_use += 1
            granted(argument)
        else:
            self.queue.append((granted, argument))

    def release(self) -> None:
        """Give a connection back, to the first in the queue if there is one."""
        if self.limit is None:
            return
        if self.queue:
            granted, argument = self.queue.popleft()
            granted(argument)
        else:
            self.in_use -= 1
