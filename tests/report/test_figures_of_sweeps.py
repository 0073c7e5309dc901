"""Sweeps and sensitivities: lines, heat map with its contour, tornado."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.image import AxesImage

import rolloutsim as rs
from rolloutsim.api.sweep import Sweep, sweep
from rolloutsim.errors import UsageError
from rolloutsim.planning.sensitivity import Row
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.canvas import NoDataError, tips
from rolloutsim.report.plots.points import SweepView, axis_of
from tests.report.runs import IDEAL, PARTLY
from tests.report.test_every_figure import cut_off
from tests.report.test_figures_of_runs import data_of, title_of

NODES = [2, 4, 8]
SPEEDS = ["1 Gbit/s", "2 Gbit/s", "10 Gbit/s"]


def swept(parameters: Mapping[str, Any] | None = None, **wanted: Any) -> Sweep:
    """Nodes times speeds, on bandwidth alone: N x 125 MB / C, and less than 3 s is asked for."""
    asked = {"nodes": NODES, "network": SPEEDS} if parameters is None else parameters
    return sweep(rs.loads(IDEAL), asked, None, None, wanted.get("design"), wanted.get("points"), 1, None, None, False)


def test_sweep_lines_is_the_rollout_time_over_a_parameter() -> None:
    """Oracle: N x 125 MB / C."""
    ax = figure("sweep_lines")(swept().records, case="large", x="network")
    for nodes in NODES:
        x, y = data_of(ax, f"case:nodes {nodes}")
        assert list(x) == pytest.approx([125e6, 250e6, 1250e6])
        assert list(y) == pytest.approx([nodes * 125e6 / speed for speed in x])
    assert title_of(ax) == ("large, nodes 8: 8.00 s at 1 Gbit/s, 0.800 s at 10 Gbit/s; 6 of 9 points pass max < 3 s")
    assert cut_off(ax) == []


def test_sweep_lines_draws_the_threshold() -> None:
    ax = figure("sweep_lines")(swept().records, case="large")
    assert 3.0 in {float(line.get_ydata()[0]) for line in ax.get_lines()}


def test_sweep_lines_of_many_lines_shows_the_slowest_case() -> None:
    speeds = [f"{speed} Gbit/s" for speed in (1, 2, 3, 4, 5)]
    made = swept({"nodes": [2, 3, 4, 5, 6, 7], "network": speeds})
    assert list(tips(figure("sweep_lines")(made.records))) == [f"case:network {speed}" for speed in speeds]


def test_sweep_heatmap_parts_what_passes_from_what_does_not() -> None:
    """Oracle: under 3 s are N x 125 MB / C for 2 nodes at any speed, 4 at 2 Gbit/s, 8 at 10 Gbit/s."""
    ax = figure("sweep_heatmap")(swept().records, x="network", y="nodes")
    (image,) = (one for one in ax.get_children() if isinstance(one, AxesImage))
    cells = np.asarray(image.get_array())
    np.testing.assert_allclose(cells, [[n * 125e6 / c for c in (125e6, 250e6, 1250e6)] for n in NODES])
    (contour,) = (one for one in ax.collections if isinstance(one, LineCollection))
    edges = {tuple(map(tuple, segment)) for segment in contour.get_segments()}
    assert edges == {
        ((-0.5, 0.5), (0.5, 0.5)),  # 2 | 4 nodes at 1 Gbit/s
        ((0.5, 0.5), (0.5, 1.5)),  # 4 nodes: 1 | 2 Gbit/s
        ((0.5, 1.5), (1.5, 1.5)),  # 4 | 8 nodes at 2 Gbit/s
        ((1.5, 1.5), (1.5, 2.5)),  # 8 nodes: 2 | 10 Gbit/s
    }
    assert title_of(ax) == (
        "large: passes max < 3 s with network from 1 Gbit/s on for nodes 2 and from 10 Gbit/s on for nodes 8"
    )
    assert cut_off(ax) == []


def test_sweep_heatmap_says_how_many_nodes_pass_at_most() -> None:
    """Oracle: under 3 s are N x 125 MB / C for 2 nodes at 1 Gbit/s, 8 at 10 Gbit/s; at 0.1 Gbit/s not even 2."""
    ax = figure("sweep_heatmap")(swept().records, x="nodes", y="network")
    assert title_of(ax) == (
        "large: passes max < 3 s with nodes up to 2 for network 1 Gbit/s and up to 8 for network 10 Gbit/s"
    )
    made = swept({"nodes": NODES, "network": ["100 Mbit/s", "10 Gbit/s"]})
    ax = figure("sweep_heatmap")(made.records, x="nodes", y="network")
    assert title_of(ax) == (
        "large: passes max < 3 s with nodes up to 8 for network 10 Gbit/s, never for network 100 Mbit/s"
    )
    assert cut_off(ax) == []


def test_replications_have_a_band_of_intervals() -> None:
    text = IDEAL.replace("nodes: 4", "nodes: {node: {count: 4, start: {min: 0 s, max: 1 s}}}")
    made = sweep(rs.loads(text), {"network": SPEEDS}, 4, None, None, None, 1, None, None, False)
    ax = figure("sweep_lines")(made.records, case="large")
    assert len(ax.collections) == 1
    assert "mean of 4 replications with 95 % intervals" in ax.texts[0].get_text()


def test_points_that_lie_on_no_line_are_not_joined_and_make_no_heat_map() -> None:
    made = swept(
        {"nodes": {"from": 2, "to": 50}, "network": {"from": "1 Gbit/s", "to": "10 Gbit/s"}},
        design="sobol",
        points=16,
    )
    ax = figure("sweep_lines")(made.records, case="large")
    (line,) = (line for line in ax.get_lines() if line.get_gid())
    assert line.get_linestyle() == "None"
    assert cut_off(ax) == []
    with pytest.raises(NoDataError) as caught:
        figure("sweep_heatmap")(made.records)
    assert str(caught.value) == (
        "the points of this sobol design form no grid over nodes and network; "
        "sweep with --design grid for a heat map, or draw sweep_lines"
    )


def test_a_heat_map_needs_two_parameters() -> None:
    with pytest.raises(NoDataError) as caught:
        figure("sweep_heatmap")(swept({"nodes": NODES}).records)
    assert str(caught.value) == (
        "the sweep of 'four nodes' does not suffice: a heat map needs two parameters; sweep_lines shows one"
    )


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"column": "rollout_time"}, "the sweep has no number 'rollout_time'; numbers: "),
        ({"case": "larg"}, "no case 'larg'; cases: small, large"),
        ({"x": "nodse"}, "the sweep has no parameter 'nodse'; parameters: nodes, network"),
    ],
)
def test_what_a_sweep_does_not_have_is_an_error_that_lists_what_it_has(keywords: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        figure("sweep_lines")(swept().records, **keywords)
    assert str(caught.value).startswith(message)


def test_tornado_draws_the_widest_span_on_top() -> None:
    rows = [
        ("network.latency", 60.0, 60.0, 60.0),
        ("nodes.node.disk.rate", 61.0, 60.0, 59.2),
        Row("registry.uplink", "10%", "1 Gbit/s", "900 Mbit/s", "1.1 Gbit/s", 66.0, 60.0, 55.0),
        ("registry.replicas", None, 60.0, 58.0),
    ]
    ax = figure("tornado")(rows, case="builder")
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "registry.uplink  ±10 %", "registry.replicas", "nodes.node.disk.rate",
    ]  # fmt: skip
    ends = [bar.get_x() + bar.get_width() for bar in ax.patches]
    assert ends == pytest.approx([66.0, 55.0, 58.0, 61.0, 59.2])
    assert title_of(ax) == "builder: registry.uplink matters most (10 % less: +6.00 s, 10 % more: −5.00 s)"
    assert "1 other input changes less" in ax.texts[0].get_text()
    assert cut_off(ax) == []


def test_tornado_without_rows_says_where_rows_come_from() -> None:
    with pytest.raises(NoDataError) as caught:
        figure("tornado")([])
    assert str(caught.value) == (
        "no input was varied, so there is nothing to compare; `rolloutsim.planning.sensitivity` of a finished "
        "result gives the rows"
    )


RANDOM = """\
rolloutsim: 1
name: random
model: ideal
nodes: {web: {count: 20, start: {p50: 2 s, p95: 9 s}}}
network: 1 Gbit/s
images: {b: 40 MB}
thresholds: {rollout_time: [p95 < 5m, max < 19 s]}
"""


def test_a_threshold_is_judged_by_its_own_statistic_over_the_replications() -> None:
    """Oracle: `run` at each point; the means of all points are below 19 s."""
    counts, speeds = [2, 5, 20], ["1 Gbit/s", "2 Gbit/s"]
    made = rs.loads(RANDOM).sweep({"nodes.web.count": counts, "network": speeds}, replications=20, jobs=1)
    expected = [
        [
            all(
                one.passed
                for one in rs.loads(RANDOM, overrides=[f"nodes.web.count={count}", f"network={speed}"])
                .run(replications=20)
                .thresholds
            )
            for count in counts
        ]
        for speed in speeds
    ]
    found = SweepView(made.records, "rollout_time_s", None, one=True)
    across, up = axis_of(made.records, "nodes.web.count"), axis_of(made.records, "network")
    cells = found.cells(across, up)
    assert cells.values.max() < 19.0
    assert (cells.passes == 1).tolist() == expected
    assert any(map(any, expected))
    assert not all(map(all, expected))
    ax = figure("sweep_heatmap")(made.records, x="nodes.web.count", y="network")
    assert "passes p95 < 5m and max < 19 s with nodes.web.count up to " in title_of(ax).lower()
    assert "mean of 20 replications" in ax.texts[-1].get_text()
    assert cut_off(ax) == []
    lines = figure("sweep_lines")(made.records, x="nodes.web.count")
    (crosses,) = (line for line in lines.get_lines() if line.get_marker() == "x")
    missed = sum(not passed for row in expected for passed in row)
    assert len(crosses.get_xdata()) == missed
    assert title_of(lines).endswith(f"; {6 - missed} of 6 points pass p95 < 5m and max < 19 s")
    assert cut_off(lines) == []


def test_a_sweep_of_one_parameter_says_which_points_pass() -> None:
    """Oracle: under 3 s are N x 125 MB / C up to 2 nodes at 1 Gbit/s, and from 2 Gbit/s on with 4 nodes."""
    assert title_of(figure("sweep_lines")(swept({"nodes": NODES}).records, case="large")) == (
        "large: 2.00 s at 2, 8.00 s at 8; passes max < 3 s up to 2"
    )
    assert title_of(figure("sweep_lines")(swept({"network": SPEEDS}).records, case="large")) == (
        "large: 4.00 s at 1 Gbit/s, 0.400 s at 10 Gbit/s; passes max < 3 s from 2 Gbit/s on"
    )
    assert title_of(figure("sweep_lines")(swept({"nodes": [8, 9]}).records, case="large")) == (
        "large: 8.00 s at 8, 9.00 s at 9; no point passes max < 3 s"
    )


def test_a_sweep_of_one_point_has_one_value() -> None:
    ax = figure("sweep_lines")(swept({"nodes": [4]}).records, case="large")
    assert title_of(ax) == "large: 4.00 s at 4; misses max < 3 s"


def test_lines_of_values_side_by_side_name_all_that_changes() -> None:
    made = swept({"nodes": [2, 4], "network": ["1 Gbit/s", "2 Gbit/s"]}, design="zip")
    ax = figure("sweep_lines")(made.records, case="large")
    assert title_of(ax) == (
        "large: 2.00 s at nodes 2, network 1 Gbit/s; 2.00 s at nodes 4, network 2 Gbit/s; every point passes max < 3 s"
    )
    assert ax.get_xlabel() == "nodes, and with it network"
    assert ax.texts[0].get_text().startswith("Rollout time over nodes and network, which change together, 2 points")
    assert cut_off(ax) == []


def test_values_side_by_side_make_no_heat_map() -> None:
    made = swept({"nodes": [2, 4], "network": ["1 Gbit/s", "2 Gbit/s"]}, design="zip")
    with pytest.raises(NoDataError) as caught:
        figure("sweep_heatmap")(made.records)
    assert str(caught.value) == (
        "the points of this zip design form no grid over nodes and network; "
        "sweep with --design grid for a heat map, or draw sweep_lines"
    )


def test_a_value_that_is_repeated_is_drawn_once_and_keeps_its_line() -> None:
    ax = figure("sweep_lines")(swept({"nodes": [4, 2, 4]}).records, case="large")
    x, y = data_of(ax, "case:large")
    assert (list(x), list(y)) == ([2.0, 4.0], [2.0, 4.0])
    (line,) = (line for line in ax.get_lines() if line.get_gid())
    assert line.get_linestyle() == "-"


def test_no_two_lines_look_alike() -> None:
    made = swept({"nodes": {"from": 2, "to": 50}, "network": {"from": "1 Gbit/s", "to": "9 Gbit/s"}},
                 design="sobol", points=4)  # fmt: skip
    for ax in (
        figure("sweep_lines")(
            swept({"nodes": [2, 4], "network": ["1 Gbit/s", "2 Gbit/s"], "images.small": ["1 MB", "2 MB"]}).records
        ),
        figure("sweep_lines")(made.records),
    ):
        lines = [line for line in ax.get_lines() if line.get_gid()]
        looks = {(line.get_color(), line.get_linestyle(), line.get_marker()) for line in lines}
        assert len(looks) == len(lines)


def test_a_sweep_without_any_mean_says_how_many_rollouts_finished() -> None:
    made = rs.loads(PARTLY).sweep({"nodes.n.count": [2, 3]}, replications=8, jobs=1)
    done = sum(made.records.results["finished"])
    assert 0 < done < 16
    with pytest.raises(NoDataError) as caught:
        figure("sweep_lines")(made.records)
    assert str(caught.value) == (
        f"{done} of 16 rollouts in the sweep of 'partly' finished, but at no point all of its replications, and "
        "without all of them the mean is unknown; `rolloutsim sweep --format csv` shows each single one, "
        "`rolloutsim run` what the pulls wait for"
    )


def test_a_sweep_in_which_nothing_finished_says_so() -> None:
    made = rs.loads(PARTLY.replace("at: 14 s", "at: 0 s")).sweep({"nodes.n.count": [2, 3]}, jobs=1)
    with pytest.raises(NoDataError) as caught:
        figure("sweep_lines")(made.records)
    assert str(caught.value) == (
        "none of 2 rollouts in the sweep of 'partly' has a rollout time; `rolloutsim run` says what the pulls wait for"
    )


def test_points_without_a_mean_are_said_to_be_missing_and_pass_nothing() -> None:
    text = PARTLY + "thresholds: {rollout_time: max < 1h}\n"
    made = rs.loads(text).sweep({"failures.dead.at": ["14 s", "1h"], "nodes.n.count": [2, 3]}, replications=4, jobs=1)
    ax = figure("sweep_lines")(made.records, x="failures.dead.at")
    assert "unknown at 2 of them, where a rollout did not finish" in " ".join(ax.texts[0].get_text().split())
    assert title_of(ax).endswith("; 2 of 4 points pass max < 1h")
    ax = figure("sweep_heatmap")(made.records, x="failures.dead.at", y="nodes.n.count")
    assert sum(text.get_text() == "–" for text in ax.texts) == 2
    assert title_of(ax) == (
        "Passes max < 1h with failures.dead.at from 1h on for nodes.n.count 2 and from 1h on for nodes.n.count 3"
    )
    assert cut_off(ax) == []
