"""Matplotlib's SVG on a page without what the page does not need; what is seen stays the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from string import ascii_letters
from zlib import crc32

_FONTS = re.compile(r"\s*font-family: [^;\"]*;")  # the page's own are used
_NO_TURN = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_PLACE = re.compile(r'\b([xy])="(-?\d+\.\d+)"')
_OF_GRID = re.compile(r' clip-path="[^"]*"(?= style="fill: none; stroke: var\(--grid\))')  # ends where the plot does
_STRAIGHT = re.compile(r"[MLz\d\s.-]*")
_STRAIGHT_PART = re.compile(r"[MLz]|-?[\d.]+")
_TENTHS = 10  # of 1/72 inch: corners of lines stand on a grid of them (assumed: a sixth of a pixel)
_OUTLINE = re.compile(r' d="([^"]*)"')
_NAME = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'url\(#([^)]*)\)|href="#([^"]*)"')
_BARE_GROUP = re.compile(r"<g/>\n|<g>\n((?:(?!</?g\b).)*?)</g>\n", re.DOTALL)
_SIBLINGS = re.compile(r'<path d="[^"]*"( [^>]*)/>\n(?:<path d="[^"]*"\1/>\n?)+')
_PART = re.compile(r'<g (data-of="[^"]*" data-tip="\d+")>\n<(\w+) ([^>]*/>)\n</g>')
_STYLE = re.compile(r' style="([^"]*)"')
_SHEET = re.compile(r'(<style type="text/css">)([^<]*)(</style>)')
_LONG = 40  # letters of a style, which are worth a class of their own (assumed: figures of a page have it, too)
_TILE = re.compile(r'width="72" height="72">\n(<rect [^>]*)width="73" height="73"([^>]*/>)\n<path d="([^"]*)"')
_DIAGONAL = re.compile(r"M(-?[\d.]+)[ ]?(-?[\d.]+)l72(-| )72")
_RULE = re.compile(r"[^{}]+\{[^}]*\}")
_CALLED, _USED = re.compile(r"\.([A-Za-z]+)(?=\{)"), re.compile(r' class="([A-Za-z]+)"')
_BLANKS = re.compile(r"([:;]) ")
_NESTED = 3  # groups in groups that are taken away


def slim(svg: str) -> str:
    """An SVG element with fonts, turns by nothing, unused names and repeated styles taken out of it.

    A style that is there more than once, or that is long, becomes a class, which is called by what it says: the same in
    all figures of a page.
    """
    for pattern in (_FONTS, _NO_TURN):
        svg = pattern.sub("", svg)
    svg = _PLACE.sub(lambda place: f'{place[1]}="{_tenths(round(float(place[2]) * _TENTHS))}"', svg)
    svg = _OF_GRID.sub("", svg)
    svg = _OUTLINE.sub(lambda path: f' d="{_short(path[1])}"', svg).replace(" xlink:href=", " href=")
    used = {first or second for first, second in _REFERENCE.findall(svg)}
    svg = _NAME.sub(lambda name: name[0] if name[1] in used else "", svg)
    for _ in range(_NESTED):
        svg = _BARE_GROUP.sub(lambda group: group[1] or "", svg)
    svg = _PART.sub(r"<\2 \1 \3", svg)
    svg = _SIBLINGS.sub(_joined, svg)
    svg = _TILE.sub(_tile, svg)
    styles = Counter(_STYLE.findall(svg))
    often = {style for style, count in styles.items() if count > 1 or (len(style) > _LONG and "url(" not in style)}
    svg = _STYLE.sub(lambda style: f' class="{_class(style[1])}"' if style[1] in often else style[0], svg)
    rules = "".join(_rule(style) for style in sorted(often))
    return _SHEET.sub(lambda sheet: f"{sheet[1]}{sheet[2]}{rules}{sheet[3]}", svg, count=1)


def _short(path: str) -> str:
    """A path of straight lines in relative steps of tenths; one with curves without the letters that are implied."""
    if _STRAIGHT.fullmatch(path):
        return _in_steps(_STRAIGHT_PART.findall(path))
    tokens, implied = [], ""
    for token in path.split():
        if not token.isalpha():
            tokens.append(token)
        elif token != implied:
            tokens.append(token)
            implied = {"M": "L", "z": ""}.get(token, token)
    return " ".join(tokens)


def _in_steps(parts: list[str]) -> str:
    """Straight lines from corner to corner, those left out at which nothing is to be seen."""
    out: list[str] = []
    x = y = 0
    steps: list[tuple[int, int]] = []
    rest = iter(parts)
    begins = False
    for part in rest:
        if part == "M":
            begins = True
        elif part == "z":
            out += (*_drawn(steps), "z")
            steps = []
        elif part != "L":
            to_x, to_y = round(float(part) * _TENTHS), round(float(next(rest)) * _TENTHS)
            if begins:
                out += (*_drawn(steps), f"M{_tenths(to_x)}{_after(to_y)}")
                steps, begins = [], False
            else:
                _add(steps, to_x - x, to_y - y)
            x, y = to_x, to_y
    return "".join((*out, *_drawn(steps)))


def _add(steps: list[tuple[int, int]], right: int, down: int) -> None:
    """Go on by a step: on in the last one's direction where it is that, along an axis."""
    if not right and not down:
        return
    if steps:
        before_right, before_down = steps[-1]
        if (right == before_right == 0 and down * before_down > 0) or (
            down == before_down == 0 and right * before_right > 0
        ):
            steps[-1] = (before_right + right, before_down + down)
            return
    steps.append((right, down))


def _drawn(steps: list[tuple[int, int]]) -> Iterator[str]:
    """Steps as a path has them; one that goes nowhere is a dot."""
    letter = ""
    for right, down in steps:
        wanted = "v" if not right else "h" if not down else "l"
        first, *second = [down] if wanted == "v" else [right] if wanted == "h" else [right, down]
        yield f"{wanted}{_tenths(first)}" if wanted != letter else _after(first)
        yield from map(_after, second)
        letter = wanted


def _tenths(number: int) -> str:
    whole, tenth = divmod(abs(number), _TENTHS)
    shown = f"{whole or '' if tenth else whole}{f'.{tenth}' if tenth else ''}"
    return f"-{shown}" if number < 0 else shown


def _after(number: int) -> str:
    """A number behind another one: its sign parts them, too."""
    return _tenths(number) if number < 0 else f" {_tenths(number)}"


def _tile(pattern: re.Match[str]) -> str:
    """A pattern of parallel diagonals as one that is as large as their distance; any other as it is."""
    lines = [(float(x), float(y), sign) for x, y, sign in _DIAGONAL.findall(pattern[3])]
    signs = dict.fromkeys(sign for _, _, sign in lines)
    steps = {abs(b[0] - a[0]) for a, b in pairwise(lines) if a[2] == b[2]}
    if _DIAGONAL.sub("", pattern[3]) or len(steps) != 1:
        return pattern[0]
    step = steps.pop()
    side = 2 * step
    if not step or 72 % side:
        return pattern[0]
    starts = {"-": ((-step, step), (0, side), (step, 3 * step)), " ": ((-step, step), (0, 0), (step, -step))}
    drawn = "".join(f"M{x:g} {y:g}l{side:g}{sign}{side:g}" for sign in signs for x, y in starts[sign])
    head = f'width="{side:g}" height="{side:g}">\n{pattern[1]}width="{side + 1:g}" height="{side + 1:g}"{pattern[2]}\n'
    return f'{head}<path d="{drawn}"'


def _joined(siblings: re.Match[str]) -> str:
    """Outlines that are drawn alike one after another, as one; where they are transparent, overlaps would change."""
    alike = siblings[1]
    if "opacity" in alike or " id=" in alike or " data-" in alike or "marker" in alike:
        return siblings[0]
    return f'<path d="{"".join(_OUTLINE.findall(siblings[0]))}"{alike}/>\n'


def _rule(style: str) -> str:
    terse = _BLANKS.sub(r"\1", style)
    return f".{_class(style)}{{{terse}}}"


def told_once(page: str) -> str:
    """A page of slim SVG elements with each style in the first of them only, by a short name: it holds for all."""
    known: set[str] = set()
    names: dict[str, str] = {}

    def brief(rule: str) -> str:
        name = _CALLED.match(rule)
        return rule if name is None else f".{names.setdefault(name[1], f's{len(names)}')}{rule[name.end() :]}"

    def new(sheet: re.Match[str]) -> str:
        rules = [rule for rule in _RULE.findall(sheet[2]) if rule not in known]
        known.update(rules)
        return f"{sheet[1]}{''.join(map(brief, rules))}{sheet[3]}" if rules else ""

    shown = _SHEET.sub(new, page)
    return _USED.sub(lambda used: f' class="{names.get(used[1], used[1])}"', shown)


def _class(style: str) -> str:
    """A name of six letters or less, the same for the same style."""
    number, name = crc32(style.encode()), ""
    while number:
        number, letter = divmod(number, len(ascii_letters))
        name += ascii_letters[letter]
    return name
