"""What all figures share: titles that fit, names that can be drawn, gids that are unique, images that are the same."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO

import pytest
from matplotlib.figure import Figure

from rolloutsim.report.images import png, svg
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.canvas import Panel, canvas, finish, mark, plain, text_width, tips, wrapped
from rolloutsim.report.plots.lines import corners, staircase, thinned
from rolloutsim.report.plots.scales import is_wide
from rolloutsim.results.outcome import Outcome
from tests.report.runs import ideal
from tests.report.test_every_figure import cut_off
from tests.shipped import ROOT

LONG = "registry.example.com/payments/a-service-with-a-name-that-nobody-remembers:2026-11-24-rc1"


def test_a_title_is_broken_into_lines_that_fit() -> None:
    title = "registry.uplink full from 0.0 to 58.8 s; " * 4
    lines = wrapped(title.strip(), 11.5, 7.0, bold=True)
    assert len(lines) > 1
    assert " ".join(lines) == title.strip()
    assert all(text_width(line, 11.5, bold=True) <= 7.0 * 72 for line in lines)


def test_a_name_that_is_too_long_loses_its_middle() -> None:
    assert plain(LONG) == "registry.example.com/…-11-24-rc1"
    assert plain("go-carbon") == "go-carbon"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a$b$", r"a\$b\$"), ("日本", "□□"), ("tab\there", r"tab\x09here"), ("Zürich", "Zürich"), ("𝖠", "□")],
)
def test_a_name_holds_nothing_that_cannot_be_drawn(name: str, shown: str) -> None:
    assert plain(name) == shown


@pytest.mark.parametrize("name", [LONG, "a$b$c_{d}", "日本語", "_underscore", "<b>&amp;"])
def test_names_of_all_kinds_are_drawn_whole_and_without_warnings(name: str) -> None:
    run = ideal(f'images={{"{name}": 10 MB, "x": 5 MB}}') if name == LONG else renamed(name)
    for one in ("rollout", "size", "ecdf", "time_split", "disk"):
        ax = figure(one)(Outcome(run))
        assert cut_off(ax) == []
        assert svg(ax).startswith("<?xml")


def renamed(name: str):
    """A run with a case and an image of a name that the scenario format may refuse."""
    from dataclasses import replace

    run = ideal()
    case = run.cases[0]
    image = replace(case.images[0], name=name)
    return replace(run, cases=(replace(case, name=name, images=(image,)), *run.cases[1:]))


def test_further_artists_of_the_same_thing_get_a_number() -> None:
    ax = canvas(None)
    lines = [ax.plot([0, 1])[0] for _ in range(3)]
    for line in lines:
        mark(line, "node", "web-007", "7 s")
    assert [line.get_gid() for line in lines] == ["node:web-007", "node:web-007#2", "node:web-007#3"]
    assert tips(ax) == {"node:web-007": "7 s", "node:web-007#2": "7 s", "node:web-007#3": "7 s"}


def test_axes_that_know_nothing_of_a_figure_have_no_tips() -> None:
    assert tips(Figure().subplots()) == {}


def test_a_figure_of_its_own_is_shown_by_jupyter() -> None:
    ax = finish(canvas(None), "Answer", "small print")
    assert isinstance(ax, Panel)
    assert "<svg" in ax._repr_svg_()


def test_the_same_run_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "from tests.report.runs import ideal; from rolloutsim.report.plots import figure, names\n"
        "from rolloutsim.report.images import png, svg; from rolloutsim.results.outcome import Outcome\n"
        "import hashlib\n"
        "for name in ('rollout', 'time_split', 'timeline', 'fan', 'utilisation'):\n"
        "    ax = figure(name)(Outcome(ideal()))\n"
        "    print(name, hashlib.sha256(svg(ax).encode() + png(ax)).hexdigest())\n"
    )
    another = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "1"}, capture_output=True,
        text=True, check=True,
    ).stdout  # fmt: skip
    with redirect_stdout(StringIO()) as here:
        exec(code, {})
    assert here.getvalue() == another != ""


def test_an_image_holds_no_date_and_no_name_of_the_library() -> None:
    ax = figure("rollout")(Outcome(ideal()))
    image = svg(ax)
    assert "<dc:date>" not in image
    assert b"Software" not in png(ax)
    assert svg(ax) == image


def test_text_stays_text_where_that_is_asked_for() -> None:
    ax = figure("rollout")(Outcome(ideal()))
    assert ">nodes ready [%]</text>" in svg(ax, text=True)
    assert "<text" not in svg(ax)
    assert len(svg(ax, text=True)) < len(svg(ax))


def test_pyplot_is_left_alone(figure_state: None) -> None:
    code = (
        "import sys; from tests.report.runs import ideal; from rolloutsim.report.plots import figure\n"
        "from rolloutsim.report.images import svg; from rolloutsim.results.outcome import Outcome\n"
        "svg(figure('rollout')(Outcome(ideal()))); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    svg(figure("rollout")(Outcome(ideal())))


def test_a_staircase_rises_where_something_happens() -> None:
    import numpy as np

    x, y = staircase(np.array([1.0, 2.0, 2.0]), 3, 9.0)
    assert (x.tolist(), y.tolist()) == ([1.0, 1.0, 2.0], pytest.approx([0.0, 1 / 3, 1.0]))
    x, y = staircase(np.array([1.0]), 2, 9.0)
    assert (x.tolist(), y.tolist()) == ([1.0, 1.0, 9.0], [0.0, 0.5, 0.5])
    x, y = staircase(np.zeros(0), 2, 9.0)
    assert (x.tolist(), y.tolist()) == ([0.0, 9.0], [0.0, 0.0])


def test_corners_are_only_where_something_changes() -> None:
    import numpy as np

    x, y = corners(np.arange(5.0), np.array([1.0, 1.0, 2.0, 2.0]))
    assert (x.tolist(), y.tolist()) == ([0.0, 2.0, 2.0, 4.0], [1.0, 1.0, 2.0, 2.0])
    x, y = corners(np.arange(4.0), np.array([np.nan, 1.0, np.nan]))
    assert x.tolist() == [0.0, 1.0, 1.0, 2.0, 2.0, 3.0]


def test_corners_follow_a_line_that_rises_in_steps_too_small_to_be_seen() -> None:
    import numpy as np

    rising = np.append(np.arange(5001.0), 5000.0)
    x, y = corners(np.arange(len(rising) + 1.0), rising)
    drawn = y[np.searchsorted(x, np.arange(len(rising)), side="right") - 1]
    assert np.abs(drawn - rising).max() <= 1e-3 * 5000
    assert y[-1] == 5000.0
    assert len(x) < 2000


def test_corners_keep_the_last_value_however_near_it_is() -> None:
    import numpy as np

    x, y = corners(np.arange(4.0), np.array([5000.0, 4999.0, 4998.0]))
    assert (x.tolist(), y.tolist()) == ([0.0, 2.0, 2.0, 3.0], [5000.0, 5000.0, 4998.0, 4998.0])


def test_values_are_wide_if_several_vanish_beside_the_largest() -> None:
    assert is_wide([0.56, 1.9, 1.35, 122.0])
    assert not is_wide([1.2, 3.5, 49.0, 66.0])


def test_thinned_numbers_keep_both_ends() -> None:
    kept = thinned(100_000, 10)
    assert (kept[0], kept[-1], len(kept)) == (0, 99_999, 10)
