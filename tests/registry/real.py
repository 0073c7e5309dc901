"""A docker-registry on loopback, a token server for it, and an image that is pushed by plain PUTs."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

OCI = "application/vnd.oci.image"
SERVICE, ISSUER = "the test's registry", "the test"
STARTING = 20.0  # s until it must answer


def digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def certificate(folder: Path) -> tuple[Path, Path]:
    key, own = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", own, "-days", "2",
         "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, own


class Registry:
    """docker-registry with an empty storage.

    Parameters
    ----------
    folder : Path
        For its files.
    auth : mapping
        Its key `auth`.
    tls : mapping
        Its key `http.tls`.
    """

    def __init__(self, folder: Path, auth: object = None, tls: object = None) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.host, self.is_secure, self._log = f"127.0.0.1:{self.port}", tls is not None, folder / f"{self.port}.log"
        content: dict[str, object] = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
            "http": {"addr": self.host, "secret": "x", **({"tls": tls} if tls else {})},
        }
        if auth:
            content["auth"] = auth
        file = folder / f"{self.port}.json"  # JSON is YAML
        file.write_text(json.dumps(content))
        self._output = self._log.open("wb")
        self._process = subprocess.Popen(
            ["docker-registry", "serve", str(file)], stdout=self._output, stderr=subprocess.STDOUT
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + STARTING
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError(f"docker-registry does not start: {self._log.read_text()[-2000:]}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._output.close()

    @property
    def asked(self) -> list[str]:
        """What it was asked since the push: methods and paths of its access log, once it has been stopped."""
        self.stop()
        lines = [line.split('"') for line in self._log.read_text().splitlines() if '"rolloutsim/' in line]
        return [line[1].removesuffix(" HTTP/1.1") for line in lines]

    def put(self, path: str, body: bytes, kind: str, authorization: str, method: str = "PUT") -> str:
        """Send something; where it says that it is."""
        context = ssl._create_unverified_context()  # what is tested is the importing side
        asking = (
            http.client.HTTPSConnection("127.0.0.1", self.port, context=context)
            if self.is_secure
            else http.client.HTTPConnection("127.0.0.1", self.port)
        )
        headers = {"Content-Type": kind, **({"Authorization": authorization} if authorization else {})}
        asking.request(method, path, body, headers)
        answer = asking.getresponse()
        text = answer.read()
        asking.close()
        assert answer.status in (201, 202), (answer.status, text)
        return answer.getheader("Location") or ""

    def blob(self, content: bytes, authorization: str) -> None:
        parts = urllib.parse.urlsplit(
            self.put("/v2/team/app/blobs/uploads/", b"", "application/octet-stream", authorization, "POST")
        )
        place = f"{parts.path}?{parts.query}&{urllib.parse.urlencode({'digest': digest(content)})}"
        self.put(place, content, "application/octet-stream", authorization)

    def push(self, tag: str, architectures: tuple[str, ...] = ("amd64",), authorization: str = "") -> dict[str, str]:
        """Push an image of two layers for each architecture; digests of the manifests, by architecture."""
        made: dict[str, bytes] = {}
        for architecture in architectures:
            layers = [f"{architecture} {number}".encode() * 1000 * number for number in (1, 2)]
            config = json.dumps({
                "os": "linux", "architecture": architecture,
                "rootfs": {"type": "layers", "diff_ids": [digest(one) for one in layers]},
            }).encode()  # fmt: skip
            for one in (*layers, config):
                self.blob(one, authorization)
            made[architecture] = json.dumps({
                "schemaVersion": 2, "mediaType": f"{OCI}.manifest.v1+json",
                "config": {"mediaType": f"{OCI}.config.v1+json", "digest": digest(config), "size": len(config)},
                "layers": [
                    {"mediaType": f"{OCI}.layer.v1.tar+gzip", "digest": digest(one), "size": len(one)} for one in layers
                ],
            }).encode()  # fmt: skip
            of = tag if len(architectures) == 1 else digest(made[architecture])
            self.put(f"/v2/team/app/manifests/{of}", made[architecture], f"{OCI}.manifest.v1+json", authorization)
        if len(architectures) > 1:
            index = json.dumps({
                "schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json",
                "manifests": [
                    {"mediaType": f"{OCI}.manifest.v1+json", "digest": digest(body), "size": len(body),
                     "platform": {"os": "linux", "architecture": name}} for name, body in made.items()
                ],
            }).encode()  # fmt: skip
            self.put(f"/v2/team/app/manifests/{tag}", index, f"{OCI}.index.v1+json", authorization)
        return {name: digest(body) for name, body in made.items()}


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class TokenServer:
    """Gives tokens as docker-registry wants them: signed, with the certificate in them.

    Source: distribution docs/content/spec/auth/jwt.md.
    """

    def __init__(self, key: Path, own: Path, login: str = "") -> None:
        self._key, self._own, self.login = key, own, login
        self.asked: list[tuple[str, str]] = []  # query, Authorization
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = urllib.parse.urlsplit(self.path).query
                said = self.headers.get("Authorization", "")
                outer.asked.append((query, said))
                if outer.login and said != outer.login:
                    self.send_response(401)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                _, path, actions = urllib.parse.parse_qs(query)["scope"][0].split(":")
                body = json.dumps({"token": outer.token(path, actions), "expires_in": 60}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    @property
    def auth(self) -> dict[str, object]:
        """The key `auth` of a registry that takes its tokens."""
        return {
            "token": {
                "realm": f"http://{self.host}/token", "service": SERVICE, "issuer": ISSUER,
                "rootcertbundle": str(self._own),
            }
        }  # fmt: skip

    def token(self, path: str, actions: str) -> str:
        own = "".join(self._own.read_text().splitlines()[1:-1])
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [own]}
        claims = {
            "iss": ISSUER, "sub": "", "aud": SERVICE, "exp": now + 60, "nbf": now - 60, "iat": now, "jti": "1",
            "access": [{"type": "repository", "name": path, "actions": actions.split(",")}],
        }  # fmt: skip
        text = f"{_base64(json.dumps(head).encode())}.{_base64(json.dumps(claims).encode())}"
        signed = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self._key], input=text.encode(), check=True, capture_output=True
        ).stdout
        return f"{text}.{_base64(signed)}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
