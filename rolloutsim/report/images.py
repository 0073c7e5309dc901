"""Figures as images: SVG or PNG, the same bytes for the same figure."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

from matplotlib import rc_context
from matplotlib.figure import Figure

from rolloutsim.results.numerals import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Coordinates have six decimals of 1/72 inch, three quarters of which nobody sees and everybody downloads.
_PATH = re.compile(r'<path[^>]* d="[^"]*"|<use[^>]*>')
_NUMBER = re.compile(r"(?<![\w.#])-?\d+\.\d+")

DPI = 144  # dots per inch of a PNG (assumed: sharp on a screen of high resolution)


def svg(ax: Axes, text: bool = False) -> str:
    """The figure that Axes belong to, as SVG.

    Parameters
    ----------
    ax : Axes
        Of the figure.
    text : bool
        Whether letters stay text, in the reader's font (small, to be searched), or become outlines (the same
        everywhere).
    """
    # The salt takes the place of a random one in the names of what the image reuses.
    with rc_context({"svg.hashsalt": "rolloutsim", "svg.fonttype": "none" if text else "path"}):
        drawn = _saved(ax, "svg", {"Date": None, "Creator": None}).decode("utf-8")
    # Names in ids and remarks may hold what no XML may.
    return _PATH.sub(lambda path: _NUMBER.sub(_rounded, path[0]), visible(drawn, keep="\n\t"))


def png(ax: Axes, dpi: float = DPI) -> bytes:
    """The figure that Axes belong to, as PNG."""
    return _saved(ax, "png", {"Software": None}, dpi)


def drawing_of(ax: Axes) -> Figure:
    """The figure that Axes belong to."""
    drawing = ax.get_figure(root=True)
    if drawing is None:
        raise ValueError("these Axes belong to no figure")
    return drawing


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _saved(ax: Axes, form: str, metadata: dict[str, None], dpi: float = 72.0) -> bytes:
    image = BytesIO()
    drawing_of(ax).savefig(image, format=form, metadata=metadata, dpi=dpi)
    return image.getvalue()
