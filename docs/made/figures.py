"""The figures, drawn of shipped scenarios when the site is built."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

import rolloutsim
from rolloutsim.api.plotting import tornado
from rolloutsim.planning.sensitivity import sensitivity
from rolloutsim.report.drawings import untitled_svg
from rolloutsim.report.plots import FIGURES, Figure, entry, figure
from rolloutsim.report.plots.canvas import head_of
from rolloutsim.report.plots.colours import GRID, INK, MUTED, PAPER

SCENARIOS = Path(__file__).parents[2] / "scenarios"
# Of which scenario each is drawn: a quick one in which it has something to show. Others are of 20nodes.
_OF = {
    "racks": "racks", "sources": "rack-caches:rack-caches", "egress": "rack-caches:rack-caches",
    "replicas": "deployment", "background": "shared-link", "disk": "push-and-roll", "requests": "deployment",
    "timeline": "mixed-nics", "variants": "deployment-variants",
}  # fmt: skip
_GRID = {"nodes": [10, 20, 50, 100], "network": ["1 Gbit/s", "2.5 Gbit/s", "10 Gbit/s"]}
_VARIABLES = {INK: "--figure-ink", MUTED: "--figure-muted", GRID: "--figure-grid", PAPER: "--figure-paper"}
_IDS = re.compile(r'(\bid="|url\(#|href="#)([^")]*)')
_numbers = count(1)


def every() -> Iterator[str]:
    """All figures: which question each answers, and how it looks."""
    for shown in FIGURES:
        yield from (f"## {shown.name}", "", f"{shown.question[0].upper()}{shown.question[1:]} {_called(shown)}", "")
        yield from _picture(shown.name, _OF.get(shown.name, "20nodes"))


def one(name: str, scenario: str) -> Iterator[str]:
    """A figure of a scenario.

    Parameters
    ----------
    name : str
        The figure's.
    scenario : str
        The scenario's, with a variant behind a colon: `rack-caches:rack-caches`.
    """
    yield from _picture(name, scenario)


def _called(shown: Figure) -> str:
    subject = {"sweep": "mine.sqlite"}.get(shown.subject, "results")
    return f"(`rolloutsim plot {subject} {shown.name} -o {shown.name}.svg`)"


def _picture(name: str, scenario: str) -> Iterator[str]:
    ax = _drawn(name, scenario)
    title, prefix = " ".join(head_of(ax).title.split()), f"figure-{next(_numbers)}-"
    image = _IDS.sub(lambda found: f"{found[1]}{prefix}{found[2]}", untitled_svg(ax))
    for colour, variable in _VARIABLES.items():
        image = image.replace(colour, f"var({variable})")
    image = re.sub(r"\n\s*", "\n", image).replace("<svg ", f'<svg role="img" aria-label="{name}" ', 1)
    yield from ("```{raw} html", '<figure class="drawn">', f"<figcaption>{title}</figcaption>", image, "</figure>")
    yield from ("```", "")


def _drawn(name: str, scenario: str) -> Axes:
    about = entry(name).subject
    if about == "sweep":
        swept = _scenario("20nodes").sweep(_GRID, jobs=1)
        ax: Axes = getattr(swept.plot, name)()
    elif about == "sensitivity":
        ax = tornado(sensitivity(_result(scenario).outcome, jobs=1))
    elif about == "comparison":
        ax = figure(name)(rolloutsim.compare(SCENARIOS / f"{scenario}.yaml"))
    else:
        drawing: Callable[..., Axes] = getattr(_result(scenario).plot, name)
        ax = drawing()
    return ax


def _scenario(name: str) -> Any:
    stem, _, variant = name.partition(":")
    loaded = rolloutsim.load(SCENARIOS / f"{stem}.yaml")
    return loaded.variant(variant) if variant else loaded


@cache
def _result(name: str) -> rolloutsim.Result:
    result: rolloutsim.Result = _scenario(name).run()
    return result
