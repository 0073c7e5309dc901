"""What the figures draw is what the results hold; the numbers beside `ideal` are N·S/C by hand."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

import rolloutsim as rs
from rolloutsim.errors import UsageError
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.canvas import NoDataError, tips
from rolloutsim.results.load.throughput import link_loads
from rolloutsim.results.metrics import pull_times, rollout_time, summarise
from rolloutsim.results.numerals import show_time
from rolloutsim.results.outcome import Outcome, figures_of
from rolloutsim.results.shown.tables import links_table, split_table
from rolloutsim.results.time.phases import node_phases, readiness
from rolloutsim.simulation import simulate
from tests.report.runs import PARTLY, ideal, rolling
from tests.report.test_every_figure import cut_off
from tests.shipped import result_of, shipped

_DOOMED = (
    "rolloutsim: 1\nnodes: {{n: {{count: 4, nic: 1 Gbit/s}}}}\nregistry: 1 Gbit/s\nimages: {{a: 500 MB}}\n"
    "workloads: {{w: {{images: a, daemonset: true, create: true}}}}\nrollout: {{horizon: 600 s}}\n"
    "failures: {{c: {{{what}, at: 5 s}}}}\n"
)


@pytest.mark.parametrize(
    ("what", "title"),
    [
        ("registry: registry", "4 of 4 nodes are never ready; most of them stay waiting"),
        ("node: n-002", "1 of 4 nodes is never ready; it stays waiting"),
    ],
)
def test_nodes_whose_pulls_fail_are_waiting_and_not_fetching(what: str, title: str) -> None:
    run = rs.loads(_DOOMED.format(what=what)).run().run
    assert title_of(figure("timeline")(Outcome(run))) == title


def line_of(ax: Axes, gid: str) -> Line2D:
    (line,) = (line for line in ax.get_lines() if line.get_gid() == gid)
    return line


def data_of(ax: Axes, gid: str) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    x, y = line_of(ax, gid).get_data()
    return np.asarray(x), np.asarray(y)


def title_of(ax: Axes) -> str:
    return ax.get_title(loc="left").replace("\n", " ")


def test_rollout_is_the_share_of_nodes_ready() -> None:
    run = shipped("racks")
    ax = figure("rollout")(Outcome(run))
    for case in run.cases:
        x, y = data_of(ax, f"case:{case.name}")
        ready = readiness(case).times
        assert len(ready) == 200
        assert y[0] == 0.0
        assert y[-1] == 1.0
        assert x[-1] == rollout_time(case)
        np.testing.assert_allclose(np.interp(x[1:], ready, np.arange(1, 201) / 200), y[1:])


def test_rollout_says_when_half_and_all_are_ready() -> None:
    assert (
        title_of(figure("rollout")(Outcome(ideal()))) == "large: all 4 nodes ready at about the same time, after 4.00 s"
    )
    title = title_of(figure("rollout")(Outcome(shipped("multi-stage"))))
    assert title == "builder: 50 % of the nodes ready after 21.9 s, all after 41.2 s"


def test_rollout_of_many_nodes_keeps_first_and_last_of_at_most_500_points() -> None:
    run = shipped("fleet-10k")
    x, y = data_of(figure("rollout")(Outcome(run)), "case:agent")
    ready = readiness(run.cases[0]).times
    assert len(x) <= 501
    assert (x[0], x[-1], y[-1]) == (ready[0], ready[-1], 1.0)


def test_rollout_of_replications_has_a_band_that_holds_the_line_between() -> None:
    scenario = ideal("nodes={'node': {count: 4, start: {min: 0 s, max: 1 s}}}").scenario
    runs = [simulate(scenario, seed) for seed in range(5)]
    ax = figure("rollout")(Outcome(runs[0], tuple(map(figures_of, runs))), case="large")
    (band,) = ax.collections
    assert band.get_gid() == "band:large"
    corners = band.get_paths()[0].vertices
    latest = np.array([readiness(run.cases[1]).times[-1] for run in runs])
    at_top = corners[corners[:, 1] == 1.0, 0]
    # Nearest rank: the 5 and 95 % quantiles of five values are the first and the last.
    assert (at_top.min(), at_top.max()) == (latest.min(), latest.max())
    assert "with the middle 90 % of 5 replications" in ax.texts[0].get_text()


def test_rollout_of_replications_says_their_means() -> None:
    """Oracle: the mean of when the second and the last of four nodes are ready."""
    scenario = ideal("nodes={'node': {count: 4, start: {min: 0 s, max: 10 s}}}").scenario
    runs = [simulate(scenario, seed) for seed in range(5)]
    ax = figure("rollout")(Outcome(runs[0], tuple(map(figures_of, runs))), case="large")
    half, last = (np.mean([readiness(run.cases[1]).times[place] for run in runs]) for place in (1, 3))
    assert title_of(ax) == (
        f"50 % of the nodes ready after {show_time(half)}, all after {show_time(last)} (means of 5 replications)"
    )


def test_rollout_of_replications_that_finish_in_part_says_in_how_many() -> None:
    """The band of what 3 of 8 reach goes on to the edge; the first replication is only the line."""
    result = rs.loads(PARTLY).run(replications=8)
    assert result.replications is not None
    each = result.replications.each
    whole = [one.ready["a"][-1] for one in each if len(one.ready["a"]) == 2]
    assert 1 < len(whole) < 8
    ax = figure("rollout")(result.outcome)
    assert title_of(ax) == (
        f"Only in {len(whole)} of 8 replications all 2 pods become ready, "
        f"after {show_time(min(whole))} to {show_time(max(whole))}"
    )
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    at_top = corners[corners[:, 1] == 1.0, 0]
    assert at_top.min() == min(whole)
    assert at_top.max() == ax.get_xlim()[1]
    assert "in the first replication, with the middle 90 % of 8 replications, up to the right edge" in (
        ax.texts[0].get_text()
    )
    assert cut_off(ax) == []


def test_size_sets_each_image_against_its_time_and_the_bound() -> None:
    """Oracle: on bandwidth alone the rollout takes what the bytes need, 4 x size / 125 MB/s."""
    ax = figure("size")(Outcome(ideal()))
    points = {name: data_of(ax, f"case:{name}") for name in ("small", "large")}
    assert points["small"] == (pytest.approx([10e6]), pytest.approx([0.32]))
    assert points["large"] == (pytest.approx([125e6]), pytest.approx([4.0]))
    (bound,) = (line for line in ax.get_lines() if line.get_linestyle() == "--")
    assert list(bound.get_xdata()) == pytest.approx([0.0, 10e6, 125e6])
    assert list(bound.get_ydata()) == pytest.approx([0.0, 0.32, 4.0])
    assert title_of(ax) == (
        "Each 100 MB of image costs 3.20 s; large (125 MB) takes 4.00 s, 0 % above what its bytes alone need"
    )


def test_images_of_different_registries_are_not_joined_by_a_line() -> None:
    ax = figure("size")(Outcome(shipped("two-registries")))
    assert {line.get_linestyle() for line in ax.get_lines() if len(line.get_xdata()) > 1} == {"None"}


def test_a_case_in_which_every_pull_fails_stands_beside_one_in_which_none_does() -> None:
    run = rs.loads(
        "rolloutsim: 1\nnodes: 4\nnetwork: 1 Gbit/s\nregistries: {a: 1 Gbit/s, b: 1 Gbit/s}\n"
        "images: {one: {registry: a, layers: [100 MB]}, two: {registry: b, layers: [10 MB]}}\n"
        "failures: {gone: {registry: a, at: 0 s}}\nrollout: {horizon: 1h}\n"
    ).run()
    assert title_of(figure("ecdf")(Outcome(run.run))) == "one: no pull finished"
    assert "one: no pull finished" in run.to_html()


def test_ecdf_is_the_share_of_pulls_that_took_at_most_so_long() -> None:
    run = shipped("racks")
    ax = figure("ecdf")(Outcome(run))
    for case in run.cases:
        x, y = data_of(ax, f"case:{case.name}")
        times = np.sort(pull_times(case))
        np.testing.assert_allclose(np.searchsorted(times, x[1:], side="right") / len(times), y[1:])


def test_ecdf_marks_each_pull_of_the_slowest_case_by_its_node() -> None:
    ax = figure("ecdf")(Outcome(shipped("20nodes")))
    nodes = [gid for gid in tips(ax) if gid.startswith("node:")]
    assert sorted(nodes) == [f"node:node-{i:03d}" for i in range(20)]


def test_time_split_is_the_share_of_each_cause_and_fills_each_bar() -> None:
    run = shipped("racks")
    summary = summarise(run)
    ax = figure("time_split")(Outcome(run))
    for place, case in enumerate(summary.cases.values()):
        bars = [
            bar
            for bar in ax.patches
            if isinstance(bar, Rectangle) and abs(bar.get_y() + bar.get_height() / 2 - place) < 0.01
        ]
        assert sum(bar.get_width() for bar in bars) == pytest.approx(1.0)
        widths = {(bar.get_gid() or "").partition("#")[0]: bar.get_width() for bar in bars}
        split = case.time_split_s
        racks = sum(seconds for cause, seconds in split.items() if cause.endswith(".down"))
        assert widths["cause:rack.down"] == pytest.approx(racks / sum(split.values()))
        assert widths["cause:disk"] == pytest.approx(split["disk"] / sum(split.values()))
    title = "service-with-tools: 85 % of all pods' waiting goes to the rack uplinks, 9 % to node cores"
    assert title_of(ax).startswith(title)


def test_the_split_of_turns_is_that_of_one_turn_as_in_words() -> None:
    result = result_of("daemonset-250")
    ax = result.plot.time_split()
    assert title_of(ax).startswith("63 % of one turn's 7.15 s goes to the start of the containers, 17 % to the ")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one turn  7.15 s"]
    said = (
        "of the 7.15 s that one takes on average (3.86 s to 16.3 s), 63 % goes to the start of the containers, 17 % to"
    )
    assert said in result.why()


def test_the_split_of_a_paced_rollout_is_that_of_the_last_pod_as_in_words() -> None:
    result = result_of("deployment")
    assert title_of(result.plot.time_split()).startswith(
        "66 % of the last pod's 59.1 s goes to the registry uplink, 23 %"
    )
    assert "Of the last pod's 59.1 s, 66 % goes to the registry uplink, 23 % to" in result.why()


def test_timeline_is_the_phases_of_each_node() -> None:
    run = shipped("20nodes")
    ax = figure("timeline")(Outcome(run), case="builder")
    (case,) = (one for one in run.cases if one.name == "builder")
    phases = node_phases(case)
    order = [int(gid.removeprefix("node:node-")) for gid in tips(ax)]
    assert sorted(order) == list(range(20))
    for i, bars in zip(order, ax.collections, strict=True):
        boxes = [path.get_extents() for path in bars.get_paths()]
        starts, stops = [box.x0 for box in boxes], [box.x1 for box in boxes]
        # No start-up time: the phase `starting` has no length, and no bar.
        assert starts == pytest.approx(phases.bounds[:3, i])
        assert stops == pytest.approx(phases.bounds[1:4, i])
    assert title_of(ax) == "All 20 nodes are ready after 62.8 s: 58.8 s fetching, 3.96 s unpacking"


def test_timeline_tells_unpacking_from_waiting_for_pods() -> None:
    """Oracle: node-011's last byte comes at 40.11 s, its image is ready at 42.47 s, its last pod starts at 49.82 s."""
    ax = figure("timeline")(Outcome(shipped("deployment")))
    said = "38.9 s fetching, 2.36 s unpacking, 7.35 s waiting for pods, 9.20 s starting"
    assert title_of(ax) == f"node-011 is the last to be ready after 59.1 s: 1.22 s before its turn, {said}"
    assert tips(ax)["node:node-011"].endswith(said)
    legend = ax.get_legend()
    assert legend is not None
    both = zip(legend.get_texts(), legend.get_patches(), strict=True)
    colors = {text.get_text(): patch.get_facecolor() for text, patch in both}
    assert list(colors) == [
        "waiting\n(requests, queues)", "fetching", "unpacking\n(all has arrived)",
        "waiting for pods\n(no image to get)", "starting",
    ]  # fmt: skip
    assert len(set(colors.values())) == len(colors)


def test_timeline_says_how_long_the_last_node_waits_for_its_turn() -> None:
    ax = figure("timeline")(Outcome(shipped("daemonset-250")))
    assert title_of(ax) == "node-249 is the last to be ready after 29m46s: 29m42s before its turn"


def test_timeline_of_many_nodes_is_the_share_in_each_phase() -> None:
    run = shipped("racks")
    ax = figure("timeline")(Outcome(run))
    case = run.cases[1]
    assert list(tips(ax)) == ["phase:waiting", "phase:fetching", "phase:unpacking", "phase:ready"]
    top = ax.collections[-1].get_paths()[0].vertices
    at = case.end * 0.98
    ready = float(np.count_nonzero(case.pods.ready <= at)) / 200
    upper = top[top[:, 1] > 0.0]
    assert np.interp(at, upper[np.argsort(upper[:, 0]), 0], upper[np.argsort(upper[:, 0]), 1]) == pytest.approx(
        ready, abs=0.05
    )


def test_fan_shows_the_fair_share_of_each_node() -> None:
    """Oracle: four nodes share 125 MB/s."""
    ax = figure("fan")(Outcome(ideal()), case="small")
    for node in range(4):
        x, y = data_of(ax, f"node:node-{node:03d}")
        assert list(y) == pytest.approx([125e6 / 4] * 2)
        assert list(x) == pytest.approx([0.0, 0.32])
    assert title_of(ax) == "Every node receives 250 Mbit/s while it fetches"


def test_fan_of_a_node_that_fetches_several_layers_at_a_time_stays_within_its_nic() -> None:
    """Oracle: 100 Mbit/s, from the first byte of both layers to the last of the larger one."""
    ax = figure("fan")(Outcome(ideal("nodes={'node': {count: 4, nic: 100 Mbit/s}}")))
    x, y = data_of(ax, "node:node-000")
    assert list(x) == pytest.approx([0.0, 10.0])
    assert list(y) == pytest.approx([12.5e6, 12.5e6])


def test_fan_of_many_nodes_draws_bands_and_no_single_node() -> None:
    ax = figure("fan")(Outcome(shipped("racks")))
    assert list(tips(ax)) == ["band:p0-p100", "band:p5-p95", "band:p25-p75", "band:p50"]


def test_utilisation_says_which_link_is_full_from_when_to_when() -> None:
    """Oracle: on bandwidth alone the uplink is full from the first second to the last."""
    ax = figure("utilisation")(Outcome(ideal()))
    assert title_of(ax) == "registry uplink full from 0.00 to 4.00 s"
    assert dict(tips(ax)) == {"link:registry.uplink": "registry uplink: 100 % busy; full from 0.00 to 4.00 s"}
    assert title_of(figure("utilisation")(Outcome(shipped("fleet-10k")))) == "registry uplink full from 0.1 to 102.0 s"


def test_utilisation_of_links_that_never_fill_names_the_busiest() -> None:
    run = ideal("nodes={'node': {count: 4, nic: 100 Mbit/s}}")
    assert title_of(figure("utilisation")(Outcome(run))) == (
        "No link is ever the limit; the busiest is registry uplink, 40 % on average"
    )


def test_racks_that_never_fill_do_not_speak_for_other_links() -> None:
    text = """\
rolloutsim: 1
model: ideal
nodes: {web: {count: 4, racks: [r1, r2]}}
network: {rate: 1 Gbit/s, racks: {uplink: 10 Gbit/s}}
images: {a: 125 MB}
"""
    run = rs.loads(text).run().run
    assert title_of(figure("utilisation")(Outcome(run))) == "registry uplink full from 0.00 to 4.00 s"
    assert (
        title_of(figure("racks")(Outcome(run)))
        == "No rack's link is ever the limit; the busiest is rack r1, towards its nodes, 5 % on average"
    )


def test_the_timeline_says_what_of_it_is_lost_with_hosts_that_do_not_deliver() -> None:
    """A silent mirror costs 30 s before HEAD, index, manifest, config, and before each of two layers."""
    text = (
        "rolloutsim: 1\nnodes: {web: {count: 3, nic: 1 Gbit/s, hosts: [near, hub], parallel_layers: 1}}\n"
        "registries: {hub: {uplink: 10 Gbit/s}}\nmirrors: {near: {of: hub, uplink: 1 Gbit/s}}\n"
        "images: {api: {layers: [30 MB, 70 MB]}}\n"
    )
    dead = "failures: {down: {mirror: near, at: 0 s, silent: true}}\n"
    alive, silent = (figure("timeline")(rs.loads(one).run().outcome) for one in (text, text + dead))
    assert title_of(silent) == (
        "All 3 nodes are ready after 182 s: 150 s waiting, 31.1 s fetching; 180 s of it with hosts that do not deliver"
    )
    assert all(tip.endswith("; 180 s of it with hosts that do not deliver") for tip in tips(silent).values())
    assert "deliver" not in title_of(alive) + "".join(tips(alive).values())


@pytest.mark.parametrize(
    ("count", "lane"), [(2, "site b, towards its nodes  100 %"), (4, "busiest of 4 sites (to nodes)  100 %")]
)
def test_the_links_of_sites_are_called_so(count: int, lane: str) -> None:
    """Ideal: two nodes at each site get 125 MB each over its line of 100 Mbit/s."""
    sites = ", ".join("abcd"[:count])
    text = (
        f"rolloutsim: 1\nmodel: ideal\nnodes: {{shop: {{count: {2 * count}, sites: [{sites}]}}}}\n"
        "network: {rate: 10 Gbit/s, sites: {uplink: 100 Mbit/s}}\nimages: {app: 125 MB}\n"
    )
    result = rs.loads(text).run()
    assert result.why().startswith("site uplinks 100 % busy for the whole rollout; ")
    heat = figure("racks")(result.outcome)
    assert title_of(heat) == (
        f"site a, towards its nodes full from 0.0 to 20.0 s; site b, towards its nodes"
        f"{f' and {count - 2} others' if count > 2 else ''} full for {'up to ' if count > 2 else ''}20.0 s"
    )
    assert heat.get_ylabel() == "site"
    lanes = figure("utilisation")(result.outcome)
    assert lane in [label.get_text() for label in lanes.get_yticklabels()]
    table, _ = links_table(result.summary.slowest)
    assert "site a, towards its nodes" in [row[0] for row in table.cells()]
    split, _ = split_table(result.outcome)
    assert split.cells()[0][0] == "site a, towards its nodes"


def test_racks_is_the_utilisation_of_each_rack() -> None:
    run = shipped("racks")
    ax = figure("racks")(Outcome(run))
    (image,) = (one for one in ax.get_children() if isinstance(one, AxesImage))
    heat = np.asarray(image.get_array())
    loads = [load for load in link_loads(run.scenario, run.cases[1]) if load.link.endswith(".down")]
    edges = np.linspace(0.0, run.cases[1].end, heat.shape[1] + 1)
    np.testing.assert_allclose(heat, [load.at(edges) for load in loads])
    assert heat.max() == pytest.approx(1.0)
    assert list(tips(ax)) == [f"rack:r{i}" for i in range(1, 6)]


def test_a_figure_of_one_case_shows_the_slowest_unless_told_otherwise() -> None:
    run = shipped("20nodes")
    assert "· builder ·" in figure("timeline")(Outcome(run)).texts[0].get_text()
    assert "· alpine ·" in figure("timeline")(Outcome(run), case="alpine").texts[0].get_text()
    with pytest.raises(UsageError) as caught:
        figure("timeline")(Outcome(run), case="alpin")
    assert str(caught.value) == "no case 'alpin'; cases: alpine, go-carbon, golang:1.8-alpine, builder"


def test_a_figure_draws_where_it_is_told_to(figure_state: None) -> None:
    mine = Figure(figsize=(10, 4))
    left, right = mine.subplots(1, 2)
    assert figure("rollout")(Outcome(ideal()), ax=left) is left
    assert figure("utilisation")(Outcome(ideal()), ax=right) is right
    assert mine.axes == [left, right]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("racks", "the scenario 'four nodes' has no racks; give a node group some, such as "
                  "nodes: {web: {count: 40, racks: [r1, r2]}}, and their links a capacity, such as "
                  "network: {racks: {oversubscription: 4}}"),
        ("replicas", "case 'large' has no workloads, so no pods are replaced; give the scenario some, such as "
                     "workloads: {web: {images: [web], replicas: 20}}, and rollout: {strategy: rolling}"),
        ("background", "no other application uses the links in case 'large'; give the scenario some, such as "
                       "background: {backup: {links: [registry.uplink], rate: 300 Mbit/s}}"),
    ],
)  # fmt: skip
def test_a_figure_without_data_says_what_would_provide_it(name: str, message: str) -> None:
    with pytest.raises(NoDataError) as caught:
        figure(name)(Outcome(ideal()))
    assert str(caught.value) == message


def test_there_is_no_size_where_several_images_roll_out_together() -> None:
    with pytest.raises(NoDataError) as caught:
        figure("size")(Outcome(rolling()))
    assert str(caught.value) == (
        "no case is the finished rollout of one image, so there is no size to set against its time; "
        "a scenario with `images` and without `workloads` or a schedule has a case for each image"
    )
