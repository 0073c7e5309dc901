"""Every figure on every shipped scenario: drawn without a warning (pytest makes errors of them), all text whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from rolloutsim.errors import UsageError
from rolloutsim.report.images import svg
from rolloutsim.report.plots import FIGURES, entry, figure, names
from rolloutsim.report.plots.canvas import NoDataError, Panel, tips
from rolloutsim.results.outcome import Outcome
from tests.long import one_in
from tests.report.runs import cached, ideal, rolling
from tests.shipped import SCENARIOS, result_of

_ROUNDING = 1.0  # a letter's edge may lie so far outside [pixel]


def cut_off(ax: Axes) -> list[str]:
    """Texts that the rim of the figure cuts."""
    drawing = ax.get_figure(root=True)
    assert drawing is not None
    renderer = FigureCanvasAgg(drawing).get_renderer()
    drawing.draw_without_rendering()  # all of it but the pixels
    rim = drawing.bbox
    found, beyond = [], set()
    for axis in drawing.findobj(Axis):  # that of the colours is one of an inset
        assert isinstance(axis, Axis)
        low, high = sorted(axis.get_view_interval())
        # Labels of ticks beyond the axis exist, and are not drawn.
        hidden = (tick for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high)
        beyond |= {label for tick in hidden for label in (tick.label1, tick.label2)}
    for text in drawing.findobj(Text):
        assert isinstance(text, Text)
        if not text.get_text().strip() or not text.get_visible() or text in beyond:
            continue
        box = text.get_window_extent(renderer)
        if (
            box.x0 < rim.x0 - _ROUNDING
            or box.y0 < rim.y0 - _ROUNDING
            or box.x1 > rim.x1 + _ROUNDING
            or box.y1 > rim.y1 + _ROUNDING
        ):
            found.append(text.get_text())
    return found


def assert_whole(name: str, outcome: Outcome) -> None:
    """Draw a figure and look at it, if there is data for it."""
    try:
        ax = figure(name)(outcome)
    except NoDataError:
        return
    assert isinstance(ax, Panel)
    title = ax.get_title(loc="left")
    assert title
    assert title[0] == title[0].strip()
    assert cut_off(ax) == []
    counted = ("[", "pods", "rack", "site", "requests", "compared")  # units, and what is counted or named
    assert all(any(word in label for word in counted) for label in (ax.get_xlabel(), ax.get_ylabel()) if label)
    gids = tips(ax)
    assert gids
    assert all(gid.partition(":")[0] in KINDS for gid in gids)


KINDS = {
    "node", "case", "link", "rack", "cause", "phase", "band", "registry", "workload", "image", "background",
    "parameter", "source",
}  # fmt: skip


@pytest.mark.parametrize("path", one_in(4, SCENARIOS), ids=lambda path: path.stem)
def test_every_figure_of_a_shipped_scenario_is_whole(path: Path) -> None:
    for name in names("run", "case"):
        assert_whole(name, result_of(path.stem).outcome)


@pytest.mark.parametrize("name", names("run", "case"))
def test_every_figure_of_workloads_and_other_applications_is_whole(name: str) -> None:
    assert_whole(name, Outcome(rolling()))


@pytest.mark.parametrize("name", names("run", "case"))
def test_every_figure_of_nodes_with_hosts_is_whole(name: str) -> None:
    assert_whole(name, Outcome(cached()))


@pytest.mark.parametrize("name", names("run", "case"))
def test_each_gid_stands_once_in_the_image(name: str) -> None:
    of = {"size": ideal, "sources": cached, "egress": cached}
    ax = figure(name)(Outcome(of.get(name, rolling)()))
    image = svg(ax, text=True)
    assert [gid for gid in tips(ax) if image.count(f'id="{gid}"') != 1] == []


def test_the_list_names_each_figure_once_with_a_question() -> None:
    assert len({one.name for one in FIGURES}) == len(FIGURES)
    assert all(one.question.endswith("?") for one in FIGURES)
    assert all(figure(one.name).__doc__ for one in FIGURES)
    assert names("sweep") == ("sweep_lines", "sweep_heatmap")


def test_a_figure_that_does_not_exist_is_an_error_that_lists_them() -> None:
    with pytest.raises(UsageError) as caught:
        entry("timelime")
    assert str(caught.value) == f"no figure 'timelime' (did you mean 'timeline'?); figures: {', '.join(names())}"
