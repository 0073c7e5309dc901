"""What is wrong with a sweep: keys that do not exist, and designs that do not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rolloutsim.errors import UsageError
from rolloutsim.scenario.model import Document, SweepSpec
from rolloutsim.scenario.overrides import Change, apply, parse_path, refuse_idle
from rolloutsim.scenario.places import Path, Places, Problem


def sweep_problems(sweep: SweepSpec, document: Document) -> Iterator[Problem]:
    """What is wrong with the sweep; values are checked point by point, when it is run."""
    data = document.model_dump(mode="json", exclude_unset=True, by_alias=True)
    for key, values in sweep.parameters.items():
        path: Path = ("sweep", "parameters", key)
        is_range = isinstance(values, Mapping)
        source = f"sweep {key}"
        try:
            first = values["from"] if is_range else values[0]
            refuse_idle(parse_path(key, "sweep"), source)
            apply(data, Places(source), Change(parse_path(key, "sweep"), first, source))
        except UsageError as error:
            yield Problem(path, str(error).removeprefix(f"{source}: "), at="key", related=_names(key))
        if is_range and sweep.design != "sobol":
            message = f"'{key}' has a range, and design {sweep.design} needs a list of values"
            yield Problem(path, message, "list the values, or say design: sobol", at="key")
    if sweep.points is not None and sweep.design != "sobol":
        message = f"'points' goes with design: sobol; design {sweep.design} has as many as its values make"
        yield Problem(("sweep", "points"), message, at="key", related=(("sweep", "design"),))
    lengths = {key: len(values) for key, values in sweep.parameters.items() if not isinstance(values, Mapping)}
    if sweep.design == "zip" and len(set(lengths.values())) > 1:
        found = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        message = f"design zip takes the values side by side, but {found}; give all the same number of values"
        yield Problem(("sweep", "design"), message, related=(("sweep", "parameters"),))


def _names(key: str) -> tuple[Path, ...]:
    """The part of the scenario that the key is in: where that is faulty, the key may be right."""
    try:
        return (parse_path(key, "sweep"),)
    except UsageError:
        return ()
