"""Who may ask: whoever knows the token, from a page of this address, on loopback; and how much at once.

A page somewhere else that a browser shows cannot ask: a name that it has its server's address changed for (DNS
rebinding) is no name of ours, what it sends names its origin, and it does not know the token. Sources: OWASP,
"Cross-Site Request Forgery Prevention"; Fetch Metadata Request Headers (W3C); Content Security Policy Level 3 (W3C).
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from rolloutsim.serve.limits import LARGEST_REQUEST, LARGEST_TEXT

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_LOOPBACK = ("127.0.0.1", "localhost")
_OWN = (b"same-origin", b"none")  # of Sec-Fetch-Site: the page itself, and an address that somebody typed
_NO_TOKEN = "Nothing is here. The address that rolloutsim serve has printed has a token in it: open it as a whole."
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
)


class Guard:
    """Asks who asks before the application does.

    Parameters
    ----------
    app : callable
        The application (ASGI), which sees paths without the token.
    port : int
        Where it listens.
    token : str
        What the path of every address begins with.
    """

    def __init__(self, app: App, port: int, token: str) -> None:
        self.app = app
        self.token = token.encode()
        self.hosts = frozenset(f"{name}:{port}".encode() for name in _LOOPBACK)
        self.origins = frozenset(b"http://" + host for host in self.hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        refused = self._refused(scope)
        if refused is not None:
            await _say(*refused, sent)
            return
        _, slash, rest = scope["path"].removeprefix("/").partition("/")
        state = {"bare": not slash, "token": self.token.decode()}
        inner = dict(scope, path=f"/{rest}", raw_path=None, root_path="", state=state)
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_REQUEST:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self.app(inner, limited, sent)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """Why a request is refused, and its status; None: it is not."""
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name, []).append(value)
        hosts, origins = headers.get(b"host", []), headers.get(b"origin", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return 403, "This is no name of this server: open the address that rolloutsim serve has printed."
        if any(origin.lower() not in self.origins for origin in origins):
            return 403, "Another page may not ask here."
        first = scope["path"].removeprefix("/").partition("/")[0].encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(first, self.token):
            return 404, _NO_TOKEN
        opens = scope["method"] == "GET" and headers.get(b"sec-fetch-dest") == [b"document"]
        if any(site not in _OWN for site in headers.get(b"sec-fetch-site", [])) and not opens:
            return 403, "Another page may not ask here."
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return 405, "GET and POST are all there is here."
        if scope["method"] == "POST":
            kind = headers.get(b"content-type", [b""])[0].partition(b";")[0].strip().lower()
            if kind != b"application/json":
                return 415, "What is sent here is JSON: content-type: application/json."
            length = headers.get(b"content-length", [b"0"])[0]
            if not length.isdigit() or int(length) > LARGEST_REQUEST:
                return 413, TOO_LARGE
        return None


TOO_LARGE = (
    f"That is more than the page takes: a text of {LARGEST_TEXT // 1_000_000} MB, and "
    f"{LARGEST_REQUEST // 1_000_000} MB of several at once; rolloutsim run takes more."
)


async def _say(status: int, text: str, send: Send) -> None:
    body = f"{text}\n".encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # what else was sent is not read
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
