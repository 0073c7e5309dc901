"""What a process of the page does: it waits for something to do, does it, and tells what comes of it, piece by piece.

What it is asked is JSON; what it tells are messages of a word, a line feed and JSON. The last of each job is `done`.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from rolloutsim import serve
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.worker import follow
from rolloutsim.serve.limits import MEMORY, NICE

if TYPE_CHECKING:
    Tell = Callable[[str, Mapping[str, Any]], None]

DONE = "done"
FAILED = "failed"
_EXAMPLE = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: 1 MB}, thresholds: {rollout_time: max < 1 h}}"
_warmed: list[bool] = []


def warm() -> None:
    """Import what answers need, and do once what is slower when it is done for the first time."""
    if not _warmed:
        do({"do": "ask", "yaml": _EXAMPLE}, lambda name, content: None)
        gc.collect()
        gc.freeze()  # what is there stays, and processes that are forked off share its memory
        _warmed.append(True)


def attend(connection: Connection) -> None:
    """Do what is asked until nobody asks any more; the main function of a process."""
    follow(os.getppid())
    _give_way()
    warm()
    _send(connection, DONE, {})
    while True:
        try:
            asked = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            do(asked, lambda name, content: _send(connection, name, content))
        except RolloutsimError as error:
            _send(connection, FAILED, {"message": str(error)})
        except MemoryError:
            _send(
                connection, FAILED, {"message": "it takes more memory than there is for it here; rolloutsim run may do"}
            )
            return  # what is left of it may be in the way of the next
        except Exception as error:
            _send(connection, FAILED, {"message": f"internal error: {type(error).__name__}: {error}"})
        _send(connection, DONE, {})


def do(asked: Mapping[str, Any], tell: Tell) -> None:
    """Do one thing, and tell what comes of it.

    Parameters
    ----------
    asked : mapping
        `do` is what, the rest what it is done with.
    tell : callable
        Called with the word and the content of each message.

    Raises
    ------
    RolloutsimError
        If it cannot be done.
    """
    serve.jobs.JOBS[asked["do"]](asked, tell)


def _send(connection: Connection, name: str, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    with suppress(OSError):  # nobody is there any more, which the next request will find out
        connection.send_bytes(b"%s\n%s" % (name.encode(), text.encode()))


def _give_way() -> None:
    """Leave the machine usable: give way to others, and take no more memory than is good."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    try:
        import resource
    except ImportError:  # Windows
        return
    from rolloutsim.planning.jobs import spare_memory

    most = int(min(MEMORY, spare_memory() / 2))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
