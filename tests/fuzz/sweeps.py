"""Files of sweeps that are damaged or made up: an error of one line, or a sweep that commands can work with."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import rolloutsim as rs
from rolloutsim.api.sweep import Sweep
from rolloutsim.errors import RolloutsimError
from tests.fuzz.results import check_words
from tests.fuzz.uses import use_sweep

IDEAL = """\
rolloutsim: 1
model: ideal
nodes: 3
network: 1 Gbit/s
images: {a: 10 MB, b: 20 MB}
thresholds: {rollout_time: max < 1 s, pull_time: {check: p95 < 2 s, severity: warn}}
"""
REAL = """\
rolloutsim: 1
nodes: {web: 3, gpu: 2}
network: 1 Gbit/s
images: {a: {layers: [10 MB, 30 MB]}}
registries: {registry: {rate_limit: 2/min}}
thresholds: {rollout_time: max < 60 s}
"""
ODD = (
    None, -1, 0, 1, 7, 2**31, 2**63 - 1, -(2**63), 0.5, 1e308, float("inf"), -1e300, "", "x", "a\x1b[31m", "1 Gbit/s",
    b"\xff\x00", b"", b"x" * 100_000, "[]", "{}", "null", "[1", "[" * 200_000, '"x"', "[null]", "[1e999]",
    "[" + "9" * 5000 + "]", '{"from": 1, "to": 2, "scale": "log"}', '{"from": 1}', '["a", 2]', "NaN",
    "rolloutsim.sweep/2", "grid", "zip", "sobol", json.dumps(["x" * 50] * 3),
)  # fmt: skip
SCHEMA = (
    "DROP TABLE {0}",
    "ALTER TABLE {0} RENAME TO other",
    "ALTER TABLE {0} RENAME COLUMN {1} TO other",
    "ALTER TABLE {0} DROP COLUMN {1}",
    "ALTER TABLE {0} ADD COLUMN more REAL",
    "ALTER TABLE {0} ADD COLUMN more AS (hex(zeroblob(100000000)))",
    "DELETE FROM {0}",
    "INSERT INTO {0} SELECT * FROM {0}",
    "UPDATE {0} SET {1} = CAST(x'fffe' AS TEXT)",
    "UPDATE {0} SET {1} = zeroblob(70000000) WHERE rowid = 1",
    "CREATE TABLE keep AS SELECT * FROM {0}; DROP TABLE {0}; CREATE TABLE {0} AS SELECT * FROM keep",
    "ALTER TABLE {0} RENAME TO own; CREATE VIEW {0} AS SELECT * FROM own",
    "DROP TABLE {0}; CREATE VIEW {0} AS WITH RECURSIVE n(i) AS (SELECT 0 UNION SELECT i + 1 FROM n) SELECT i FROM n",
    "ALTER TABLE {0} RENAME TO own; CREATE VIEW {0} AS SELECT * FROM {0}",
    "DROP TABLE {0}; CREATE VIRTUAL TABLE {0} USING fts5(a, b)",
    "CREATE TRIGGER t AFTER INSERT ON {0} BEGIN DELETE FROM {0}; END",
    "CREATE INDEX i ON {0} (hex({1}))",
    "CREATE INDEX x_of_run ON {0} ({1})",
    "CREATE TABLE \"x\"\"y\" (point, replication, \"case\"); CREATE INDEX \"x\"\"y_of_run\" ON \"x\"\"y\" (point)",
    "CREATE TABLE z (a); CREATE INDEX z_of_run ON z (a)",
    "PRAGMA journal_mode = WAL",
    "PRAGMA user_version = 99",
    "PRAGMA application_id = 7",
)  # fmt: skip


class Original(NamedTuple):
    """A sweep as it is written, and how it is asked for."""

    content: bytes
    text: str
    parameters: dict[str, Any]
    options: dict[str, Any]


@cache
def originals() -> tuple[Original, ...]:
    """Sweeps as they are written, one of them not complete."""
    given: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
        (IDEAL, {"nodes": [2, 3], "network": ["1 Gbit/s", "2 Gbit/s"]}, {}),
        (IDEAL, {"nodes": [2, 3, 4]}, {"replications": 3, "show": ["pull_time p95"]}),
        (REAL, {"network": ["1 Gbit/s", "100 Mbit/s"], "seed": [1, 2]}, {"design": "zip"}),
        (
            REAL,
            {"network": {"from": "1 Gbit/s", "to": "4 Gbit/s"}},
            {"design": "sobol", "points": 4, "replications": 2},
        ),
    )
    found = []
    with TemporaryDirectory() as folder:
        for number, (text, parameters, options) in enumerate(given):
            path = Path(folder, f"{number}.sqlite")
            rs.loads(text).sweep(parameters, path=path, jobs=1, **options)
            found.append(Original(path.read_bytes(), text, parameters, options))
        path = Path(folder, "part.sqlite")
        path.write_bytes(found[1].content)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE sweep SET complete = 0")
            database.execute("DELETE FROM results WHERE point = 2")
        found.append(found[1]._replace(content=path.read_bytes()))
    return tuple(found)


def check(number: int) -> None:
    """One file."""
    random = Random(f"sweeps {number}")
    chosen = random.choice(originals())
    with TemporaryDirectory() as folder:
        path = Path(folder, "s.sqlite")
        path.write_bytes(chosen.content)
        random.choice((_bytes, _bytes, _values, _values, _values, _schema, _schema, _rows))(random, path)
        if random.random() < 0.05:
            os.rename(path, path.with_name("real"))
            os.symlink(path.with_name("real"), path)
        if random.random() < 0.05:
            Path(f"{path}-{random.choice(('wal', 'shm', 'journal'))}").write_bytes(random.randbytes(5000))
        try:
            sweep = Sweep.read(path)
        except RolloutsimError as error:
            check_words(str(error))
        else:
            for _ in range(2):
                use_sweep(random, sweep)
        if random.random() < 0.3:
            _go_on(path, chosen)
        there = {one.name for one in Path(folder).iterdir()}
        own = {f"s.sqlite{end}" for end in ("", "-wal", "-shm", "-journal")} | {
            "real",
            "real-wal",
            "real-shm",
            "real-journal",
        }
        assert there <= own, f"files were written: {sorted(there - own)}"


def _go_on(path: Path, chosen: Original) -> None:
    try:
        rs.loads(chosen.text).sweep(chosen.parameters, path=path, resume=True, jobs=1, **chosen.options)
    except RolloutsimError as error:
        check_words(str(error))


def _bytes(random: Random, path: Path) -> None:
    """Some bytes changed, many of them where the file says how it is made."""
    changed = bytearray(path.read_bytes())
    for _ in range(random.choice((1, 2, 5, 50))):
        page = 4096 * random.randrange(len(changed) // 4096)
        place = random.choice((random.randrange(len(changed)), random.randrange(200), page + random.randrange(40)))
        how = random.randrange(3)
        if how < 2:
            changed[place] = random.choice((0, 1, 2, 0xFF, random.randrange(256)))
        elif random.random() < 0.2:
            del changed[random.randrange(len(changed)) :]
        if len(changed) < 5000:
            break
    path.write_bytes(bytes(changed))


def _tables(database: sqlite3.Connection) -> list[str]:
    own = ("sweep", "parameters", "points", "results")
    return [*own, *own, *(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))]


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]


def _values(random: Random, path: Path) -> None:
    """Single values changed."""
    with closing(sqlite3.connect(path)) as database, database:
        for _ in range(random.choice((1, 1, 1, 2, 5))):
            table = random.choice(_tables(database))
            column = random.choice(_columns(database, table))
            one = "" if random.random() < 0.3 else " WHERE rowid = 1"
            with suppress(sqlite3.Error):  # keys do not take all values
                database.execute(f'UPDATE "{table}" SET "{column}" = ?{one}', (random.choice(ODD),))


def _rows(random: Random, path: Path) -> None:
    """Rows taken out, doubled, or numbered otherwise."""
    with closing(sqlite3.connect(path)) as database, database:
        for _ in range(random.choice((1, 1, 3))):
            table = random.choice(_tables(database))
            columns = _columns(database, table)
            key = random.choice(
                [name for name in columns if name in ("point", "replication", "case", "parameter")] or columns
            )
            statement = random.choice((
                f'DELETE FROM "{table}" WHERE rowid = {random.randrange(1, 5)}',
                f'UPDATE "{table}" SET "{key}" = "{key}" + {random.choice((1, -1, 1000))}',
                f'UPDATE "{table}" SET "{key}" = \'other\' WHERE rowid = 1',
                f'INSERT INTO "{table}" SELECT * FROM "{table}" LIMIT 1',
                f'DELETE FROM "{table}"',
            ))  # fmt: skip
            with suppress(sqlite3.Error):
                database.execute(statement)


def _schema(random: Random, path: Path) -> None:
    """Tables and columns that are others."""
    with closing(sqlite3.connect(path)) as database:
        table = random.choice(_tables(database))
        column = random.choice(_columns(database, table))
        with suppress(sqlite3.Error):
            database.executescript(random.choice(SCHEMA).format(f'"{table}"', f'"{column}"'))
        if random.random() < 0.2:
            with suppress(sqlite3.Error):
                database.execute("PRAGMA writable_schema = ON")
                database.execute(
                    "UPDATE sqlite_master SET sql = ? WHERE name = ?",
                    (
                        random.choice(("", "x", "CREATE TABLE sweep (a)", None, b"\xff", "CREATE VIEW x AS SELECT 1")),
                        table,
                    ),
                )
                database.commit()
