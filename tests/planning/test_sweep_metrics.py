"""Metrics that a sweep shows beside the rollout time, and thresholds that it judges at each point."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import UsageError
from rolloutsim.planning.replicate import replicate
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.sweep.figures import column_of, figures
from rolloutsim.planning.sweep.head import command_of
from rolloutsim.planning.sweep.judging import sign, summary, verdicts
from rolloutsim.report.markdown import to_markdown
from rolloutsim.report.plots import figure
from rolloutsim.report.sweep_contents import report_of_sweep

TEXT = """
rolloutsim: 1
name: two groups
nodes:
  web: {count: 4, nic: 1 Gbit/s, start: {min: 0 s, max: 2 s}}
  db: {count: 2, nic: 200 Mbit/s, start: {min: 0 s, max: 2 s}}
network: 2 Gbit/s
images: {app: 100 MB}
thresholds:
  pull_time{group=db}: p95 < 4.5 s
  pods_ready{share=50%}:
    - max < 3 s
    - {check: p50 < 3.5 s, severity: warn}
  utilisation{link=web.nic.in}: p95 < 99%
"""
SHOW = ("pull_time{group=db}", "pods_ready{share=50%} p95", "utilisation{link=web.nic.in} max", "bytes_on_wire")
COLUMNS = ("pull_time{group=db} mean", "pods_ready{share=50%} p95", "utilisation{link=web.nic.in} max", "bytes_on_wire")
SPEEDS = ["100 Mbit/s", "200 Mbit/s", "400 Mbit/s"]


@pytest.fixture(scope="module")
def made() -> rs.Sweep:
    return rs.loads(TEXT).sweep({"nodes.db.nic": SPEEDS}, replications=4, seed=3, jobs=1, show=SHOW)


def test_what_is_shown_is_a_column_of_the_results(made: rs.Sweep) -> None:
    """Its values are those of single runs with the same seeds."""
    assert made.records.head.metrics == COLUMNS
    frame = made.to_pandas()
    for column in COLUMNS:
        assert frame[column].notna().all()
    scenario = rs.loads(TEXT).with_({"nodes.db.nic": SPEEDS[2]})
    for number, seed in enumerate(seeds(3, 4)):
        pulls = scenario.run(seed=seed)["app"].pulls
        taken = [
            pulled - asked
            for node, asked, pulled in zip(pulls["node"], pulls["asked_s"], pulls["pulled_s"], strict=True)
            if node.startswith("db")
        ]
        mine = frame[(frame["point"] == 2) & (frame["replication"] == number)]
        assert mine[COLUMNS[0]].item() == pytest.approx(sum(taken) / 2, rel=1e-12)


def test_over_replications_a_metric_is_what_a_threshold_makes_of_it(made: rs.Sweep) -> None:
    """A percentile of what a run has one value of is taken over the runs, that of a run's pulls is their median."""
    text = (
        TEXT.replace("p95 < 4.5 s", "mean < 4.5 s").replace("max < 3 s", "p95 < 3 s").replace("p95 < 99%", "max < 99%")
    )
    outcome = replicate(rs.loads(text).with_({"nodes.db.nic": SPEEDS[0]}).resolve(), 3, 4)
    judged = {one.metric.replace("image=app,", ""): one for one in outcome.thresholds if one.severity == "error"}
    for column in COLUMNS[:3]:
        found, expected = figures(made.records, column)[0, "app"], judged[column.split()[0]]
        assert (found.value, found.interval) == (expected.value, expected.ci)
    by_replication = list(zip(made.records.results["point"], made.records.results[COLUMNS[1]], strict=True))
    assert figures(made.records, COLUMNS[1])[0, "app"].value == max(
        value for point, value in by_replication if not point
    )


def test_thresholds_are_judged_at_each_point_as_in_a_run_of_it(made: rs.Sweep) -> None:
    found = verdicts(made.records)
    assert [*map(len, found.values())] == [4] * 3
    for point, speed in enumerate(SPEEDS):
        outcome = replicate(rs.loads(TEXT).with_({"nodes.db.nic": speed}).resolve(), 3, 4)
        assert [(one.metric, one.check, one.value, one.passed, one.ci, one.headroom) for one in found[point]] == [
            (one.metric, one.check, one.value, one.passed, one.ci, one.headroom) for one in outcome.thresholds
        ]
    assert {one.passed for judged in found.values() for one in judged} == {True, False}


def test_the_table_shows_metrics_in_their_units_and_whether_thresholds_hold(made: rs.Sweep) -> None:
    lines = made.to_markdown().splitlines()
    assert lines[2] == f"| nodes.db.nic | rollout time | {' | '.join(COLUMNS)} | thresholds |"
    cells = [line.split(" | ") for line in lines[4:7]]
    assert all(row[3].endswith(" s") and row[4].endswith(" %") and row[5] == "600 MB" for row in cells)
    at = [verdicts(made.records)[point] for point in range(3)]
    assert [row[-1].removesuffix(" |") for row in cells] == [sign(judged) for judged in at]
    count = sum(all(one.passed or one.severity == "warn" for one in judged) for judged in at)
    assert any(line.startswith(f"- All thresholds hold at {count} of 3 points") for line in lines)


def test_the_sign_of_some_thresholds() -> None:
    head = "{rolloutsim: 1, model: ideal, nodes: 2, network: 1 Gbit/s, images: {a: 100 MB}, thresholds: {%s}}"
    for conditions, expected in (
        ("[< 2 s, < 3 s]", "✓"),
        ("[< 1 s, < 3 s]", "✗ 1 of 2"),
        ("[{check: < 1 s, severity: warn}, < 3 s]", "! 1 of 2"),
        ("< 1 s", "✗"),
    ):
        assert (
            sign(verdicts(rs.loads(head % f"rollout_time: {conditions}").sweep({"nodes": [2]}, jobs=1).records)[0])
            == expected
        )
    assert sign(()) == "–"


def test_the_summary_has_a_row_for_each_threshold(made: rs.Sweep) -> None:
    rows = {(cells[1], cells[2]): cells for cells in summary(made.records).cells()}
    pulls = rows["pull_time{image=app,group=db}", "p95 < 4.5 s"]
    assert pulls[0] == "✗"
    assert pulls[3] == "1 of 3"
    assert pulls[4].endswith("at nodes.db.nic 400 Mbit/s")
    assert pulls[5].endswith("at nodes.db.nic 100 Mbit/s")


def test_a_report_judges_every_threshold_and_draws_what_is_shown(made: rs.Sweep) -> None:
    text = to_markdown((report_of_sweep(made.records),))
    assert "## Thresholds" in text
    assert "| ✗ | pull_time{image=app,group=db} | p95 < 4.5 s | 1 of 3 |" in text
    assert "## Other metrics" in text
    assert all(f"{column}: " in text for column in COLUMNS)


def test_a_figure_of_a_metric_has_its_unit_and_its_threshold(made: rs.Sweep) -> None:
    asked = rs.loads(TEXT).sweep({"nodes.db.nic": SPEEDS}, jobs=1, show=["pull_time{group=db} p95"])
    ax = figure("sweep_lines")(asked.records, column="pull_time{group=db} p95")
    assert ax.get_ylabel() == "pull_time{group=db} p95 [s]"
    assert "passes p95 < 4.5 s" in ax.get_title(loc="left")
    assert figure("sweep_lines")(made.records, column=COLUMNS[2]).get_ylabel() == COLUMNS[2]


def test_json_has_metrics_with_their_intervals(made: rs.Sweep) -> None:
    case = json.loads(made.to_json())["points"][0]["cases"][0]
    assert set(COLUMNS) <= set(case)
    low, high = case["ci"][COLUMNS[0]]
    assert low < case[COLUMNS[0]] < high
    assert (made.to_xarray()[COLUMNS[0]].sizes["nodes.db.nic"],) == (3,)


def test_a_file_keeps_what_is_shown_and_is_gone_on_with_only_for_the_same(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    scenario = rs.loads(TEXT)
    scenario.sweep({"nodes.db.nic": SPEEDS}, jobs=1, path=path, show=SHOW[:1])
    found = rs.Sweep.read(path)
    assert found.records.head.metrics == COLUMNS[:1]
    assert f"--show '{COLUMNS[0]}'" in command_of(found.records.head)
    with pytest.raises(UsageError, match=r"it shows pull_time\{group=db\} mean, not no metrics"):
        scenario.sweep({"nodes.db.nic": SPEEDS}, jobs=1, path=path, resume=True)
    again = scenario.sweep({"nodes.db.nic": SPEEDS}, jobs=1, path=path, resume=True, show=[COLUMNS[0]])
    assert again.to_csv() == found.to_csv()


def test_a_file_of_before_has_no_metrics(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    rs.loads(TEXT).sweep({"nodes.db.nic": SPEEDS}, jobs=1, path=path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("ALTER TABLE sweep DROP COLUMN metrics")
    assert rs.Sweep.read(path).records.head.metrics == ()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        ("pull_time{group=wob}", "--show 'pull_time{group=wob}': no group is named 'wob'; known: db web; did you mean "
         "'web'?"),
        ("pull_time p96", "--show 'pull_time p96': unknown statistic 'p96'; known: max min mean p50 p95 p99; did you "
         "mean 'p99'?"),
        ("pods_ready", "--show 'pods_ready': pods_ready needs a share: write 'pods_ready{share=95%}'"),
        ("pull_time < 3 s", "--show 'pull_time < 3 s': cannot read it; write a metric, for example "
         "'pull_time{group=web} p95'"),
    ],
)  # fmt: skip
def test_a_metric_that_is_none_is_refused(metric: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        rs.loads(TEXT).sweep({"nodes.db.nic": SPEEDS}, show=[metric])
    assert str(caught.value) == message


def test_a_metric_that_a_point_does_not_have_is_unknown_there() -> None:
    scenario = rs.loads("{rolloutsim: 1, nodes: 2, network: 1 Gbit/s, images: {app: 10 MB}, prices: {ssd: 1}}")
    found = scenario.sweep({"nodes": [2, 3]}, jobs=1, show=["peak_utilisation", "fleet_bytes"]).records
    assert found.results["peak_utilisation"] == [None, None]
    assert all(found.results["fleet_bytes"])


def test_the_column_of_a_metric_is_the_shown_one_or_that_of_every_case(made: rs.Sweep) -> None:
    for metric, column in (
        ("pull_time{group=db}", COLUMNS[0]), ("pods_ready{share=50%} p95", COLUMNS[1]),
        ("rollout_time", "rollout_time_s"), ("pull_time p95", "pull_time_p95_s"),
        ("slowdown", "slowdown_mean"), ("alone_time", "alone_time_s"),
    ):  # fmt: skip
        assert column_of(made.records, metric) == column
    with pytest.raises(UsageError) as caught:
        column_of(made.records, "pull_time{group=web}")
    assert str(caught.value) == (
        "the sweep has no 'pull_time{group=web} mean'; measure it: rolloutsim sweep FILE --show "
        "'pull_time{group=web} mean'"
    )
    with pytest.raises(UsageError, match="'pods_ready': pods_ready needs a share"):
        column_of(made.records, "pods_ready")
