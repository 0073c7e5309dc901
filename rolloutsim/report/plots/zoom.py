"""Long series of a figure, with more points than its image has: what a page shows when a reader looks closer.

Series are kept when the figure is drawn, and go with it where they have more points than can be told apart there.
Values are whole numbers of small steps, moments the steps between them, which takes a page a third of the bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from rolloutsim.report.plots.lines import unit_of
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from rolloutsim.results.facts.columns import Times

MOST = 3000  # points of all series of a figure (assumed: 8 bytes each, six times what its image has)
_LONG = 400  # a figure whose series have fewer points together shows all of them (assumed: one per two pixels)
_STEPS = 100_000  # parts of the time, into which moments are rounded
_PARTS = 10_000  # parts of the largest value, into which values are rounded

_zooms: WeakKeyDictionary[Any, Zoom] = WeakKeyDictionary()


@struct
class Series:
    """A line of steps.

    Parameters
    ----------
    name : str
        What it is.
    colour : str
        Of the line.
    x : numpy.ndarray
        Moments, ascending [s].
    y : numpy.ndarray
        The value from each of them on.
    """

    name: str
    colour: str
    x: Times
    y: Times


@struct
class Zoom:
    """The series of a figure, and what their values are: `share of pods ready`, in `%`."""

    series: tuple[Series, ...]
    label: str
    unit: str


def keep(ax: Axes, series: list[Series], label: str, unit: str = "") -> None:
    """Keep the series of a figure."""
    _zooms[ax] = Zoom(tuple(series), label, unit)


def zoom_of(ax: Axes) -> dict[str, Any] | None:
    """The series of a figure as a page takes them; None: there are none, or they are not long."""
    zoom = _zooms.get(ax)
    if zoom is None:
        return None
    end = max(float(one.x[-1]) for one in zoom.series) or 1.0
    top = max(float(np.abs(one.y).max()) for one in zoom.series) or 1.0
    seconds, name = unit_of(end)
    series = [_packed(one, end / _STEPS, top / _PARTS) for one in zoom.series]
    if sum(len(one["x"]) for one in series) < _LONG:
        return None
    return {
        "step": end / _STEPS, "part": top / _PARTS,
        "label": zoom.label, "unit": zoom.unit, "seconds": seconds, "time": name,
        "series": series,
    }  # fmt: skip


def _packed(one: Series, step: float, part: float) -> dict[str, Any]:
    """A series of whole numbers, without moments that are the same and values that do not change."""
    begins = one.x[:1] > 0.0  # until then there is nothing
    x = np.round(np.append(np.zeros(np.count_nonzero(begins)), one.x) / step).astype(np.int64)
    y = np.round(np.append(np.zeros(np.count_nonzero(begins)), one.y) / part).astype(np.int64)
    last = np.append(x[1:] != x[:-1], True)  # of several values at one moment the last
    x, y = x[last], y[last]
    changes = np.append(True, y[1:] != y[:-1])
    changes[-1] = True
    x, y = x[changes], y[changes]
    return {"name": one.name, "colour": one.colour, "x": np.diff(x, prepend=0).tolist(), "y": y.tolist()}
