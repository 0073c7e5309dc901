"""Scenarios in Python: the same checks, frozen, copied with changes; and files."""

from __future__ import annotations

import copy
import io
import pickle
from pathlib import Path
from types import SimpleNamespace

import pytest

from rolloutsim.errors import FrozenError, ScenarioError, UsageError
from rolloutsim.scenario import Scenario, load, loads

TEXT = "rolloutsim: 1\nnodes: 20\nnetwork: 1 Gbit/s\nimages: {app: 30 MB}\n"


def twenty() -> Scenario:
    return Scenario(nodes=20, network="1 Gbit/s", images={"app": "30 MB"})


def test_keywords_make_the_scenario_that_the_file_makes() -> None:
    assert twenty().resolve() == loads(TEXT).resolve()


def test_keywords_are_checked_like_a_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        Scenario(nodes=0, network=1e9, images={"app": {"base": "b"}})
    assert str(caught.value) == (
        "<scenario>: error: '0' is not a whole number from 1 to 1000000\n"
        "<scenario>: error: '1000000000.0' has no unit; a rate needs one, for example 1 Gbit/s\n"
        "<scenario>: error: no image is named 'b'; known: none"
    )


def test_a_scenario_is_frozen() -> None:
    scenario = loads(TEXT.replace("nodes: 20", "nodes: {web: {count: 2, cached: {app: 1}, via: []}}"))
    message = "a scenario is frozen; with_ makes a changed copy, for example scenario.with_({'nodes': 50})"
    for change in (
        lambda: setattr(scenario, "seed", 3),
        lambda: delattr(scenario, "seed"),
        lambda: setattr(scenario.nodes["web"], "count", 3),
        lambda: scenario.nodes.update(x=1),
        lambda: scenario.nodes.__setitem__("x", 1),
        lambda: scenario.images.clear(),
        lambda: scenario.nodes["web"].cached.pop("app"),
    ):
        with pytest.raises(FrozenError) as caught:
            change()
        assert str(caught.value) == message
    assert scenario.nodes["web"].via == ()


def test_equal_scenarios_have_one_hash_and_copies_are_equal() -> None:
    assert hash(twenty()) == hash(twenty()) != hash(twenty().with_({"nodes": 21}))
    assert copy.deepcopy(twenty()) == pickle.loads(pickle.dumps(twenty())) == twenty()


def test_a_list_can_be_changed_in_a_copy() -> None:
    scenario = loads(TEXT.replace("app: 30 MB", "app: {layers: [30 MB, 4 MB]}"))
    assert scenario.with_({"images.app.layers[1]": "5 MB"}).images["app"].layers["1"].compressed == 5e6


def test_with_returns_a_changed_copy() -> None:
    before = twenty()
    after = before.with_({"network": "10 Gbit/s", "nodes": 50, "model": "ideal", "images.app": "1 MB"})
    assert (after.network.rate, after.nodes["node"].count, after.model) == (1.25e9, 50, "ideal")
    assert (before.network.rate, before.nodes["node"].count, before.model) == (125e6, 20, "real")


def test_with_takes_text_as_in_a_file_and_typed_values() -> None:
    assert twenty().with_({"nodes": "50"}) == twenty().with_({"nodes": 50})
    assert twenty().with_({"nodes": {"web": {"count": 5}}}).nodes["web"].count == 5


def test_with_nothing_changes_nothing() -> None:
    assert twenty().with_({}).resolve() == twenty().resolve()


def test_with_refuses_what_set_refuses() -> None:
    with pytest.raises(UsageError) as caught:
        twenty().with_({"nodes.web.nic": "1 Gbit/s"})
    assert str(caught.value) == (
        "with_ nodes.web.nic: no group is named 'web' in nodes; there are: node; "
        "a whole entry, a map, adds one: nodes.web={…}"
    )
    with pytest.raises(
        ScenarioError, match=r"^with_ network: error: 'fast' is not a rate; write for example 1 Gbit/s$"
    ):
        twenty().with_({"network": "fast"})


def test_diagnostics_are_data() -> None:
    with pytest.raises(ScenarioError) as caught:
        loads(TEXT.replace("30 MB", "30 Mb"), "f.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.line, diagnostic.column, diagnostic.length) == ("f.yaml", 4, 15, 5)
    assert diagnostic.source_line == "images: {app: 30 Mb}"


def test_a_file_loads(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(TEXT)
    assert load(tmp_path / "a.yaml", ["nodes=5"]).nodes["node"].count == 5


def test_a_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "sys.stdin", SimpleNamespace(buffer=io.BytesIO(TEXT.replace("rolloutsim: 1", "rolloutsim: 3").encode()))
    )
    with pytest.raises(ScenarioError, match=r"^<stdin>:1:13: error: format version '3' is unknown"):
        load("-")


def test_a_missing_file_is_a_usage_error_with_the_near_one(tmp_path: Path) -> None:
    (tmp_path / "20nodes.yaml").write_text(TEXT)
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "20node.yaml")
    assert str(caught.value) == (
        f"'{tmp_path}/20node.yaml' does not exist; give a scenario file; did you mean '{tmp_path}/20nodes.yaml'?"
    )


def test_a_directory_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "20nodes.yaml").write_text(TEXT)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert str(caught.value) == (
        f"'{tmp_path}' is a directory; give a scenario file, for example '{tmp_path}/20nodes.yaml'"
    )
