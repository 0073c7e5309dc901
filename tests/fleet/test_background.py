"""Applications on the links while pulls disturb them, worked out by hand. Error bound 1e-9 relative."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest

from rolloutsim.report.plots import figure
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.load.background import BackgroundSummary, Latency, background_summaries, phases
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tables import application_rows, applications_table
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

from .test_pull import QUIET, only_case, scenario


def with_background(background: str, *, network: str = "", group: str = "", image: str = "100 MB") -> CaseRecords:
    """A pull of 100 MB over an uplink of 100 MB/s, and applications."""
    return only_case(scenario(group or QUIET, network=network, image=image, more=f"background: {{{background}}}\n"))


def only(case: CaseRecords) -> BackgroundSummary:
    (one,) = background_summaries(case)
    return one


def test_three_bulk_connections_take_three_shares_of_four() -> None:
    # 25 MB/s for the pull: 4 s.
    case = with_background("bulk: {links: [registry.uplink], connections: 3}")
    one = only(case)
    assert case.end == pytest.approx(4.0)
    assert (one.kind, one.before, one.after) == ("transfer", pytest.approx(100e6), pytest.approx(100e6))
    assert one.during == pytest.approx(75e6)
    assert one.bytes == pytest.approx(300e6)
    assert (one.lost, one.recovered) == (0.0, pytest.approx(4.0))


def test_bulk_connections_stop_when_their_window_ends() -> None:
    # 50 MB/s each until 1 s, then the pull's other 50 MB at 100 MB/s.
    case = with_background("bulk: {links: [registry.uplink], connections: 1, until: 1 s}")
    one = only(case)
    assert case.end == pytest.approx(1.5)
    assert (one.bytes, one.during) == (pytest.approx(50e6), pytest.approx(50e6))
    assert case.background.finished[0] == pytest.approx(1.0)
    assert one.after is None


def test_bulk_connections_outlast_any_rollout() -> None:
    # Half of 100 MB/s for 100 TB: 2·10⁶ s, 23 days, in which as much of the bulk moves. By hand.
    case = with_background("bulk: {links: [registry.uplink], connections: 1}", image="100 TB")
    assert (case.end, only(case).bytes) == (pytest.approx(2e6, rel=1e-12), pytest.approx(100e12, rel=1e-12))


def test_few_bytes_of_bulk_connections_on_a_wide_link_are_counted() -> None:
    # A size of what the link moves in days would hide them.
    bulk = "bulk: {links: [wide], connections: 1, cap: 1 B/s, until: 0.3 s}"
    case = with_background(bulk, network=", links: {wide: 1000 TB/s}")
    assert only(case).bytes == pytest.approx(0.3, rel=1e-12)


def test_each_connection_has_the_cap_to_itself() -> None:
    case = with_background("bulk: {links: [registry.uplink], connections: 3, cap: 10 MB/s}")
    assert (only(case).before, only(case).during) == (30e6, pytest.approx(30e6))
    assert case.end == pytest.approx(100 / 70)


def test_the_size_of_a_transfer_is_that_of_all_its_connections() -> None:
    # 2 x 30 MB at a third of the uplink each, beside the pull: 0.9 s; then 70 MB of the pull.
    case = with_background("copy: {links: [registry.uplink], size: 60 MB, connections: 2}")
    assert case.background.finished[0] == pytest.approx(0.9)
    assert case.end == pytest.approx(1.6)


def test_a_constant_rate_is_not_harmed_by_pulls() -> None:
    one = only(with_background("stream: {links: [registry.uplink], rate: 40 MB/s}"))
    assert one.before == one.during == one.after == pytest.approx(40e6)
    assert (one.lost, one.recovered) == (0.0, 0.0)


def test_what_does_not_fit_of_a_constant_rate_is_lost_and_counted() -> None:
    # 150 MB/s want into 100 MB/s for 2 s: 100 MB are lost; the pull has nothing until then.
    case = with_background("flood: {links: [registry.uplink], rate: 150 MB/s, until: 2 s}")
    assert case.end == pytest.approx(3.0)
    assert only(case).lost == pytest.approx(100e6)
    assert only(case).bytes == pytest.approx(200e6)


def test_a_request_takes_its_round_trips_and_its_way_through_the_narrowest_link() -> None:
    # Before: 1 MB at 100 MB/s. During: 2 queues more, and the response still leaves at the line's speed. In the queue
    # the pull has what its slow start left there (4 ms of 100 MB/s) and 5 % of the 90 MB/s that it receives, until it
    # is full (0.88 x 50 ms), and in the end no more than what it has left.
    service = "shop: {links: [registry.uplink], request: {size: 1 MB, every: 100 ms, round_trips: 2}}"
    case = with_background(service, network=", buffer: 50 ms")
    one = only(case)
    assert one.kind == "service"
    assert one.latency_before == one.latency_after == Latency(*[pytest.approx(0.01)] * 3)
    assert one.latency_during is not None
    held = [min(0.4e6 + 0.05 * 90e6 * when, 0.044 * 90e6, 100e6 - 90e6 * when) for when in np.arange(1, 12) / 10]
    taken = case.background.latency[1:, 2]  # at 0 s nobody pulled yet
    assert taken == pytest.approx([0.01 + 2 * size / 90e6 for size in held])
    assert one.latency_during.max == pytest.approx(0.01 + 2 * 0.044)
    assert one.recovered == pytest.approx(case.end)
    assert one.before == pytest.approx(10e6)
    assert case.end == pytest.approx(100 / 90)


def test_behind_fq_codel_a_response_leaves_at_its_share() -> None:
    service = "shop: {links: [registry.uplink], request: {size: 10 kB, every: 1 ms}}"
    one = only(with_background(service, network=", buffer: 50 ms, queue: fq_codel"))
    # The pull has the 90 MB/s that the responses leave, and so would a response.
    assert one.latency_during is not None
    assert one.latency_during.p50 == pytest.approx(0.005 + 10e3 / 90e6)


def test_a_constant_rate_that_overflows_a_link_fills_its_buffer() -> None:
    case = with_background(
        "flood: {links: [registry.uplink], rate: 150 MB/s, until: 2 s}, "
        "shop: {links: [registry.uplink], request: {size: 1 kB, every: 100 ms}}",
        network=", buffer: 50 ms",
    )
    shop = background_summaries(case)[1]
    assert shop.latency_before is not None
    assert shop.latency_before.p50 == pytest.approx(0.05 + 1e-5)


def test_an_application_recovers_when_the_pulls_on_its_own_links_are_over() -> None:
    # Bulk to the first of two nodes with 50 MB/s; that node's image is there at 4 s (25 MB/s), the other's at 8 s.
    web, slow = (QUIET.replace("nic: unlimited", f"nic: {rate}") for rate in ("50 MB/s", "12.5 MB/s"))
    case = only_case(
        f"nodes: {{web: {{count: 1, {web}}}, slow: {{count: 1, {slow}}}}}\n"
        "network: {efficiency: 100%, latency: 0 s}\nregistry: {uplink: 1 GB/s, ttfb: 0 s}\nimages: {app: 100 MB}\n"
        "background: {bulk: {links: [web-000.nic.in], connections: 1}}\n"
    )
    one = only(case)
    assert case.end == pytest.approx(8.0)
    # To the next reading, one every 0.1 s.
    assert one.recovered is not None
    assert 4.0 <= one.recovered <= 4.1 + 1e-9
    assert one.during == pytest.approx((4 * 25e6 + 4 * 50e6) / 8)


def test_what_comes_in_the_midst_of_the_rollout_has_no_before() -> None:
    one = only(with_background("bulk: {links: [registry.uplink], connections: 1, from: 500 ms}"))
    # 50 MB of the pull are there; the other 50 MB share.
    assert (one.before, one.recovered) == (None, None)
    assert one.during == one.after / 2 == pytest.approx(50e6)


def test_watching_does_not_keep_a_stuck_rollout_going() -> None:
    """A flood for ever leaves the pull nothing: the simulation ends and says so."""
    case = with_background(
        "flood: {links: [registry.uplink], rate: 100 MB/s}, shop: {links: [registry.uplink], "
        "request: {size: 1 kB, every: 1 ms}}"
    )
    assert not case.finished
    assert case.stuck == ("1 fetch waiting for link 'registry.uplink', which has no capacity left",)


def test_watching_changes_no_figure() -> None:
    """Oracle: the pull and the transfer alone, with the service's bytes as a plain constant rate."""
    bulk = "bulk: {links: [registry.uplink], connections: 1}"
    service = "shop: {links: [registry.uplink], request: {size: 10 kB, every: 1 ms}}"
    plain = "shop: {links: [registry.uplink], rate: 10 MB/s}"
    watched, unwatched = (with_background(f"{bulk}, {shop}") for shop in (service, plain))
    assert watched.end == unwatched.end
    assert watched.background.bytes[0] == unwatched.background.bytes[0]


def test_of_many_readings_every_second_one_is_kept() -> None:
    service = "shop: {links: [registry.uplink], request: {size: 1 B, every: 1 ms}}"
    case = with_background(service, image="1 GB")
    times = case.background.latency[:, 1]
    # 10 s of requests, 1 ms apart: 10,000; halved twice.
    assert len(times) <= 4096
    assert times[1] - times[0] == pytest.approx(0.004)


@pytest.mark.parametrize("rates", [("300 Mbit/s", "700 Mbit/s"), ("100 Mbit/s", "200 Mbit/s", "700 Mbit/s")])
@pytest.mark.parametrize("model", ["real", "ideal"])
def test_rates_that_add_up_to_a_link_leave_nothing_of_it(rates: tuple[str, ...], model: str) -> None:
    flows = ", ".join(f"b{i}: {{links: [registry.uplink], rate: {rate}}}" for i, rate in enumerate(rates))
    case = only_case(f"model: {model}\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {{app: 100 MB}}\nbackground: {{{flows}}}\n")
    assert not case.finished
    assert case.stuck == ("2 fetches waiting for link 'registry.uplink', which has no capacity left",)
    # Its sums round to a hair more than the link here and there, and that is no loss.
    assert [one.lost for one in background_summaries(case)] == [0.0] * len(rates)


def test_rates_that_add_up_to_a_nic_leave_nothing_of_it() -> None:
    case = only_case(
        "nodes: 2\nnetwork: 1 Gbit/s\nimages: {app: 100 MB}\nbackground:\n"
        "  a: {links: [node-001.nic.in], rate: 300 Mbit/s}\n  b: {links: [node-001.nic.in], rate: 0.7 Gbit/s}\n"
    )
    assert case.stuck == ("1 fetch waiting for link 'node-001.nic.in', which has no capacity left",)


def test_rates_that_end_let_the_pulls_go_on() -> None:
    # Nothing until 5 s, then 100 MB at 100 MB/s.
    rates = {"a": "30 MB/s", "b": "70 MB/s"}
    flows = (f"{name}: {{links: [registry.uplink], rate: {rate}, until: 5 s}}" for name, rate in rates.items())
    case = with_background(", ".join(flows))
    assert case.end == pytest.approx(6.0)


def test_requests_on_a_link_without_capacity_get_no_answer() -> None:
    shop = "shop: {links: [dead], request: {size: 64 kB, every: 100 ms}}"
    case = with_background(shop, network=", links: {dead: 0 B/s}")
    one = only(case)
    never = Latency(None, None, None)
    assert (one.latency_before, one.latency_during, one.latency_after) == (never, never, never)
    assert (one.before, one.during, one.after) == (0.0, 0.0, 0.0)


def test_requests_while_a_link_is_down_get_no_answer() -> None:
    # 64 kB at 100 MB/s take 0.64 ms. The pull's 100 MB and the requests' 0.64 MB/s share the uplink, which is down
    # from 0.25 s until 0.55 s: the requests of 0.3, 0.4 and 0.5 s of those until 1.3 s. The first one is sent before
    # the pull's first byte; what the others wait in the queue of the pull is not known.
    case = only_case(
        scenario(
            QUIET, image="100 MB",
            more="background: {shop: {links: [registry.uplink], request: {size: 64 kB, every: 100 ms}}}\n"
            "failures: {cut: {link: registry.uplink, at: 250 ms, back_after: 300 ms}}\n",
        )
    )  # fmt: skip
    one = only(case)
    taken = case.background.latency[:, 2]
    assert np.isinf(taken).nonzero()[0].tolist() == [3, 4, 5]
    assert taken[0] == pytest.approx(0.64e-3)
    assert np.isnan(taken).nonzero()[0].tolist() == [1, 2, *range(6, len(taken))]
    assert one.latency_during == Latency(pytest.approx(nan, nan_ok=True), None, None, (len(taken) - 4) / len(taken))
    assert one.latency_before == one.latency_after == Latency(*[pytest.approx(0.64e-3)] * 3)


def test_a_service_keeps_its_share_of_constant_rates_that_fill_a_fair_queue() -> None:
    # Until 5 s 100 MB/s wanted by the other and 0.64 MB/s by the requests share 100 MB/s as 1 to 0.0064, and leave a
    # pull nothing: answers come at 0.64 / 1.0064 MB/s, 64 kB in 100.64 ms, behind a queue of 5 ms (CoDel's target).
    flows = "shop: {links: [lan], request: {size: 64 kB, every: 100 ms}}, "
    flows += "full: {links: [lan], rate: 100 MB/s, until: 5 s}"
    network = ", links: {lan: {capacity: 100 MB/s, buffer: 50 ms, queue: fq_codel}}"
    case = only_case(scenario(QUIET, registry=", via: [lan]", network=network, more=f"background: {{{flows}}}\n"))
    times, taken = case.background.latency[:, 1], case.background.latency[:, 2]
    # The request of 0 s is sent at the instant at which the other begins.
    early = taken[(times > 0.0) & (times < 4.95)]
    assert early.tolist() == pytest.approx([0.10564] * 49)
    assert case.finished


def test_a_threshold_on_requests_without_an_answer_says_why_it_is_missed() -> None:
    shop = "shop: {links: [dead], request: {size: 64 kB, every: 100 ms}}"
    text = scenario(QUIET, network=", links: {dead: 0 B/s}", more=f"background: {{{shop}}}\n")
    text += "thresholds: {'latency{background=shop,phase=during}': p95 < 1 s}\n"
    (found,) = Outcome(simulate(loads("rolloutsim: 1\n" + text).resolve())).thresholds
    assert (found.value, found.passed, found.headroom) == (None, False, "so many requests get no answer")


# A constant rate that begins after all is over: the network knows the link as one that others take of, too.
_LATER = "later: {{links: [{links}], rate: 1 B/s, from: 2 h}}"


@pytest.mark.parametrize(
    ("bulk", "links"),
    [
        ("links: [web-001.nic.in], connections: 2", "web-001.nic.in"),
        ("links: [registry.uplink, web-001.nic.in], connections: 2", "web-001.nic.in"),
        ("links: [registry.uplink, web-001.nic.in], size: 40 MB, cap: 30 MB/s", "web-001.nic.in"),
        ("links: [web-001.nic.in, web-001.disk], connections: 3, until: 1 s", "web-001.nic.in, web-001.disk"),
        ("links: [web-001.disk], size: 300 MB, at: 1 s", "web-001.disk"),
        ("links: [web-002.nic.out, web-001.nic.in], connections: 3", "web-001.nic.in"),
        ("links: [web-002.nic.in, web-001.nic.in], connections: 3", "web-001.nic.in"),
    ],
)
@pytest.mark.parametrize("network", ["", ", fairness: {sigma: 0, conquest: true}"])
@pytest.mark.parametrize("uplink", ["1 GB/s", "150 MB/s"])
def test_transfers_of_one_node_are_its_own_business_with_the_result_of_a_link_that_many_cross(
    bulk: str, links: str, network: str, uplink: str
) -> None:
    limits = "nic: 100 MB/s, disk: 120 MB/s"
    group = f"count: 3, parallel_layers: 3, {QUIET.replace('nic: unlimited, disk: unlimited', limits)}"

    def run(more: str) -> CaseRecords:
        text = f"nodes: {{web: {{{group}}}}}\nnetwork: {{efficiency: 100%, latency: 0 s{network}}}\n"
        text += f"registry: {{uplink: {uplink}, ttfb: 0 s}}\nimages: {{app: {{layers: [60 MB, 30 MB, 10 MB]}}}}\n"
        return only_case(f"{text}background: {{bulk: {{{bulk}}}{more}}}\n")

    own, known = run(""), run(", " + _LATER.format(links=links))
    assert (own.fetches.fetched, own.end) == (pytest.approx(known.fetches.fetched, rel=1e-9), pytest.approx(known.end))
    assert own.background.bytes[0] == pytest.approx(known.background.bytes[0], rel=1e-9)
    assert own.background.bandwidth == pytest.approx(known.background.bandwidth[known.background.bandwidth[:, 0] == 0])
    for one, other in zip(own.private_links, known.private_links, strict=True):
        assert (one.kind, one.capacity.tolist()) == (other.kind, other.capacity.tolist())
        assert one.bytes == pytest.approx(other.bytes, rel=1e-9)
        assert one.saturated == pytest.approx(other.saturated, rel=1e-9, abs=1e-9)
        assert one.peak_flows.tolist() == other.peak_flows.tolist()


def test_a_newcomer_wins_its_share_of_a_nic_as_slowly_from_a_transfer_that_is_its_nodes_own_business() -> None:
    """Only what slow start expects to get differs, by a connection more or less."""

    def end(conquest: str, more: str = "") -> float:
        group = QUIET.replace("nic: unlimited", "nic: 100 MB/s")
        network = f", buffer: 20 ms, fairness: {{sigma: 0, conquest: {conquest}}}"
        bulk = f"background: {{bulk: {{links: [web-000.nic.in], connections: 1}}{more}}}\n"
        return only_case(scenario(group, network=network, more=bulk).replace("uplink: 100 MB/s", "uplink: 10 GB/s")).end

    later = ", " + _LATER.format(links="web-000.nic.in")
    assert end("true") == pytest.approx(end("true", later), rel=0.01)
    assert end("true") > 1.1 * end("false")


def pushed(background: str, network: str = "") -> CaseRecords:
    """A push of 100 MB before the rollout over a link of 100 MB/s, and applications on it."""
    more = f"push: {{images: [app], link: 100 MB/s}}\nbackground: {{{background}}}\n"
    return only_case(scenario(QUIET, network=network, image="100 MB", more=more))


def test_a_push_before_the_rollout_shares_its_link_with_what_is_there_by_then() -> None:
    # One layer beside three bulk connections has a quarter, 25 MB/s, and 40 MB/s of a constant rate less: 15 MB/s.
    (bulk,) = background_summaries(case := pushed("bulk: {links: [ci.uplink], connections: 3}"))
    assert case.orchestration.pushes.finished.tolist() == pytest.approx([4.0])
    assert (bulk.before, bulk.pushed, bulk.during) == pytest.approx((100e6, 75e6, 100e6))
    flows = "bulk: {links: [ci.uplink], connections: 3}, stream: {links: [ci.uplink], rate: 40 MB/s}"
    bulk, stream = background_summaries(case := pushed(flows))
    assert case.orchestration.pushes.finished.tolist() == pytest.approx([100 / 15])
    assert (bulk.pushed, stream.pushed) == pytest.approx((45e6, 40e6))


def test_a_push_that_constant_rates_leave_nothing_does_not_end_and_says_so() -> None:
    case = pushed("flood: {links: [ci.uplink], rate: 200 MB/s}")
    assert case.stuck == (
        "it begins when 'ci' has uploaded app, which does not end: link 'ci.uplink' has no capacity left beside "
        "constant rates",
    )


def test_what_begins_with_the_rollout_or_later_is_not_there_while_pushed() -> None:
    flows = "copy: {links: [ci.uplink], size: 10 MB}, late: {links: [ci.uplink], rate: 40 MB/s, from: 100 ms}"
    case = pushed(flows)
    assert case.orchestration.pushes.finished.tolist() == pytest.approx([1.0])
    assert [one.pushed for one in background_summaries(case)] == [None, None]


def test_requests_wait_in_the_queue_of_what_is_pushed_before_the_rollout() -> None:
    # 1 MB at 100 MB/s, and 88 % of the buffer while the push fills it; the pulls do not cross its link.
    shop = "shop: {links: [ci.uplink], request: {size: 1 MB, every: 100 ms}, until: 10 ms}"
    one = only(pushed(shop, ", buffer: 50 ms"))
    assert one.latency_pushed is not None
    assert one.latency_before == one.latency_during == Latency(*[pytest.approx(0.01)] * 3)
    assert one.latency_pushed.max == pytest.approx(0.01 + 0.044)
    # Without a buffer that is not known.
    one = only(pushed(shop))
    assert one.latency_pushed is not None
    assert one.latency_pushed.unknown > 0.8
    assert one.unknown_queues == ("ci.uplink",)
    assert one.recovered == 0.0  # the rollout itself leaves it alone


def test_the_effects_of_a_push_before_the_rollout_stand_in_table_json_and_figure() -> None:
    text = scenario(QUIET, image="100 MB", network=", buffer: 50 ms",
                    more="push: {images: [app], link: 100 MB/s}\nbackground: {shop: {links: [ci.uplink], "
                    "request: {size: 1 MB, every: 100 ms}}}\n"
                    "thresholds: {'latency{background=shop,phase=pushed}': max < 20 ms}\n")  # fmt: skip
    outcome = Outcome(simulate(loads("rolloutsim: 1\n" + text).resolve()))
    table = application_rows(outcome.run)
    assert table is not None
    assert table.headings() == ("application", "before", "while pushed", "while pulled", "after", "lost", "back after")
    assert table.cells()[0][1:4] == ("10.0 ms", "54.0 ms", "10.0 ms")
    of_report = applications_table(outcome.run.cases[0])
    assert of_report is not None
    assert [row[1] for row in of_report.cells()] == ["before", "while pushed", "during", "after"]
    (row,) = outcome.to_dict()["cases"][0]["background"]
    assert list(row["latency_s"]) == list(row["bandwidth_bytes_per_s"]) == ["before", "pushed", "during", "after"]
    ax = figure("background")(outcome)
    assert "10.0 ms → 54.0 ms → 10.0 ms → 10.0 ms" in [said.get_text() for said in ax.texts]
    assert ax.get_title(loc="left").startswith(
        "Beside the push before the rollout shop's requests take 5.40 times as long (p95)"
    )
    (found,) = outcome.thresholds
    assert found.passed is False
    assert found.value == pytest.approx(0.054)


def test_without_a_push_before_the_rollout_there_is_no_such_moment() -> None:
    case = with_background("shop: {links: [registry.uplink], request: {size: 1 MB, every: 100 ms}}")
    assert phases(case) == {"before": "before", "during": "while pulled", "after": "after"}
    assert only(case).pushed is None
