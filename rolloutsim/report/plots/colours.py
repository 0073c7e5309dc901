"""The colours of figures.

They are those of Okabe and Ito (*Color Universal Design*, 2008), which people with any colour vision tell apart; where
more is needed, line styles and hatches differ as well. Ink, grid and paper have one colour each, so that a page may
exchange them for its own (dark mode).
"""

from __future__ import annotations

from typing import Any

INK, MUTED, GRID, PAPER = "#1f2328", "#656d76", "#d8dee4", "#ffffff"
# Letters on areas of a colour that no page exchanges: nearly ink and paper, and not exchanged either.
ON_LIGHT, ON_DARK = "#1f2327", "#fefefe"
BLUE, ORANGE, GREEN, RED = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PINK, YELLOW, GREY = "#56b4e9", "#cc79a7", "#f0e442", "#999999"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, RED, INK)
STYLES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))


def series(number: int) -> dict[str, Any]:
    """Colour and line style of the n-th line; the styles change where the colours begin anew."""
    return {
        "color": SERIES[number % len(SERIES)],
        "linestyle": STYLES[number // len(SERIES) % len(STYLES)],
    }
