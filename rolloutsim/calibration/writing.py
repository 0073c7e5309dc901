"""What a calibration changes in a scenario's text."""

from __future__ import annotations

from collections.abc import Sequence

from rolloutsim.calibration.calibrated import Calibration
from rolloutsim.imports.assumptions import edited_anew
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.places import dotted
from rolloutsim.scenario.text import read


def calibrated_text(text: str, made: Calibration, files: Sequence[str]) -> str:
    """A scenario's text with the numbers that were fitted, each with its interval; all else stays byte for byte.

    Parameters
    ----------
    text : str
        The scenario.
    made : Calibration
        What pulls say of it.
    files : sequence of str
        The files that told of the pulls, for the remarks.
    """
    if not made.fitted:
        return text
    source = f"{', '.join(files[:2])}{f' and {len(files) - 2} more' if len(files) > 2 else ''}"
    changes: dict[tuple[str, ...], Said] = {}
    for one in made.fitted:
        shown = one.parameter.shown
        low, high = shown(one.low), shown(one.high)
        unsure = "" if one.is_told else "; the pulls do not tell it from other numbers"
        remark = f"calibrated: {one.text} (90 %: {low} to {high}) from {made.used:,} pulls of {source}{unsure}"
        said = {"low": low, "high": high, "pulls": made.used, "images": made.images, "source": source}
        for path in one.parameter.paths:
            changes[path] = Said(one.text, remark)
            changes["calibrated", dotted(path)] = Said(said)
    return edited_anew(text, read(text.removeprefix("\ufeff"), "<scenario>").data, changes)
