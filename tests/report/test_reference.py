"""What several reports have for reference is said once, and later ones tell where, and what is different."""

from __future__ import annotations

from rolloutsim.report.blocks import Block, Code, Report, Rows, Section, Text, title_of_all
from rolloutsim.report.reference import said_once
from rolloutsim.results.shown.tabular import TEXT, of_tuples


def table(**changed: str) -> Rows:
    rows = [(f"key{number}", "1") for number in range(20)]
    rows = [(key, changed.get(key, value)) for key, value in rows if changed.get(key) != ""]
    return Rows("Defaults", of_tuples([("key", TEXT), ("value", TEXT)], rows), folded=True)


def report(title: str, *blocks: Block, limits: str = "All is fluid.") -> Report:
    return Report(title, "", (Section("scenario", "Scenario", blocks), Section("limits", "Limits", (Text(limits),))))


def shown(*reports: Report) -> list[list[Block]]:
    return [[block for section in one.sections for block in section.blocks] for one in said_once(reports)]


def test_what_is_the_same_is_told_in_a_line() -> None:
    first, second, third = shown(report("a", table()), report("b", table()), report("c", table(), limits="Other."))
    assert len(first) == 2
    assert second == [Text("Defaults: as in report 1 (a).", "note"), Text("As in report 1 (a).", "note")]
    assert third == [Text("Defaults: as in report 1 (a).", "note"), Text("Other.")]


def test_what_is_given_is_told_by_what_differs_and_the_file_with_it() -> None:
    def report_of(title: str, uplink: str) -> Report:
        rows = [*((f"key{number}", "1") for number in range(20)), ("uplink", uplink)]
        given = Rows("Given", of_tuples([("key", TEXT), ("value", TEXT)], rows))
        return Report(title, "", (Section("scenario", "", (given, Code("The file: save it", uplink, long=True))),))

    note, rows, code = said_once((report_of("a", "1"), report_of("b", "2")))[1].sections[0].blocks
    assert note == Text("Given: as in report 1 (a), but for uplink.", "note")
    assert isinstance(rows, Rows)
    assert rows.table.cells() == (("uplink", "2"),)
    assert code == Text("The file: that of report 1 (a) with the values above.", "note")


def test_a_table_that_differs_in_some_rows_is_told_by_these() -> None:
    _, (note, rows, _) = shown(report("a", table()), report("b", table(key3="2", key5="")))
    assert note == Text("Defaults: as in report 1 (a), but for key3 and key5.", "note")
    assert isinstance(rows, Rows)
    assert (rows.caption, rows.table.cells()) == ("Defaults, of these", (("key3", "2"),))


def test_a_table_that_differs_in_most_rows_and_one_that_is_not_for_reference_stay() -> None:
    other = table(**{f"key{number}": "2" for number in range(4)})
    assert shown(report("a", table()), report("b", other))[1][0] is other
    plain = Rows("Links", table().table)
    reports = tuple(Report(name, "", (Section("network", "", (plain,)),)) for name in "ab")
    assert said_once(reports)[1].sections[0].blocks == (plain,)


def test_what_titles_have_in_common_is_there_once() -> None:
    assert title_of_all((report("x"), report("x · a"), report("y"))) == "x · a · y"
