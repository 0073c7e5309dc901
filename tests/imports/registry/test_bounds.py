"""What bounds a request: time, counts, one look-up of a host, and what counts as a name at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Event

import pytest

from rolloutsim.errors import UnreachableError, UsageError
from rolloutsim.imports import imported
from rolloutsim.imports.registry.asked import Limits
from rolloutsim.imports.registry.session import url
from tests.imports.registry.fake import HOST, OCI_MANIFEST, PUBLIC, Fake, answer, endless, image

PLACE = "/v2/team/app/manifests/1.2"
REF = f"{HOST}/team/app:1.2"


def drip(fake: Fake, head: bytes, part: bytes) -> Callable[[object], Iterator[bytes]]:
    """A part each second, for ever: no single read is late."""

    def go(_: object) -> Iterator[bytes]:
        for one in endless(head, part):
            yield one
            fake.time += 1

    return go


@pytest.mark.parametrize(
    ("head", "part"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"a"),
        (b"H", b"T"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["body", "header", "status", "chunks", "trailers", "continue"],
)
def test_a_byte_now_and_then_does_not_hold_the_deadline_up(fake: Fake, head: bytes, part: bytes) -> None:
    fake.answers[HOST, PLACE] = drip(fake, head, part)
    with pytest.raises(UnreachableError) as raised:
        fake.ask()
    assert str(raised.value) == (
        f"{REF}: the manifest, asked of {HOST}: not answered within 30 s, the most allowed for all that one image "
        f"needs; ask another way: crane manifest --platform linux/amd64 {REF} | rolloutsim import {REF}=-"
    )


def test_a_resolver_that_hangs_is_left_behind(fake: Fake) -> None:
    never = Event()
    fake._resolve = lambda host, port: [PUBLIC] if never.wait(5) else []  # type: ignore[method-assign]
    with pytest.raises(UnreachableError, match="its address was not found in time"):
        fake.ask(limits=Limits(connect=0.05))
    never.set()


def test_requests_are_counted(fake: Fake) -> None:
    fake.manifest(image())
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    with pytest.raises(UnreachableError, match="more than 2 requests for one image, the most allowed"):
        fake.ask(limits=Limits(requests=2))
    assert len(fake.asked) == 2


def test_a_host_is_looked_up_once(fake: Fake) -> None:
    # DNS rebinding: public when it is checked, this machine when it is connected to.
    fake.addresses[HOST] = [[PUBLIC], ["127.0.0.1"]]
    fake.manifest(image())
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    fake.ask()
    assert fake.looked_up == [HOST]
    assert fake.connected == [PUBLIC] * 3


def test_another_host_is_looked_up_once(fake: Fake) -> None:
    fake.addresses["storage.example"] = [[PUBLIC], ["127.0.0.1"]]
    fake.answers[HOST, PLACE] = answer(307, Location="https://storage.example/a")
    fake.answers["storage.example", "/a"] = answer(307, Location="https://storage.example/b")
    fake.answers["storage.example", "/b"] = answer(200, image(), Content_Type=OCI_MANIFEST)
    fake.ask()
    assert fake.looked_up == [HOST, "storage.example"]
    assert fake.connected == [PUBLIC] * 3


def test_a_token_that_is_refused_later_is_not_asked_for_again(fake: Fake) -> None:
    entry = {"digest": f"sha256:{'0' * 64}", "platform": {"os": "linux", "architecture": "amd64"}}
    fake.manifest({"schemaVersion": 2, "manifests": [entry]})
    child = (HOST, f"/v2/team/app/manifests/{entry['digest']}")
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    fake.answers[child] = answer(401, WWW_Authenticate='Bearer realm="https://registry.example/token"')
    with pytest.raises(UnreachableError, match="401 Unauthorized"):
        fake.ask()
    assert [target.partition("?")[0] for _, target, _ in fake.asked] == [PLACE, "/token", PLACE, child[1]]


@pytest.mark.parametrize(
    "text",
    ["ftp://a.example/", "https:/a", "https://", "//a/b", "https://a.example:0/", "https://a.example:99999/",
     "https://a.example:x/", "https://ä.example/", "https://a.example/\x01", "https://a.example/\r\nX: 1",
     "https://a.example/\x7f", "https://a.example\\@b.example/", "https://[::1/", "https://a@b/"],
)  # fmt: skip
def test_an_address_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"an address|no address"):
        url(text)


def test_urls_and_data_of_a_manifest_are_not_looked_at(fake: Fake) -> None:
    config = fake.blob({"os": "linux", "architecture": "amd64"})
    fake.manifest(image(config={**config, "urls": ["https://evil.example/"], "data": "e30="}))
    fake.ask()
    assert [host for host, _, _ in fake.asked] == [HOST, HOST]


@pytest.mark.parametrize(
    "name",
    [
        f"{HOST}/team/app:1\n2",
        f"{HOST}/team/app\x1b[2J:1",
        f"{HOST}/../evil:1",
        f"{HOST}/team/app:1?x=1",
        f"{HOST}/team/app:1#x",
        f"{HOST}/team/app:1%2f",
        f"a@{HOST}/team/app:1",
        f"docker://{HOST}/team//app:1",
        f"docker://{HOST}/team/app@sha256:00",
        f"docker://{HOST}:99999/team/app:1",
    ],
)
def test_a_name_that_none_can_have_asks_nobody(fake: Fake, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.imports.registry.client.Net", lambda: fake.net)
    with pytest.raises(UsageError) as raised:
        imported([name])
    assert "an image's name is HOST/REPOSITORY:TAG" in str(raised.value) or "no such file" in str(raised.value)
    assert fake.looked_up == []
