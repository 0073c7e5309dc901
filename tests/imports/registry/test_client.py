"""A registry as it should be: what is asked, in which order, and what the scenario says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rolloutsim.errors import UnreachableError, UnreadableError, UsageError
from rolloutsim.imports import Allowed, imported
from tests.imports.registry.fake import HOST, OCI_INDEX, PUBLIC, Fake, answer, digest, image

MANIFEST = "/v2/team/app/manifests/1.2"
TOKEN = "/token?service=the+registry&scope=repository%3Ateam%2Fapp%3Apull"
OTHER_WAY = (
    f"or ask another way: crane manifest --platform linux/amd64 {HOST}/team/app:1.2 | rolloutsim import "
    f"{HOST}/team/app:1.2=-"
)


def index(fake: Fake, *entries: tuple[str, bytes], **more: object) -> None:
    fake.manifest(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [
                {"digest": digest(body), "size": len(body), "platform": {"os": "linux", "architecture": name}}
                for name, body in entries
            ],
        },
        **more,  # type: ignore[arg-type]
    )


def child(fake: Fake, **more: object) -> bytes:
    body = fake.manifest(image(**more))
    fake.answers[HOST, f"/v2/team/app/manifests/{digest(body)}"] = fake.answers.pop((HOST, MANIFEST))
    return body


def test_a_manifest_without_a_token_is_one_request(fake: Fake) -> None:
    body = fake.manifest(image())
    document = fake.ask()
    assert (document.name, document.digest, document.is_named) == (f"{HOST}/team/app:1.2", digest(body), True)
    assert document.label == f"{HOST}/team/app:1.2 ({digest(body)})"
    assert fake.asked == [(HOST, MANIFEST, "")]
    assert (fake.looked_up, fake.connected, fake.secured) == ([HOST], [PUBLIC], [HOST])
    sent = fake.headers[0]
    assert set(sent) == {"host", "user-agent", "accept-encoding", "connection", "accept"}
    assert sent["accept-encoding"] == "identity"


def test_an_index_with_a_token_is_four_requests_and_one_look_up(fake: Fake) -> None:
    arm, amd = child(fake, annotations={"a": "arm"}), child(fake)
    index(fake, ("arm64", arm), ("amd64", amd))
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"access_token": "a-token"})
    assert fake.ask().digest == digest(amd)
    assert fake.asked == [
        (HOST, MANIFEST, ""), (HOST, TOKEN, ""), (HOST, MANIFEST, "Bearer a-token"),
        (HOST, f"/v2/team/app/manifests/{digest(amd)}", "Bearer a-token"),
    ]  # fmt: skip
    assert fake.looked_up == [HOST]


def test_what_a_token_is_for_is_said_by_us(fake: Fake) -> None:
    # The challenge names team/secret:pull,push.
    fake.manifest(image())
    fake.wants_a_token()
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    fake.ask()
    assert [target for _, target, _ in fake.asked if "token" in target] == [TOKEN]


def test_an_index_without_the_platform_names_those_that_it_has(fake: Fake) -> None:
    index(fake, ("arm64", child(fake)))
    with pytest.raises(UnreadableError) as raised:
        fake.ask()
    assert str(raised.value) == (
        f"{HOST}/team/app:1.2: an index without linux/amd64; its platforms: linux/arm64; choose one of them with "
        "--platform"
    )
    assert fake.ask(platform="linux/arm64").digest.startswith("sha256:")


def test_the_configuration_tells_the_platform_of_an_image_without_an_index(fake: Fake) -> None:
    config = fake.blob({"os": "linux", "architecture": "arm64", "variant": "v8", "rootfs": {"diff_ids": ["a", "b"]}})
    fake.manifest(image(config=config))
    with pytest.raises(UnreachableError) as raised:
        fake.ask()
    assert str(raised.value) == (
        f"{HOST}/team/app:1.2: the configuration, asked of {HOST}: the image is of 'linux/arm64/v8', and linux/amd64 "
        f"was asked for; take it as it is: --platform linux/arm64/v8, {OTHER_WAY}"
    )
    fake.ask(platform="linux/arm64")
    assert [target for _, target, _ in fake.asked[2:]] == [MANIFEST, f"/v2/team/app/blobs/{config['digest']}"]


def test_a_blob_elsewhere_is_asked_for_without_the_token(fake: Fake) -> None:
    config = fake.blob({"os": "linux", "architecture": "amd64"}, "storage.example")
    fake.manifest(image(config=config))
    place = f"/v2/team/app/blobs/{config['digest']}"
    fake.answers[HOST, place] = answer(307, Location=f"https://storage.example{place}?signed=x")
    fake.wants_a_token()
    # The storage takes no token of ours; what it is asked with is what this test is about.
    fake.answers["storage.example", place] = answer(200, b'{"os": "linux", "architecture": "amd64"}')
    fake.answers[HOST, "/token"] = answer(200, {"token": "a-token"})
    fake.ask()
    assert fake.asked[-2:] == [(HOST, place, "Bearer a-token"), ("storage.example", f"{place}?signed=x", "")]
    assert fake.secured[-1] == "storage.example"


@pytest.mark.parametrize(
    ("given", "host", "target"),
    [
        ("docker://nginx", "registry-1.docker.io", "/v2/library/nginx/manifests/latest"),
        ("docker://team/app:2", "registry-1.docker.io", "/v2/team/app/manifests/2"),
        ("docker.io/nginx:1.27", "registry-1.docker.io", "/v2/library/nginx/manifests/1.27"),
        ("Registry.Example:5000/a/b/c:1", "registry.example:5000", "/v2/a/b/c/manifests/1"),
        (f"quay.io/a:1@sha256:{'0' * 64}", "quay.io", f"/v2/a/manifests/sha256:{'0' * 64}"),
        ("docker://[2a00::1]:5000/a:1", "[2a00::1]:5000", "/v2/a/manifests/1"),
        ("x=docker://quay.io/a:1", "quay.io", "/v2/a/manifests/1"),
    ],
)
def test_where_an_image_is_asked_for(fake: Fake, given: str, host: str, target: str) -> None:
    with pytest.raises(UnreachableError, match="404 Not Found: no such repository, tag or digest, or a private one"):
        fake.ask(given)
    assert fake.asked == [(host, target, "")]


def test_the_scenario_says_which_image_it_was(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    body = fake.manifest(image())
    monkeypatch.setattr("rolloutsim.imports.registry.client.Net", lambda: fake.net)
    made = imported([f"{HOST}/team/app:1.2"])
    assert f"# from {HOST}/team/app:1.2 ({digest(body)})" in made.text
    assert yaml.safe_load(made.text) == {
        "rolloutsim": 1, "name": f"imported from {HOST}/team/app:1.2", "nodes": {"node": {"count": 10}},
        "network": "1 Gbit/s",
        "images": {
            f"{HOST}/team/app:1.2": {
                "layers": [
                    {"compressed": "5000 B", "digest": f"sha256:{1:064x}"},
                    {"compressed": "70 B", "digest": f"sha256:{2:064x}"},
                ]
            }
        },
        "assumed": {
            "nodes.node.count": "nothing that was given tells it",
            "network.rate": "the line rate of every NIC and of every registry's uplink",
        },
    }  # fmt: skip


def test_nobody_is_asked_where_a_file_is_missing(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.imports.registry.client.Net", lambda: fake.net)
    with pytest.raises(UsageError, match="no such file"):
        imported([f"{HOST}/team/app:1.2", "missing.yaml"])
    assert fake.looked_up == []


def test_a_scenarios_file_asks_nobody(fake: Fake, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("rolloutsim.imports.registry.client.Net", lambda: fake.net)
    file = tmp_path / "job.yaml"
    file.write_text(
        "apiVersion: apps.kruise.io/v1alpha1\nkind: ImagePullJob\nmetadata: {name: job}\n"
        "spec: {image: 'registry.example/team/app:1.2'}\n"
    )
    imported([str(file)], allowed=Allowed())
    assert fake.looked_up == []
