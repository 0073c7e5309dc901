"""Registries that cannot be reached: each reason has a sentence of its own."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest

from rolloutsim.errors import UnreachableError
from tests.imports.registry.fake import HOST, PUBLIC, Fake, answer, image

REF = f"{HOST}/team/app:1.2"
COMMAND = f"crane manifest --platform linux/amd64 {REF} | rolloutsim import {REF}=-"
REACHED = f"check that it can be reached from here, or ask another way: {COMMAND}"


def failing(error: Exception) -> Callable[..., object]:
    def fail(*_: object) -> object:
        raise error

    return fail


def not_trusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


def no_tls() -> ssl.SSLError:
    error = ssl.SSLError(1, "wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        ("_resolve", OSError(-2, "Name or service not known"),
         "its address was not found (name or service not known); check the name, or ask another way: " + COMMAND),
        ("_connect", ConnectionRefusedError(111, "x"), f"no connection: connection refused; {REACHED}"),
        ("_connect", OSError(113, "x"), f"no connection: no route to host; {REACHED}"),
        ("_connect", TimeoutError("x"), f"no connection within 10 s, the most allowed; {REACHED}"),
        ("_secure", TimeoutError("x"), f"no TLS within 10 s, the most allowed; ask another way: {COMMAND}"),
        ("_secure", not_trusted(),
         "its certificate is not trusted: self-signed certificate; name the authority that signed it: "
         f"SSL_CERT_FILE=ca.pem, or ask another way: {COMMAND}"),
        ("_secure", no_tls(),
         "it speaks no TLS that is understood here (wrong_version_number); if it speaks plain http, allow that: "
         f"--plain-http {HOST}, or ask another way: {COMMAND}"),
        ("_secure", ConnectionResetError(104, "Connection reset by peer"),
         f"the connection broke: connection reset by peer; ask another way: {COMMAND}"),
    ],
)  # fmt: skip
def test_why_a_registry_is_not_reached(
    fake: Fake, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception, message: str
) -> None:
    monkeypatch.setattr(fake, part, failing(error))
    with pytest.raises(UnreachableError) as raised:
        fake.ask()
    assert str(raised.value) == f"{REF}: the manifest, asked of {HOST}: {message}"
    assert fake.asked == []


def test_an_address_that_does_not_answer_gives_way_to_the_next(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.addresses[HOST] = [["2a00::1", PUBLIC]]
    fake.manifest(image())
    connect = fake._connect

    def only_ipv4(address: str, port: int, timeout: float) -> object:
        if ":" in address:
            raise OSError(101, "Network is unreachable")
        return connect(address, port, timeout)

    monkeypatch.setattr(fake, "_connect", only_ipv4)
    fake.ask()
    assert fake.connected == [PUBLIC]


def test_time_that_runs_out_while_connecting_is_the_time_of_all(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> object:
        fake.time += 31
        raise TimeoutError

    monkeypatch.setattr(fake, "_connect", late)
    with pytest.raises(UnreachableError, match="not answered within 30 s, the most allowed for all that one image"):
        fake.ask()


def test_a_registry_that_closes_at_once(fake: Fake) -> None:
    fake.answers[HOST, "/v2/team/app/manifests/1.2"] = b""
    with pytest.raises(UnreachableError, match="no answer of HTTP: RemoteDisconnected"):
        fake.ask()


def test_an_answer_of_no_registry(fake: Fake) -> None:
    fake.answers[HOST, "/v2/team/app/manifests/1.2"] = answer(200, "<html>", Content_Type="text/html")
    with pytest.raises(UnreachableError, match="is this a registry"):
        fake.ask()
