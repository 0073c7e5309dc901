"""What requests of other applications take over a full link without a `buffer` is unknown, wherever it is shown."""

from __future__ import annotations

import json
from math import isnan, nan

import numpy as np
import pytest

from rolloutsim.planning.compare import Side, compare
from rolloutsim.planning.sweep.rows import Gathering
from rolloutsim.planning.tried import WhatIfs
from rolloutsim.report.blocks import Text
from rolloutsim.report.contents import report_of_run
from rolloutsim.report.plots import figure
from rolloutsim.results.load.background import Latency, background_rows, background_summaries
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.shown.tables import application_rows, applications_table, footnotes, to_markdown
from rolloutsim.results.store import from_bytes, to_bytes
from rolloutsim.scenario import loads
from rolloutsim.simulation import simulate

from .test_background import SERVICE, readings, recovered, told

ERP = """
rolloutsim: 1
nodes: 50
network: {rate: 1 Gbit/s%s}
images: {app: 800 MB}
background: {erp: {links: [registry.uplink], request: {size: 64 kB, every: 100 ms}}}
thresholds: {'latency{background=erp,phase=during}': p95 < 5 ms, 'recovered{background=erp}': < 5 s}
"""
WHY = (
    "How long requests of erp take while registry.uplink is full is unknown: how long its queue is hangs on "
    "network.buffer, which is not given."
)


def outcome(network: str = "", text: str = ERP) -> Outcome:
    return Outcome(simulate(loads(text % network).resolve()))


@pytest.fixture(scope="module")
def erp() -> Outcome:
    return outcome()


def test_requests_over_a_full_link_without_a_buffer_take_an_unknown_time(erp: Outcome) -> None:
    (one,) = background_summaries(erp.run.cases[0])
    assert one.latency_before == one.latency_after == Latency(*[pytest.approx(0.744e-3, rel=1e-3)] * 3)
    during = one.latency_during
    assert during is not None
    assert all(value is not None and isnan(value) for value in (during.p50, during.p95, during.max))
    # The uplink is full for all but the pulls' beginning and end.
    assert 0.9 < during.unknown < 1.0
    assert (one.recovered, one.unknown_queues) == (None, ("registry.uplink",))
    # What is computed is told: nothing of a constant rate is lost.
    assert one.during == pytest.approx(one.before)


def test_with_a_buffer_the_time_is_known() -> None:
    found = outcome(", buffer: 20 ms")
    (one,) = background_summaries(found.run.cases[0])
    assert one.latency_during is not None
    # 0.744 ms and 88 % of the buffer.
    assert one.latency_during == Latency(*[pytest.approx(0.0183, rel=0.01)] * 3)
    assert one.recovered is not None
    assert one.recovered > 300.0
    assert WHY not in footnotes(found)


def test_it_is_unknown_in_tables_sentences_json_figures_and_conditions_with_reason_and_key(erp: Outcome) -> None:
    table = application_rows(erp.run)
    assert table is not None
    assert table.cells() == (("erp, a request", "0.744 ms", "unknown", "0.744 ms", "0 B", "unknown"),)
    of_report = applications_table(erp.run.cases[0])
    assert of_report is not None
    assert of_report.cells()[1][3:] == ("unknown", "unknown", "unknown")
    assert WHY in footnotes(erp)
    assert WHY in to_markdown(erp)
    blocks = [block for section in report_of_run(erp, WhatIfs()).sections for block in section.blocks]
    assert [block.text for block in blocks if isinstance(block, Text)].count(
        WHY
    ) == 2  # below the table, and at the end
    document = json.loads(erp.to_json())
    assert WHY in document["notes"]
    (row,) = document["cases"][0]["background"]
    assert row["latency_s"]["during"] == {"p50": None, "p95": None, "max": None}
    assert row["unknown_queues"] == ["registry.uplink"]
    assert row["unknown_requests"]["during"] > 0.9
    assert row["recovered_s"] is None
    latency, back = erp.thresholds
    assert (latency.value, latency.passed, latency.headroom) == (None, False, "not computed without network.buffer")
    assert (back.value, back.passed, back.headroom) == (None, False, "not computed without network.buffer")
    ax = figure("background")(erp)
    assert ax.get_title(loc="left").startswith("During the rollout requests of erp take an unknown time")
    assert "0.744 ms → unknown → 0.744 ms" in [text.get_text() for text in ax.texts]


def test_a_comparison_says_so_and_sweeps_have_columns_of_it(erp: Outcome) -> None:
    other = outcome(", buffer: 20 ms")
    found = compare([Side("a", erp), Side("b", other)], ["latency{background=erp,phase=during} p95 > +10%"])
    assert f"a: {WHY}" in found.notes
    assert [one.found.change for one in found.met] == [None]  # what is unknown is no improvement
    rows = Gathering()
    for point, one in enumerate((erp, other)):
        rows.add_run(point, 0, 1, one.to_dict("summary")["cases"])
    background = rows.tables()["background"]
    unknown = background.columns.index("unknown_requests_during")
    assert background.values[0][unknown] > 0.9
    assert background.values[1][unknown] is None
    assert json.loads(background.values[0][background.columns.index("unknown_queues")]) == ["registry.uplink"]


def test_a_result_that_is_read_back_says_the_same(erp: Outcome) -> None:
    assert footnotes(from_bytes(to_bytes(erp))) == footnotes(erp)
    assert from_bytes(to_bytes(erp)).to_json() == erp.to_json()


def test_over_replications_what_is_unknown_in_one_is_unknown() -> None:
    from rolloutsim.results.combine import combine

    known = background_rows(told(latency=readings((1, 0.001)), **SERVICE))
    partly = background_rows(told(latency=readings((1, nan)), unknown=("wan",), **SERVICE))
    (both,) = combine([known, partly])[0]
    assert both["latency_s"]["during"]["p50"] is None
    assert both["unknown_queues"] == ["wan"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ERP.replace("images:", "model: ideal\nimages:"),
            "hangs on model: real and network.buffer, which are not given.",
        ),
        (
            ERP.replace("registry.uplink]", "wan]").replace("Gbit/s%s", "Gbit/s, links: {wan: 500 Mbit/s}%s")
            .replace("images:", "registry: {via: [wan]}\nimages:"),
            "hangs on network.links.wan.buffer, which is not given.",
        ),
        (
            ERP.replace("uplink]", "storage]").replace("images:", "registry: {storage: 50 MB/s}\nimages:"),
            "take while registry.storage is full is unknown: queues of disks are not simulated.",
        ),
        (
            ERP.replace("registry.uplink]", "node-000.nic.in]").replace("images:", "registry: unlimited\nimages:"),
            "How long requests of erp take while node-000.nic.in is full is unknown: how long its queue is hangs on "
            "network.buffer, which is not given.",
        ),
    ],
)  # fmt: skip
def test_the_reason_names_the_key_that_would_tell_for_each_kind_of_link(text: str, said: str) -> None:
    notes = footnotes(outcome(text=text.replace("800 MB", "80 MB").replace("nodes: 50", "nodes: 5")))
    assert any(note.endswith(said) for note in notes), notes


def test_requests_beside_bulk_traffic_have_no_known_before_either() -> None:
    text = ERP.replace("erp:", "bulk: {links: [registry.uplink], connections: 2}, erp:").replace("800 MB", "8 MB")
    _, one = background_summaries(outcome(text=text).run.cases[0])
    assert one.latency_before is not None
    assert one.latency_before.unknown == 1.0
    assert one.before == pytest.approx(640e3)
    assert one.recovered is None


def test_a_constant_rate_that_overflows_a_link_without_a_buffer_leaves_requests_an_unknown_time() -> None:
    text = ERP.replace("erp:", "flood: {links: [registry.uplink], rate: 2 Gbit/s, until: 1 s}, erp:")
    case = outcome(text=text.replace("800 MB", "8 MB")).run.cases[0]
    times, taken = case.background.latency[:, 1], case.background.latency[:, 2]
    assert np.isnan(taken[(times > 0.0) & (times < 1.0)]).all()


def test_a_statistic_is_told_where_the_unknown_requests_cannot_change_it() -> None:
    # 3 of 100 are unknown: whatever they take, half of the requests take 1 ms, and so do 95 %, but not all.
    seconds = [(second, 0.001 if second < 97 else nan) for second in range(100)]
    (one,) = background_summaries(told(latency=readings(*seconds), unknown=("wan",), **SERVICE))
    assert one.latency_during == Latency(0.001, 0.001, pytest.approx(nan, nan_ok=True), 0.03)
    # With 3 of 50 the 95 % may be among them.
    (one,) = background_summaries(told(latency=readings(*seconds[50:]), unknown=("wan",), **SERVICE))
    assert one.latency_during == Latency(0.001, pytest.approx(nan, nan_ok=True), pytest.approx(nan, nan_ok=True), 0.06)


def test_when_it_is_back_is_known_where_the_unknown_requests_cannot_change_it() -> None:
    unknown_early = readings((1, 0.001), (2, nan), (3, 0.05), (4, 0.001))
    assert recovered(told(latency=unknown_early, unknown=("wan",), **SERVICE)) == 4.0
    unknown_late = readings((1, 0.001), (2, 0.05), (3, nan), (4, 0.001))
    assert recovered(told(latency=unknown_late, unknown=("wan",), **SERVICE)) is None
