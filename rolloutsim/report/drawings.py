"""Figures as parts of a page, whose titles are text of the page and not of the image."""

from __future__ import annotations

import re

from matplotlib.axes import Axes

from rolloutsim.report.images import svg
from rolloutsim.report.plots.canvas import head_of

_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_BOX = re.compile(r'width="[\d.]+pt" height="[\d.]+pt" viewBox="0 0 ([\d.]+) ([\d.]+)"')


def untitled_svg(ax: Axes) -> str:
    """A figure without what stands above its plot, as an SVG element in which letters stay text."""
    head = head_of(ax)
    for artist in head.artists:
        artist.set_visible(False)
    try:
        drawn = svg(ax, text=True)
    finally:
        for artist in head.artists:
            artist.set_visible(True)
    above = head.height * 72

    def cropped(box: re.Match[str]) -> str:
        width, height = float(box[1]), float(box[2]) - above
        return f'width="{width:g}pt" height="{height:.2f}pt" viewBox="0 {above:.2f} {width:g} {height:.2f}"'

    return _BOX.sub(cropped, _METADATA.sub("", _HEAD.sub("", drawn)), count=1)
