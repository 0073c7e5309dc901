"""`result.plot`: the figures as Python and Jupyter see them."""

from __future__ import annotations

import pytest

import rolloutsim as rs
from rolloutsim.report.plots import names
from tests.cli.conftest import QUICK


@pytest.fixture(scope="module")
def result() -> rs.Result:
    return rs.loads(QUICK).run()


def test_a_result_draws_its_figures(result: rs.Result) -> None:
    ax = result.plot.rollout()
    assert ax.get_title(loc="left") == "large: all 2 nodes ready at about the same time, after 1.60 s"
    assert result.plot.rollout.__doc__ is not None
    assert result.plot.rollout.__doc__.startswith("The share of nodes ready over time")


def test_a_case_draws_its_own(result: rs.Result) -> None:
    assert result["small"].plot.utilisation().get_title(loc="left") == "registry uplink full from 0.00 to 0.16 s"
    assert result["small"].plot.rollout().get_title(loc="left").startswith("All 2 nodes ready")


def test_with_replications_the_rollout_has_a_band() -> None:
    scenario = rs.loads(QUICK.replace("nodes: 2", "nodes: {node: {count: 2, start: {min: 0 s, max: 1 s}}}"))
    result = scenario.with_({"replications": 4}).run()
    assert [area.get_gid() for area in result.plot.rollout().collections] == ["band:small", "band:large"]


def test_tornado_simulates_its_own_rows(result: rs.Result) -> None:
    ax = result["large"].plot.tornado(jobs=1)
    assert ax.get_title(loc="left").startswith("large: ")


def test_the_figures_are_listed(result: rs.Result) -> None:
    assert dir(result.plot) == sorted(names("run", "case", "sensitivity"))
    assert repr(result.plot) == f"<figures: {', '.join(names('run', 'case', 'sensitivity'))}>"


def test_a_figure_that_does_not_exist_is_an_error_that_lists_them(result: rs.Result) -> None:
    with pytest.raises(AttributeError) as caught:
        _ = result.plot.roll
    assert str(caught.value) == f"no figure 'roll'; figures: {', '.join(names('run', 'case', 'sensitivity'))}"


def test_a_case_on_its_own_has_no_figures(result: rs.Result) -> None:
    alone = rs.CaseResult(result["small"].records, result["small"].summary)
    with pytest.raises(rs.UsageError) as caught:
        _ = alone.plot
    assert str(caught.value) == (
        "this case belongs to no result, which its figures need; take it from one: result[name]"
    )
