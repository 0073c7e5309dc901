"""Every key of the format in one Markdown document: what `explain` says of each, with a contents list."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache

from rolloutsim.scenario.explanation import Explanation, explain
from rolloutsim.scenario.structure import all_keys, home

Keys = tuple[str, ...]  # a key as `structure.all_keys` has it

_HEAD = """\
# Keys of a scenario

Every key of a scenario file: what it means, what it holds, its default and where that comes from, and an example.
`<group>`, `<image>` and the like stand for names of your own; an example is the part of a scenario that the key is in.
`rolloutsim explain KEY` says the same of one key, `rolloutsim explain thresholds` lists the metrics. This is what
`rolloutsim explain --all` writes."""

Linked = Callable[[Keys], str]  # a key's path as a link to where it is explained


def key_reference() -> str:
    """The reference of all keys, as Markdown."""
    every, alike = _keys()
    link = _linked({})
    lines = [_HEAD, "", "## Contents", "", *_contents(every, link), ""]
    for top in tops():
        lines += _about(top, every, alike, link)
    return "\n".join(lines)


def part_of_key_reference(about: Sequence[str], pages: Mapping[str, str]) -> str:
    """The reference of some keys, as Markdown: a page of several.

    Parameters
    ----------
    about : sequence of str
        Keys on top of a scenario; what stands below them is explained, too.
    pages : mapping
        The page on which each other key on top is explained, as a link has it.
    """
    every, alike = _keys()
    link = _linked({top: page for top, page in pages.items() if top not in about})
    lines = [*_contents([path for path in every if path[0] in about], link), ""]
    for top in about:
        lines += _about(top, every, alike, link)
    return "\n".join(lines)


def tops() -> tuple[str, ...]:
    """The keys on top of a scenario, in order."""
    return tuple(dict.fromkeys(path[0] for path, _ in all_keys()))


def homes() -> dict[str, str]:
    """By key: the one under whose name it is explained, itself or one of which the same is said."""
    every, alike = _keys()
    return {".".join(path): ".".join(alike.get(path, path)) for path in every}


@cache
def _keys() -> tuple[list[Keys], dict[Keys, Keys]]:
    """All keys, and those of which the same is said as of another one."""
    every = [path for path, _ in all_keys()]
    return every, {path: first for path in every if (first := _same(path)) is not None}


def _about(top: str, every: Sequence[Keys], alike: Mapping[Keys, Keys], link: Linked) -> Iterator[str]:
    """A key on top, and all that stands below it."""
    inside = [path for path in every if path[0] == top]
    yield from (f"## {top}", "", *_entry(explain(top)))
    for path in inside:
        if len(path) > 1 and path not in alike:
            yield from (f"### {_code(path)}", "", *_entry(explain(".".join(path))))
    folded = [path for path in inside if path in alike]
    if folded:
        yield from (f"These keys of `{top}` are as others:", "")
        yield from (f"- {_code(path)}: as {link(alike[path])}" for path in folded)
        yield ""


def _same(path: Keys) -> Keys | None:
    """The key of another place of which the same is said; None: there is none."""
    first = home(path)
    if first == path:
        return None
    said = [explain(".".join(one)) for one in (path, first)]
    one, other = ((its.type, its.unit, its.default, its.source, its.description) for its in said)
    return first if one == other else None


def _contents(every: Sequence[Keys], link: Linked) -> Iterator[str]:
    """The keys, those of a part in a line."""
    yield f"- a scenario: {_links([path for path in every if len(path) == 1])}"
    for part in dict.fromkeys(path[:-1] for path in every if len(path) > 1):
        inside = [path for path in every if path[:-1] == part]
        own = [path for path in inside if _same(path) is None]
        others = dict.fromkeys(_headed(first[:-1]) for path in inside if (first := _same(path)) is not None)
        as_there = f"{'the others ' if own else ''}as in {' and '.join(map(link, others))}" if others else ""
        yield f"- {_code(part)}: {', '.join(piece for piece in (_links(own), as_there) if piece)}"


def _headed(part: Keys) -> Keys:
    """The nearest key with a heading: names of the user's have none."""
    return part[:-1] if part[-1].startswith("<") else part


def _links(paths: Sequence[Keys]) -> str:
    return ", ".join(f"[{path[-1]}](#{key_anchor('.'.join(path))})" for path in paths)


def _linked(pages: Mapping[str, str]) -> Linked:
    """How a key is linked, if those on top are explained on these pages; others are on the same one."""

    def link(path: Keys) -> str:
        return f"[{_code(path)}]({pages.get(path[0], '')}#{key_anchor('.'.join(path))})"

    return link


def key_anchor(key: str) -> str:
    """Where the heading of a key is found: letters, digits and `_` are left of it (GitHub)."""
    return re.sub(r"[^\w]", "", key).lower()


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
