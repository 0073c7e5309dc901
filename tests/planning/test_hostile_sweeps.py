"""Files of sweeps that nobody wrote in good faith: each ends in one line that says what is wrong."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import rolloutsim as rs
from rolloutsim.errors import RolloutsimError, UsageError
from tests.fuzz.sweeps import Original, originals

END = "'rolloutsim sweep FILE -o s.sqlite' makes one"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A sweep of three points, three replications and a metric, whose bytes are those of every other."""
    found = tmp_path / "s.sqlite"
    found.write_bytes(sweep().content)
    return found


def sweep() -> Original:
    return originals()[1]


def error_of(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        rs.Sweep.read(path)
    words = str(caught.value)
    assert words.isprintable()
    assert len(words) < 1000
    return words


def go_on(path: Path) -> None:
    one = sweep()
    rs.loads(one.text).sweep(one.parameters, path=path, resume=True, jobs=1, **one.options)


def execute(path: Path, *statements: Any) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(*(statement if isinstance(statement, tuple) else (statement,)))


def test_what_is_changed_below_can_be_read(path: Path) -> None:
    assert rs.Sweep.read(path).complete
    go_on(path)


# ---- bytes -----------------------------------------------------------------------------------------------


def patched(place: int, data: bytes, content: bytes) -> bytes:
    return content[:place] + data + content[place + len(data) :]


BYTES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _: b"", "no such table: sweep"),
    "text": (lambda _: b"rolloutsim: 1\n" * 500, "file is not a database"),
    "zeros": (lambda _: bytes(8192), "file is not a database"),
    "an archive": (lambda _: b"PK\x03\x04" + bytes(8192), "file is not a database"),
    "a signature alone": (lambda old: old[:16], "file is not a database"),
    "a head alone": (lambda old: old[:100], "is not the file of a sweep"),
    "the first page alone": (lambda old: old[:4096], "database disk image is malformed"),
    "the first half": (lambda old: old[: len(old) // 2], "database disk image is malformed"),
    "another signature": (partial(patched, 0, b"SQLite format 4\0"), "file is not a database"),
    "pages of one byte": (partial(patched, 16, b"\0\1"), "is not the file of a sweep"),
    "pages of 24 bytes": (partial(patched, 16, b"\0\x18"), "file is not a database"),
    "pages of no bytes": (partial(patched, 16, b"\0\0"), "file is not a database"),
    "a version to come": (partial(patched, 18, b"\xff\xff"), "file is not a database"),
    "a tree that is none": (partial(patched, 100, b"\xff"), "database disk image is malformed"),
    "a table without a page": (lambda old: old.replace(b'CREATE TABLE "sweep"', b'DELETE TABLE "sweep"'), "malformed"),
    "texts of another kind": (partial(patched, 56, b"\0\0\0\2"), "is not the file of a sweep"),
    "a schema to come": (partial(patched, 44, b"\0\0\0\xff"), "unsupported file format"),
}  # fmt: skip


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_sweep(name: str, path: Path) -> None:
    change, words = BYTES[name]
    path.write_bytes(change(sweep().content))
    found = error_of(path)
    assert words in found
    assert found.endswith(END)


# ---- tables ----------------------------------------------------------------------------------------------

RENAMED = "ALTER TABLE {0} RENAME TO own"
FOREVER = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i AS point FROM n"
SCHEMAS: dict[str, tuple[tuple[str, ...], str]] = {
    "no sweep": (("DROP TABLE sweep",), "no such table: sweep"),
    "no parameters": (("DROP TABLE parameters",), "no such table: parameters"),
    "no points": (("DROP TABLE points",), "no such table: points"),
    "no results": (("DROP TABLE results",), "no such table: results"),
    "an empty sweep": (("DELETE FROM sweep",), "its table 'sweep' is empty"),
    "no parameter": (("DELETE FROM parameters",), "it varies nothing, or something twice"),
    "no point": (("DELETE FROM points",), "it has no points or replications, or too many of them"),
    "a view of the sweep": ((RENAMED.format("sweep"), "CREATE VIEW sweep AS SELECT * FROM own"), "no plain table"),
    "a view of points": ((RENAMED.format("points"), "CREATE VIEW points AS SELECT * FROM own"), "no plain table"),
    "a view of results": ((RENAMED.format("results"), "CREATE VIEW results AS SELECT * FROM own"), "no plain table"),
    "a view without an end": (("DROP TABLE points", f"CREATE VIEW points AS {FOREVER}"), "no plain table"),
    "a view of itself": (("DROP TABLE results", "CREATE VIEW results AS SELECT * FROM results"), "no plain table"),
    "a search in the place of results": (
        ("DROP TABLE results", "CREATE VIRTUAL TABLE results USING fts5(point)"), "its 'results' is no plain table",
    ),
    "a column that is worked out": (
        ("ALTER TABLE results ADD COLUMN x AS (hex(zeroblob(900000000)))",), "its 'results' is no plain table",
    ),
    "points that are worked out": (
        ("ALTER TABLE points ADD COLUMN x AS (printf('%.*c', 900000000, 'x'))",), "its 'points' is no plain table",
    ),
    "no schema": (("ALTER TABLE sweep DROP COLUMN schema",), "it has no 'schema'"),
    "no name": (("ALTER TABLE sweep DROP COLUMN name",), "it has no 'name'"),
    "no scenario": (("ALTER TABLE sweep DROP COLUMN scenario",), "it has no 'scenario'"),
    "no seed": (("ALTER TABLE sweep DROP COLUMN seed",), "it has no 'seed'"),
    "no path": (("ALTER TABLE parameters DROP COLUMN path",), "its 'parameters' has no 'path'"),
    "no values": (('ALTER TABLE parameters DROP COLUMN "values"',), "its 'parameters' has no 'values'"),
    "no hashes": (("ALTER TABLE points DROP COLUMN sha256",), "its 'points' has no 'sha256'"),
    "no column of a parameter": (("ALTER TABLE points DROP COLUMN nodes",), "its 'points' has no 'nodes'"),
    "no times": (("ALTER TABLE results DROP COLUMN rollout_time_s",), "its 'results' has no 'rollout_time_s'"),
    "no words": (("ALTER TABLE results DROP COLUMN stuck",), "its 'results' has no 'stuck'"),
    "no metric": (('ALTER TABLE results DROP COLUMN "pull_time p95"',), "its 'results' has no 'pull_time p95'"),
    "no conditions": (('ALTER TABLE thresholds DROP COLUMN "check"',), "its 'thresholds' has no 'check'"),
    "a list without cases": (
        ("CREATE TABLE x (point, replication)", "CREATE INDEX x_of_run ON x (point)"), "its 'x' has no 'case'",
    ),
    "a list with another index": (
        ("CREATE TABLE x (a)", "CREATE INDEX x_of_run ON x (a)"), "no such column: point",
    ),
    "a list that steers": (
        ('CREATE TABLE "\x1b[2J" (a)', 'CREATE INDEX "\x1b[2J_of_run" ON "\x1b[2J" (a)'), "no such column: point",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_tables_that_no_sweep_has(name: str, path: Path) -> None:
    statements, words = SCHEMAS[name]
    execute(path, *statements)
    found = error_of(path)
    assert words in found
    assert found.endswith(END)


# ---- values ----------------------------------------------------------------------------------------------

OTHER = "its 'sweep' has a value of another type than it should"
VALUES: dict[str, tuple[str, str, Any, str]] = {
    "a form to come": ("sweep", "schema", "rolloutsim.sweep/9", "is of the form rolloutsim.sweep/9; this release"),
    "a form that is none": ("sweep", "schema", None, "is of the form None; this release reads rolloutsim.sweep/1"),
    "a form that steers": ("sweep", "schema", "\x1b[2J", "is of the form \\x1b[2J; this release reads"),
    "a form of a million letters": ("sweep", "schema", "x" * 10**6, "x…; this release reads"),
    "a name that is a number": ("sweep", "name", 1, "s.sqlite"),
    "a name that is null": ("sweep", "name", None, OTHER),
    "a name of bytes": ("sweep", "name", b"\xff", OTHER),
    "a name that steers": ("sweep", "name", "\x1b[2J", "its 'sweep' has a text with control characters"),
    "a version that is null": ("sweep", "version", None, OTHER),
    "no scenario": ("sweep", "scenario", "", "it has no scenario"),
    "a scenario that is no JSON": ("sweep", "scenario", "{", "its JSON cannot be read"),
    "a scenario that is a list": ("sweep", "scenario", "[]", "its scenario: it is no object"),
    "a scenario that is not valid": ("sweep", "scenario", '{"rolloutsim": 1}', "its scenario: it is no valid scenario"),
    "a scenario nested deep": ("sweep", "scenario", '{"a":' * 200_000, "its JSON is nested too deep"),
    "a scenario of bytes": ("sweep", "scenario", b"{}", OTHER),
    "an unknown design": ("sweep", "design", "magic", "its design is magic, and not one of grid, zip, sobol"),
    "a design that is null": ("sweep", "design", None, "its design is None, and not one of grid, zip, sobol"),
    "replications that are a text": ("sweep", "replications", "x", OTHER),
    "replications that are null": ("sweep", "replications", None, OTHER),
    "no replications": ("sweep", "replications", 0, "it has no points or replications, or too many of them"),
    "fewer replications": ("sweep", "replications", 2, "has a replication that is not 0 to 1"),
    "endless replications": ("sweep", "replications", 2**62, "it has no points or replications, or too many of them"),
    "a seed that is a text": ("sweep", "seed", "x", OTHER),
    "a seed that is null": ("sweep", "seed", None, OTHER),
    "metrics that are no JSON": ("sweep", "metrics", "[", "it has 'metrics' that cannot be read: its JSON"),
    "metrics that are an object": ("sweep", "metrics", "{}", "it has 'metrics' that is no list"),
    "metrics that are numbers": ("sweep", "metrics", "[1]", OTHER),
    "metrics that are none": ("sweep", "metrics", '["magic p95"]', "it shows what is no metric: 'magic p95'"),
    "metrics nested deep": ("sweep", "metrics", "[" * 200_000, "its JSON is nested too deep"),
    "a metric that was not measured": ("sweep", "metrics", '["pull_time p50"]', "its 'results' has no 'pull_time p50'"),
    "a path that is a number": ("parameters", "path", b"\xff", "its 'parameters' has a name that is no text"),
    "a path that is null": ("parameters", "path", None, "its 'parameters' has a name that is no text"),
    "a path that steers": ("parameters", "path", "\x1b[2J", "its 'parameters' has a name with control characters"),
    "a column that is null": ("parameters", "column", None, "its 'parameters' has a name that is no text"),
    "a column that is not there": ("parameters", "column", "x", "its 'points' has no 'x'"),
    "a column of numbers that is not there": ("parameters", "number_column", "x", "its 'points' has no 'x'"),
    "one column for both": ("parameters", "number_column", "nodes", "it varies nothing, or something twice"),
    "values that are null": ("parameters", "values", None, "its 'parameters' has 'values' that is no JSON"),
    "values that are no JSON": ("parameters", "values", "2, 3", "has 'values' that cannot be read: its JSON"),
    "values that are a number": ("parameters", "values", "2", "'values' that are neither a list nor a range"),
    "values that are none": ("parameters", "values", "[]", "'values' that are neither a list nor a range"),
    "values nested deep": ("parameters", "values", "[" * 200_000, "its JSON is nested too deep"),
    "values of many digits": ("parameters", "values", f"[{'9' * 9999}]", "a number has too many digits"),
    "values that are NaN": ("parameters", "values", "[NaN]", "NaN is no number"),
    "two million values": ("parameters", "values", f"[{'0,' * 2 * 10**6}0]", "its JSON has up to 2,000,001 values"),
    "half a range": ("parameters", "values", '{"from": 1}', "'values' that are neither a list nor a range"),
    "a range of no scale": (
        "parameters", "values", '{"from": 1, "to": 2, "scale": "x"}', "'values' that are neither a list nor a range",
    ),
    "a range in a grid": (
        "parameters", "values", '{"from": 1, "to": 2, "scale": "log"}', "its points are not those of its parameters",
    ),
    "more values than points": ("parameters", "values", "[1, 2, 3, 4]", "not those of its parameters, of design grid"),
    "a point of no number": ("points", "nodes", b"\xff", "its 'points' has a value of another type than it should"),
    "an endless point": ("points", "nodes", float("inf"), "its 'points' has a value of another type than it should"),
    "a point that steers": ("points", "nodes", "\x1b[2J", "its 'points' has a value of another type than it should"),
    "a point of no hash": ("points", "sha256", b"\xff", "its 'points' has a value of another type than it should"),
    "a time that is a text": ("results", "rollout_time_s", "x", "has a 'rollout_time_s' that is no number"),
    "a time of bytes": ("results", "rollout_time_s", b"x", "has a 'rollout_time_s' that is neither a number"),
    "a time without an end": ("results", "rollout_time_s", float("inf"), "has a 'rollout_time_s' that is neither a"),
    "a metric that is a text": ("results", "pull_time p95", "x", "has a 'pull_time p95' that is no number"),
    "words that are no JSON": ("results", "stuck", "x", "has a 'stuck' that cannot be read"),
    "words that are numbers": ("results", "stuck", "[1]", "has a 'stuck' that is not of texts"),
    "words nested deep": ("results", "stuck", "[" * 200_000, "its JSON is nested too deep"),
    "a case of bytes": ("results", '"case"', b"\xff", "its 'results' has a case that is no text"),
    "a point beyond": ("results", "point", 7, "its 'results' has a point that is not 0 to 2"),
    "a point before": ("results", "point", -1, "its 'results' has a point that is not 0 to 2"),
    "a point that is a text": ("results", "point", "x", "its 'results' has a point that is not 0 to 2"),
    "a condition that is none": ("thresholds", "metric", "magic", "its 'thresholds' has a condition that is none"),
    "a condition that is null": ("thresholds", "metric", None, "its 'thresholds' has a condition that is none"),
    "a check that is none": ("thresholds", '"check"', "x", "its 'thresholds' has a condition that is none"),
    "a severity that is none": ("thresholds", "severity", "x", "its 'thresholds' has a condition that is none"),
    "a value that is a text": ("thresholds", "value", "x", "its 'thresholds' has a value that is no number"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_a_value_that_no_sweep_has(name: str, path: Path) -> None:
    table, column, value, words = VALUES[name]
    quoted = column if column.startswith('"') else f'"{column}"'
    where = f"rowid = (SELECT min(rowid) FROM {table})"
    if name == "a name that is a number":
        execute(path, ("ALTER TABLE sweep RENAME COLUMN name TO other",), ("ALTER TABLE sweep ADD COLUMN name BLOB",))
        words = OTHER
    execute(path, (f"UPDATE {table} SET {quoted} = ? WHERE {where}", (value,)))
    assert words in error_of(path)


def test_text_that_is_not_utf_8(path: Path) -> None:
    execute(path, "UPDATE sweep SET name = CAST(x'fffe' AS TEXT)")
    assert "Could not decode to UTF-8" in error_of(path)


def test_a_schema_whose_error_is_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE abcXYZ (a)")
    content = path.read_bytes().replace(b"CREATE TABLE", b"CREATE TABLX").replace(b"abcXYZ", b"abc\xff\xffZ")
    path.write_bytes(content)
    assert "is not the file of a sweep" in error_of(path)
    with pytest.raises(UsageError, match="is not the file of a sweep"):
        go_on(path)


def test_a_value_of_a_hundred_megabytes(path: Path) -> None:
    execute(path, "UPDATE sweep SET name = zeroblob(100000000)")
    assert "string or blob too big" in error_of(path)


def test_rows_twice(path: Path) -> None:
    execute(
        path, "DROP VIEW joined", "CREATE TABLE other AS SELECT * FROM results", "DROP TABLE results",
        "ALTER TABLE other RENAME TO results", "INSERT INTO results SELECT * FROM results",
    )  # fmt: skip
    assert "its 'results' has two rows of one point, replication and case" in error_of(path)


def test_points_with_other_numbers(path: Path) -> None:
    execute(path, "UPDATE points SET point = point + 10")
    assert "its points are not numbered 0 to 2" in error_of(path)


# ---- what is no file, and what is in use -----------------------------------------------------------------


def test_what_is_no_file(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
    assert "it is a pipe, a socket or a device, no file" in error_of(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "it is a pipe, a socket or a device, no file" in error_of(path)
    path.unlink()
    path.symlink_to(path)
    assert "is no file; " in error_of(path)
    path.unlink()
    path.mkdir()
    assert "it is a folder, no file" in error_of(path)
    with pytest.raises(UsageError, match="is no file; "):
        rs.Sweep.read(path.with_name("x" * 5000 + ".sqlite"))


def test_four_terabytes_of_nothing(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(4 << 40)
    assert rs.Sweep.read(path).complete  # what lies behind a database is none of it
    with path.open("wb") as file:
        file.truncate(4 << 40)
    assert "file is not a database" in error_of(path)


def test_a_log_that_is_none(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = WAL")
    Path(f"{path}-wal").write_bytes(os.urandom(10_000))
    Path(f"{path}-shm").write_bytes(os.urandom(32_768))
    assert rs.Sweep.read(path).complete


def test_one_that_another_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0.1))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "database is locked" in error_of(path)


# ---- going on with it ------------------------------------------------------------------------------------

RESUMED: dict[str, tuple[tuple[str, ...], str]] = {
    "a trigger": (
        ("CREATE TRIGGER t AFTER INSERT ON results BEGIN DELETE FROM points; END",),
        "has a trigger 't' that no sweep makes, so nothing is added to it",
    ),
    "a condition of its own": (
        ("DROP VIEW joined", "CREATE TABLE other (point, replication, x, CHECK (length(hex(x)) > 0))",
         "DROP TABLE results",
         "ALTER TABLE other RENAME TO results"),
        "has a table 'results' that no sweep makes, so nothing is added to it",
    ),
    "a view": (
        ("ALTER TABLE results RENAME TO own", "CREATE VIEW results AS SELECT * FROM own"), "is no plain table",
    ),
    "a run of no point": (
        ("UPDATE results SET point = 77 WHERE point = 2",), "has results of no point or replication of the sweep",
    ),
    "a run of no number": (
        ("UPDATE results SET replication = 'x' WHERE point = 2 AND replication = 0",),
        "has results of no point or replication of the sweep",
    ),
    "another sweep": (("UPDATE sweep SET version = '\x1b[2J'",), "its 'sweep' has a text with control characters"),
}  # fmt: skip


@pytest.mark.parametrize("name", RESUMED)
def test_nothing_is_added_to_what_no_sweep_is(name: str, path: Path) -> None:
    statements, words = RESUMED[name]
    execute(path, *statements)
    with pytest.raises(RolloutsimError) as caught:
        go_on(path)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_they_are_as_many_as_are_told() -> None:
    assert len(BYTES) + len(SCHEMAS) + len(VALUES) + len(RESUMED) >= 100
