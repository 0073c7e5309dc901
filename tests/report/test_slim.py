"""What is taken out of a figure on a page: what nobody sees, and nothing that anybody refers to."""

from __future__ import annotations

import re

from rolloutsim.report.slim import slim, told_once
from tests.report.pages import page_of

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
        '<path id="f1-m1" d="M0 0v3.5l1-1.5zM4 4l1 1" class="JXNxMc"/>\n'
        '<use href="#f1-m1" x="52" y="3.5" class="JXNxMc"/>\n'
        '<text style="font-size: 9px; fill: red">x</text>\n'
        '<g data-of="node:a">\n<text transform="rotate(-90 1 2)">y</text>\n</g>\n</g>\n</svg>'
    )


def test_outlines_are_steps_without_corners_that_nobody_sees() -> None:
    assert slim('<svg><path d="M 10.04 20 L 11 20 L 12.5 20 L 12.5 19 L 12.5 18.98 L 2 3.14 z"/></svg>') == (
        '<svg><path d="M10 20h2.5v-1l-10.5-15.9z"/></svg>'
    )
    # A curve stays what it is.
    assert slim('<svg><path d="M 0 0 C 1 1 2 2 3 3"/></svg>') == '<svg><path d="M 0 0 C 1 1 2 2 3 3"/></svg>'


def test_siblings_that_are_drawn_alike_become_one_unless_one_shines_through() -> None:
    two = '<path d="M 0 0 L 1 0" style="{0}"/>\n<path d="M 5 5 L 5 6" style="{0}"/>\n'
    assert slim(two.format("fill: red")) == '<path d="M0 0h1M5 5v1" style="fill: red"/>\n'
    assert slim(two.format("opacity: 0.5")).count("<path") == 2


def test_a_hatch_is_a_tile_as_large_as_its_lines_are_apart() -> None:
    lines = " ".join(f"M {k} {72 + k} L {72 + k} {k}" for k in range(-36, 37, 3))
    hatch = (
        '<pattern x="0" y="0" width="72" height="72">\n<rect x="0" y="0" width="73" height="73" fill="red"/>\n'
        f'<path d="{lines}"/>\n</pattern>'
    )
    assert slim(hatch) == (
        '<pattern x="0" y="0" width="6" height="6">\n<rect x="0" y="0" width="7" height="7" fill="red"/>\n'
        '<path d="M-3 3l6-6M0 6l6-6M3 9l6-6"/>\n</pattern>'
    )


def test_a_style_of_several_figures_stands_on_a_page_once() -> None:
    figure = '<style type="text/css">*{a:b}.QaZ{fill:none}</style><path class="QaZ"/>'
    assert told_once(figure + figure) == (
        '<style type="text/css">*{a:b}.s0{fill:none}</style><path class="s0"/><path class="s0"/>'
    )


def test_it_is_slim_then() -> None:
    assert slim(slim(SVG)) == slim(SVG)


def test_what_is_referred_to_is_there_and_each_class_says_one_thing() -> None:
    page = page_of("20nodes")
    names = set(re.findall(r'\bid="([^"]*)"', page))
    assert {first or second for first, second in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', page)} <= names
    rules: dict[str, set[str]] = {}
    sheets = "".join(re.findall(r'<style type="text/css">([^<]*)</style>', page))
    for name, style in re.findall(r"\.(\w+)\{([^}]*)\}", sheets):
        rules.setdefault(name, set()).add(style)
    assert all(len(styles) == 1 for styles in rules.values())
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert set(re.findall(r'class="(\w+)"', drawn)) == set(rules)
    assert len(rules) > 10
