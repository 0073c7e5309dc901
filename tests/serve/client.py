"""Whoever asks: an application in this process (ASGI), or a server by its socket, as a browser does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

PORT, TOKEN = 8765, "a-token-that-nobody-knows"
JSON = {"content-type": "application/json"}


class Answer:
    """What came back: status, headers and body."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


async def request(
    app: Any,
    method: str,
    path: str,
    body: bytes | Callable[[], Iterator[bytes]] = b"",
    headers: Mapping[str, str] | None = None,
    host: str = f"127.0.0.1:{PORT}",
) -> Answer:
    """Ask an application; a body that is an iterator comes in pieces, without a length."""
    given = {"host": host, **(headers or {})}
    pieces: Iterator[bytes] = iter([body]) if isinstance(body, bytes) else body()
    if isinstance(body, bytes) and body:
        given.setdefault("content-length", str(len(body)))
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 5), "server": ("127.0.0.1", PORT),
    }  # fmt: skip
    sent: list[Any] = []
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *rest = sent
    answer = Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message.get("body", b"") for message in rest),
    )
    answer.headers = {**answer.headers, "pieces-read": str(asked)}
    return answer


class Browser:
    """A tab that talks to a server.

    Parameters
    ----------
    address : str
        What the server has printed.
    tab : str
        What the tab calls itself.
    """

    def __init__(self, address: str, tab: str) -> None:
        host, _, self.base = address.removeprefix("http://").partition("/")
        self.host, self.tab, self.number = host, tab, 0
        self._events: http.client.HTTPResponse | None = None
        self._stream: http.client.HTTPConnection | None = None

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(self, path: str, content: Mapping[str, Any]) -> Answer:
        return self._ask("POST", path, json.dumps(content).encode(), JSON)

    def ask(self, yaml: str) -> int:
        """Ask what comes of a scenario; the number of the question."""
        if self._events is None:
            self._stream, self._events = self._open("GET", f"api/events?tab={self.tab}", None, {})
        self.number += 1
        assert self.post("api/ask", {"tab": self.tab, "ask": self.number, "yaml": yaml}).status == 202
        return self.number

    def events(self) -> Iterator[tuple[str, Any]]:
        """The name and the content of each event, as it comes."""
        assert self._events is not None
        name = ""
        for line in self._events:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                name = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield name, json.loads(text.removeprefix("data: "))

    def wait(self, *names: str, ask: int | None = None) -> Any:
        """The content of the next event of one of these names."""
        for name, content in self.events():
            if name in names and content["ask"] == (self.number if ask is None else ask):
                return content
        raise AssertionError(f"the stream ended without any of {names}")

    def close(self) -> None:
        if self._events is not None and self._stream is not None:
            self._events.close()
            self._stream.close()

    def _open(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = http.client.HTTPConnection(self.host, timeout=600)
        connection.request(method, f"/{self.base}{path}", body, dict(headers))
        return connection, connection.getresponse()

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection, response = self._open(method, path, body, headers)
        with closing(connection), response:
            return Answer(response.status, dict(response.getheaders()), response.read())
