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
from tests.report.runs import IDEAL
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
    assert title_of(ax) == "large, nodes 8: 8.00 s at 1 Gbit/s, 0.800 s at 10 Gbit/s"
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
    assert title_of(ax) == "Under 3.00 s: network 1 Gbit/s for nodes 2 and 10 Gbit/s for nodes 8"
    assert cut_off(ax) == []


def test_sweep_heatmap_says_how_many_nodes_pass_at_most() -> None:
    """Oracle: under 3 s are N x 125 MB / C for 2 nodes at 1 Gbit/s, 8 at 10 Gbit/s; at 0.1 Gbit/s not even 2."""
    ax = figure("sweep_heatmap")(swept().records, x="nodes", y="network")
    assert title_of(ax) == "Under 3.00 s: nodes up to 2 for network 1 Gbit/s and up to 8 for network 10 Gbit/s"
    made = swept({"nodes": NODES, "network": ["100 Mbit/s", "10 Gbit/s"]})
    ax = figure("sweep_heatmap")(made.records, x="nodes", y="network")
    assert title_of(ax) == "Under 3.00 s: nodes none for network 100 Mbit/s and up to 8 for network 10 Gbit/s"
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
