"""Replicas, requests, disks, other applications: what is drawn is what the results say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes

import rolloutsim as rs
from rolloutsim.report.plots import applications, figure
from rolloutsim.report.plots.canvas import NoDataError, tips
from rolloutsim.results.load.background import background_summaries
from rolloutsim.results.load.disks import disk_summary
from rolloutsim.results.load.requests import registry_summaries
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.pods.replicas import WorkloadSummary, ready_replicas, workload_summaries
from rolloutsim.results.shown.tables import application_rows, applications_table
from tests.report.runs import ideal, rolling
from tests.report.test_figures_of_runs import data_of, title_of
from tests.results.by_hand import run as run_of
from tests.results.test_background import SERVICE, readings, told
from tests.shipped import shipped


def one_workload():
    """The same run with its first workload alone in sight."""
    run = rolling()
    case = run.cases[0]
    orchestration = case.orchestration
    mine = replace(orchestration, workloads=orchestration.workloads[:1])
    return replace(run, cases=(replace(case, orchestration=mine),))


def test_replicas_of_several_workloads_are_shares_of_what_is_wanted() -> None:
    run = rolling()
    ax = figure("replicas")(Outcome(run))
    for one in workload_summaries(run.cases[0]):
        x, y = data_of(ax, f"workload:{one.workload}")
        ready = ready_replicas(run.cases[0], one.workload)
        assert y.min() == pytest.approx((ready.old + ready.new).min() / one.replicas)
        assert y[-1] == pytest.approx(float(ready.old[-1] + ready.new[-1]) / one.replicas)
        assert set(x) <= {0.0, *ready.times, *(x[-1:])}
    assert title_of(ax) == "api: at least 18 of 20 pods ready at any time, as promised (18)"


def test_replicas_of_one_workload_are_new_pods_below_old_ones_above_a_floor() -> None:
    run = one_workload()
    ax = figure("replicas")(Outcome(run))
    new, old = (area.get_paths()[0].vertices for area in ax.collections)
    ready = ready_replicas(run.cases[0], "api")
    assert new[:, 1].max() == ready.new.max() == 20
    assert old[:, 1].max() == (ready.old + ready.new).max()
    assert 18.0 in {float(line.get_ydata()[0]) for line in ax.get_lines()}


def test_of_workloads_that_are_as_far_below_their_floors_the_title_names_the_worst() -> None:
    """Both lose the one node; the pods of the first are back after a second, those of the second never are."""
    first, second = (
        WorkloadSummary(name, 4, 4, 0, 0, 4, 0.0, None, ready, 2, 1.0, below, None, 4, 0, 0, 0.0, None)
        for name, ready, below in (("early", 4, 1.0), ("late", 2, 60.0))
    )
    assert sorted((first, second), key=applications._goodness)[0].workload == "late"
    assert applications._kept([second, first]) == (
        "2 of 2 workloads fall below what they promise; late: only 2 of 4 pods ready at 1.00 s, below the promised 4 "
        "for 60.0 s"
    )


def test_racks_that_carry_nothing_are_no_lanes() -> None:
    scenario = rs.loads(
        "{rolloutsim: 1, nodes: {web: {count: 1, racks: [r1]}}, images: {app: 1 GB}, "
        "workloads: {log: {images: app, replicas: 1}}, "
        "network: {rate: 1 Gbit/s, racks: 1 Gbit/s}, registry: {uplink: unlimited}, "
        "failures: {crash: {node: web-000}}}"
    )
    with pytest.raises(NoDataError) as caught:
        scenario.run().plot.utilisation()
    assert str(caught.value) == "no shared link of case 'all' carries anything"


def test_requests_per_second_add_up_to_all_requests() -> None:
    run = rolling()
    ax = figure("requests")(Outcome(run))
    (summary,) = registry_summaries(run, run.cases[0])
    x, y = data_of(ax, "registry:registry")
    assert float((y[::2] * np.diff(x)[::2]).sum()) == pytest.approx(summary.requests)
    assert title_of(ax).startswith(
        f"registry gets {summary.requests:,} requests, at most {summary.peak_requests_per_s}"
    )


def test_a_registry_that_nobody_asks_has_no_requests_to_draw() -> None:
    run = shipped("20nodes")
    case = run.cases[-1]
    pulls, fetches = (
        type(columns)(*(getattr(columns, name)[:0] for name in columns.__slots__))
        for columns in (case.pulls, case.fetches)
    )
    none = replace(case, pulls=pulls, fetches=fetches)
    with pytest.raises(NoDataError) as caught:
        figure("requests")(Outcome(replace(run, cases=(none,))))
    assert str(caught.value) == (
        "no registry was asked for anything in case 'builder': no pull began (under the pull policy "
        "`if_not_present` a node that holds an image does not ask for it)"
    )


def positions(ax: Axes, gid: str) -> list[float]:
    return [float(line.get_xdata()[0]) for line in ax.get_lines() if (line.get_gid() or "").partition("#")[0] == gid]


def test_the_latencies_of_an_application_have_one_unit_in_figure_and_table() -> None:
    """As the command shows them: the README has these figures."""
    run = shipped("shared-link")
    figure_says = [text.get_text() for text in figure("background")(Outcome(run)).texts]
    assert "0.944 ms → 36.1 ms → 0.944 ms" in figure_says
    table = applications_table(run.cases[1])
    assert table is not None
    assert [row[3] for row in table.cells()[:3]] == ["0.944 ms", "36.1 ms", "0.944 ms"]
    command = application_rows(run)
    assert command is not None
    assert ("large", "shop, a request", "0.944 ms", "36.1 ms", "0.944 ms") in [row[:5] for row in command.cells()]


def test_background_is_what_is_left_of_each_applications_bandwidth() -> None:
    run = rolling()
    ax = figure("background")(Outcome(run))
    summaries = {one.name: one for one in background_summaries(run.cases[0])}
    for name, one in summaries.items():
        assert one.before
        assert one.during is not None
        assert positions(ax, f"background:{name}")[-1] == pytest.approx(one.during / one.before)
    share = summaries["bulk"].during / summaries["bulk"].before
    assert title_of(ax) == f"During the rollout bulk keeps {share * 100:.0f} % of its bandwidth"


def test_applications_that_are_left_alone_notice_nothing() -> None:
    assert title_of(figure("background")(Outcome(shipped("two-registries")))) == (
        "The other applications notice nothing of the rollout"
    )


def test_a_few_slow_requests_are_not_nothing() -> None:
    """Of 100 requests 3 take ten times as long: neither the median nor p95 moves."""
    latency = readings(*((second, 0.01 if second in (3, 4, 5) else 0.001) for second in range(100)))
    records = told(latency=latency, **SERVICE)
    assert title_of(figure("background")(Outcome(run_of(records)))) == (
        "During the rollout app's slowest request takes 10.0 times as long"
    )


def test_disk_shows_how_full_the_disks_get_that_have_a_capacity() -> None:
    run = rolling()
    ax = figure("disk")(Outcome(run))
    nodes = sorted(disk_summary(run, run.cases[0]).nodes, key=lambda one: -one.peak_bytes)
    _, peak = data_of(ax, "band:at most")
    assert list(peak) == pytest.approx([one.peak_bytes / one.capacity_bytes for one in nodes])
    assert sum(gid.startswith("node:") for gid in tips(ax)) == 10


def test_disk_without_capacities_shows_what_an_image_takes_on_a_node() -> None:
    run = shipped("20nodes")
    ax = figure("disk")(Outcome(run))
    image = disk_summary(run, run.cases[-1]).images[0]
    whole = sum(bar.get_width() for bar in ax.patches if bar.get_y() < 0.0)
    assert whole == pytest.approx(image.bytes_per_node)
    assert title_of(ax).startswith("builder takes 1.27 GB on a node")


def test_disk_of_bare_bandwidth_is_the_images_bytes() -> None:
    assert title_of(figure("disk")(Outcome(ideal()))).startswith("large takes ")


def test_replicas_of_thousands_of_pods_reach_the_last_one() -> None:
    """Each of 2,000 pods alone is less than can be seen."""
    text = """\
rolloutsim: 1
model: ideal
nodes: 200
network: 10 Gbit/s
images: {a: 20 MB}
workloads: {svc: {images: [a], replicas: 2000}}
rollout: {strategy: rolling, startup: {p50: 4 s, p95: 9 s}}
"""
    run = rs.loads(text).run().run
    assert run.cases[0].finished
    ax = figure("replicas")(Outcome(run))
    (new, _) = ax.collections
    corners = new.get_paths()[0].vertices
    last = corners[:, 0].max()
    assert corners[corners[:, 0] == last, 1].max() == 2000.0
