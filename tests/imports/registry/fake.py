"""Hosts that answer as a test says, on loopback, whatever their names: a registry, a token server, a storage."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator

from rolloutsim.imports.registry.asked import Allowed, Limits
from rolloutsim.imports.registry.client import manifests_of
from rolloutsim.imports.registry.references import named
from rolloutsim.imports.registry.wire import Net

PUBLIC = "20.0.0.1"  # what every host is resolved to, and nobody is asked at
HOST = "registry.example"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"

Bytes = bytes | Iterable[bytes]


def answer(status: int = 200, body: bytes | str | object = b"", **headers: str) -> bytes:
    """An answer of HTTP; a header's `_` stands for `-`."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever"]
    said = {"Content_Length": str(len(body)), **headers}
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in said.items() if value]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Fake:
    """Answers by host and target; what is not said here is answered with 404."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Bytes | Callable[[dict[str, str]], Bytes]] = {}
        self.asked: list[tuple[str, str, str]] = []  # host, target, what its Authorization said
        self.headers: list[dict[str, str]] = []
        self.looked_up: list[str] = []
        self.connected: list[str] = []
        self.secured: list[str] = []
        self.time = 0.0
        self.addresses: dict[str, list[list[str]]] = {}
        self._server = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    @property
    def net(self) -> Net:
        return Net(self._resolve, self._connect, self._secure, lambda: self.time)

    def _resolve(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        answers = self.addresses.get(host, [[PUBLIC]])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def _connect(self, address: str, port: int, timeout: float) -> socket.socket:
        self.connected.append(address)
        return socket.create_connection(self._server.getsockname(), timeout)

    def _secure(self, connection: socket.socket, host: str) -> socket.socket:
        self.secured.append(host)
        return connection

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65536)
                if not part:
                    return
                head += part
            first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            target = first.split(" ")[1]
            self.asked.append((headers["host"], target, headers.get("authorization", "")))
            self.headers.append(headers)
            found = self.answers.get((headers["host"], target.partition("?")[0]), answer(404))
            if callable(found):
                found = found(headers)
            try:
                for part in [found] if isinstance(found, bytes) else found:
                    connection.sendall(part)
            except OSError:
                return  # the other side has had enough

    def manifest(self, content: object, of: str = "1.2", host: str = HOST, **headers: str) -> bytes:
        """Let a host have a manifest of `team/app`; its bytes."""
        body = json.dumps(content).encode()
        kind = OCI_INDEX if isinstance(content, dict) and "manifests" in content else OCI_MANIFEST
        self.answers[host, f"/v2/team/app/manifests/{of}"] = answer(200, body, **{"Content_Type": kind, **headers})
        return body

    def blob(self, content: object, host: str = HOST) -> dict[str, object]:
        """Let a host have a configuration; its descriptor."""
        body = json.dumps(content).encode()
        self.answers[host, f"/v2/team/app/blobs/{digest(body)}"] = answer(200, body)
        return {"mediaType": OCI_CONFIG, "digest": digest(body), "size": len(body)}

    def wants_a_token(self, realm: str = "https://registry.example/token", **more: str) -> None:
        """Let the registry answer only who has the token that the host of the realm gives."""
        challenge = f'Bearer realm="{realm}",service="the registry",scope="repository:team/secret:pull,push"'
        for place, open_to_all in list(self.answers.items()):

            def guarded(headers: dict[str, str], then: object = open_to_all) -> Bytes:
                if headers.get("authorization") == "Bearer a-token":
                    return then  # type: ignore[return-value]
                return answer(401, WWW_Authenticate=challenge)

            self.answers[place] = guarded

    def ask(self, given: str = f"{HOST}/team/app:1.2", limits: Limits | None = None, **allowed: object) -> object:
        """Import an image of these hosts; its manifest as a document."""
        platform = str(allowed.pop("platform", "linux/amd64"))
        reference = named(given)
        assert reference is not None
        (document,) = manifests_of([reference], platform, Allowed(**allowed), self.net, limits)  # type: ignore[arg-type]
        return document


def layers(*sizes: int) -> list[dict[str, object]]:
    return [
        {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": f"sha256:{number:064x}", "size": size}
        for number, size in enumerate(sizes, 1)
    ]


def image(**more: object) -> dict[str, object]:
    return {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": layers(5_000, 70), **more}


def endless(head: bytes, part: bytes) -> Iterator[bytes]:
    yield head
    while True:
        yield part
