"""One request after the other, for one image: whom it may go to, and what of the answer is taken."""

from __future__ import annotations

import http
import http.client
import os
import shlex
import socket
import ssl
import urllib.parse
from collections.abc import Mapping
from contextlib import closing
from email.message import Message

from rolloutsim.errors import UnreachableError
from rolloutsim.imports.registry.addresses import OWN, refusal
from rolloutsim.imports.registry.asked import Allowed, Limits, is_among
from rolloutsim.imports.registry.references import Reference
from rolloutsim.imports.registry.wire import Deadline, Late, Net, TooMuch, Wire, resolve
from rolloutsim.structs import struct
from rolloutsim.version import __version__

_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
_PORTS = {"https": 443, "http": 80}
# What to do where a login is missing, by what the user said of it.
_LOGIN = {
    "none": "say where your login is: --credentials docker (of docker login), helper or env",
    "docker": "docker's config.json has no login for it: docker login, or --credentials helper or env",
    "helper": "docker's credential helper has no login for it: docker login, or --credentials env",
}
_LONGEST_URL = 8000  # characters (assumed: signed addresses of storages have some 2,000)
_FRAMING = 64 * 2**10  # bytes beside a body: sizes of chunks, trailers (assumed)
_CHUNK = 64 * 2**10  # bytes that are read at a time (assumed)


@struct
class Url:
    """Where something is: scheme, host, port, and what is asked of it."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def server(self) -> str:
        """The host, with its port where that is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def text(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.server}{self.target}"


@struct
class Answer:
    """What was answered."""

    status: int
    headers: Message
    body: bytes

    def header(self, name: str) -> str:
        """A header's text, empty if there is none."""
        return (self.headers.get(name) or "").strip()


def url(text: str) -> Url:
    """Take an address of http or https apart.

    Raises
    ------
    ValueError
        With what is wrong with it.
    """
    if len(text) > _LONGEST_URL:
        raise ValueError(f"an address of {len(text):,} characters, of which at most {_LONGEST_URL:,} are read")
    if not text.isascii() or not text.isprintable() or any(char in text for char in " \\<>\"'"):
        raise ValueError(f"{text!r:.100}, with characters that no address has")
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{text!r:.100}, which is no address") from None
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise ValueError(f"{text!r:.100}, which is no address of https")
    if "@" in parts.netloc:
        raise ValueError(f"an address with a user in it, of {parts.hostname!r:.100}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(parts.scheme, parts.hostname.lower(), port or _PORTS[parts.scheme], target)


class Session:
    """What is asked for one image, counted and timed together.

    Parameters
    ----------
    reference : Reference
        The image.
    platform : str
        Which of its platforms, for the commands in messages.
    registry : Url
        Its registry.
    allowed : Allowed
        What the user allowed.
    limits : Limits
        The bounds.
    net : Net
        How the network is reached.
    """

    def __init__(
        self, reference: Reference, platform: str, registry: Url, allowed: Allowed, limits: Limits, net: Net
    ) -> None:
        self.reference, self.registry, self.allowed, self.limits = reference, registry, allowed, limits
        self.deadline = Deadline(limits.total, net.clock)
        self._platform, self._net, self._requests = platform, net, 0
        self._addresses: dict[tuple[str, int], list[str]] = {}  # a host is looked up once

    @property
    def other_way(self) -> str:
        """The next command, where none of ours helps: a tool that has a way of its own."""
        shown = shlex.quote(self.reference.shown)
        name = shlex.quote(self.reference.name)
        return f"crane manifest --platform {shlex.quote(self._platform)} {shown} | rolloutsim import {name}=-"

    def refused(self, step: str, server: str, problem: str, hint: str = "") -> UnreachableError:
        """An error that says whom we asked for what, what came of it, and what to do.

        Parameters
        ----------
        step, server : str
            What was asked for, and of whom.
        problem : str
            What came of it, and what is allowed.
        hint : str
            What to do; another tool if there is nothing.
        """
        return UnreachableError(
            f"{self.reference.shown}: {step}, asked of {server}: {problem}; {hint or 'ask another way'}"
            f"{': ' if not hint else ', or ask another way: '}{self.other_way}"
        )

    @property
    def say_login(self) -> str:
        """What to do where a login is missing."""
        return _LOGIN.get(self.allowed.credentials, "check the user and the password")

    def is_registry(self, to: Url) -> bool:
        """Whether an address is the registry's own: the host and the port that the user named."""
        return (to.host, to.port) == (self.registry.host, self.registry.port)

    def may_be_plain(self, to: Url) -> bool:
        """Whether the user allowed plain http for that host."""
        return is_among(to.host, to.port, self.allowed.plain_http)

    def is_named(self, to: Url) -> bool:
        """Whether the user named that host, so that it may have an address of the user's own network."""
        return self.is_registry(to) or is_among(to.host, to.port, self.allowed.redirects)

    def status(self, step: str, server: str, answer: Answer, has_login: bool = False) -> UnreachableError:
        """The error of a status that is none of success."""
        status = answer.status
        named = f"{status} {_PHRASES[status]}" if status in _PHRASES else str(status)
        later = answer.header("Retry-After")
        wait = f"; it says to ask again in {later} s" if later.isdecimal() and len(later) < 8 else (
            f"; it says to ask again after {later!r:.40}" if later else ""
        )  # fmt: skip
        login = "" if has_login else f", or {self.say_login}"
        if status in (401, 403):
            why = "the login may not read it" if has_login else "it is private, or not there"
            return self.refused(step, server, f"{named}: {why}", f"check the name{login}")
        if status == 404:
            return self.refused(
                step, server, f"{named}: no such repository, tag or digest, or a private one", f"check the name{login}"
            )
        if status == 429:
            hub = " (Docker Hub counts pulls by address, and by account for who has a login)"
            why = f"{named}: asked too often{hub if self.registry.host.endswith('.docker.io') else ''}{wait}"
            return self.refused(step, server, why, f"wait{login}")
        if 500 <= status < 600:
            return self.refused(step, server, f"{named}: it fails itself{wait}", "ask again later")
        return self.refused(step, server, f"{named}, which is no answer to that", "is this a registry?")

    def get(self, to: Url, step: str, most: int, headers: Mapping[str, str], is_named: bool) -> Answer:
        """Ask once, and read the answer; redirects are the caller's.

        Parameters
        ----------
        to : Url
            Whom to ask.
        step : str
            For what, for people.
        most : int
            Bytes of the body that are read.
        headers : mapping of str to str
            What is sent along.
        is_named : bool
            Whether the user named that host.

        Raises
        ------
        UnreachableError
            If nothing that can be read comes back.
        """
        self._requests += 1
        limits = self.limits
        if self._requests > limits.requests:
            raise self.refused(step, to.server, f"more than {limits.requests} requests for one image, the most allowed")
        try:
            with closing(self._connect(to, step, is_named)) as connection:
                return self._exchange(Wire(connection, self.deadline), to, step, most, headers)
        except Late:
            problem = f"not answered within {limits.total:g} s, the most allowed for all that one image needs"
        except ssl.SSLCertVerificationError as error:
            raise self.refused(
                step, to.server, f"its certificate is not trusted: {error.verify_message}",
                "name the authority that signed it: SSL_CERT_FILE=ca.pem",
            ) from None  # fmt: skip
        except ssl.SSLError as error:
            raise self.refused(
                step, to.server, f"it speaks no TLS that is understood here ({(error.reason or 'TLS').lower()})",
                f"if it speaks plain http, allow that: --plain-http {to.server}",
            ) from None  # fmt: skip
        except TooMuch:
            problem = f"an answer that does not end within {limits.headers:,} bytes of headers and {most:,} of body"
        except (http.client.HTTPException, ValueError) as error:
            problem = f"no answer of HTTP: {type(error).__name__}, {str(error)!r:.80}"
        except OSError as error:
            problem = f"the connection broke: {(error.strerror or type(error).__name__).lower()}"
        raise self.refused(step, to.server, problem)

    def _connect(self, to: Url, step: str, is_named: bool) -> socket.socket:
        if (to.host, to.port) not in self._addresses:
            try:
                self._addresses[to.host, to.port] = resolve(
                    self._net, to.host, to.port, self.deadline.left(self.limits.connect)
                )
            except Late:
                raise self.refused(step, to.server, "its address was not found in time") from None
            except OSError as error:
                raise self.refused(
                    step, to.server, f"its address was not found ({str(error).lower():.100})", "check the name"
                ) from None
        addresses = self._addresses[to.host, to.port]
        for address in addresses:
            why = refusal(address, to.host, is_named)
            if why is not None:
                whose = "" if is_named else " that the user did not name"
                raise self.refused(
                    step, to.server, f"its address {address[:50]} is {why}, to which nothing may lead{whose}",
                    f"if it is yours, name it: --allow-redirect {to.server}" if why in OWN else "",
                )  # fmt: skip
        problem = "it has no address"
        for address in addresses[: self.limits.addresses]:
            timeout = self.deadline.left(self.limits.connect)
            try:
                connection = self._net.connect(address, to.port, timeout)
            except TimeoutError:
                self.deadline.left()
                problem = f"no connection within {self.limits.connect:g} s, the most allowed"
                continue
            except OSError as error:
                problem = f"no connection: {os.strerror(error.errno).lower() if error.errno else 'refused'}"
                continue
            if to.scheme == "http":
                return connection
            try:
                connection.settimeout(self.deadline.left(self.limits.connect))
                return self._net.secure(connection, to.host)
            except TimeoutError:
                connection.close()
                self.deadline.left()
                raise self.refused(
                    step, to.server, f"no TLS within {self.limits.connect:g} s, the most allowed"
                ) from None
            except BaseException:
                connection.close()
                raise
        raise self.refused(step, to.server, problem, "check that it can be reached from here")

    def _exchange(self, wire: Wire, to: Url, step: str, most: int, headers: Mapping[str, str]) -> Answer:
        asking = http.client.HTTPConnection(to.host, to.port)
        asking.sock = wire
        asking.putrequest("GET", to.target, skip_host=True, skip_accept_encoding=True)
        sent = {
            "Host": to.server, "User-Agent": f"rolloutsim/{__version__}", "Accept-Encoding": "identity",
            "Connection": "close", **headers,
        }  # fmt: skip
        for name, value in sent.items():
            asking.putheader(name, value)
        asking.endheaders()
        wire.allow(self.limits.headers)
        answered = asking.getresponse()
        if answered.status != 200:  # what people are told of an error comes from its status, not from its text
            return Answer(answered.status, answered.headers, b"")
        encoding = (answered.headers.get("Content-Encoding") or "identity").strip().lower()
        if encoding != "identity":
            raise self.refused(
                step, to.server, f"an answer that is encoded ({encoding!r:.40}), which was not asked for"
            )
        if answered.length is not None and answered.length > most:
            raise self.refused(
                step, to.server, f"an answer of {answered.length:,} bytes; at most {most:,} are read"
            )  # fmt: skip
        wire.allow(most + _FRAMING)
        body, expected = b"", answered.length
        while part := answered.read(_CHUNK):
            body += part
            if len(body) > most:
                raise self.refused(step, to.server, f"an answer of more than {most:,} bytes, the most that is read")
        if expected is not None and len(body) < expected:
            raise self.refused(step, to.server, f"an answer that ends after {len(body):,} of {expected:,} bytes")
        return Answer(answered.status, answered.headers, body)
