"""What a process of the page does: it waits for something to do, does it, and tells what comes of it, piece by piece.

What it is asked is JSON; what it tells are messages of a word, a line feed and JSON. The last of each job is `done`.
"""

from __future__ import annotations

import gc
import json
import os
import select
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from rolloutsim import serve
from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import peak_memory, spare_memory
from rolloutsim.planning.worker import follow
from rolloutsim.serve.limits import MEMORY, NICE

if TYPE_CHECKING:
    Tell = Callable[[str, Mapping[str, Any]], None]

DONE = "done"
FAILED = "failed"
ANSWERED = "answered"  # what follows is nothing that anybody waits for
_EXAMPLE = "{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {a: 1 MB}, thresholds: {rollout_time: max < 1 h}}"
_TOO_LARGE = "it takes more memory than one process of the page may have; rolloutsim run takes all that there is"
DEFECT = "internal error, a defect of rolloutsim and not of your scenario"
_RARELY = 100_000  # more objects between two collections of cycles, as for commands
_LARGE = 1e9  # [B] a process that took more at any time is not used again (assumed: what is free stays in pieces)
_STATM = Path("/proc/self/statm")
_warmed: list[bool] = []


def warm() -> None:
    """Import what answers need, and do once what is slower when it is done for the first time."""
    if not _warmed:
        _try_out(DONE)
        gc.collect()
        gc.freeze()  # what is there stays, and processes that are forked off share its memory
        _warmed.append(True)


class _EnoughError(Exception):
    """What is to come is of no use."""


def _try_out(last: str) -> None:
    """Answer a question that nobody has asked, up to a message."""

    def tell(name: str, content: Mapping[str, Any]) -> None:
        if name == last:
            raise _EnoughError

    with suppress(_EnoughError):
        do({"do": "ask", "yaml": _EXAMPLE}, tell)


def attend(connection: Connection) -> None:
    """Do what is asked until nobody asks any more; the main function of a process."""
    follow(os.getppid())
    _end_with(connection)
    warm()
    _give_way()
    gc.set_threshold(_RARELY)
    _try_out(ANSWERED)  # once more: what it writes to of the memory that is shared is copied before anybody waits
    _send(connection, DONE, {})
    while peak_memory() < _LARGE:
        try:
            asked = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return
        _carry_out(asked, connection)
        _send(connection, DONE, {})
        gc.collect()


def _end_with(connection: Connection) -> None:
    """End at once, whatever is computed, when nobody is at the other end: its process may have been killed."""
    if not hasattr(select, "poll"):
        return
    watched = select.poll()
    watched.register(connection.fileno(), 0)  # that it was hung up is told unasked

    def wait() -> None:
        watched.poll()
        os._exit(0)

    Thread(target=wait, daemon=True).start()


def _carry_out(asked: Mapping[str, Any], connection: Connection) -> None:
    """Do one thing; what goes wrong with it is told."""
    try:
        do(asked, lambda name, content: _send(connection, name, content))
    except RolloutsimError as error:
        _send(connection, FAILED, {"message": str(error)})
    except MemoryError:
        _send(connection, FAILED, {"message": _TOO_LARGE})
    except Exception as error:
        _send(connection, FAILED, {"message": f"{DEFECT}: {type(error).__name__}: {error}"})


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
    taken = _address_space()
    if taken:
        import resource

        most = taken + int(min(MEMORY, spare_memory() / 2))
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _address_space() -> int:
    """How much memory this process could touch [B]; 0 where Linux does not say so, and a limit would not do."""
    try:
        pages = int(_STATM.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
