"""`rolloutsim import` of an image's name: its options, and what it says."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from rolloutsim.cli import main
from rolloutsim.errors import UsageError
from rolloutsim.imports.registry.references import named
from tests.imports.registry.fake import Fake, answer, image
from tests.test_package import modules_loaded_by

NETWORK = ("client", "session", "tokens", "wire")


def run(*arguments: str):
    return CliRunner().invoke(main, ["import", *arguments], standalone_mode=False)


def test_options_reach_the_registry(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolloutsim.imports.registry.client.Net", lambda: fake.net)
    monkeypatch.setenv("ROLLOUTSIM_REGISTRY_USER", "me")
    monkeypatch.setenv("ROLLOUTSIM_REGISTRY_PASSWORD", "secret-of-mine")
    place = "/v2/team/app/manifests/1.2"
    fake.answers["localhost:5000", place] = answer(307, Location="https://s3.corp/x")
    fake.wants_a_token("http://localhost:5001/token")
    fake.answers["localhost:5001", "/token"] = answer(200, {"token": "a-token"})
    fake.answers["s3.corp", "/x"] = answer(200, image())
    fake.addresses = {"localhost": [["127.0.0.1"]], "s3.corp": [["10.0.0.1"]]}
    done = run(
        "localhost:5000/team/app:1.2", "--plain-http", "localhost", "--allow-realm", "localhost:5001",
        "--allow-redirect", "s3.corp", "--credentials", "env",
    )  # fmt: skip
    assert done.exit_code == 0
    assert "localhost:5000/team/app:1.2:  # from localhost:5000/team/app:1.2 (sha256:" in done.stdout
    assert "secret-of-mine" not in done.output
    assert [(host, bool(said)) for host, _, said in fake.asked] == [
        ("localhost:5000", False), ("localhost:5001", True), ("localhost:5000", True), ("s3.corp", False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "given",
    ["nodes.json", "a.b", "a.b/c", "./a.b/c:1", "../a.b/c:1", "/a.b/c:1", "nodes/app:1", "app:1", "a.b/app:1.json",
     "a.b/app:1.YAML", "C:\\x\\y:1", "a_b.c/app:1", "x=a/b:1", "-", "a" * 5000,
     "a.b/" + "c" * 5000 + ".json", "a\0.b/c"],
)  # fmt: skip
def test_what_may_be_a_file_asks_nobody(given: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        found = named(given)
    except UsageError as error:
        found = None if f"{given}: no such file" in str(error) else str(error)
    assert found is None


def test_a_file_or_a_folder_of_that_name_comes_first(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert named("registry.example/app:1.2") is not None
    assert named("api=registry.example/app:1.2") is not None
    (tmp_path / "registry.example").mkdir()
    assert named("registry.example/app:1.2") is None
    assert named("api=registry.example/app:1.2") is None
    found = named("docker://registry.example/app:1.2")
    assert found is not None
    assert found.name == "registry.example/app:1.2"


def test_an_import_of_files_loads_nothing_that_could_ask() -> None:
    loaded = modules_loaded_by("import rolloutsim.cli; rolloutsim.cli.main(['import', 'tests/data/imports/cluster'])")
    assert "rolloutsim.imports.registry.references" in loaded
    assert loaded.isdisjoint({"ssl", "http.client", *(f"rolloutsim.imports.registry.{one}" for one in NETWORK)})
