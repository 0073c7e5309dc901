"""A saved result is the result: read, compared, reported, drawn; and what is none says what it is."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.errors import UsageError

TEXT = """\
rolloutsim: 1
name: two groups
nodes:
  web: {count: 3, nic: 1 Gbit/s, start: {min: 0 s, max: 2 s}}
  db: {count: 2, nic: 200 Mbit/s}
network: 1 Gbit/s
images: {small: 10 MB, large: 100 MB}
thresholds: {"pull_time{group=db}": max < 5 s}
"""


@pytest.fixture(scope="module")
def made() -> rs.Result:
    return rs.loads(TEXT).run(replications=3)


@pytest.fixture(scope="module")
def folder(made: rs.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "results"
    made.save(path)
    return path


@pytest.fixture(scope="module")
def again(folder: Path) -> rs.Result:
    return rs.read(folder)


def test_what_is_read_is_what_was_saved(made: rs.Result, again: rs.Result) -> None:
    assert type(again) is rs.Result
    for say in (rs.Result.to_json, rs.Result.to_csv, rs.Result.to_markdown, rs.Result.why, repr, rs.Result._repr_html_):
        assert say(again) == say(made)
    assert again.thresholds == made.thresholds
    assert again.intervals == made.intervals
    for mine, its in zip(made, again, strict=True):
        for table in ("nodes", "pulls", "layers", "pods", "causes"):
            # As text, since what never happened is NaN.
            assert repr(list(getattr(its, table))) == repr(list(getattr(mine, table)))
    assert list(again.what_if(jobs=1)) == list(made.what_if(jobs=1))
    assert again.plot.rollout().get_title(loc="left") == made.plot.rollout().get_title(loc="left")


def test_a_folder_and_the_files_in_it_are_the_same_result(again: rs.Result, folder: Path) -> None:
    for path in (str(folder), folder / "records.npz", folder / "result.json"):
        assert rs.read(path).to_json() == again.to_json()


def test_a_result_that_was_read_is_saved_as_the_one_before(again: rs.Result, folder: Path, tmp_path: Path) -> None:
    again.save(tmp_path)
    names = {path.name for path in folder.iterdir()}
    assert names == {path.name for path in tmp_path.iterdir()}
    for name in names:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_compare_takes_results_and_paths_of_results_and_scenarios(
    made: rs.Result, folder: Path, tmp_path: Path
) -> None:
    faster = tmp_path / "faster.yaml"
    faster.write_text(TEXT.replace("network: 1", "network: 2"))
    fast = rs.load(faster).run(replications=3)
    expected = rs.compare(made, fast, names=["a", "b"], fail_if=["pull_time{group=db} p95 > +1%"])
    for pair in ((str(folder), fast), (folder, faster), (made, str(faster))):
        # A scenario is simulated ten times, of which the three with common seeds count.
        found = rs.compare(*pair, names=["a", "b"], fail_if=["pull_time{group=db} p95 > +1%"])
        assert [one.verdict for one in found.differences] == [one.verdict for one in expected.differences]
        assert found.differences[1].rollout_time == expected.differences[1].rollout_time
        assert [one.found for one in found.met] == [one.found for one in expected.met]
    assert repr(rs.compare(folder, faster)) == f"<Comparison of {folder}, {faster}>"


def test_compare_says_what_it_takes(made: rs.Result) -> None:
    with pytest.raises(UsageError, match="compare takes results, scenarios and their paths, and 3 is none; "):
        rs.compare(made, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("x.html", b"<!doctype html>"), ("x.MD", b"# two groups"),
        pytest.param("x.pdf", b"%PDF", marks=pytest.mark.skipif(find_spec("typst") is None, reason="the extra `pdf`")),
    ],
)  # fmt: skip
def test_a_report_is_written_in_the_form_of_its_name(again: rs.Result, tmp_path: Path, name: str, start: bytes) -> None:
    report = again.report(tmp_path / name)
    assert (tmp_path / name).read_bytes().lower().startswith(start.lower())
    assert report.title == "two groups"
    assert repr(report).startswith("Report(title='two groups', ")


def test_a_report_of_another_form_is_none(again: rs.Result, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"x\.docx: a report is \.html, \.pdf or \.md; name it for example report\.html"
    ):
        again.report(tmp_path / "x.docx")
    with pytest.raises(rs.OutputError):
        again.report(tmp_path / "nowhere" / "x.md")


def test_a_report_without_a_path_writes_nothing(
    again: rs.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert again.report().sections[0].title == "The answer"
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_is_reported_in_the_form_of_a_name(tmp_path: Path) -> None:
    found = rs.loads(TEXT).sweep({"network": ["1 Gbit/s", "2 Gbit/s"]}, jobs=1)
    found.report(tmp_path / "x.md")
    assert "## Thresholds" in (tmp_path / "x.md").read_text()


@pytest.mark.parametrize("call", [lambda path: rs.load(path), lambda path: rs.load(path / "result.json")])
def test_a_result_where_a_scenario_is_expected_says_what_it_is(call, folder: Path) -> None:
    with pytest.raises(UsageError) as caught:
        call(folder)
    named = str(caught.value).partition("' is ")[0].removeprefix("'")
    assert str(caught.value) == (
        f"'{named}' is the result of 'two groups' (cases small, large; 3 replications; rolloutsim {rs.__version__}), "
        f"and no scenario; 'rolloutsim explain {named}' says why it took as long and what would help, "
        f"'rolloutsim report {named} -o report.html' is its page; 'compare', 'plot' and 'trace' take it, too, and so "
        "does rolloutsim.read in Python"
    )


def test_a_result_without_its_json_is_still_told(folder: Path, tmp_path: Path) -> None:
    bare = tmp_path / "a b"
    bare.mkdir()
    (bare / "records.npz").write_bytes((folder / "records.npz").read_bytes())
    with pytest.raises(UsageError, match=r"a b' is a result, and no scenario; 'rolloutsim explain '\S+/a b'' says"):
        rs.load(bare)


@pytest.mark.parametrize("command", ["sweep", "compare", "solve"])
def test_what_other_commands_write_is_no_scenario(tmp_path: Path, command: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps({"schema": f"rolloutsim.{command}/1"}, indent=1))
    with pytest.raises(
        UsageError, match=f"x.json' is what 'rolloutsim {command} --format json' wrote, and no scenario"
    ):
        rs.load(tmp_path / "x.json")


def test_what_is_no_result_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TEXT)
    (tmp_path / "s.sqlite").touch()
    with pytest.raises(
        UsageError, match=r"s\.yaml' is no result but a scenario: 'rolloutsim run \S+ -o DIR' makes one$"
    ):
        rs.read(tmp_path / "s.yaml")
    with pytest.raises(UsageError, match=r"s\.sqlite' is no result but a sweep, which rolloutsim\.Sweep\.read reads$"):
        rs.read(tmp_path / "s.sqlite")


def test_a_table_is_rows_with_named_columns() -> None:
    table = rs.Table({"node": ["a", "b", "c"], "ready_s": np.array([1.0, 2.5, float("nan")])})
    assert len(table) == 3
    assert table.columns == ("node", "ready_s")
    assert list(table)[:2] == [{"node": "a", "ready_s": 1.0}, {"node": "b", "ready_s": 2.5}]
    assert type(next(iter(table))["ready_s"]) is float
    assert (table[1], table[-2], table[np.int64(1)]) == (({"node": "b", "ready_s": 2.5},) * 3)
    assert (len(table[1:]), list(table[:1])) == (2, [{"node": "a", "ready_s": 1.0}])
    assert list(table["node"]) == ["a", "b", "c"]
    assert ("node" in table, "pod" in table) == (True, False)
    assert repr(table) == "<Table of 3 rows: node, ready_s>"
    assert repr(rs.Table({f"c{i}": [0] for i in range(10)})) == (
        "<Table of 1 row: c0, c1, c2, c3, c4, c5, c6, c7 and 2 more>"
    )
    assert (len(rs.Table({})), list(rs.Table({}))) == (0, [])
    assert list(rs.Table(table[:2])) == list(table[:2])
    assert rs.Table([{"a": 1, "b": 2}, {"a": 3, "b": 4}])["b"] == [2, 4]
    with pytest.raises(IndexError):
        table[3]
    with pytest.raises(KeyError, match="no column 'pod'; columns: node, ready_s"):
        table["pod"]
    with pytest.raises(ValueError, match="the columns of a table have as many rows each, but a has 1, b has 2"):
        rs.Table({"a": [1], "b": [1, 2]})


def names(thing: object) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_")}


def test_completion_offers_our_names(made: rs.Result) -> None:
    scenario = rs.loads(TEXT)
    foreign = re.compile(r"model_.*|dict|json|copy|construct|validate|schema.*|parse_.*|from_orm|update_forward_refs")
    for thing in (scenario, rs.Scenario, scenario.nodes["web"], type(scenario.nodes["web"])):
        assert not [name for name in names(thing) if foreign.fullmatch(name)]
    assert {"run", "sweep", "solve", "with_", "nodes", "network", "images", "model", "varied"} <= names(scenario)
    assert {"count", "nic", "racks"} <= names(scenario.nodes["web"])
    assert {"cases", "plot", "report", "save", "what_if", "why"} <= names(made)
    assert names(rs) == set(rs.__all__)
    assert made._ipython_key_completions_() == ("small", "large")
    assert made["small"].nodes._ipython_key_completions_() == made["small"].nodes.columns


def test_ipython_completes_our_names() -> None:
    completer = pytest.importorskip("IPython.core.completer")
    found = completer.IPCompleter(namespace={"s": rs.loads(TEXT)}, use_jedi=False)
    for text in ("s.mod", "s.sw"):
        with completer.provisionalcompleter():
            ends = {one.text.removeprefix(".") for one in found.completions(text, len(text))}
        assert {end for end in ends if end.startswith(("model", "sweep"))} == (
            {"model"} if "mod" in text else {"sweep"}
        )


def test_every_public_object_is_shown_in_a_line(made: rs.Result) -> None:
    scenario = rs.loads(TEXT)
    case = made["large"]
    things = [
        scenario, scenario.nodes["web"], made, case, case.nodes, case.pulls, case.causes, made.plot, made.summary,
        made.outcome, made.run, made.scenario, case.records, case.summary, case.links[0], case.pull_time,
        made.thresholds[0], made.report(), rs.compare(made, made), made.what_if(jobs=1),
        scenario.sweep({"nodes.web.count": [2]}, jobs=1), scenario.solve("network", "rollout_time < 5 s"),
    ]  # fmt: skip
    for thing in things:
        assert "\n" not in repr(thing)
        assert len(repr(thing)) <= 240, type(thing)
        assert " object at 0x" not in repr(thing), type(thing)
    assert repr(scenario) == str(scenario) == "<Scenario 'two groups': 5 nodes, 2 images>"
    assert repr(rs.loads("{rolloutsim: 1, nodes: 1, network: 1 Gbit/s, images: {app: 1 MB}}")) == (
        "<Scenario 'unnamed': 1 node, 1 image>"
    )
    assert re.fullmatch(r"<Result of 'two groups': small \S+ ± \S+ s, large \S+ ± \S+ s; 3 replications>", repr(made))
    assert repr(made.outcome) == "<Outcome of 'two groups': small, large; 3 replications>"


def test_many_cases_are_counted() -> None:
    images = ", ".join(f"i{number}: 1 MB" for number in range(6))
    result = rs.loads(f"{{rolloutsim: 1, nodes: 1, network: 1 Gbit/s, images: {{{images}}}}}").run()
    assert re.fullmatch(r"<Result of '[^']+': (i\d \S+ s, ){3}i3 \S+ s and 2 more>", repr(result))
