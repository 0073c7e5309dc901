"""What all figures share: where they draw, their titles and legends, and what a reader may point at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

from rolloutsim.errors import UsageError
from rolloutsim.report.images import drawing_of, svg
from rolloutsim.report.plots.colours import GRID, INK, MUTED, PAPER
from rolloutsim.results.numerals import unbroken, visible
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.text import Text

WIDTH, HEIGHT, LOW = 8.0, 4.5, 3.4  # of a figure of its own, and of one with few curves [inch]
_TITLE, _TEXT, _SMALL = 11.5, 9.0, 8.0  # font sizes [pt]
_EDGE = 0.12  # free space at the rim [inch]
_GAP = 6.0  # between plot and small print [pt]
_LINE = 1.25  # distance of lines / font size
_HINTED = 0.95  # letters on a grid of pixels are up to so much wider than measured (5 % seen at 72 dpi)

_tips: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()
_heads: WeakKeyDictionary[Any, Head] = WeakKeyDictionary()


@struct
class Head:
    """What stands above the plot of a figure of its own.

    Parameters
    ----------
    title, subtitle : str
        Its lines, as text.
    artists : tuple of Text
        Who draws them.
    height : float
        The room that they take [inch].
    """

    title: str
    subtitle: str
    artists: tuple[Text, ...]
    height: float


class NoDataError(UsageError):
    """A result holds nothing that the figure could show; the message says what would provide it."""


class Panel(Axes):
    """Axes in a figure of their own: Jupyter shows them, as it does not know the figure."""

    def _repr_svg_(self) -> str:
        return svg(self)


def canvas(ax: Axes | None, height: float = HEIGHT) -> Axes:
    """The Axes to draw on: those given, or new ones in a figure of their own, of a height [inch]."""
    if ax is None:
        drawing = Figure(figsize=(WIDTH, height), facecolor=PAPER)
        ax = drawing.add_subplot(axes_class=Panel)
    _tips[ax] = {}
    ax.set_facecolor("none")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.tick_params(colors=MUTED, labelcolor=INK, labelsize=_TEXT)
    return ax


def finish(ax: Axes, title: str, subtitle: str, *, legend: Sequence[tuple[Any, str]] = (), right: float = 0.0) -> Axes:
    """Title, legend beside the plot, and margins that are wide enough for all that is written.

    Parameters
    ----------
    ax : Axes
        The figure, drawn; its axes are labelled already.
    title, subtitle : str
        The answer, and below it in small print what is shown.
    legend : sequence of (handle, str)
        Its entries.
    right : float
        Room to keep free at the right side [inch].
    """
    title, subtitle = unbroken(title), unbroken(subtitle)
    right += _legend(ax, legend) if legend else 0.0
    left = _left(ax)
    drawing = drawing_of(ax)
    own = isinstance(ax, Panel)
    width, height = drawing.get_size_inches().tolist()
    plot = (width - left - right - _EDGE - 0.08) if own else ax.get_position().width * width
    start = _EDGE - left if own else 0.0  # titles begin at the rim of a figure of its own [inch]
    room = width - 2 * _EDGE if own else plot
    # Lines that are broken already need no blanks that do not break.
    large, small = (
        [line.replace("\u00a0", " ") for line in lines]
        for lines in (wrapped(title, _TITLE, room, bold=True), wrapped(subtitle, _SMALL, room))
    )
    pad = _GAP + len(small) * _SMALL * _LINE + 3.0
    note = ax.annotate(
        "\n".join(small), (start / plot, 1), xycoords="axes fraction", xytext=(0, _GAP), textcoords="offset points",
        size=_SMALL, color=MUTED, va="bottom", linespacing=_LINE, annotation_clip=False,
    )  # fmt: skip
    heading = ax.set_title(
        "\n".join(large), loc="left", x=start / plot, y=1.0, pad=pad,
        size=_TITLE, weight="bold", color=INK, linespacing=_LINE,
    )  # fmt: skip
    texts = (_as_text(title), _as_text(subtitle))
    _heads[ax] = Head(*texts, (heading, note), (pad + len(large) * _TITLE * _LINE - _GAP) / 72)
    if own:
        top = (pad + len(large) * _TITLE * _LINE) / 72 + _EDGE
        bottom = 0.55 if ax.get_xlabel() else 0.35
        drawing.subplots_adjust(
            left=left / width, right=(left + plot) / width, bottom=bottom / height, top=1 - top / height
        )
    return ax


def title_of(ax: Axes) -> str:
    """A figure's title in one line."""
    return " ".join(ax.get_title(loc="left").split())


def head_of(ax: Axes) -> Head:
    """What stands above a figure's plot."""
    return _heads[ax]


def _as_text(drawn: str) -> str:
    """A text that was made to be drawn, for anything else."""
    return drawn.replace(r"\$", "$")


def label_axis(ax: Axes, side: str, text: str) -> None:
    """Name the axis `x` or `y`, its unit included."""
    (ax.set_xlabel if side == "x" else ax.set_ylabel)(text, size=_TEXT, color=INK)


def colour_bar(ax: Axes, image: ScalarMappable, label: str, width: float, **keywords: Any) -> Colorbar:
    """What the colours of an image mean, in a bar at the right side; its width is a share of that of the plot."""
    bar = drawing_of(ax).colorbar(image, cax=ax.inset_axes((1.02, 0.0, width, 1.0)), **keywords)
    bar.set_label(label, size=_SMALL, color=INK)
    bar.ax.tick_params(labelsize=_SMALL, color=MUTED, labelcolor=INK)
    bar.outline.set_visible(False)
    return bar


def grid(ax: Axes, axis: str = "both") -> None:
    """Draw thin lines behind the data."""
    ax.grid(True, axis=axis, color=GRID, linewidth=0.7)  # type: ignore[arg-type]
    ax.set_axisbelow(True)


def mark(artist: Artist, kind: str, name: str, tip: str) -> None:
    """Give an artist its gid (see `rolloutsim.report.plots`), and the text to show to those who point at it."""
    known = _tips.setdefault(artist.axes, {})
    gid, number = f"{kind}:{name}", 1
    while gid in known:
        number += 1
        gid = f"{kind}:{name}#{number}"
    known[gid] = visible(tip)
    artist.set_gid(gid)


def tips(ax: Axes) -> Mapping[str, str]:
    """The texts to show to those who point at an artist, by its gid."""
    return dict(_tips.get(ax, {}))


def plain(name: str, longest: int = 32, family: str | None = None) -> str:
    """A name as it can be drawn: no control characters, no formulas, no letters that the font has not, not too long.

    Parameters
    ----------
    name : str
        The name.
    longest : int
        Letters; what is in the middle of a longer name is left out.
    family : str, optional
        Of the font; that of all figures by default.
    """
    shown = "".join(char if ord(char) < 128 or _has(char, family) else "□" for char in visible(name))
    if len(shown) > longest:
        shown = f"{shown[: longest * 2 // 3]}…{shown[-(longest - longest * 2 // 3 - 1) :]}"
    return shown.replace("$", r"\$")


@cache
def text_width(text: str, size: float, bold: bool = False) -> float:
    """How wide the widest line of a text is [pt]."""
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    measure = text_to_path.get_text_width_height_descent
    return max(float(measure(line.replace(r"\$", "$"), font, ismath=False)[0]) for line in text.split("\n"))


def wrapped(text: str, size: float, room: float, bold: bool = False) -> list[str]:
    """A text in lines that fit into a width [inch], broken at blanks."""
    # Words are measured one by one: they return in many titles, and measuring is what takes the time of drawing.
    blank, limit = text_width(" ", size, bold), room * 72 * _HINTED
    lines: list[str] = []
    taken = 0.0
    for word in text.split(" "):
        width = text_width(word, size, bold)
        if lines and taken + blank + width <= limit:
            lines[-1] += f" {word}"
            taken += blank + width
        else:
            lines.append(word)
            taken = width
    return lines


def _left(ax: Axes) -> float:
    """The room that the labels at the left side need [inch]."""
    labels = ax.yaxis.get_major_formatter().format_ticks(ax.get_yticks().tolist())
    size = ax.yaxis.get_tick_params().get("labelsize", _TEXT)
    widest = max((text_width(label, size) for label in labels), default=0.0) / _HINTED
    return widest / 72 + 0.2 + (0.25 if ax.get_ylabel() else 0.0)


def _legend(ax: Axes, entries: Sequence[tuple[Any, str]]) -> float:
    """A legend at the right side, outside of the plot; returned is the room that it takes [inch]."""
    handles, labels = zip(*entries, strict=True)
    # A label that begins with an underscore would be left out.
    shown = [f" {label}" if label.startswith("_") else label for label in labels]
    ax.legend(
        handles, shown, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0, frameon=False,
        fontsize=_SMALL, labelcolor=INK, alignment="left", handlelength=1.6, labelspacing=0.55, borderpad=0.2,
    )  # fmt: skip
    handle = (1.6 + 0.8 + 0.6) * _SMALL
    return (max(text_width(text, _SMALL) for text in shown) + handle) / 72 + 0.15


def _has(char: str, family: str | None) -> bool:
    """Whether a font has a letter, both plain and bold."""
    fonts = [FontProperties(family=family, weight=weight) for weight in ("normal", "bold")]
    return all(get_font(findfont(font)).get_char_index(ord(char)) for font in fonts)
