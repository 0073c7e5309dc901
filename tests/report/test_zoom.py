"""Series that a page can show closely are those of the figure, to within a pixel of a hundred screens."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

import rolloutsim
from rolloutsim.report.plots import figure
from rolloutsim.report.plots.zoom import MOST, zoom_of
from rolloutsim.results.outcome import Outcome
from rolloutsim.results.time.phases import readiness
from tests.report.pages import fleet_10k_page
from tests.report.runs import ideal
from tests.shipped import shipped

VENDOR = Path(rolloutsim.__file__).parent / "report" / "vendor"


def test_the_long_series_of_a_fleet_are_those_of_its_records() -> None:
    run = shipped("fleet-10k")
    found = zoom_of(figure("rollout")(Outcome(run)))
    assert found is not None
    (series,) = found["series"]
    assert 500 < len(series["x"]) <= MOST + 2
    times = np.cumsum(series["x"]) * found["step"]
    shares = np.array(series["y"]) * found["part"] / 100
    ready = np.sort(readiness(run.cases[0]).times)
    # At each moment that is kept: how many were ready then, but for one rounding of the time.
    low, high = (np.searchsorted(ready, times + shift * found["step"], side="right") for shift in (-1, 1))
    assert (shares[1:] >= low[1:] / len(ready) - 1e-4).all()
    assert (shares[1:] <= high[1:] / len(ready) + 1e-4).all()
    assert shares[-1] == 1.0
    assert (times[0], shares[0]) == (0.0, 0.0)


def test_a_figure_that_shows_all_of_it_has_nothing_to_look_at_closely() -> None:
    for name in ("rollout", "utilisation"):
        assert zoom_of(figure(name)(Outcome(ideal()))) is None
    assert zoom_of(figure("timeline")(Outcome(ideal()))) is None


def test_only_pages_with_long_series_have_the_library_and_its_licence() -> None:
    large, small = fleet_10k_page(), rolloutsim.loads(_SMALL).run().to_html()
    assert "uPlot (v1.6.32)" in large
    assert "Copyright (c) 2022 Leon Sorokin" in large
    assert "uPlot (v" not in small
    assert 'class="series"' not in small
    assert len(large.encode()) < 400_000
    # The figure stays an image for paper, and without scripts.
    assert large.count("<figure") == large.count("<svg")


def test_the_library_is_as_it_was_published() -> None:
    script = (VENDOR / "uPlot.iife.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() == "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f"
    assert (VENDOR / "uPlot.LICENSE").read_text(encoding="utf-8").startswith("The MIT License (MIT)")
    assert re.search(r"\| 1\.6\.32 \| MIT", (VENDOR / "README.md").read_text(encoding="utf-8"))


_SMALL = "rolloutsim: 1\nname: small\nnodes: 2\nimages: {a: 10 MB}\nnetwork: 1 Gbit/s\n"
