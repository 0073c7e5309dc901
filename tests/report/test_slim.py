"""What is taken out of a figure on a page: what nobody sees, and nothing that anybody refers to."""

from __future__ import annotations

import re
from pathlib import Path

import rolloutsim as rs
from rolloutsim.report.slim import slim

SVG = (
    '<svg>\n<defs>\n<style type="text/css">*{a: b}</style>\n</defs>\n<g id="f1-axes_1">\n<g>\n'
    '<path id="f1-m1" d="M 0 0 \nL 0 3.5 \nL 1 2 \nz\nM 4 4 \nL 5 5 \n" style="fill: none"/>\n</g>\n'
    '<use xlink:href="#f1-m1" x="52.020888" y="3.5" style="fill: none"/>\n'
    "<text style=\"font-size: 9px; font-family: 'A', 'B C'; fill: red\" transform=\"rotate(-0 1 2)\">x</text>\n"
    '<g data-of="node:a">\n<text transform="rotate(-90 1 2)">y</text>\n</g>\n</g>\n</svg>'
)


def test_fonts_turns_by_nothing_unused_names_and_repeated_styles_are_taken_out() -> None:
    assert slim(SVG) == (
        '<svg>\n<defs>\n<style type="text/css">*{a: b}.JXNxMc{fill:none}</style>\n</defs>\n<g>\n'
        '<path id="f1-m1" d="M 0 0 0 3.5 1 2 z M 4 4 5 5" class="JXNxMc"/>\n'
        '<use xlink:href="#f1-m1" x="52.02" y="3.5" class="JXNxMc"/>\n'
        '<text style="font-size: 9px; fill: red">x</text>\n'
        '<g data-of="node:a">\n<text transform="rotate(-90 1 2)">y</text>\n</g>\n</g>\n</svg>'
    )


def test_it_is_slim_then() -> None:
    assert slim(slim(SVG)) == slim(SVG)


def test_what_is_referred_to_is_there_and_each_class_says_one_thing() -> None:
    page = rs.load(Path("scenarios/20nodes.yaml")).run().to_html()
    names = set(re.findall(r'\bid="([^"]*)"', page))
    assert {first or second for first, second in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page)} <= names
    rules: dict[str, set[str]] = {}
    sheets = "".join(re.findall(r"stroke-linecap: butt\}([^<]*)</style>", page))
    for name, style in re.findall(r"\.(\w+)\{([^}]*)\}", sheets):
        rules.setdefault(name, set()).add(style)
    assert all(len(styles) == 1 for styles in rules.values())
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert set(re.findall(r'class="(\w+)"', drawn)) == set(rules)
    assert len(rules) > 10
