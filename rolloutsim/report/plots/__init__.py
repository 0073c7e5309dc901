"""The figures: each answers one question, in its title.

Every figure is a function that draws on `ax`, or on a new figure, and returns the Axes; it neither saves nor shows
anything and leaves matplotlib's global state alone. Those of a run take a `Run` (`case=` for the figures that show
one case; the slowest one by default), those of a sweep take its rows, that of variants a comparison.

`FIGURES` lists them without importing matplotlib; `figure` gives the function. Where a result holds nothing that a
figure could show, it raises a `NoDataError` that says what is missing and what would provide it.

What a reader may point at has a gid: `<kind>:<name>`, or `<kind>:<name>#2`, `#3`, ... for further artists of the same
thing, unique within an Axes. `rolloutsim.report.plots.canvas.tips(ax)` maps each gid to the text to show there.

===============  =============================================================
kind             name
===============  =============================================================
`node`           a node: `node:web-007`
`case`           a case: `case:builder`
`link`           a shared link, or a kind of private ones: `link:registry.uplink`
`rack`           a rack: `rack:r1`
`cause`          a cause of waiting, or links that act as one: `cause:disk`
`phase`          waiting, fetching, unpacking, waiting-for-pods, starting, ready
`band`           quantiles: `band:p5-p95`
`registry`       a registry
`source`         a kind of sources of layers: `source:passed-on`
`workload`       a workload
`image`          an image
`background`     another application
`parameter`      a path in the scenario: `parameter:network.rate`
`point`          a point of a sweep, by its number
`variant`        a variant, or what else is compared
===============  =============================================================
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from rolloutsim.errors import UsageError, nearest
from rolloutsim.lazy import front
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.report.plots import calibration, canvas, subjects
else:
    __getattr__ = front(__name__)

Subject = Literal["run", "case", "sweep", "sensitivity", "comparison"]


@struct
class Figure:
    """An entry of the list: a figure's name, the module it is in, what it shows, and the question it answers."""

    name: str
    module: str
    subject: Subject
    question: str


FIGURES = (
    Figure("rollout", "rollout", "run", "when are 50, 90 and 100 % of the nodes ready?"),
    Figure("size", "rollout", "run", "what does each megabyte of an image cost?"),
    Figure("ecdf", "rollout", "run", "what do the slowest 5 % of the pulls see?"),
    Figure("time_split", "causes", "run", "what would a faster network, disk or registry buy?"),
    Figure("timeline", "nodes", "case", "which nodes are late, and in which phase?"),
    Figure("fan", "nodes", "case", "how unevenly is the network shared among the nodes?"),
    Figure("utilisation", "network", "case", "which link is full, from when to when?"),
    Figure("racks", "network", "case", "which rack's or site's uplink is hot?"),
    Figure("requests", "network", "case", "how many requests does each registry get?"),
    Figure("sources", "supply", "case", "who served whom, from when to when?"),
    Figure("egress", "supply", "case", "how much leaves each registry, and how much of it is a copy too many?"),
    Figure("replicas", "applications", "case", "does the service keep its capacity during the rollout?"),
    Figure("background", "applications", "case", "what do the running applications feel?"),
    Figure("disk", "nodes", "run", "do the images fit on the nodes' disks?"),
    Figure("sweep_lines", "sweeps", "sweep", "where is the knee?"),
    Figure("sweep_heatmap", "sweeps", "sweep", "what is the smallest that passes?"),
    Figure("tornado", "tornado", "sensitivity", "which input matters most?"),
    Figure("variants", "variants", "comparison", "which variant is ready when?"),
)


def names(*subjects: Subject) -> tuple[str, ...]:
    """The names of the figures of some subjects; of all by default."""
    return tuple(entry.name for entry in FIGURES if not subjects or entry.subject in subjects)


def entry(name: str) -> Figure:
    """The entry of a figure.

    Raises
    ------
    UsageError
        If there is no such figure.
    """
    for each in FIGURES:
        if each.name == name:
            return each
    near = nearest(name, names())
    hint = f" (did you mean {near!r}?)" if near else ""
    raise UsageError(f"no figure {name!r}{hint}; figures: {', '.join(names())}")


def figure(name: str) -> Callable[..., Axes]:
    """The function that draws a figure.

    Raises
    ------
    UsageError
        If there is no such figure.
    """
    function: Callable[..., Axes] = getattr(import_module(f"rolloutsim.report.plots.{entry(name).module}"), name)
    return function
