"""Tables of values: what people read is one thing, what is sorted and written another."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest

from rolloutsim.results.shown.tabular import (
    COUNT,
    OPTIONS,
    SIZE,
    TEXT,
    TIME,
    Column,
    Table,
    csv_text,
    html,
    markdown,
    of_tuples,
)

COLUMNS = (("<image>", TEXT), ("size", SIZE), ("time", TIME))
TABLE = of_tuples(COLUMNS, [("a|b", 346e6, 750.0), ("c", 7.0, None), ("d", 64e3, nan)])


def test_values_stay_and_cells_are_what_people_read() -> None:
    assert TABLE.values()[0] == ("a|b", 346e6, 750.0)
    assert TABLE.cells() == (("a|b", "346 MB", "12m30s"), ("c", "7 B", "–"), ("d", "64 kB", "–"))


def test_markdown_shows_cells_on_their_sides() -> None:
    assert markdown(TABLE).splitlines() == [
        r"| \<image> | size | time |",
        "|---|--:|--:|",
        r"| a\|b | 346 MB | 12m30s |",
        "| c | 7 B | – |",
        "| d | 64 kB | – |",
    ]


def test_options_are_copied_out_of_markdown_as_they_are() -> None:
    rows = [('prepulls.before={"images": ["a_b*"]}',), ('images["a|b"]=null',), ("name=`x`",), ("name=``y",)]
    table = of_tuples([("with", OPTIONS)], [([row[0]],) for row in rows])
    assert markdown(table).splitlines()[2:] == [
        """| `--set 'prepulls.before={"images": ["a_b*"]}'` |""",
        """| `--set 'images["a\\|b"]=null'` |""",
        "| ``--set 'name=`x`'`` |",
        "| ```--set 'name=``y'``` |",
    ]


def test_csv_has_values_in_full_and_nothing_where_there_is_none() -> None:
    table = of_tuples([("name", TEXT), ("bytes", SIZE)], [("a\x1b", 345678901.5), ("b,c", None)])
    assert csv_text(table) == 'name,bytes\na\\x1b,345678901.5\n"b,c",\n'


def test_a_page_sorts_by_values_that_its_cells_carry() -> None:
    table = Table(TABLE.columns, TABLE.rows, lambda row: f'image:"{row[0]}"')
    assert html(table, page=True) == (
        '<table><thead><tr><th scope="col" class="left">&lt;image&gt;</th><th scope="col" class="right">size</th>'
        '<th scope="col" class="right">time</th></tr></thead><tbody>'
        '<tr data-of="image:&quot;a|b&quot;"><td class="left">a|b</td><td class="right" data-value="346000000.0">346 MB'
        '</td><td class="right" data-value="750.0">12m30s</td></tr>'
        '<tr data-of="image:&quot;c&quot;"><td class="left">c</td><td class="right" data-value="7.0">7 B</td>'
        '<td class="right">–</td></tr>'
        '<tr data-of="image:&quot;d&quot;"><td class="left">d</td><td class="right" data-value="64000.0">64 kB</td>'
        '<td class="right">–</td></tr></tbody></table>'
    )


@pytest.mark.parametrize(
    ("value", "written"), [(3, "3.0"), (np.float64(0.1), "0.1"), (np.int64(7), "7.0"), (inf, "Infinity")]
)
def test_a_value_is_written_as_a_script_reads_numbers(value: float, written: str) -> None:
    table = of_tuples([("pods", COUNT)], [(value,)])
    assert f'data-value="{written}"' in html(table, page=True)


def test_a_cell_may_say_more_than_its_value() -> None:
    column = Column("time", TIME, lambda row: row, lambda row: f"{row:.1f} ± 0.2 s")
    table = Table((column,), (4.0,))
    assert (table.values(), table.cells()) == (((4.0,),), (("4.0 ± 0.2 s",),))
    assert '<td class="right" data-value="4.0">4.0 ± 0.2 s</td>' in html(table, page=True)


def test_elsewhere_cells_say_their_side_themselves_under_a_caption() -> None:
    assert html(of_tuples([("", TEXT), ("", TIME)], [("a&b", 1.0)]), "<c>") == (
        "<table><caption>&lt;c&gt;</caption><tbody>"
        '<tr><td style="text-align:left">a&amp;b</td><td style="text-align:right">1.00 s</td></tr></tbody></table>'
    )


def test_options_are_quoted_where_a_shell_asks_for_it() -> None:
    assert OPTIONS.show(("nodes=50", "network=10 Gbit/s", 'images["ann\'s"]=7 B')) == (
        """--set nodes=50 --set 'network=10 Gbit/s' --set 'images["ann'"'"'s"]=7 B'"""
    )
