"""Where a login comes from, where it goes, and that it is shown nowhere."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.errors import UnreachableError, UsageError
from rolloutsim.imports.registry.asked import Allowed
from rolloutsim.imports.registry.client import manifests_of
from rolloutsim.imports.registry.credentials import Credentials, credentials
from rolloutsim.imports.registry.references import named
from rolloutsim.imports.registry.tokens import challenges
from tests.imports.registry.fake import HOST, PUBLIC, Fake, answer, image

PLACE = "/v2/team/app/manifests/1.2"
BASIC = "Basic " + base64.b64encode(b"me:secret").decode()
AUTH = base64.b64encode(b"me:secret").decode()
USER, PASSWORD = "ROLLOUTSIM_REGISTRY_USER", "ROLLOUTSIM_REGISTRY_PASSWORD"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write docker's configuration; its file."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))

    def write(content: object) -> Path:
        file = tmp_path / "config.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return file

    return write


@pytest.fixture
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER, "me")
    monkeypatch.setenv(PASSWORD, "secret")


def wants_basic(fake: Fake) -> None:
    fake.manifest(image())
    found = fake.answers[HOST, PLACE]
    fake.answers[HOST, PLACE] = lambda headers: (
        found if headers.get("authorization") == BASIC else answer(401, WWW_Authenticate='Basic realm="x"')  # type: ignore[return-value]
    )


def test_a_login_goes_to_who_asks_for_it(fake: Fake, login: None) -> None:
    wants_basic(fake)
    fake.ask(credentials="env")
    assert fake.asked == [(HOST, PLACE, ""), (HOST, PLACE, BASIC)]


def test_a_login_goes_to_the_token_server_and_the_token_to_the_registry(fake: Fake, login: None) -> None:
    fake.manifest(image())
    fake.wants_a_token("https://auth.example/token")
    fake.answers["auth.example", "/token"] = answer(200, {"token": "a-token"})
    fake.ask(credentials="env", realms=("auth.example",))
    assert [(host, said) for host, _, said in fake.asked] == [
        (HOST, ""), ("auth.example", BASIC), (HOST, "Bearer a-token"),
    ]  # fmt: skip


def test_a_login_goes_to_no_realm_that_was_not_named(fake: Fake, login: None) -> None:
    fake.manifest(image())
    fake.wants_a_token("https://auth.example/token")
    with pytest.raises(UnreachableError, match="another host, 'auth.example'") as raised:
        fake.ask(credentials="env", realms=("other.example", "auth.example:8443"))
    assert "secret" not in str(raised.value)
    assert [host for host, _, _ in fake.asked] == [HOST]


def test_a_login_that_is_not_accepted_is_not_shown(fake: Fake, login: None) -> None:
    fake.manifest(image())
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(401)
    with pytest.raises(
        UnreachableError, match="401: the login is not accepted; check the user and the password"
    ) as raised:
        fake.ask(credentials="env")
    assert "secret" not in str(raised.value) + repr(raised.value.__traceback__)
    assert AUTH not in str(raised.value)
    assert repr(Credentials("me", "secret")) == "Credentials(…)"


def test_a_named_realm_at_a_metadata_service_is_refused(fake: Fake, login: None) -> None:
    fake.addresses["auth.example"] = [["169.254.169.254"]]
    fake.manifest(image())
    fake.wants_a_token("https://auth.example/token")
    with pytest.raises(UnreachableError, match=r"169\.254\.169\.254 is the address of a cloud's metadata service"):
        fake.ask(credentials="env", realms=("auth.example",))
    assert fake.connected == [PUBLIC]


def test_what_is_named_may_be_in_the_users_own_network(fake: Fake) -> None:
    fake.addresses = {host: [["10.0.0.1"]] for host in (HOST, "auth.example", "storage.example")}
    fake.answers[HOST, PLACE] = answer(307, Location="https://storage.example/x")
    fake.wants_a_token("https://auth.example/token")
    fake.answers["auth.example", "/token"] = answer(200, {"token": "a-token"})
    fake.answers["storage.example", "/x"] = answer(200, image())
    fake.ask(realms=("auth.example",), redirects=("storage.example",))
    assert [(host, said) for host, _, said in fake.asked] == [
        (HOST, ""), ("auth.example", ""), (HOST, "Bearer a-token"), ("storage.example", ""),
    ]  # fmt: skip


def test_the_token_server_of_docker_hub_is_known(fake: Fake) -> None:
    fake.answers["registry-1.docker.io", "/v2/library/a/manifests/1"] = answer(429, Retry_After="60")
    fake.wants_a_token("https://auth.docker.io/token")
    fake.answers["auth.docker.io", "/token"] = answer(200, {"token": "a-token"})
    with pytest.raises(UnreachableError, match=r"Docker Hub counts pulls by address.*; it says to ask again in 60 s"):
        fake.ask("docker://a:1")
    assert [host for host, _, _ in fake.asked] == ["registry-1.docker.io", "auth.docker.io", "registry-1.docker.io"]


def test_plain_http_is_for_who_was_named(fake: Fake) -> None:
    fake.manifest(image(), host="localhost:5000")
    fake.ask("localhost:5000/team/app:1.2", plain_http=("localhost",))
    assert (fake.asked, fake.secured) == ([("localhost:5000", PLACE, "")], [])
    fake.ask("localhost:5000/team/app:1.2", plain_http=("localhost:5001", HOST))
    assert fake.secured == ["localhost"]


def test_plain_http_of_a_registry_is_none_of_its_realm(fake: Fake, login: None) -> None:
    fake.manifest(image(), host="localhost:5000")
    fake.wants_a_token("http://auth.example/token")
    with pytest.raises(UnreachableError, match="'auth.example' by plain http, where all could read along"):
        fake.ask("localhost:5000/team/app:1.2", plain_http=("localhost",), realms=("auth.example",), credentials="env")
    assert [host for host, _, _ in fake.asked] == ["localhost:5000"]


def test_a_registry_of_https_has_no_realm_of_plain_http_even_if_that_is_allowed_there(fake: Fake) -> None:
    fake.manifest(image())
    fake.wants_a_token("http://auth.example/token")
    with pytest.raises(UnreachableError, match="'auth.example' by plain http, where all could read along"):
        fake.ask(plain_http=("auth.example",), realms=("auth.example",))
    assert [host for host, _, _ in fake.asked] == [HOST]


@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"https://{HOST}/v1/"])
def test_the_entry_of_docker_for_that_host(config, key: str) -> None:
    config({"auths": {"other.example": {"auth": "eA=="}, key: {"auth": AUTH}}})
    assert credentials(HOST, Allowed(credentials="docker")) == Credentials("me", "secret")


def test_the_entry_of_docker_hub(config) -> None:
    config({"auths": {"https://index.docker.io/v1/": {"username": "me", "password": "secret"}}})
    assert credentials("docker.io", Allowed(credentials="docker")) == Credentials("me", "secret")


def test_no_login_is_used_that_was_not_asked_for(config, login: None) -> None:
    config({"auths": {HOST: {"auth": AUTH}}, "credsStore": "x"})
    assert credentials(HOST, Allowed()) is None


ENV = f"give a user and a password: {USER}, {PASSWORD} and --credentials env"


@pytest.mark.parametrize(
    ("content", "source", "message"),
    [
        (None, "docker", "{file}: no such file or directory; docker login writes it"),
        ("[]", "docker", "{file}: no configuration of docker; docker login writes one"),
        ("[" * 100_000, "docker", "{file}: no configuration of docker; docker login writes one"),
        ({"auths": {HOST: {"auth": "é"}}}, "docker",
         f"{{file}}: auths: the entry of {HOST} cannot be read; docker login {HOST} again"),
        ({"auths": {HOST: {"auth": AUTH, "identitytoken": "x"}}}, "docker",
         f"{{file}}: auths: the entry of {HOST} is an identity token, which is not used here; {ENV}"),
        ({"credsStore": "../../bin/sh"}, "helper",
         f"{{file}}: the credential helper '../../bin/sh' is not installed; {ENV}"),
        ({"credHelpers": {HOST: "none"}}, "helper", f"{{file}}: the credential helper 'none' is not installed; {ENV}"),
    ],
)  # fmt: skip
def test_what_is_no_login_that_can_be_used(config, tmp_path: Path, content: object, source: str, message: str) -> None:
    if content is not None:
        config(content)
    with pytest.raises(UsageError) as raised:
        credentials(HOST, Allowed(credentials=source))
    assert str(raised.value) == message.format(file=tmp_path / "config.json")


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ('{"Username": "me", "Secret": "secret"}', None),
        ('{"Username": "<token>", "Secret": "secret"}',
         f"docker-credential-mine: an identity token, which is not used here; {ENV}"),
    ],
)  # fmt: skip
def test_a_helper_runs_when_asked_for(
    config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, printed: str, message: str | None
) -> None:
    helper = tmp_path / "docker-credential-mine"
    helper.write_text(f"#!/bin/sh\ntest \"$1\" = get && cat > '{tmp_path}/given'\nprintf '%s' '{printed}'\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    config({"credHelpers": {HOST: "mine"}, "credsStore": "other", "auths": {HOST: {"auth": AUTH}}})
    assert credentials(HOST, Allowed(credentials="docker")) is not None
    assert not (tmp_path / "given").exists()
    if message is None:
        assert credentials(HOST, Allowed(credentials="helper")) == Credentials("me", "secret")
    else:
        with pytest.raises(UsageError) as raised:
            credentials(HOST, Allowed(credentials="helper"))
        assert str(raised.value) == message
    assert (tmp_path / "given").read_text() == HOST


@pytest.mark.parametrize(
    ("content", "source", "hint"),
    [
        ({}, "docker", "docker's config.json has no login for it: docker login, or --credentials helper or env"),
        ({"auths": {f"sub.{HOST}": {"auth": AUTH}, "example": {"auth": AUTH}, f"{HOST}:443": {"auth": AUTH}}}, "docker",
         "docker's config.json has no login for it: docker login, or --credentials helper or env"),
        ({"auths": {HOST: {}}, "credsStore": "x"}, "docker", "docker's config.json has no login for it: docker login"),
        ({"auths": {HOST: {"auth": AUTH}}}, "helper",
         "docker's credential helper has no login for it: docker login, or --credentials env"),
        ({"credHelpers": {HOST: "failing"}}, "helper", "docker's credential helper has no login for it: docker login"),
    ],
)  # fmt: skip
def test_who_has_no_login_asks_without_one(
    config, fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: object, source: str, hint: str
) -> None:
    helper = tmp_path / "docker-credential-failing"
    helper.write_text("#!/bin/sh\necho credentials not found in native keychain\nexit 1\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    config(content)
    fake.manifest(image())
    fake.ask(credentials=source)
    wants_basic(fake)
    with pytest.raises(UnreachableError) as raised:
        fake.ask(credentials=source)
    assert f"401: it answers only who has a login; {hint}" in str(raised.value)
    assert [said for _, _, said in fake.asked] == ["", ""]


def test_a_login_of_the_environment_is_for_one_registry(fake: Fake, login: None) -> None:
    two = [one for one in (named("docker://a:1"), named("docker://quay.io/b:1")) if one]
    with pytest.raises(UsageError, match=r"are for one registry, and images of docker\.io and quay\.io are named"):
        manifests_of(two, "linux/amd64", Allowed(credentials="env"), fake.net)
    assert fake.looked_up == []


def test_a_login_that_is_not_there_asks_nobody(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(USER, raising=False)
    monkeypatch.setenv(PASSWORD, "secret")
    with pytest.raises(UsageError) as raised:
        fake.ask(credentials="env")
    assert str(raised.value) == f"--credentials env: {USER} is not set"
    assert fake.looked_up == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://a/t",service="s"', {"bearer": ("https://a/t", "s")}),
        ('bearer service=s , realm = "https://a/\\"t,x"', {"bearer": ('https://a/"t,x', "s")}),
        ('Basic realm="x", Bearer realm="https://a/t"', {"basic": ("x", ""), "bearer": ("https://a/t", "")}),
        ("Basic", {"basic": ("", "")}),
        ('Digest realm="Bearer realm=x"', {"digest": ("Bearer realm=x", "")}),
        ("", {}),
        ("Bearer", {}),
    ],
)
def test_challenges(header: str, expected: dict[str, tuple[str, str]]) -> None:
    assert {name: (one.realm, one.service) for name, one in challenges([header]).items()} == expected


@given(st.lists(st.text(st.sampled_from('Bearer Basic realm="\\,= \t'), max_size=60), max_size=3))
def test_challenges_of_any_text_are_read(headers: list[str]) -> None:
    assert all(name == one.scheme for name, one in challenges(headers).items())


def test_a_helper_that_does_not_read_ends_only_itself(config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line lets a reader that goes away end it; a helper is no reader of its output."""
    (tmp_path / "docker-credential-deaf").write_text("#!/bin/sh\nexec <&-\necho '{}'\nsleep 0.2\n")
    (tmp_path / "docker-credential-deaf").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    host = "h" * 60 + ".example"
    config({"credHelpers": {host: "deaf"}})
    # In a process of its own: what is wrong here ends it without a word.
    program = (
        "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "from rolloutsim.imports.registry import credentials as module\n"
        "from rolloutsim.imports.registry.asked import Allowed\n"
        "import os, time; real = module.subprocess.Popen\n"
        "def late(*given, **more):\n"
        "    process = real(*given, **more); time.sleep(0.1); return process\n"
        "module.subprocess.Popen = late\n"
        f"assert module.credentials({host!r}, Allowed(credentials='helper')) is None\n"
        "assert signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
