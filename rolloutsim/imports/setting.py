"""Keys of a scenario's text set as `--set` sets them, of which all else stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rolloutsim.imports.editing import edited, same
from rolloutsim.imports.writing import Said
from rolloutsim.scenario.overrides import apply, parse_change
from rolloutsim.scenario.text import read


def with_values(text: str, changes: Mapping[str, Any]) -> str:
    """A scenario's text with other values.

    Parameters
    ----------
    text : str
        The scenario.
    changes : mapping
        Path, as in `--set`, to the value as a file has it; None takes a key away.

    Returns
    -------
    str
        The text, in which nothing else has changed, comments included. A short form stays one where it can.

    Raises
    ------
    UsageError
        If the format has no such path, or the scenario no such name.
    ScenarioError
        If the text is not YAML, or a value is not.
    UnreadableError
        If a value cannot be set without changing something else.
    """
    source = read(text, "<scenario>")
    if source.problems:  # of two keys of one name nobody knows which is meant
        raise source.places.error(source.problems)
    wanted = [
        parse_change(key, "null" if value is None else value, "--set", may_remove=True)
        for key, value in changes.items()
    ]
    after = apply(source.data, source.places, *wanted)
    found = {path: Said(value) for path, value in differences(source.data, after)}
    return edited(text, found) if found else text


def differences(
    before: Any, after: Any, path: tuple[str, ...] = (), in_order: bool = False
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What is different, by the shortest paths of keys; None is what is gone.

    Parameters
    ----------
    before, after : object
        Data of scenarios, or parts of them.
    path : tuple of str
        Where they stand.
    in_order : bool
        Whether a map below the scenario whose keys come in another order is another one.
    """
    if not isinstance(before, dict) or not isinstance(after, dict):
        if not same(before, after):
            yield path, after
        return
    kept = [key for key in before if key in after]
    if in_order and path and list(after)[: len(kept)] != kept:
        yield path, after
        return
    for key in (*after, *(key for key in before if key not in after)):
        if key in before and key in after:
            yield from differences(before[key], after[key], (*path, key), in_order)
        else:
            yield (*path, key), after.get(key)
