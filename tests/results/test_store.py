"""A stored run is the run: nothing is lost, nothing executed, and what cannot be read says so."""

from __future__ import annotations

import json
import pickle
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rolloutsim.errors import OutputError, UsageError
from rolloutsim.results.facts.records import Run
from rolloutsim.results.files import write_file
from rolloutsim.results.outcome import Outcome, figures_of
from rolloutsim.results.store import (
    UnreadableError,
    from_bytes,
    from_plain,
    is_result,
    load,
    to_bytes,
    to_plain,
)
from rolloutsim.scenario import load as scenario_of
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate
from tests.long import without
from tests.shipped import shipped

SCENARIOS = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))
WHAT = "a result is a folder written by `rolloutsim run FILE -o DIR`, or the records.npz or result.json in it"


DATA = Path(__file__).parents[1] / "data"

ONE_PULL = "{rolloutsim: 1, name: one, model: ideal, nodes: 1, network: 1 Gbit/s, images: {a: 10 MB}}"


def one_pull() -> Run:
    """10 MB over 1 Gbit/s: 0.08 s."""
    return simulate(loads(ONE_PULL).resolve())


@pytest.mark.parametrize("path", without(["fleet-10k"], SCENARIOS), ids=lambda path: path.stem)
def test_every_shipped_scenarios_run_comes_back_whole(path: Path) -> None:
    before = shipped(path.stem)
    content = to_bytes(Outcome(before))
    found = from_bytes(content)
    after = found.run
    assert after.scenario == before.scenario
    assert (after.seed, dict(after.provenance), found.replications) == (before.seed, dict(before.provenance), ())
    assert found.to_json() == Outcome(before).to_json()
    assert to_bytes(found) == content  # the records column by column, since these bytes hold them all


RICH = """\
rolloutsim: 1
nodes: {web: {count: 6, racks: [r1, r2], nic: 10 Gbit/s, disk: 400 MB/s}}
network: {racks: {uplink: 40 Gbit/s}, links: {wan: {capacity: 1 Gbit/s, latency: 18 ms}}}
registries: {hub: {uplink: 10 Gbit/s, via: [wan], rate_limit: 100/min}}
images: {api: {layers: [40 MB, 20 MB]}, log: 12 MB, $odd: 1 MB}
workloads: {payments: {images: [api], replicas: 12}, agent: {images: [log], daemonset: true}}
rollout: {strategy: rolling, startup: {p50: 4 s, p95: 9 s}}
background: {shop: {links: [wan], rate: 100 Mbit/s}}
failures: {crash: {node: web-003, at: 10 s, back_after: 20 s}}
"""


def test_workloads_faults_and_background_come_back_whole() -> None:
    before = simulate(loads(RICH).resolve())
    content = to_bytes(Outcome(before, (figures_of(before),)))
    after = from_bytes(content)
    assert Outcome(after.run).to_json() == Outcome(before).to_json()
    assert to_bytes(after) == content
    assert after.replications[0].summary == figures_of(before).summary


def test_columns_keep_type_shape_and_what_never_happened() -> None:
    run = simulate(scenario_of(SCENARIOS[-1]).resolve())
    before, after = run.cases[0], from_bytes(to_bytes(Outcome(run))).run.cases[0]
    for name in ("pulls", "fetches", "unpacks", "spent", "pods", "shared_links"):
        for column in type(getattr(before, name)).__slots__:
            old, new = getattr(getattr(before, name), column), getattr(getattr(after, name), column)
            assert type(old) is type(new)
            if isinstance(old, np.ndarray):
                assert (old.dtype, old.shape) == (new.dtype, new.shape)
                np.testing.assert_array_equal(old, new)


def test_the_archive_can_be_read_with_numpy_and_holds_no_clock(tmp_path: Path) -> None:
    write_file(tmp_path / "records.npz", to_bytes(Outcome(one_pull())))
    with np.load(tmp_path / "records.npz", allow_pickle=False) as columns:
        assert columns["run/cases/0/pulls/pulled"].tolist() == [0.08]
    with zipfile.ZipFile(tmp_path / "records.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist()[1:] == sorted(archive.namelist()[1:])


def test_a_result_is_found_by_its_folder_its_json_and_its_own_name(tmp_path: Path) -> None:
    write_file(tmp_path / "records.npz", to_bytes(Outcome(one_pull())))
    (tmp_path / "result.json").write_text("{}")
    for path in (tmp_path, str(tmp_path / "result.json"), tmp_path / "records.npz"):
        assert is_result(path)
        assert load(path).run.cases[0].name == "a"
    assert not is_result("scenarios/20nodes.yaml")


def test_replications_are_stored_beside_the_run(tmp_path: Path) -> None:
    one = figures_of(one_pull())
    write_file(tmp_path / "r.npz", to_bytes(Outcome(one_pull(), (one, one))))
    found = load(tmp_path / "r.npz").replications
    assert [each.seed for each in found] == [one.seed, one.seed]
    assert found[0].summary == one.summary
    assert json.loads(json.dumps(found[0].cases)) == json.loads(json.dumps(one.cases))
    assert found[1].ready["a"].tolist() == [0.08]


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda p: None, "nowhere", f"'{{}}' does not exist; {WHAT}"),
        (lambda p: p.mkdir(), "empty", f"'{{}}' holds no records.npz; {WHAT}"),
        (lambda p: p.write_text("{}"), "result.json", f"'{{}}' has no records.npz beside it; {WHAT}"),
        (lambda p: p.write_text("{}"), "other.json", f"'{{}}' has no records.npz beside it; {WHAT}"),
        (lambda p: p.write_text("rolloutsim: 1"), "s.txt", f"'{{}}' is no result; {WHAT}"),
        (
            lambda p: p.write_text("PK"),
            "r.npz",
            "'{}' is no result that can be read: it is damaged, or no such file (it is too short for a zip archive); "
            f"{WHAT}",
        ),
    ],
)
def test_what_is_no_result_is_said_and_what_one_is(tmp_path: Path, make, name: str, message: str) -> None:
    path = tmp_path / name
    make(path)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value) == message.format(path)


def changed(content: bytes, change) -> bytes:
    """The archive with other metadata."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, json.dumps(change(json.loads(data))) if name == "metadata.json" else data)
    return out.getvalue()


def without(*path):
    def change(metadata):
        inner = metadata
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        return metadata

    return change


def test_a_file_of_another_format_names_both() -> None:
    with pytest.raises(UnreadableError) as caught:
        from_bytes(changed(to_bytes(Outcome(one_pull())), lambda old: old | {"format": "rolloutsim.records/9"}))
    assert str(caught.value) == "its format is rolloutsim.records/9, and this version reads rolloutsim.records/1"


def test_an_old_file_without_a_field_that_has_a_default_is_read() -> None:
    old = changed(to_bytes(Outcome(one_pull())), without("run", "scenario", "horizon"))
    assert from_bytes(old).run.scenario.horizon == one_pull().scenario.horizon


def test_an_old_file_without_a_field_that_may_be_null_is_read() -> None:
    old = changed(to_bytes(Outcome(one_pull())), without("run", "scenario", "groups", 0, "unpack_rate"))
    assert from_bytes(old).run.scenario.groups[0].unpack_rate is None


def known_then(value: Any, then: Any) -> Any:
    """Of a JSON value what an older one has as well: keys may have come since."""
    if isinstance(then, dict):
        return {key: known_then(value[key], then[key]) for key in then if key in value}
    if isinstance(then, list) and len(value) == len(then):
        return [known_then(*pair) for pair in zip(value, then, strict=True)]
    return value


def test_a_file_that_is_older_than_sources_says_the_same() -> None:
    # Both written by the version before; its refusals have a column `registry`.
    read = from_bytes((DATA / "older-than-sources.npz").read_bytes())
    told = json.loads((DATA / "older-than-sources.json").read_text(encoding="utf-8"))
    assert known_then(json.loads(read.to_json()), told) == told
    (ours,), (theirs,) = read.run.cases, simulate(read.run.scenario).cases
    assert ours.orchestration.refusals.source.tolist() == [0] * 5
    assert (ours.sources, ours.routes) == (theirs.sources, theirs.routes)
    begun = ~np.isnan(ours.fetches.started)  # of those that were refused or given up before, it is not known
    assert ours.fetches.source[begun].tolist() == theirs.fetches.source[begun].tolist()
    assert set(ours.fetches.source[~begun].tolist()) == {-1}


def test_a_file_without_a_field_that_has_no_default_says_which() -> None:
    old = changed(to_bytes(Outcome(one_pull())), without("run", "cases", 0, "end"))
    with pytest.raises(UnreadableError) as caught:
        from_bytes(old)
    assert str(caught.value) == "run/cases/0/end is missing"


def test_a_field_that_is_not_known_any_more_is_left_out() -> None:
    new = changed(to_bytes(Outcome(one_pull())), lambda old: old | {"run": old["run"] | {"colour": "red"}})
    assert from_bytes(new).to_json() == Outcome(one_pull()).to_json()


def test_nothing_in_a_file_is_executed() -> None:
    """An array of objects would be unpickled by a careless reader."""
    content = BytesIO(to_bytes(Outcome(one_pull())))
    evil = BytesIO()
    np.lib.format.write_array(evil, np.array([pickle.dumps], object), allow_pickle=True)
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("evil.npy", evil.getvalue())
    with pytest.raises(UnreadableError, match="never objects"):
        from_bytes(content.getvalue())


def test_a_file_that_cannot_be_written_says_why(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        write_file(tmp_path / "no/records.npz", to_bytes(Outcome(one_pull())))
    assert str(caught.value) == f"cannot write {tmp_path}/no/records.npz: no such file or directory"


@dataclass(frozen=True)
class Left:
    value: float


@dataclass(frozen=True)
class Right:
    value: float
    more: tuple[int, str] = (1, "a")


@dataclass(frozen=True)
class Both:
    side: Left | Right | None
    sides: dict[str, Left] = field(default_factory=dict)


@pytest.mark.parametrize(
    "value",
    [
        Both(Left(float("inf"))),
        Both(Right(-0.0, (2, "b")), {"$array": Left(1.0), "$map": Left(2.0)}),
        Both(None, {"a.b/c": Left(float("-inf"))}),
    ],
)
def test_dataclasses_come_back_as_what_they_were(value: Both) -> None:
    plain = json.loads(json.dumps(to_plain(value, {}), allow_nan=False))
    assert from_plain(plain, Both, {}) == value


def test_what_a_result_cannot_hold_is_named() -> None:
    with pytest.raises(TypeError) as caught:
        to_plain({"a": [object()]}, {})
    assert str(caught.value) == "a/0 is of type object, which a result cannot hold"
