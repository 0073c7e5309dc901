"""Lines as figures draw them, and pages: the corners that can be seen of them, and the unit of their times."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from rolloutsim.results.facts.columns import Times

_UNITS = ((1.0, "s", 600.0), (60.0, "min", 3 * 3600.0), (3600.0, "h", float("inf")))  # up to (assumed: 3 digits)
_MOST_POINTS = 500  # of a line; more is not to be seen (assumed: a point per two pixels)
_UNSEEN = 1e-3  # a smaller change, as a share of the largest value, is not drawn (assumed: a third of a pixel)
_ROUNDING = 1e-6  # what is nearer than this, as a share of the largest value, is equal


def thinned(count: int, most: int = _MOST_POINTS) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Numbers from 0 to `count` - 1, at most `most`, first and last among them, evenly spaced."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).round().astype(np.intp))


def staircase(times: Times, wanted: int, end: float, most: int = _MOST_POINTS) -> tuple[Times, Times]:
    """The share of `wanted` things that happened by each moment, as the corners of a line that rises in steps.

    Parameters
    ----------
    times : numpy.ndarray
        When they happened, ascending [s].
    wanted : int
        How many should.
    end : float
        Where the line ends if some did not happen [s].
    most : int
        How many corners it may have.

    Returns
    -------
    tuple of numpy.ndarray
        Moments [s] and shares [1], to be drawn with `steps-post`.
    """
    if not len(times):
        return np.array([0.0, end]), np.zeros(2)
    moments, last = np.unique(times, return_index=True)
    counts = np.append(last[1:], len(times))
    kept = thinned(len(moments), most)
    x, y = np.append(moments[:1], moments[kept]), np.append(0, counts[kept])
    if len(times) < wanted:
        x, y = np.append(x, max(end, float(x[-1]))), np.append(y, y[-1])
    return x, y / wanted


def corners(edges: Times, *values: Times, least: float = _UNSEEN) -> tuple[Times, ...]:
    """The corners of lines that are constant between moments, those left out between which nothing changes.

    A corner is drawn where a line has left its last corner by what can be seen, however small the steps that took it
    there, and where a line ends up at another value at all.

    Parameters
    ----------
    edges : numpy.ndarray
        n + 1 moments, ascending.
    *values : numpy.ndarray
        n values for each line; NaN: no line.
    least : float
        What can be seen, as a share of the largest value.

    Returns
    -------
    tuple of numpy.ndarray
        The moments of the corners, then the values of each line there.
    """
    table = np.stack(values)
    unseen = (least * np.nan_to_num(np.abs(table)).max(axis=1, initial=0.0)).tolist()
    rounding = [_ROUNDING / least * limit for limit in unseen]
    columns: list[list[float]] = table.T.tolist()
    starts = [0]
    for place, column in enumerate(columns):
        limits = unseen if place + 1 < len(columns) else rounding
        drawn = columns[starts[-1]]
        if any(
            abs(now - before) > limit or isnan(now) != isnan(before)
            for now, before, limit in zip(column, drawn, limits, strict=True)
        ):
            starts.append(place)
    x = np.repeat(np.append(edges[starts], edges[-1]), 2)[1:-1]
    return x, *(np.repeat(row[starts], 2) for row in table)


def unit_of(longest: float) -> tuple[float, str]:
    """The unit in which times up to the longest are said: its length [s] and its name."""
    return next((unit, name) for unit, name, limit in _UNITS if longest <= limit)
