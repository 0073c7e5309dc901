"""One connection: to an address that was looked up once and checked, within a deadline and a number of bytes.

A time-out of a socket begins anew with each byte, so one that sends a byte a second is never late; here what is left
until the deadline is set before each read.
"""

from __future__ import annotations

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

from rolloutsim.structs import struct


class Late(Exception):
    """The deadline has passed."""


class TooMuch(Exception):
    """More bytes came than were to be read."""


def _resolved(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def _connected(address: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((address, port), timeout)


def _secured(connection: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(connection, server_hostname=host)


@struct
class Net:
    """How the network is reached; a test puts functions of its own in their place.

    Parameters
    ----------
    resolve : callable
        From a host and a port to its addresses.
    connect : callable
        From an address, a port and a time-out (s) to a socket.
    secure : callable
        From a socket and a host to one that speaks TLS with that host.
    clock : callable
        The time (s).
    """

    resolve: Callable[[str, int], list[str]] = _resolved
    connect: Callable[[str, int, float], socket.socket] = _connected
    secure: Callable[[socket.socket, str], socket.socket] = _secured
    clock: Callable[[], float] = time.monotonic


class Deadline:
    """A time until which everything has to be done.

    Parameters
    ----------
    seconds : float
        From now.
    clock : callable
        The time (s).
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self, most: float = float("inf")) -> float:
        """Seconds until then, `most` at most.

        Raises
        ------
        Late
            If there are none.
        """
        left = self._end - self._clock()
        if left <= 0:
            raise Late
        return min(left, most)


def resolve(net: Net, host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a host.

    The system's resolver knows no time-out, so it works in a thread that is left behind if it takes too long.

    Raises
    ------
    Late
        If it takes longer than the time-out (s).
    OSError
        If there are none.
    """
    found: list[list[str] | Exception] = []

    def ask() -> None:
        try:
            found.append(net.resolve(host, port))
        except (OSError, UnicodeError) as error:
            found.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise Late
    if isinstance(found[0], Exception):
        raise OSError(str(getattr(found[0], "strerror", None) or found[0]))
    return found[0]


class Wire:
    """What `http.client` takes for a socket.

    Parameters
    ----------
    connection : socket
        It is closed by who opened it.
    deadline : Deadline
        When all must have been read.
    """

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection, self._deadline, self._left = connection, deadline, 0

    def allow(self, size: int) -> None:
        """Let that many bytes come from here on, however they are framed."""
        self._left = size

    def sendall(self, data: Any) -> None:
        """Send all of the data."""
        self._connection.settimeout(self._deadline.left())
        try:
            self._connection.sendall(data)
        except TimeoutError:
            raise Late from None

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        """What comes, to be read."""
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        """Do nothing: the answer is still to be read."""

    def receive_into(self, buffer: Any) -> int:
        """Read some bytes."""
        if self._left <= 0:
            raise TooMuch
        self._connection.settimeout(self._deadline.left())
        try:
            count = self._connection.recv_into(buffer, min(len(buffer), self._left))
        except TimeoutError:
            raise Late from None
        self._left -= count
        return count


class _Incoming(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(buffer)
