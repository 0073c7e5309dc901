"""The figures of where bytes come from draw what the results hold, and say what is missing where there are no hosts."""

from __future__ import annotations

import numpy as np
import pytest

from rolloutsim.report.plots import figure
from rolloutsim.report.plots.canvas import NoDataError, tips
from rolloutsim.results.outcome import Outcome
from tests.report.runs import cached, ideal


def test_the_curve_of_a_registry_ends_at_what_it_sent() -> None:
    outcome = Outcome(cached())
    ax = figure("egress")(outcome)
    (case,) = outcome.first.cases.values()
    assert case.supply is not None
    curve, one_copy = (np.asarray(line.get_ydata(), np.float64) for line in ax.get_lines())
    assert curve[-1] == pytest.approx(case.supply.egress)
    assert (np.diff(curve) >= -1e-3).all()
    assert one_copy[0] == 200e6


def test_each_kind_of_source_that_sent_something_has_an_area() -> None:
    outcome = Outcome(cached())
    (case,) = outcome.first.cases.values()
    assert case.supply is not None
    some = {f"source:{kind.replace('_', '-')}" for kind, size in case.supply.bytes_by_source.items() if size}
    assert some == {"source:registry", "source:mirror", "source:cache", "source:passed-on"}
    assert set(tips(figure("sources")(outcome))) == some


@pytest.mark.parametrize("name", ["sources", "egress"])
def test_where_nodes_ask_registries_only_it_is_said_what_would_give_the_figure(name: str) -> None:
    with pytest.raises(NoDataError, match="ask nobody but registries; a node group's `hosts` names caches and mirrors"):
        figure(name)(Outcome(ideal()))
