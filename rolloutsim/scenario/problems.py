"""The model's validation errors as problems: in the format's words, with hints."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from rolloutsim.errors import MOST_SHOWN
from rolloutsim.scenario.checks import MOST_CHECKED, check
from rolloutsim.scenario.fields import quoted
from rolloutsim.scenario.hints import kind_help, listing
from rolloutsim.scenario.model import GROUP, Document
from rolloutsim.scenario.places import Path, Problem, dotted
from rolloutsim.scenario.structure import part_at, schema_path

_ROUNDS = 4  # how often faulty parts are cut out before the rest is given up (assumed)

# For required keys that are faulty, so that the rest can be checked; what is said about them is left out.
_STAND_INS: dict[str, tuple[str, Any]] = {"nodes": (GROUP, 1), "images": ("image", "1 MB")}


def validate(data: Any, found: Iterable[Problem] = ()) -> tuple[Document | None, list[Problem]]:
    """The document in `data`, and every problem of it.

    Where a part is faulty, the rest is still checked for references and contradictions, as if that part were
    not there; what such a check says about the faulty part itself is left out.

    Parameters
    ----------
    data : object
        Plain data as in the file.
    found : iterable of Problem
        What is known to be wrong already, for example keys without a value.
    """
    problems = list(found)
    faulty = _Faulty(problem.path for problem in problems)
    document: Document | None = None
    for _ in range(_ROUNDS):
        try:
            document = Document.model_validate(data)
            break
        except ValidationError as error:
            errors = error.errors(include_url=False)
            fresh = [_problem(one, number < MOST_SHOWN) for number, one in enumerate(errors)]
            fresh = [one for one in fresh if not faulty.touch(one)]
            problems += fresh
            faulty.add(path for one in fresh for path in (one.path, *one.related))
            data = _without(data, (_path(one["loc"]) for one in errors))
            for key, (name, stand_in) in _STAND_INS.items():
                if key not in data:
                    data[key] = {name: stand_in}
                    faulty.add([(key, name)])
    if document is None:
        return None, problems
    problems += [_of_several(one) for one in islice(check(document), MOST_CHECKED) if not faulty.touch(one)]
    return (None if problems else document), problems


def _of_several(problem: Problem) -> Problem:
    """What is found by looking at several keys together, where no other kind of error is named."""
    return replace(problem, rule="contradiction") if problem.rule == "value" else problem


class _Faulty:
    """The parts that are known to be faulty."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._parts: set[Path] = set()
        self._around: set[Path] = set()
        self.add(paths)

    def add(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path:
                self._parts.add(path)
                self._around.update(path[:length] for length in range(1, len(path)))

    def touch(self, problem: Problem) -> bool:
        """Whether a problem is about a faulty part, or about what is around or inside it."""
        return any(
            path in self._around or any(path[:length] in self._parts for length in range(1, len(path) + 1))
            for path in (problem.path, *problem.related)
            if path
        )


def _path(loc: tuple[Any, ...]) -> Path:
    return loc[:-1] if loc and loc[-1] == "[key]" else loc


def _without(data: Any, paths: Iterable[Path]) -> Any:
    """A copy of the data without the parts at the paths, or the parts around them where the text is shorter."""
    data = copy.deepcopy(data)
    for path in sorted(set(paths), key=len, reverse=True):
        container, key, inner = None, None, data
        for step in path:
            index: Any = int(step) if isinstance(inner, list) and str(step).isdecimal() else step
            try:
                inner, container, key = inner[index], inner, index
            except (KeyError, IndexError, TypeError):
                break
        if isinstance(container, dict):
            del container[key]
        elif isinstance(container, list) and isinstance(key, int):
            container[key] = None
    return data


def _problem(error: Any, with_hint: bool) -> Problem:
    """What is wrong, in the format's words; what an unknown key was likely meant to be takes long to find out."""
    loc: Path = error["loc"]
    path = _path(loc)
    at: Any = "key" if path != loc else "value"
    parent = path[:-1]
    match error["type"]:
        case "scenario":
            return Problem(path, error["ctx"]["message"], error["ctx"]["help"], at)
        case "extra_forbidden":
            return _unknown_key(path, error["input"], with_hint)
        case "missing":
            message = f"key '{path[-1]}' is missing in {_name(parent)}; add it: {_describe(path)}"
            return Problem(path, message, rule="missing-key")
        case "model_type" | "dict_type" | "model_attributes_type":
            keys = _keys(path)
            what = f"a map with any of the keys {listing(keys, 40)}" if keys else "a map"
            return Problem(path, f"{quoted(error['input'])} is not allowed here; {_name(path)} must be {what}")
        case "tuple_type":
            return Problem(path, f"{quoted(error['input'])} is not a list; write for example [a, b]")
        case "too_short":
            return Problem(path, f"{_name(path)} is empty; give at least one")
        case _:
            return Problem(path, f"{_name(path)}: {error['msg']}")


def _unknown_key(path: Path, value: object, with_hint: bool) -> Problem:
    from rolloutsim.scenario.key_hints import key_hint  # only errors need it

    parent, name = path[:-1], str(path[-1])
    allowed, place = _keys(parent), schema_path(parent)
    hint = key_hint(name, place) if with_hint and place is not None else None
    help = "YAML merge keys are not supported; repeat the keys" if name == "<<" else None
    help = (
        help
        or (kind_help(name, value, allowed) if with_hint else None)
        or (hint.in_file() if hint is not None else None)
    )
    message = f"unknown key '{name}' in {_name(parent)}; allowed: {listing(allowed, 40)}"
    meant = hint.key[len(place or ())] if hint is not None and hint.where in ("here", "inside") else None
    related = ((*parent, meant),) if meant is not None else ()
    return Problem(path, message, help, "key", related, rule="unknown-key")


def _keys(path: Path) -> tuple[str, ...]:
    part = part_at(path)
    return (part.keys if part else None) or ()


def _name(path: Path) -> str:
    return dotted(path) if path else "the scenario"


def _describe(path: Path) -> str:
    part = part_at(path)
    return (part.field.description if part and part.field else None) or "it is required"
