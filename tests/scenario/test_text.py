"""YAML text: what scalars mean, and what a hostile text cannot do."""

from __future__ import annotations

import pytest

from rolloutsim.errors import Diagnostic, ScenarioError
from rolloutsim.scenario.text import decode, read

ALIAS_BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 12)
)


def refusal(text: str) -> Diagnostic:
    with pytest.raises(ScenarioError) as caught:
        read(text, "bad.yaml")
    (diagnostic,) = caught.value.diagnostics
    return diagnostic


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1:30", "1:30"),
        ("yes", "yes"),
        ("off", "off"),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("true", True),
        ("False", False),
        ("1e3", 1000.0),
        ("'20'", "20"),
        ('"a\\tb"', "a\tb"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(text: str, value: object) -> None:
    assert read(f"key: {text}\n", "f.yaml").data == {"key": value}


def test_a_key_is_the_text_as_written() -> None:
    assert read("3.10: a\n'5': b\ntrue: c\n", "f.yaml").data == {"3.10": "a", "5": "b", "true": "c"}


def test_anchors_and_aliases_share_values() -> None:
    assert read("a: &x {b: 1}\nc: *x\n", "f.yaml").data == {"a": {"b": 1}, "c": {"b": 1}}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfa: 1", "f.yaml") == "a: 1"


def test_bytes_that_are_not_utf_8_are_located() -> None:
    with pytest.raises(ScenarioError) as caught:
        decode(b"rolloutsim: 1\nname: caf\xe9 bar\n", "bad.yaml")
    assert str(caught.value) == (
        "bad.yaml:2:10: error: byte 0xe9 is not UTF-8; save the file as UTF-8\n"
        "     2 | name: caf\N{REPLACEMENT CHARACTER} bar\n"
        "       |          ^"
    )


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    diagnostic = refusal(ALIAS_BOMB)
    assert (diagnostic.line, diagnostic.column) == (6, 5)
    assert diagnostic.message == (
        "more than 400,000 values with its aliases written out; that is the most that a scenario may have"
    )


def test_a_file_of_twenty_megabytes_is_refused_unread() -> None:
    with pytest.raises(ScenarioError) as caught:
        decode(ALIAS_BOMB.encode() + b"#" * 20_000_000, "bad.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == "the file is larger than 16 MB, the most that a scenario may be"
    assert (diagnostic.line, diagnostic.column) == (1, 1)


def test_too_many_values_are_refused() -> None:
    assert refusal("a: [" + "x," * 500_000 + "]").message == (
        "more than 400,000 values with its aliases written out; that is the most that a scenario may have"
    )


def test_deep_nesting_is_refused() -> None:
    assert refusal("a: " + "[" * 100 + "]" * 100).message == "nested more than 32 levels deep; a scenario needs 6"


def test_nesting_beyond_the_parser_is_refused() -> None:
    assert refusal("a: " + "[" * 100_000).message == "nested more than 32 levels deep; a scenario needs 6"


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert refusal("a: &x [*x]").message == "alias '*x' stands inside its own anchor '&x'"


def test_a_chain_of_aliases_cannot_nest_without_end() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 80))
    source = read(chain, "bad.yaml")
    assert source.problems
    assert {problem.message for problem in source.problems} == {"nested more than 64 levels deep"}


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in Diagnostic("bad \x1b[31m", "f.yaml", 1, 1, 1, "a: \x1b[31m").render()


def test_a_long_line_is_cut_around_the_caret() -> None:
    rendered = Diagnostic("bad", "f.yaml", 1, 501, 3, "x" * 500 + "bad" + "y" * 500).render().splitlines()
    assert len(rendered[1]) == len("     1 | ") + 162
    start, end = rendered[2].index("^"), rendered[2].rindex("^") + 1
    assert rendered[1][start:end] == "bad"


def test_wide_characters_keep_the_caret_in_place() -> None:
    assert Diagnostic("bad", "f.yaml", 1, 5, 1, "日本: x").render().splitlines()[2] == "       |       ^"


def test_a_character_that_json_escapes_as_a_pair_is_read() -> None:
    assert read('{"name": "\\ud83d\\ude80 \\u00e4"}', "f.yaml").data == {"name": "🚀 ä"}


def test_half_of_a_character_is_refused() -> None:
    with pytest.raises(ScenarioError) as caught:
        read("rolloutsim: 1\nname: a\udcff\n", "f.yaml")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.line, diagnostic.column) == (2, 8)
    assert diagnostic.message == "U+DCFF is no character, but half of one; write it as UTF-8"
