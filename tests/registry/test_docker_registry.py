"""Importing from a real docker-registry: what it hands over, to whom, and what its own log says it was asked."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import yaml

from rolloutsim.errors import UnreachableError, UnreadableError
from rolloutsim.imports import Allowed, imported
from tests.registry.real import SERVICE

PLAIN = ("127.0.0.1",)
BASIC = "Basic " + base64.b64encode(b"me:secret").decode()
# What `htpasswd -nbB me secret` prints, at the least cost.
HTPASSWD = "me:$2b$05$0R/v0Hrq3UXE0BL09/IaTexR6.Xuiak4JWCiTjsWCNXPEculSGONO\n"


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUTSIM_REGISTRY_USER", "me")
    monkeypatch.setenv("ROLLOUTSIM_REGISTRY_PASSWORD", "secret")


def sizes(text: str) -> dict[str, list[str]]:
    images = yaml.safe_load(text)["images"]
    return {name: [layer["compressed"] for layer in image["layers"]] for name, image in images.items()}


def test_an_image_without_an_index_is_its_manifest_and_its_configuration(start) -> None:
    registry = start()
    digests = registry.push("1.2")
    name = f"{registry.host}/team/app:1.2"
    made = imported([name], allowed=Allowed(plain_http=PLAIN))
    assert sizes(made.text) == {name: ["7000 B", "14000 B"]}
    assert f"# from {name} ({digests['amd64']})" in made.text
    with pytest.raises(UnreachableError, match="the image is of 'linux/amd64', and linux/arm64 was asked for"):
        imported([name], "linux/arm64", Allowed(plain_http=PLAIN))
    asked = registry.asked
    assert [one.partition("sha256:")[0] for one in asked] == [
        "GET /v2/team/app/manifests/1.2", "GET /v2/team/app/blobs/",
    ] * 2  # fmt: skip


def test_an_image_of_two_platforms_is_its_index_and_one_manifest(start) -> None:
    registry = start()
    digests = registry.push("1.2", ("amd64", "arm64"))
    name = f"{registry.host}/team/app:1.2"
    made = imported([name], "linux/arm64", Allowed(plain_http=PLAIN))
    assert f"# from {name} ({digests['arm64']})" in made.text
    with pytest.raises(UnreadableError, match="an index without linux/s390x; its platforms: linux/amd64, linux/arm64"):
        imported([name], "linux/s390x", Allowed(plain_http=PLAIN))
    by_digest = f"{registry.host}/team/app@{digests['amd64']}"
    assert list(sizes(imported([by_digest], allowed=Allowed(plain_http=PLAIN)).text)) == [by_digest]
    assert registry.asked[:2] == [
        "GET /v2/team/app/manifests/1.2", f"GET /v2/team/app/manifests/{digests['arm64']}",
    ]  # fmt: skip


def test_what_is_not_there(start) -> None:
    registry = start()
    with pytest.raises(UnreachableError) as raised:
        imported([f"{registry.host}/team/none:1"], allowed=Allowed(plain_http=PLAIN))
    assert str(raised.value) == (
        f"{registry.host}/team/none:1: the manifest, asked of {registry.host}: 404 Not Found: no such repository, tag "
        "or digest, or a private one; check the name, or say where your login is: --credentials docker (of docker "
        "login), helper or env, or ask another way: crane manifest --platform linux/amd64 "
        f"{registry.host}/team/none:1 | rolloutsim import {registry.host}/team/none:1=-"
    )


def test_a_token_for_anyone(start, tokens) -> None:
    registry = start(auth=tokens.auth)
    registry.push("1.2", ("amd64", "arm64"), f"Bearer {tokens.token('team/app', 'pull,push')}")
    name = f"{registry.host}/team/app:1.2"
    with pytest.raises(UnreachableError, match=f"it sends for a token to another host, '{tokens.host}'"):
        imported([name], allowed=Allowed(plain_http=PLAIN))
    assert tokens.asked == []
    made = imported([name], allowed=Allowed(plain_http=PLAIN, realms=(tokens.host,)))
    assert sizes(made.text) == {name: ["7000 B", "14000 B"]}
    service = SERVICE.replace(" ", "+").replace("'", "%27")
    assert tokens.asked == [(f"service={service}&scope=repository%3Ateam%2Fapp%3Apull", "")]


def test_a_token_for_who_has_a_login(start, tokens, login: None) -> None:
    tokens.login = BASIC
    registry = start(auth=tokens.auth)
    registry.push("1.2", authorization=f"Bearer {tokens.token('team/app', 'pull,push')}")
    name = f"{registry.host}/team/app:1.2"
    with pytest.raises(UnreachableError, match="401: it wants a login; say where your login is"):
        imported([name], allowed=Allowed(plain_http=PLAIN, realms=(tokens.host,)))
    imported([name], allowed=Allowed(plain_http=PLAIN, realms=(tokens.host,), credentials="env"))
    assert [said for _, said in tokens.asked] == ["", BASIC]


def test_a_user_and_a_password(start, login: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    registry = start(auth={"htpasswd": {"realm": "x", "path": str(tmp_path / "htpasswd")}})
    registry.push("1.2", authorization=BASIC)
    name = f"{registry.host}/team/app:1.2"
    with pytest.raises(UnreachableError, match="401: it answers only who has a login; say where your login is"):
        imported([name], allowed=Allowed(plain_http=PLAIN))
    made = imported([name], allowed=Allowed(plain_http=PLAIN, credentials="env"))
    assert sizes(made.text) == {name: ["7000 B", "14000 B"]}
    monkeypatch.setenv("ROLLOUTSIM_REGISTRY_PASSWORD", "wrong")
    with pytest.raises(UnreachableError, match="401 Unauthorized: the login may not read it"):
        imported([name], allowed=Allowed(plain_http=PLAIN, credentials="env"))


def test_a_certificate_is_checked(start, signed: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    key, own = signed
    registry = start(tls={"certificate": str(own), "key": str(key)})
    registry.push("1.2")
    name = f"{registry.host}/team/app:1.2"
    with pytest.raises(UnreachableError, match="its certificate is not trusted: .*SSL_CERT_FILE=ca.pem"):
        imported([name])
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    assert sizes(imported([name]).text) == {name: ["7000 B", "14000 B"]}
    with pytest.raises(UnreachableError, match="its certificate is not trusted: Hostname mismatch"):
        imported([name.replace("127.0.0.1", "localhost")])
    with pytest.raises(UnreachableError, match="400 Bad Request, which is no answer to that"):
        imported([name], allowed=Allowed(plain_http=PLAIN))


def test_a_registry_without_tls_is_told_apart(start) -> None:
    registry = start()
    with pytest.raises(UnreachableError) as raised:
        imported([f"{registry.host}/team/app:1.2"])
    assert "it speaks no TLS that is understood here" in str(raised.value)
    assert f"if it speaks plain http, allow that: --plain-http {registry.host}" in str(raised.value)
    assert registry.asked == []
