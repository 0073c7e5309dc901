"""The server: a socket on loopback, an address with a token, and an end when somebody wants one."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from rolloutsim import pipes
from rolloutsim.errors import UsageError
from rolloutsim.planning.jobs import cores
from rolloutsim.serve.application import Served, application
from rolloutsim.serve.files import Folder
from rolloutsim.serve.guard import Guard
from rolloutsim.serve.limits import HEAD, MOST_CONNECTIONS
from rolloutsim.serve.tabs import Tabs
from rolloutsim.serve.workers import Workers

HOST = "127.0.0.1"
USUAL_PORT = 8765
_TOKEN = 24  # [B] of chance in the address
_BACKLOG = 1024  # connections that wait to be accepted
_GRACE = 1  # [s] for what is being sent when it ends


class _Server(uvicorn.Server):
    """Leaves signals to us: an end that somebody wants is no interruption."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Connection(H11Protocol):
    """Ends where nobody asks: who says nothing, or half a word, keeps a place that others need."""

    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # None until a request has begun

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        asyncio.get_running_loop().call_later(HEAD, self._end_unasked)

    def _end_unasked(self) -> None:
        if self.cycle is None:
            self.transport.abort()


def listen(port: int | None) -> socket.socket:
    """A socket on loopback.

    Parameters
    ----------
    port : int, optional
        Its port; by default 8765, or a free one where that is taken.

    Raises
    ------
    UsageError
        If the port cannot be had.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # elsewhere it would let others take it, too
    try:
        try:
            found.bind((HOST, USUAL_PORT if port is None else port))
        except OSError:
            if port is not None:
                raise
            found.bind((HOST, 0))
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        reason = (error.strerror or "it is taken").lower()
        raise UsageError(f"--port {port}: {reason}; leave it out, and a free one is found") from None
    found.setblocking(False)
    return found


def serve(folder: Folder, file: str | None, listening: socket.socket, ready: Callable[[str], None]) -> int:
    """Serve the page until a signal ends it.

    Parameters
    ----------
    folder : Folder
        Where scenarios are read and written.
    file : str or None
        The one that is shown first.
    listening : socket.socket
        Where it is asked.
    ready : callable
        Called with the address when it can be asked.

    Returns
    -------
    int
        The signal that ended it; 0: it ended by itself.
    """
    _have_room()
    with pipes.outlived():  # of a page that is closed
        return asyncio.run(_serve(folder, file, listening, ready))


async def _serve(folder: Folder, file: str | None, listening: socket.socket, ready: Callable[[str], None]) -> int:
    port: int = listening.getsockname()[1]
    token = secrets.token_urlsafe(_TOKEN)
    most = max(cores() - 1, 1)
    workers = Workers(2 * most + 2)  # as many that look for what helps; one for short requests, one to take over
    tabs = Tabs(workers, most, str(folder.path))
    guard = Guard(application(Served(folder, file, tabs)), port, token)
    config = uvicorn.Config(
        guard, lifespan="off", ws="none", http=_Connection, loop="asyncio", log_config=None, log_level="critical",
        access_log=False, limit_concurrency=MOST_CONNECTIONS, timeout_graceful_shutdown=_GRACE,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    server = _Server(config)
    came: list[int] = []
    workers.prepare()

    def end(number: int) -> None:
        server.force_exit = bool(came)  # who asks twice does not want to wait
        came.append(number)
        tabs.close()
        workers.close()
        server.should_exit = True

    with _ended_by(end):
        ready(f"http://{HOST}:{port}/{token}/")
        try:
            await server.serve(sockets=[listening])
        finally:
            tabs.close()
            workers.close()
    return came[0] if came else 0


@contextmanager
def _ended_by(end: Callable[[int], None]) -> Iterator[None]:
    """Call a function when a signal wants the end."""
    loop = asyncio.get_running_loop()
    numbers = [
        number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
    ]
    wanted = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        try:
            loop.add_signal_handler(number, end, number)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda number, frame: loop.call_soon_threadsafe(end, number))
    try:
        yield
    finally:
        for number in wanted:
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            signal.signal(number, before[number])


def _have_room() -> None:
    """As many open files as the system allows: each connection is one."""
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * MOST_CONNECTIONS + _BACKLOG
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted if hard < 0 else min(hard, wanted)), hard))
