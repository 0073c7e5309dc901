"""Every key of the format in one Markdown document: what `explain` says of each, with a contents list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rolloutsim.scenario.explanation import Explanation, explain
from rolloutsim.scenario.structure import all_keys, home

Keys = tuple[str, ...]  # a key as `structure.all_keys` has it

_HEAD = """\
# Keys of a scenario

Every key of a scenario file: what it means, what it holds, its default and where that comes from, and an example.
`<group>`, `<image>` and the like stand for names of your own; an example is the part of a scenario that the key is in.
`rolloutsim explain KEY` says the same of one key, `rolloutsim explain thresholds` lists the metrics, which
[OUTPUT.md](OUTPUT.md) describes. This file is what `rolloutsim explain --all` writes."""


def key_reference() -> str:
    """The reference of all keys, as Markdown."""
    every = [path for path, _ in all_keys()]
    alike = {path: first for path in every if (first := _same(path)) is not None}
    lines = [_HEAD, "", "## Contents", "", *_contents(every), ""]
    for top in dict.fromkeys(path[0] for path in every):
        inside = [path for path in every if path[0] == top]
        lines += [f"## {top}", "", *_entry(explain(top))]
        for path in inside:
            if len(path) > 1 and path not in alike:
                lines += [f"### {_code(path)}", "", *_entry(explain(".".join(path)))]
        folded = [path for path in inside if path in alike]
        if folded:
            lines += [f"These keys of `{top}` are as others:", ""]
            lines += [f"- {_code(path)}: as {_link(alike[path])}" for path in folded]
            lines.append("")
    return "\n".join(lines)


def _same(path: Keys) -> Keys | None:
    """The key of another place of which the same is said; None: there is none."""
    first = home(path)
    if first == path:
        return None
    said = [explain(".".join(one)) for one in (path, first)]
    one, other = ((its.type, its.unit, its.default, its.source, its.description) for its in said)
    return first if one == other else None


def _contents(every: Sequence[Keys]) -> Iterator[str]:
    """The keys, those of a part in a line."""
    yield f"- a scenario: {_links([path for path in every if len(path) == 1])}"
    for part in dict.fromkeys(path[:-1] for path in every if len(path) > 1):
        inside = [path for path in every if path[:-1] == part]
        own = [path for path in inside if _same(path) is None]
        others = dict.fromkeys(_headed(first[:-1]) for path in inside if (first := _same(path)) is not None)
        as_there = f"{'the others ' if own else ''}as in {' and '.join(map(_link, others))}" if others else ""
        yield f"- {_code(part)}: {', '.join(piece for piece in (_links(own), as_there) if piece)}"


def _headed(part: Keys) -> Keys:
    """The nearest key with a heading: names of the user's have none."""
    return part[:-1] if part[-1].startswith("<") else part


def _links(paths: Sequence[Keys]) -> str:
    return ", ".join(f"[{path[-1]}](#{_anchor(path)})" for path in paths)


def _link(path: Keys) -> str:
    return f"[{_code(path)}](#{_anchor(path)})"


def _anchor(path: Keys) -> str:
    """Where a heading of the key's path is found: letters, digits and `_` are left of it (GitHub)."""
    return re.sub(r"[^\w]", "", ".".join(path)).lower()


def _code(path: Keys) -> str:
    return f"`{'.'.join(path)}`"


def _entry(about: Explanation) -> Iterator[str]:
    """What is said of a key."""
    yield _text(about.description)
    yield ""
    keys = (
        f"; its keys: {', '.join(f'`{key}`' for key in about.allowed)}" if "map" in about.type and about.allowed else ""
    )
    yield f"- type: {_text(about.type)}{keys}"
    if about.unit:
        yield f"- unit: {_text(about.unit)}"
    yield f"- default: {_text(about.default)}"
    if about.source:
        yield f"- source: {_text(about.source)}"
    yield f"- example: `{about.example}`"
    yield ""


def _text(text: str) -> str:
    """Text that Markdown shows as it is; what stands in backticks is code."""
    return "".join(
        piece if number % 2 else re.sub(r"([<>*_\[\]])", r"\\\1", piece)
        for number, piece in enumerate(re.split(r"(`[^`]*`)", text))
    )
