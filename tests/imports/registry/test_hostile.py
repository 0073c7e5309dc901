"""Registries, token servers and storages that want harm: the whole error, and nobody else is asked.

Others were broken by them: CVE-2020-15157 (credentials to a foreign host), CVE-2021-41190 (index and manifest at once).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable

import pytest

from rolloutsim.errors import UnreachableError
from tests.imports.registry.fake import (
    HOST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    PUBLIC,
    Fake,
    answer,
    digest,
    endless,
    image,
)

PLACE = "/v2/team/app/manifests/1.2"
REF = f"{HOST}/team/app:1.2"
COMMAND = f"crane manifest --platform linux/amd64 {REF} | rolloutsim import {REF}=-"
LOGIN = "say where your login is: --credentials docker (of docker login), helper or env"
OWN = "allowed are its own and those that you name"
Setup = Callable[[Fake], object]

CASES: dict[str, tuple[Setup, str, list[tuple[str, str]]]] = {}


def case(message: str, *asked: tuple[str, str]) -> Callable[[Setup], Setup]:
    """A hostile behaviour, the whole message, and all that is asked: (host, path without query)."""

    def keep(setup: Setup) -> Setup:
        CASES[setup.__name__] = (setup, message, [(HOST, PLACE), *asked])
        return setup

    return keep


def manifest_refused(problem: str, hint: str = "") -> str:
    return refused("the manifest", HOST, problem, hint)


def refused(step: str, server: str, problem: str, hint: str = "") -> str:
    way = f"{hint}, or ask another way: {COMMAND}" if hint else f"ask another way: {COMMAND}"
    return f"{REF}: {step}, asked of {server}: {problem}; {way}"


def foreign(server: str) -> str:
    return refused(
        "the token for it",
        HOST,
        f"it sends for a token to another host, '{server}'; {OWN}",
        f"if you trust that host (your login goes there), name it: --allow-realm {server}",
    )


def realm(fake: Fake, text: str, **allowed: object) -> None:
    fake.manifest(image())
    fake.wants_a_token(text)


# Realms


@case(foreign("evil.example"))
def realm_on_a_foreign_host(fake: Fake) -> None:
    realm(fake, "https://evil.example/token")


@case(foreign("registry.example.evil.example"))
def realm_on_a_host_that_begins_alike(fake: Fake) -> None:
    realm(fake, "https://registry.example.evil.example/token")


@case(foreign("evilregistry.example"))
def realm_on_a_host_that_ends_alike(fake: Fake) -> None:
    realm(fake, "https://evilregistry.example/token")


@case(foreign("registry.example:8443"))
def realm_on_another_port(fake: Fake) -> None:
    realm(fake, "https://registry.example:8443/token")


@case(foreign("169.254.169.254"))
def realm_at_a_metadata_service(fake: Fake) -> None:
    realm(fake, "https://169.254.169.254/latest/meta-data/")


@case(foreign("10.0.0.1"))
def realm_at_a_private_address(fake: Fake) -> None:
    realm(fake, "https://10.0.0.1/token")


@case(
    refused(
        "the token for it",
        HOST,
        "it sends for a token to 'registry.example:443' by plain http, where all could read along; allowed is https",
    )
)
def realm_by_plain_http(fake: Fake) -> None:
    realm(fake, "http://registry.example:443/token")


@case(refused("the token for it", HOST, "it sends for a token to an address with a user in it, of 'evil.example'"))
def realm_with_a_user(fake: Fake) -> None:
    realm(fake, "https://registry.example@evil.example/token")


@case(refused("the token for it", HOST, "it sends for a token to '', which is no address of https"))
def realm_missing(fake: Fake) -> None:
    realm(fake, "")


@case(refused("the token for it", HOST, "it sends for a token to 'file:///etc/passwd', which is no address of https"))
def realm_of_a_file(fake: Fake) -> None:
    realm(fake, "file:///etc/passwd")


@case(
    refused(
        "the token for it",
        HOST,
        "it sends for a token to 'https://registry.example/ HTTP/1.1', with characters that no address has",
    )
)
def realm_with_a_blank(fake: Fake) -> None:
    realm(fake, "https://registry.example/ HTTP/1.1")


@case(manifest_refused("401 with a challenge of more than 8,000 characters, the most that is read"))
def huge_challenge(fake: Fake) -> None:
    realm(fake, "https://registry.example/" + "a" * 9000)


@case(manifest_refused("401 without a challenge that is known; Bearer and Basic are"))
def unknown_challenge(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(401, WWW_Authenticate='Negotiate, Digest realm="https://evil.example/"')


@case(
    manifest_refused(
        "401: it answers only who has a login",
        LOGIN,
    )
)
def basic_without_a_login(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(401, WWW_Authenticate='Basic realm="x"')


# Token servers


def token(fake: Fake, given: object) -> None:
    fake.manifest(image())
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = given  # type: ignore[assignment]


TOKEN_ASKED = (HOST, "/token")
NO_TOKEN = refused("the token for it", HOST, "an answer without a token that could be one (RFC 6750)")


@case(refused("the token for it", HOST, "307, on to somewhere else; a token server must answer itself"), TOKEN_ASKED)
def token_server_redirects(fake: Fake) -> None:
    token(fake, answer(307, Location="https://evil.example/token"))


@case(NO_TOKEN, TOKEN_ASKED)
def token_with_a_line_of_its_own(fake: Fake) -> None:
    token(fake, answer(200, {"token": "a\r\nX-Evil: 1"}))


@case(NO_TOKEN, TOKEN_ASKED)
def token_too_long_for_a_header(fake: Fake) -> None:
    token(fake, answer(200, {"token": "a" * 17_000}))


@case(NO_TOKEN, TOKEN_ASKED)
def token_not_json(fake: Fake) -> None:
    token(fake, answer(200, "<html>"))


@case(refused("the token for it", HOST, "an answer of 65,541 bytes; at most 65,536 are read"), TOKEN_ASKED)
def token_answer_too_large(fake: Fake) -> None:
    token(fake, answer(200, b"a" * 65_541))


@case(
    refused(
        "the token for it",
        HOST,
        "401: it wants a login",
        LOGIN,
    ),
    TOKEN_ASKED,
)
def token_for_who_has_a_login(fake: Fake) -> None:
    token(fake, answer(401))


@case(
    manifest_refused("401 Unauthorized: it is private, or not there", f"check the name, or {LOGIN}"),
    TOKEN_ASKED,
    (HOST, PLACE),
)
def token_that_is_not_taken(fake: Fake) -> None:
    token(fake, answer(200, {"token": "another-token"}))


# Redirects of blobs and manifests


def redirected(fake: Fake, *places: str) -> None:
    """The manifest is at the first place, which sends on to the next; who knows our token has it from the registry."""
    ways = [(HOST, PLACE)]
    ways += [(host, f"/{path}") for host, _, path in (place.partition("//")[2].partition("/") for place in places)]
    fake.answers[HOST, PLACE] = answer(307, Location=places[0])
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    for way, place in zip(ways[1:], places[1:], strict=False):
        fake.answers[way] = answer(307, Location=place)


ONCE = (TOKEN_ASKED, (HOST, PLACE))


@case(
    refused(
        "the manifest",
        "evil.example",
        "404 Not Found: no such repository, tag or digest, or a private one",
        f"check the name, or {LOGIN}",
    ),
    *ONCE,
    ("evil.example", "/steal"),
)
def redirect_across_hosts(fake: Fake) -> None:
    redirected(fake, "https://evil.example/steal")


@case(
    refused(
        "the manifest", "evil.example", "401 Unauthorized: it is private, or not there", f"check the name, or {LOGIN}"
    ),
    *ONCE,
    ("evil.example", "/steal"),
)
def redirect_to_who_wants_a_token(fake: Fake) -> None:
    redirected(fake, "https://evil.example/steal")
    fake.answers["evil.example", "/steal"] = answer(401, WWW_Authenticate='Bearer realm="https://evil.example/t"')


@case(
    refused("the manifest", "c.example", "more than 3 redirects, the most followed"),
    *ONCE,
    ("a.example", "/x"),
    ("b.example", "/x"),
    ("c.example", "/x"),
)
def redirect_without_end(fake: Fake) -> None:
    redirected(fake, "https://a.example/x", "https://b.example/x", "https://c.example/x", "https://a.example/x")


@case(
    refused("the manifest", HOST, "more than 3 redirects, the most followed"),
    *ONCE,
    *[(HOST, PLACE)] * 3,
)
def redirect_to_itself(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(302, Location=PLACE)
    fake.wants_a_token()
    loop = answer(302, Location=PLACE)
    guarded = fake.answers[HOST, PLACE]
    fake.answers[HOST, PLACE] = lambda headers: guarded(headers) if len(fake.asked) < 3 else loop  # type: ignore[operator]
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})


def nowhere(server: str, address: str, what: str) -> str:
    problem = f"its address {address} is {what}, to which nothing may lead that the user did not name"
    is_own = what in ("a private address", "a loopback address")
    hint = f"if it is yours, name it: --allow-redirect {server}" if is_own else ""
    return refused("the manifest", server, problem, hint)


@case(nowhere("storage.example", "10.1.2.3", "a private address"), *ONCE)
def redirect_to_a_name_with_a_private_address(fake: Fake) -> None:
    fake.addresses["storage.example"] = [["10.1.2.3"]]
    redirected(fake, "https://storage.example/x")


@case(nowhere("storage.example", "127.0.0.1", "a loopback address"), *ONCE)
def redirect_to_a_name_with_two_addresses_one_of_them_here(fake: Fake) -> None:
    fake.addresses["storage.example"] = [[PUBLIC, "127.0.0.1"]]
    redirected(fake, "https://storage.example/x")


@case(nowhere("169.254.169.254", "169.254.169.254", "the address of a cloud's metadata service"), *ONCE)
def redirect_to_a_metadata_service(fake: Fake) -> None:
    fake.addresses["169.254.169.254"] = [["169.254.169.254"]]
    redirected(fake, "https://169.254.169.254/latest/meta-data/")


@case(nowhere("[::ffff:127.0.0.1]", "::ffff:127.0.0.1", "a loopback address"), *ONCE)
def redirect_to_an_address_in_an_address(fake: Fake) -> None:
    fake.addresses["::ffff:127.0.0.1"] = [["::ffff:127.0.0.1"]]
    redirected(fake, "https://[::ffff:127.0.0.1]/x")


@case(manifest_refused("307, on to 'evil.example' by plain http; allowed is https"), *ONCE)
def redirect_by_plain_http(fake: Fake) -> None:
    redirected(fake, "http://evil.example/x")


@case(manifest_refused("307, on to an address with a user in it, of 'evil.example'"), *ONCE)
def redirect_with_a_user(fake: Fake) -> None:
    redirected(fake, "https://a:b@evil.example/x")


@case(manifest_refused("307, on to 'file:///etc/passwd', which is no address of https"), *ONCE)
def redirect_to_a_file(fake: Fake) -> None:
    redirected(fake, "file:///etc/passwd")


@case(manifest_refused("307, on to an address of 9,020 characters, of which at most 8,000 are read"), *ONCE)
def redirect_to_a_long_address(fake: Fake) -> None:
    redirected(fake, "https://evil.example" + "/" * 9000)


# Answers that do not end, are too large, or are not what they say


@case(manifest_refused("an answer of 4,194,305 bytes; at most 4,194,304 are read"))
def manifest_too_large(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = [b"HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n"]


@case(manifest_refused("an answer of more than 4,194,304 bytes, the most that is read"))
def body_without_end(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = lambda _: endless(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 65536)


@case(manifest_refused("an answer that does not end within 65,536 bytes of headers and 4,194,304 of body"))
def chunks_without_end(fake: Fake) -> None:
    # A byte a chunk, and each with a comment: what is counted is what comes.
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    fake.answers[HOST, PLACE] = lambda _: endless(head, (b"1;" + b"x" * 4000 + b"\r\n \r\n") * 16)


@case(manifest_refused("an answer that does not end within 65,536 bytes of headers and 4,194,304 of body"))
def trailers_without_end(fake: Fake) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    fake.answers[HOST, PLACE] = lambda _: endless(head, b"X: 1\r\n" * 4000)


@case(manifest_refused("an answer that does not end within 65,536 bytes of headers and 4,194,304 of body"))
def continues_without_end(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = lambda _: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@case(manifest_refused("no answer of HTTP: HTTPException, 'got more than 100 headers'"))
def headers_without_end(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = lambda _: endless(b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n" * 1000)


@case(manifest_refused("an answer that does not end within 65,536 bytes of headers and 4,194,304 of body"))
def a_header_without_end(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = lambda _: endless(b"HTTP/1.1 200 OK\r\nX-A: ", b"a" * 65536)


@case(manifest_refused("no answer of HTTP: BadStatusLine, 'SSH-2.0-OpenSSH_9.6\\r\\n'"))
def another_protocol(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = b"SSH-2.0-OpenSSH_9.6\r\n"


@case(manifest_refused("an answer that ends after 10 of 5,000 bytes"))
def answer_that_is_cut(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(200, b"0123456789", Content_Length="5000")


@case(manifest_refused("an answer that is encoded ('gzip'), which was not asked for"))
def compressed_bomb(fake: Fake) -> None:
    bomb = gzip.compress(b" " * 50_000_000, 1)
    fake.answers[HOST, PLACE] = answer(200, bomb, Content_Encoding="gzip", Content_Type=OCI_MANIFEST)


@case(manifest_refused("an answer that is no JSON of one object; is this a registry?"))
def not_json(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(200, "schemaVersion: 2", Content_Type=OCI_MANIFEST)


@case(manifest_refused("an answer that is no JSON of one object; is this a registry?"))
def json_nested_too_deep(fake: Fake) -> None:
    fake.answers[HOST, PLACE] = answer(200, "[" * 100_000, Content_Type=OCI_MANIFEST)


@case(manifest_refused("JSON that is neither a manifest nor an index"))
def json_of_something_else(fake: Fake) -> None:
    fake.manifest({"apiVersion": "v1", "kind": "Node"})


@case(manifest_refused("an answer of type 'text/html', which is no manifest's; is this a registry?"))
def wrong_content_type(fake: Fake) -> None:
    fake.manifest(image(), Content_Type="text/html; charset=utf-8")


BOTH = manifest_refused("an answer that says to be an index and a manifest at once")


@case(BOTH)
def index_and_manifest_at_once(fake: Fake) -> None:
    fake.manifest({"layers": image()["layers"], "manifests": []}, Content_Type="application/json")


@case(BOTH)
def manifest_that_comes_as_an_index(fake: Fake) -> None:
    fake.manifest(image(), Content_Type=OCI_INDEX)


@case(BOTH)
def manifest_that_says_to_be_an_index(fake: Fake) -> None:
    fake.manifest(image(mediaType=OCI_INDEX), Content_Type="application/json")


# Digests and sizes that lie


def one_of(fake: Fake, body: bytes, **entry: object) -> dict[str, object]:
    """An index of one manifest, at its digest."""
    own = {"digest": digest(body), "size": len(body), "platform": {"os": "linux", "architecture": "amd64"}, **entry}
    return {"schemaVersion": 2, "manifests": [own]}


BODY = json.dumps(image()).encode()
CHILD = (HOST, f"/v2/team/app/manifests/{digest(BODY)}")


@case(
    manifest_refused(f"bytes of another digest ({digest(b'{}')}) than was asked for ({digest(BODY)})"),
    CHILD,
)
def digest_mismatch(fake: Fake) -> None:
    fake.manifest(one_of(fake, BODY, size=2))
    fake.answers[CHILD] = answer(200, b"{}", Content_Type=OCI_MANIFEST)


@case(manifest_refused(f"bytes of another digest ({digest(BODY)}) than it says itself ('sha256:{'0' * 64}')"))
def digest_in_the_header_that_is_not_the_bytes(fake: Fake) -> None:
    fake.manifest(image(), Docker_Content_Digest=f"sha256:{'0' * 64}")


@case(manifest_refused(f"{len(BODY)} bytes, where 17 were named"), CHILD)
def size_in_the_index_that_lies(fake: Fake) -> None:
    fake.manifest(one_of(fake, BODY, size=17))
    fake.answers[CHILD] = answer(200, BODY, Content_Type=OCI_MANIFEST)


CONFIG = b'{"os": "linux", "architecture": "amd64"}'
BLOB = (HOST, f"/v2/team/app/blobs/{digest(CONFIG)}")
ONE_LAYER = b'{"rootfs": {"diff_ids": ["a"]}}'


@case(refused("the configuration", HOST, f"{len(CONFIG)} bytes, where 2 were named"), BLOB)
def size_of_the_configuration_that_lies(fake: Fake) -> None:
    fake.manifest(image(config={"mediaType": OCI_CONFIG, "digest": digest(CONFIG), "size": 2}))
    fake.answers[BLOB] = answer(200, CONFIG)


@case(
    refused(
        "the configuration", HOST, f"bytes of another digest ({digest(b'{}')}) than was asked for ({digest(CONFIG)})"
    ),
    BLOB,
)
def configuration_of_another_digest(fake: Fake) -> None:
    fake.manifest(image(config={"mediaType": OCI_CONFIG, "digest": digest(CONFIG), "size": 2}))
    fake.answers[BLOB] = answer(200, b"{}")


@case(refused("the configuration", HOST, "an answer of 8,388,609 bytes; at most 8,388,608 are read"), BLOB)
def configuration_too_large(fake: Fake) -> None:
    fake.manifest(image(config={"mediaType": OCI_CONFIG, "digest": digest(CONFIG)}))
    fake.answers[BLOB] = [b"HTTP/1.1 200 OK\r\nContent-Length: 8388609\r\n\r\n"]


@case(
    refused(
        "the configuration",
        HOST,
        "1 layers (rootfs.diff_ids), and 2 in the manifest; no runtime unpacks that",
    ),
    (HOST, f"/v2/team/app/blobs/{digest(ONE_LAYER)}"),
)
def configuration_of_other_layers(fake: Fake) -> None:
    fake.manifest(image(config=fake.blob(json.loads(ONE_LAYER))))


@case(manifest_refused("a configuration '../../evil', no digest that is verified here (sha256)"))
def configuration_at_a_path(fake: Fake) -> None:
    fake.manifest(image(config={"mediaType": OCI_CONFIG, "digest": "../../evil", "size": 2}))


@case(manifest_refused("an index that names '../../../evil', no digest that is verified here (sha256)"))
def child_at_a_path(fake: Fake) -> None:
    fake.manifest(one_of(fake, BODY, digest="../../../evil"))


INDEXES = [json.dumps({"schemaVersion": 2, "manifests": []}).encode()]
for _ in range(2):
    INDEXES.append(json.dumps(one_of(Fake, INDEXES[-1])).encode())  # type: ignore[arg-type]


@case(
    manifest_refused("indexes within indexes, more than 2 deep"),
    *[(HOST, f"/v2/team/app/manifests/{digest(body)}") for body in reversed(INDEXES[:2])],
)
def index_of_indexes(fake: Fake) -> None:
    for of, body in zip(("1.2", digest(INDEXES[1]), digest(INDEXES[0])), reversed(INDEXES), strict=True):
        fake.answers[HOST, f"/v2/team/app/manifests/{of}"] = answer(200, body, Content_Type=OCI_INDEX)


# Statuses


def status(fake: Fake, number: int, **headers: str) -> None:
    fake.answers[HOST, PLACE] = answer(number, b"\x1b[2J" * 10, **headers)


@case(manifest_refused("429 Too Many Requests: asked too often; it says to ask again in 3600 s", f"wait, or {LOGIN}"))
def too_many_requests(fake: Fake) -> None:
    status(fake, 429, Retry_After="3600")


@case(
    manifest_refused(
        "503 Service Unavailable: it fails itself; it says to ask again after '\\x1b[2J tomorrow'", "ask again later"
    )
)
def failing_with_an_escape(fake: Fake) -> None:
    status(fake, 503, Retry_After="\x1b[2J tomorrow")


@case(manifest_refused("403 Forbidden: it is private, or not there", f"check the name, or {LOGIN}"))
def forbidden(fake: Fake) -> None:
    status(fake, 403)


@case(manifest_refused("999, which is no answer to that", "is this a registry?"))
def status_that_is_none(fake: Fake) -> None:
    status(fake, 999)


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_answer_is_one_error_and_no_other_host_is_asked(fake: Fake, name: str) -> None:
    setup, message, asked = CASES[name]
    setup(fake)
    with pytest.raises(UnreachableError) as raised:
        fake.ask()
    assert str(raised.value) == message
    assert [(host, target.partition("?")[0]) for host, target, _ in fake.asked] == asked
    assert set(fake.looked_up) <= {HOST, *(host for host, _ in asked), *fake.addresses}
    assert set(fake.connected) == {PUBLIC}
    assert [said for host, _, said in fake.asked if host != HOST and said] == []
