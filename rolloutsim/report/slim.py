"""Matplotlib's SVG on a page without what the page does not need; what is seen stays the same."""

from __future__ import annotations

import re
from collections import Counter
from string import ascii_letters
from zlib import crc32

_FONTS = re.compile(r"\s*font-family: [^;\"]*;")  # the page's own are used
_NO_TURN = re.compile(r' transform="rotate\(-0 [^)]*\)"')
_PLACE = re.compile(r'\b([xy])="(-?\d+\.\d{2})\d+"')  # hundredths of 1/72 inch are more than anybody sees
_OUTLINE = re.compile(r' d="([^"]*)"')
_NAME = re.compile(r' id="([^"]*)"')
_REFERENCE = re.compile(r'url\(#([^)]*)\)|href="#([^"]*)"')
_BARE_GROUP = re.compile(r"<g/>\n|<g>\n((?:(?!</?g\b).)*?)</g>\n", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_SHEET = re.compile(r'(<style type="text/css">)([^<]*)(</style>)')
_BLANKS = re.compile(r"([:;]) ")
_NESTED = 3  # groups in groups that are taken away


def slim(svg: str) -> str:
    """An SVG element with fonts, turns by nothing, unused names and repeated styles taken out of it.

    A style that is there more than once becomes a class, which is called by what it says: the same in all figures of a
    page.
    """
    for pattern in (_FONTS, _NO_TURN):
        svg = pattern.sub("", svg)
    svg = _PLACE.sub(r'\1="\2"', svg)
    svg = _OUTLINE.sub(lambda path: f' d="{_short(path[1])}"', svg)
    used = {first or second for first, second in _REFERENCE.findall(svg)}
    svg = _NAME.sub(lambda name: name[0] if name[1] in used else "", svg)
    for _ in range(_NESTED):
        svg = _BARE_GROUP.sub(lambda group: group[1] or "", svg)
    often = {style for style, count in Counter(_STYLE.findall(svg)).items() if count > 1}
    svg = _STYLE.sub(lambda style: f' class="{_class(style[1])}"' if style[1] in often else style[0], svg)
    rules = "".join(_rule(style) for style in sorted(often))
    return _SHEET.sub(lambda sheet: f"{sheet[1]}{sheet[2]}{rules}{sheet[3]}", svg, count=1)


def _short(path: str) -> str:
    """A path without the letters that the one before implies: after M comes L, after any other the same."""
    tokens, implied = [], ""
    for token in path.split():
        if not token.isalpha():
            tokens.append(token)
        elif token != implied:
            tokens.append(token)
            implied = {"M": "L", "z": ""}.get(token, token)
    return " ".join(tokens)


def _rule(style: str) -> str:
    terse = _BLANKS.sub(r"\1", style)
    return f".{_class(style)}{{{terse}}}"


def _class(style: str) -> str:
    """A name of six letters or less, the same for the same style."""
    number, name = crc32(style.encode()), ""
    while number:
        number, letter = divmod(number, len(ascii_letters))
        name += ascii_letters[letter]
    return name
