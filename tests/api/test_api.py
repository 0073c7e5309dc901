"""What Python and Jupyter see."""

from __future__ import annotations

import copy
import pickle
import sys

import pytest

import rolloutsim as rs
from tests.cli.conftest import MISSED, QUICK, STUCK


@pytest.fixture(scope="module")
def result() -> rs.Result:
    return rs.loads(MISSED).run()


def test_a_scenario_is_written_in_python_as_in_yaml() -> None:
    made = rs.Scenario(
        rolloutsim=1, name="two nodes", model="ideal", nodes=2, network="1 Gbit/s",
        images={"small": "10 MB", "large": "100 MB"},
    )  # fmt: skip
    assert made.resolve().sha256 == rs.loads(QUICK).resolve().sha256
    assert made.run()["large"].rollout_time == pytest.approx(1.6)


def test_with_returns_a_changed_copy_that_runs() -> None:
    scenario = rs.loads(QUICK)
    fast = scenario.with_({"network": "10 Gbit/s", "nodes": 4})
    assert isinstance(fast, rs.Scenario)
    assert fast.run()["large"].rollout_time == pytest.approx(0.32)
    assert scenario.run()["large"].rollout_time == pytest.approx(1.6)


def test_overrides_are_those_of_the_command_line(tmp_path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(QUICK)
    assert rs.load(path, ["nodes=4"]).run()["large"].rollout_time == pytest.approx(3.2)


def test_a_seed_gives_the_same_result_and_another_seed_another() -> None:
    scenario = rs.loads(QUICK.replace("nodes: 2", "nodes: {node: {count: 2, start: {min: 0 s, max: 1 s}}}"))
    assert scenario.run(seed=5).to_json() == scenario.run(seed=5).to_json() != scenario.run(seed=6).to_json()
    assert scenario.run().run.seed == scenario.seed


@pytest.mark.parametrize("seed", [-1, "x", 1.5, True, 2**63])
def test_a_seed_that_is_none_is_a_usage_error(seed: object) -> None:
    with pytest.raises(rs.UsageError) as caught:
        rs.loads(QUICK).run(seed=seed)  # type: ignore[arg-type]
    assert str(caught.value) == f"seed {seed!r} is not a whole number from 0 to 9223372036854775807"


def test_a_scenario_error_carries_located_diagnostics() -> None:
    with pytest.raises(rs.ScenarioError) as caught:
        rs.loads(QUICK.replace("nodes: 2", "nodes: 0"), name="mine")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.file, diagnostic.line, diagnostic.column) == ("mine", 4, 8)


def test_a_result_is_its_cases_in_the_order_of_the_scenario(result: rs.Result) -> None:
    assert result.cases == ("small", "large")
    assert [case.name for case in result] == ["small", "large"]
    assert len(result) == 2
    assert repr(result) == "<Result of 'two nodes': small 0.160 s, large 1.60 s>"
    assert repr(result["large"]) == "<CaseResult 'large': 1.60 s>"
    with pytest.raises(KeyError) as caught:
        result["larg"]
    assert caught.value.args == ("no case 'larg'; cases: small, large",)


def test_the_figures_of_a_case(result: rs.Result) -> None:
    """By hand: two pulls of 100 MB share 125 MB/s; alone one takes 0.8 s."""
    case = result["large"]
    assert case.rollout_time == pytest.approx(1.6)
    assert case.alone_time == pytest.approx(0.8)
    assert case.bytes_on_wire == 200e6
    assert case.pull_time is not None
    assert case.pull_time.p95 == pytest.approx(1.6)
    assert case.slowdown is not None
    assert case.slowdown.max == pytest.approx(2.0)
    assert case.time_split == {"registry.uplink": pytest.approx(3.2)}
    assert case.links[0].link == "registry.uplink"


def test_nodes_pulls_and_layers_are_columns(result: rs.Result) -> None:
    nodes = result["large"].nodes
    assert nodes.columns == ("node", "asked_s", "pulled_s", "ready_s", "bytes")
    assert list(nodes["node"]) == ["node-000", "node-001"]
    assert list(nodes["ready_s"]) == pytest.approx([1.6, 1.6])
    assert (len(nodes), repr(nodes)) == (2, "<Table of 2 rows: node, asked_s, pulled_s, ready_s, bytes>")
    assert list(result["large"].pulls["image"]) == ["large", "large"]
    assert list(result["large"].layers["bytes"]) == [100e6, 100e6]
    with pytest.raises(KeyError) as caught:
        nodes["ready"]
    assert caught.value.args == ("no column 'ready'; columns: node, asked_s, pulled_s, ready_s, bytes",)


def test_without_pandas_a_data_frame_is_an_error_that_says_how_to_get_one(
    result: rs.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError) as caught:
        result["large"].nodes.to_pandas()
    assert str(caught.value) == "to_pandas() needs pandas: pip install 'rolloutsim[pandas]'"


def test_a_table_becomes_a_data_frame(result: rs.Result, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pandas:
        DataFrame = dict

    monkeypatch.setitem(sys.modules, "pandas", Pandas)
    assert tuple(result["large"].nodes.to_pandas()) == result["large"].nodes.columns


def test_jupyter_shows_tables_and_escapes_names() -> None:
    html = rs.loads(QUICK.replace("two nodes", "a < b")).run()._repr_html_()
    assert html.startswith("<table><caption>a &lt; b</caption>")
    assert ">large</td>" in html
    nodes = rs.loads(QUICK.replace("nodes: 2", "nodes: 30")).run()["large"].nodes._repr_html_()
    assert "<caption>the first 20 of 30 rows</caption>" in nodes
    assert nodes.count("<tr>") == 21


def test_thresholds_and_why(result: rs.Result) -> None:
    assert [(t.metric, t.passed) for t in result.thresholds] == [
        ("rollout_time{image=small}", True),
        ("rollout_time{image=large}", False),
    ]
    assert result.why().startswith("registry uplink")


def test_a_rollout_that_did_not_finish_has_no_time() -> None:
    result = rs.loads(STUCK).run()
    assert not result.finished
    assert result["small"].rollout_time is None
    assert repr(result["small"]) == "<CaseResult 'small': did not finish>"


def test_a_result_says_why_and_what_would_help_as_tables(result: rs.Result) -> None:
    # Ideal: 2 × 100 MB over 1 Gbit/s; the NICs of 1 Gbit/s allow half of that time.
    causes = result["large"].causes
    assert list(causes) == [{"cause": "registry.uplink", "seconds": 1.6, "share": 1.0, "over_all_s": 3.2}]
    changes = result.what_if(jobs=1)
    times = dict(zip(changes["change"], changes["after_s"], strict=True))
    assert times["small instead of large"] == pytest.approx(0.16)
    assert times["registry uplink 10 Gbit/s"] == pytest.approx(0.8)
    assert set(changes["case"]) == {"large"}
    assert set(result.what_if("small", jobs=1)["case"]) == {"small"}
    with pytest.raises(KeyError, match="no case 'tiny'; cases: small, large"):
        result.what_if("tiny")


def test_sensitivities_are_a_table_the_largest_span_first(result: rs.Result) -> None:
    rows = result.sensitivity(jobs=1)
    assert rows.columns == (
        "case", "path", "by", "value", "low_value", "high_value", "low_s", "base_s", "high_s", "span_s",
    )  # fmt: skip
    low = dict(zip(rows["path"], rows["low_s"], strict=True))
    assert low["registry.uplink"] == pytest.approx(1.6 / 0.9)


def test_a_result_is_saved_as_the_command_writes_it(result: rs.Result, tmp_path) -> None:
    result.save(tmp_path / "new" / "results")
    assert sorted(path.name for path in (tmp_path / "new" / "results").iterdir()) == [
        "cases.csv", "records.npz", "report.html", "result.json", "summary.md",
    ]  # fmt: skip
    assert (tmp_path / "new" / "results" / "cases.csv").read_text() == result.to_csv()
    (tmp_path / "file").touch()
    with pytest.raises(rs.OutputError, match=r"cannot write to .*file/results: not a directory"):
        result.save(tmp_path / "file" / "results")


def test_a_case_lists_its_figures_with_what_they_mean(result: rs.Result) -> None:
    case = result["large"]
    assert {"name", "finished", "rollout_time", "alone_time", "bytes_on_wire", "pull_time", "links"} <= {*dir(case)}
    assert type(case).rollout_time.__doc__ == (
        "From the rollout's start until the last pod is ready [s]; None if it did not finish."
    )


def test_with_replications_means_and_the_first_run_are_told_apart() -> None:
    text = QUICK.replace("nodes: 2", "nodes: {node: {count: 2, start: {min: 0 s, max: 1 s}}}")
    result = rs.loads(text).run(replications=4)
    times = [one.summary.cases["large"].rollout_time_s for one in result.replications.each]
    assert result.summary.cases["large"].rollout_time_s == pytest.approx(sum(times) / 4)
    assert result.run_summary.cases["large"].rollout_time_s == times[0] != times[1]
    assert rs.loads(text).run().replications is None


def test_results_can_be_pickled_and_copied() -> None:
    result = rs.loads("rolloutsim: 1\nnodes: 3\nnetwork: 1 Gbit/s\nimages: {a: 3 MB}\n").run()
    for other in (pickle.loads(pickle.dumps(result)), copy.deepcopy(result)):
        assert other.to_json() == result.to_json()
