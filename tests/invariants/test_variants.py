"""Of any scenario: what is shown, written out as a variant, or cut into files that lie over each other is the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.scenario import loads
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.places import Path, dotted
from rolloutsim.scenario.settings import changes, show
from tests.invariants.test_neutral_additions import Document, scenarios


def text(document: Document) -> str:
    """A document as YAML, of which JSON is a part."""
    return json.dumps({"rolloutsim": 1, **document})


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """What is no map, by its path; lists are one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def of_leaves(pairs: list[tuple[Path, Any]]) -> Document:
    """The document that has these leaves."""
    found: Document = {}
    for path, value in pairs:
        inner = found
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1]] = value
    return found


@given(scenarios())
def test_what_is_shown_resolves_to_the_same(document: Document) -> None:
    resolved = loads(text(document)).resolve()
    again = loads(show(resolved)).resolve()
    assert again.sha256 == resolved.sha256
    assert changes(resolved, again) == ()


@given(scenarios(), st.data())
def test_a_variant_that_writes_out_what_is_there_is_the_scenario_itself(
    document: Document, data: st.DataObject
) -> None:
    known = [(path, value) for path, value in leaves(document) if path[0] not in ("seed", "rolloutsim", "replications")]
    some = data.draw(st.lists(st.sampled_from(known), max_size=5, unique_by=lambda pair: pair[0]))
    variants = {"same": {dotted(path): value for path, value in some}}
    resolved = loads(text(document)).resolve()
    same = loads(text({**document, "variants": variants}), variant="same").resolve()
    assert same.sha256 == resolved.sha256
    assert changes(resolved, same) == ()


@given(scenarios(), st.data())
def test_files_that_lie_over_each_other_are_the_file_that_they_were_cut_from(
    document: Document, data: st.DataObject
) -> None:
    known = list(leaves({"rolloutsim": 1, **document}))
    number = st.lists(st.integers(0, 2), min_size=len(known), max_size=len(known))
    files = data.draw(number)
    base, *overlays = (
        json.dumps(of_leaves([pair for pair, file in zip(known, files, strict=True) if file == which]) or {"seed": 1})
        for which in range(3)
    )
    found = draft(base, "base", overlays=[(over, f"over{i}") for i, over in enumerate(overlays)])
    assert found.data | {"seed": 1} == {"rolloutsim": 1, **document, "seed": 1}
