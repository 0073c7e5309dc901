"""Sweeps: what is simulated, and what is in the file."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

import rolloutsim as rs
from rolloutsim.errors import OutputError, ScenarioError, UsageError
from rolloutsim.planning.seeds import seeds
from rolloutsim.planning.sweep import batches
from rolloutsim.planning.sweep.designs import from_data, from_mapping
from rolloutsim.planning.sweep.file import SweepStore, read_records
from rolloutsim.planning.sweep.running import plan, sweep
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.outcome import Outcome
from rolloutsim.scenario.loading import draft
from rolloutsim.scenario.resolved import ResolvedScenario

IDEAL = """\
rolloutsim: 1
name: two nodes
model: ideal
nodes: 2
network: 1 Gbit/s
images: {small: 10 MB, large: 100 MB}
thresholds: {rollout_time: max < 2 s}
"""
# Random: every node asks at a time of its own.
RANDOM = IDEAL.replace("nodes: 2", "nodes: {web: {count: 3, start: {min: 0 s, max: 3 s}}}")
# Where the registry serves nobody, everybody waits for it.
STUCK = IDEAL.replace("model: ideal", "model: real").replace(
    "nodes: 2", "nodes: {node: {count: 2, timeouts: unlimited}}"
)
STUCK += "registry: {uplink: 1 Gbit/s, max_connections: 5}\n"


def dump(path: Path) -> list[str]:
    """Everything in a file: its tables and all their rows, in their order."""
    database = sqlite3.connect(path)
    try:
        return list(database.iterdump())
    finally:
        database.close()


def test_a_grid_is_simulated_point_by_point() -> None:
    """By hand: n pulls of S bytes over one uplink of C bytes/s take n S / C."""
    found = rs.loads(IDEAL).sweep({"nodes": [2, 5], "network": ["1 Gbit/s", "10 Gbit/s"]})
    results = found.records.results
    expected = [
        (n * size / rate, point, case)
        for point, (n, rate) in enumerate([(2, 125e6), (2, 1250e6), (5, 125e6), (5, 1250e6)])
        for case, size in (("small", 10e6), ("large", 100e6))
    ]
    assert list(zip(results["point"], results["case"], strict=True)) == [(p, c) for _, p, c in expected]
    assert results["rollout_time_s"] == pytest.approx([time for time, _, _ in expected], rel=1e-12)
    assert (len(found), found.cases, found.parameters, found.complete) == (
        4,
        ("small", "large"),
        ("nodes", "network"),
        True,
    )


def test_a_point_is_the_scenario_with_its_values_set() -> None:
    """A replication of a point is the run of the changed scenario with that replication's seed, number by number."""
    scenario = rs.loads(RANDOM)
    records = scenario.sweep({"network": ["1 Gbit/s", "3 Gbit/s"]}, replications=3, seed=7).records
    for point, rate in enumerate(("1 Gbit/s", "3 Gbit/s")):
        for replication, seed in enumerate(seeds(7, 3)):
            run = scenario.with_({"network": rate}).run(seed=seed)
            for case in Outcome(run.run).to_dict("summary")["cases"]:
                at = {"point": point, "replication": replication, "case": case["case"]}
                (row,) = rows(records.results, at)
                assert row["seed"] == seed
                assert row["rollout_time_s"] == case["rollout_time_s"]
                assert row["pull_time_p95_s"] == case["pull_time_s"]["p95"]
                assert row["slowdown_mean"] == case["slowdown"]["mean"]
                assert [link["utilisation"] for link in rows(records.tables["links"], at)] == [
                    link["utilisation"] for link in case["links"]
                ]
                split = rows(records.tables["time_split"], at)
                assert {one["cause"]: one["time_s"] for one in split} == case["time_split_s"]
                (threshold,) = rows(records.tables["thresholds"], at)
                assert bool(threshold["passed"]) == case["thresholds"][0]["passed"]


def rows(columns, at):
    found = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [row for row in found if all(row[key] == value for key, value in at.items())]


def test_replications_have_the_same_seeds_at_every_point_and_the_first_is_the_scenarios() -> None:
    results = rs.loads(RANDOM + "seed: 42\nreplications: 3\n").sweep({"nodes.web.count": [2, 3]}).records.results
    for point in (0, 1):
        found = dict(zip(results["replication"], results["seed"], strict=True))
        assert tuple(found.values()) == seeds(42, 3), point
    assert seeds(42, 3)[0] == 42


def test_a_seed_that_is_varied_is_each_points_own() -> None:
    results = rs.loads(RANDOM).sweep({"seed": [5, 6]}).records.results
    assert results["seed"] == [5, 5, 6, 6]
    assert len(set(results["rollout_time_s"])) == 4


def test_the_files_own_sweep_is_what_is_varied_by_default() -> None:
    scenario = rs.loads(IDEAL + "sweep: {network: [1 Gbit/s, 2 Gbit/s], nodes: [2, 4]}\n")
    assert scenario.sweep().records.points["network"] == ["1 Gbit/s", "1 Gbit/s", "2 Gbit/s", "2 Gbit/s"]
    assert len(scenario.sweep(design="zip")) == 2
    assert scenario.sweep({"nodes": [3]}).parameters == ("nodes",)


def test_a_key_without_an_effect_is_pointed_at_in_a_file() -> None:
    with pytest.raises(ScenarioError) as caught:
        rs.loads(IDEAL + "sweep: {nodes: [2, 4], replications: [1, 3]}\n", "s.yaml")
    assert str(caught.value) == (
        "s.yaml:8:24: error: replications has no effect here: every value is simulated equally often; say how often "
        "with --replications\n"
        "     8 | sweep: {nodes: [2, 4], replications: [1, 3]}\n"
        "       |                        ^^^^^^^^^^^^"
    )


def test_a_threshold_that_a_point_leaves_without_its_image_is_named() -> None:
    scenario = rs.loads(IDEAL.replace("rollout_time:", '"pull_time{image=small}":'))
    with pytest.raises(ScenarioError) as caught:
        scenario.sweep({"images": [{"small": "5 MB"}, {"z": "6 MB"}]})
    assert str(caught.value) == (
        "sweep images: error: threshold 'pull_time{image=small}': no image is named 'small'; known: z"
    )


def test_nothing_is_simulated_if_a_point_is_not_valid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(batches, "simulate", lambda *_, **__: pytest.fail("simulated"))
    with pytest.raises(ScenarioError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2, 0], "network": ["1 Gbit/s", "5 Gb"]}, path=tmp_path / "s.sqlite")
    assert str(caught.value) == (
        "sweep network: error: unknown rate unit 'Gb' (did you mean 5 Gbit/s?); known: bit/s kbit/s Mbit/s Gbit/s B/s "
        "kB/s MB/s GB/s\n"
        "sweep nodes: error: '0' is not a whole number from 1 to 1000000"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_faulty_value_in_a_file_is_pointed_at() -> None:
    base = draft(IDEAL + "sweep:\n  nodes: [2, 0]\n  network: [1 Gbit/s]\n", "s.yaml")
    design = from_data(base.data)
    assert design is not None
    with pytest.raises(ScenarioError) as caught:
        plan(base, design)
    assert str(caught.value) == (
        "s.yaml:9:14: error: '0' is not a whole number from 1 to 1000000\n     9 |   nodes: [2, 0]\n"
        "       |              ^"
    )


@pytest.mark.parametrize(
    ("parameters", "options", "message"),
    [
        (None, {}, "the scenario has no key 'sweep'; name parameters, as in s.sweep({'nodes': [20, 50]})"),
        ({}, {}, "a sweep needs something to vary; name at least one path and its values"),
        ({"nodes": [2]}, {"replications": 0}, "replications 0 is not a whole number from 1 on"),
        ({"nodes": [2]}, {"seed": -1}, "seed -1 is not a whole number from 0 to 9223372036854775807"),
        ({"nodes": [2]}, {"jobs": 0},
         "0 jobs are not possible; allowed: a whole number from 1 on, or -1 for one on each core"),
        ({"nodes": [2]}, {"resume": True}, "resume goes on with a file: name it as path"),
        ({"nodes": [2, 3]}, {"replications": 10_000_000},
         "2 points with 10,000,000 replications each are 20,000,000 runs; the most is 10,000,000"),
        ({"nodes": [2]}, {"cluster": "here"}, "'here' is no scheduler; write for example tcp://host:8786"),
        ({"replications": [1, 3]}, {},
         "sweep replications: replications has no effect here: every value is simulated equally often; say how often "
         "with --replications"),
        ({"sweep.points": [1, 3]}, {},
         "sweep sweep.points: sweep.points has no effect here: it says what a sweep varies, and changes no simulation; "
         "vary what stands there"),
        ({"thresholds.rollout_time": ["max < 3 s", "max < 4 s"]}, {},
         "sweep thresholds.rollout_time: thresholds.rollout_time has no effect here: it judges a simulation, and "
         "changes none; sweep what is simulated, or compare with --fail-if"),
        ({"rolloutsim": [1]}, {},
         "sweep rolloutsim: rolloutsim has no effect here: it is the version of the file's format, of which this "
         "release reads one"),
        ({"seed": [1, 2]}, {"seed": 3},
         "seed is varied, and --seed would give every point the same; leave one of them out"),
        ({"images.smal": ["3 MB"]}, {},
         "sweep images.smal: no image is named 'smal' in images; there are: small large; did you mean images.small?"),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong(parameters: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        rs.loads(IDEAL).sweep(parameters, **options)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_rollout_that_does_not_finish_has_no_time_and_is_said_to_be_missing() -> None:
    found = rs.loads(STUCK).sweep({"registry.max_connections": [5, 0]})
    results = found.records.results
    assert results["finished"] == [1, 1, 0, 0]
    assert [time is None for time in results["rollout_time_s"]] == [False, False, True, True]
    assert results["stuck"][2] == "[\"2 fetches waiting for a connection of registry 'registry' (max_connections: 0)\"]"
    assert "| 0 | – | – | ✗ 2 of 2 |" in found.to_markdown()
    assert found.to_markdown().splitlines()[-4:] == [
        "",
        "- Rollout times by case.",
        "- All thresholds hold at 0 of 2 points.",
        "- –: at 1 of 2 points a rollout did not finish, so that its time is unknown.",
    ]


def test_a_column_has_one_type_in_all_rows(tmp_path: Path) -> None:
    """DuckDB and others read a column by its declared type."""
    path = tmp_path / "s.sqlite"
    parameters = {"nodes.web.count": [2, 3], "network": ["1 Gbit/s", {"rate": "2 Gbit/s", "latency": "1 ms"}]}
    rs.loads(RANDOM).sweep(parameters, replications=2, path=path)
    database = sqlite3.connect(path)
    for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for _, column, declared, *_ in database.execute(f'PRAGMA table_info("{table}")').fetchall():
            found = {kind for (kind,) in database.execute(f'SELECT DISTINCT typeof("{column}") FROM "{table}"')}
            assert found <= {declared.split()[0].lower(), "null"}, (table, column)
    points = database.execute('SELECT "nodes.web.count", network, network_bytes_per_s FROM points').fetchall()
    assert points == [
        (2, "1 Gbit/s", 125e6), (2, '{"rate": "2 Gbit/s", "latency": "1 ms"}', None),
        (3, "1 Gbit/s", 125e6), (3, '{"rate": "2 Gbit/s", "latency": "1 ms"}', None),
    ]  # fmt: skip
    database.close()


def test_one_file_remains_and_others_can_read_it_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    seen = []

    def look(done: int, runs: int) -> None:
        reader = sqlite3.connect(path)
        seen.append(reader.execute("SELECT count(*), (SELECT complete FROM sweep) FROM results").fetchone())
        reader.close()

    base = rs.loads(IDEAL).draft()
    sweep(plan(base, from_mapping({"nodes": [2, 3, 4]})), path, progress=look)
    assert seen[0] == (2, 0)
    assert [count for count, _ in seen] == sorted({count for count, _ in seen})
    assert [one.name for one in tmp_path.iterdir()] == ["s.sqlite"]
    assert rs.Sweep.read(path).complete


def test_one_who_goes_on_reading_does_not_stop_it(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    readers = []

    def look(done: int, runs: int) -> None:
        reader = sqlite3.connect(path, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM results").fetchone()
        readers.append(reader)

    sweep(plan(rs.loads(IDEAL).draft(), from_mapping({"nodes": [2, 3, 4]})), path, progress=look)
    for reader in readers:
        reader.close()
    assert rs.Sweep.read(path).complete
    assert [one.name for one in tmp_path.iterdir()] == ["s.sqlite"]


def test_the_scenario_in_the_file_can_be_run_again(tmp_path: Path) -> None:
    rs.loads(IDEAL).sweep({"nodes": [2]}, path=tmp_path / "s.sqlite")
    head = rs.Sweep.read(tmp_path / "s.sqlite").records.head
    again = rs.loads(head.scenario)
    assert again.resolve().sha256 == head.sha256 == rs.loads(IDEAL).resolve().sha256


def test_switches_that_are_off_in_the_file_can_be_run_again(tmp_path: Path) -> None:
    off = IDEAL.replace("network: 1 Gbit/s", "network: {rate: 1 Gbit/s, fairness: off}")
    rs.loads(off + "registry: {redirect: false}\n").sweep({"nodes": [2]}, path=tmp_path / "s.sqlite")
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as database:
        (text,) = database.execute("SELECT scenario FROM sweep").fetchone()
    assert ('"fairness":"off"' in text, '"redirect":false' in text, "null" in text) == (True, True, False)
    assert rs.loads(text).resolve().sha256 == rs.loads(off).resolve().sha256


def test_a_switch_can_be_varied() -> None:
    real = rs.loads(IDEAL.replace("model: ideal", "model: real"))
    found = real.sweep({"network.fairness": ["off", "on"], "registry.redirect": [False]})
    assert found.records.points["network.fairness"] == ["off", "on"]
    assert found.records.results["rollout_time_s"] == [
        real.with_({"network.fairness": switch}).run()[case].rollout_time
        for switch in ("off", "on")
        for case in ("small", "large")
    ]


def test_what_others_put_into_the_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    found = rs.loads(IDEAL).sweep({"nodes": [2, 5]}, path=path)
    database = sqlite3.connect(path)
    for statement in (
        "ANALYZE",
        "CREATE TABLE mine (point INTEGER, x)",
        "INSERT INTO mine VALUES (0, 1)",
        "CREATE TABLE keyed (point INTEGER PRIMARY KEY, x) WITHOUT ROWID",
        "CREATE INDEX of_mine ON links (link)",
        "CREATE VIEW slow AS SELECT * FROM results WHERE rollout_time_s > 1",
    ):
        database.execute(statement)
    database.commit()
    database.close()
    again = read_records(path)
    assert again.tables == found.records.tables
    assert again.points == found.records.points
    resumed = rs.loads(IDEAL).sweep({"nodes": [2, 5]}, path=path, resume=True)
    assert resumed.records.tables == found.records.tables


def test_names_that_differ_by_case_alone_have_columns_of_their_own(tmp_path: Path) -> None:
    scenario = rs.loads(IDEAL.replace("small", "a").replace("large", "A"))
    found = scenario.sweep({"images.a": ["1 MB"], "images.A": ["2 MB"], "seed": [3]}, path=tmp_path / "s.sqlite")
    columns = [p.column for p in found.records.head.parameters]
    assert columns == ["images.a", "images.A_2", "seed_2"]
    assert found.parameters == ("images.a", "images.A", "seed")


def alive(kind: type) -> int:
    gc.collect()
    return sum(isinstance(one, kind) for one in gc.get_objects())


@pytest.mark.usefixtures("only_new_objects")
def test_a_sweep_holds_no_scenarios_but_those_of_a_batch_and_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_BATCH", 1e-9)  # a run a batch
    base = draft(RANDOM)
    before, others = alive(ResolvedScenario), alive(CaseRecords)
    planned = plan(base, from_mapping({"network": [f"{1 + i} Gbit/s" for i in range(8)]}), 2)
    assert alive(ResolvedScenario) == before
    seen = []
    found = sweep(
        planned,
        workers=nullcontext(batches.Workers(1)),
        progress=lambda done, _: seen.append((done, alive(ResolvedScenario) - before, alive(CaseRecords) - others)),
    )
    assert seen[0][0] == 1
    assert max(scenarios for _, scenarios, _ in seen) <= 1  # between two replications of a point
    assert max(records for _, _, records in seen) == 0
    assert found.complete
    assert alive(ResolvedScenario) == before


class _Stopped(Exception):
    pass


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the simulation fail after so many runs; then count the runs."""
    left = [10**9]
    real = batches.simulate

    def simulate(*arguments: object, **more: object) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise _Stopped
        return real(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(batches, "simulate", simulate)
    monkeypatch.setattr(batches, "_BATCH", 1e-9)  # a run a batch
    return left


@pytest.mark.parametrize("runs", [0, 1, 5])
def test_what_was_done_before_a_failure_is_not_done_again(tmp_path: Path, stopped_after: list[int], runs: int) -> None:
    scenario, path = rs.loads(RANDOM), tmp_path / "s.sqlite"
    parameters = {"nodes.web.count": [2, 3, 4]}
    scenario.sweep(parameters, replications=3, jobs=1, path=tmp_path / "whole.sqlite")
    stopped_after[0] = runs
    with pytest.raises(_Stopped):
        scenario.sweep(parameters, replications=3, jobs=1, path=path)
    assert (rs.Sweep.read(path).records.runs_done, rs.Sweep.read(path).complete) == (runs, False)
    stopped_after[0] = 9 - runs
    scenario.sweep(parameters, replications=3, jobs=1, path=path, resume=True)
    assert stopped_after[0] == 0
    assert dump(path) == dump(tmp_path / "whole.sqlite")
    scenario.sweep(parameters, replications=3, jobs=1, path=path, resume=True)  # all is done: nothing is simulated
    assert dump(path) == dump(tmp_path / "whole.sqlite")


def test_an_interruption_in_python_is_one_and_the_file_keeps_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SweepStore.write

    def write(self: SweepStore, found: object) -> None:
        real(self, found)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(SweepStore, "write", write)
    with pytest.raises(KeyboardInterrupt):
        rs.loads(IDEAL).sweep({"nodes": [2, 3]}, jobs=1, path=tmp_path / "s.sqlite")
    assert rs.Sweep.read(tmp_path / "s.sqlite").records.runs_done == 1


def test_a_query_that_was_interrupted_does_not_hide_the_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, queries = SweepStore.write, []

    def write(self: SweepStore, found: object) -> None:
        real(self, found)  # type: ignore[arg-type]
        queries.append(self.database.execute("SELECT * FROM results"))
        queries[0].fetchone()
        raise KeyboardInterrupt

    monkeypatch.setattr(SweepStore, "write", write)
    with pytest.raises(KeyboardInterrupt):
        rs.loads(IDEAL).sweep({"nodes": [2, 3]}, jobs=1, path=tmp_path / "s.sqlite")
    queries.clear()
    assert rs.Sweep.read(tmp_path / "s.sqlite").records.runs_done == 1


def test_a_batch_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = SweepStore._insert

    def insert(self: SweepStore, table: str, found: object) -> None:
        if table == "links":
            raise sqlite3.OperationalError("database or disk is full")
        real(self, table, found)  # type: ignore[arg-type]

    monkeypatch.setattr(SweepStore, "_insert", insert)
    path = tmp_path / "s.sqlite"
    with pytest.raises(OutputError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2, 3]}, path=path)
    assert str(caught.value) == (
        f"cannot write {path}: database or disk is full; what it holds is kept, and --resume goes on with it"
    )
    assert rs.Sweep.read(path).records.runs_done == 0


def test_an_existing_file_is_left_alone_without_resume(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    rs.loads(IDEAL).sweep({"nodes": [2]}, path=path)
    content = path.read_bytes()
    with pytest.raises(UsageError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2]}, path=path)
    assert str(caught.value) == f"{path} exists; go on with it by --resume, or write to another file with -o"
    assert path.read_bytes() == content


@pytest.mark.parametrize("resume", [False, True])
def test_what_is_no_sweep_is_left_alone(tmp_path: Path, resume: bool) -> None:
    path = tmp_path / "s.sqlite"
    path.write_text("mine")
    with pytest.raises(UsageError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2]}, path=path, resume=resume)
    assert str(caught.value) == (
        f"{path} is not the file of a sweep (file is not a database); 'rolloutsim sweep FILE -o s.sqlite' makes one"
    )
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("statements", "reason"),
    [
        (["CREATE TABLE other (a)"], "no such table: sweep"),
        (["CREATE TABLE sweep (a)"], "its table 'sweep' is empty"),
        (["CREATE TABLE sweep (a)", "INSERT INTO sweep VALUES (1)",
          'CREATE TABLE parameters (parameter, path, "column", number_column, "values")',
          "CREATE TABLE points (point)"],
         "it has no 'name'"),
    ],
)  # fmt: skip
def test_a_database_of_others_is_left_alone(tmp_path: Path, statements: list[str], reason: str) -> None:
    path = tmp_path / "s.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        for statement in statements:
            database.execute(statement)
    database.close()
    before = dump(path)
    for attempt in (lambda: rs.loads(IDEAL).sweep({"nodes": [2]}, path=path, resume=True), lambda: rs.Sweep.read(path)):
        with pytest.raises(UsageError) as caught:
            attempt()
        assert str(caught.value) == (
            f"{path} is not the file of a sweep ({reason}); 'rolloutsim sweep FILE -o s.sqlite' makes one"
        )
    assert dump(path) == before


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2]}, path=tmp_path)
    assert str(caught.value) == f"cannot write {tmp_path}: is a directory; nothing was simulated; name a file"


OTHER = "ask for what it holds, or write to another file with -o"


@pytest.mark.parametrize(
    ("text", "parameters", "options", "differs"),
    [
        (IDEAL, {"nodes": [2, 4]}, {}, "it has other values of nodes"),
        (IDEAL, {"nodes": [2, 3, 4]}, {}, "it has 2 points, not 3"),
        (IDEAL, {"nodes": [2, 3]}, {"design": "zip"}, "its design is grid, not zip"),
        (IDEAL, {"nodes": [2, 3]}, {"replications": 2}, "its replications are 1, not 2"),
        (IDEAL, {"nodes": [2, 3]}, {"seed": 9}, "its seed is 1, not 9"),
        (IDEAL, {"network.rate": ["1 Gbit/s", "2 Gbit/s"]}, {"seed": 9},
         "it varies nodes, not network.rate, its seed is 1, not 9"),
        (IDEAL.replace("10 MB", "11 MB"), {"nodes": [2, 3]}, {},
         "it was made of another scenario, or of this one before it was changed"),
    ],
)  # fmt: skip
def test_the_file_of_another_sweep_is_refused(
    tmp_path: Path, text: str, parameters: dict[str, list[object]], options: dict[str, object], differs: str
) -> None:
    path = tmp_path / "s.sqlite"
    rs.loads(IDEAL).sweep({"nodes": [2, 3]}, path=path)
    before = dump(path)
    with pytest.raises(UsageError) as caught:
        rs.loads(text).sweep(parameters, path=path, resume=True, **options)  # type: ignore[arg-type]
    assert str(caught.value) == f"{path} is of another sweep: {differs}; {OTHER}"
    assert dump(path) == before


def test_the_file_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    rs.loads(IDEAL).sweep({"nodes": [2]}, path=path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE sweep SET version = '0.0.1'")
    with pytest.raises(UsageError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2]}, path=path, resume=True)
    assert str(caught.value) == (
        f"{path} is of another sweep: it is of rolloutsim 0.0.1, not {rs.__version__}; {OTHER}"
    )
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE sweep SET schema = 'rolloutsim.sweep/2'")
    with pytest.raises(UsageError) as caught:
        rs.Sweep.read(path)
    assert str(caught.value) == f"{path} is of the form rolloutsim.sweep/2; this release reads rolloutsim.sweep/1"


def test_two_that_write_into_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds rows where it writes its own."""
    path = tmp_path / "s.sqlite"
    rs.loads(IDEAL).sweep({"nodes": [2]}, path=path)
    monkeypatch.setattr(SweepStore, "done", lambda _: set())
    with pytest.raises(OutputError) as caught:
        rs.loads(IDEAL).sweep({"nodes": [2]}, path=path, resume=True)
    assert str(caught.value) == (
        f"cannot write {path}: another process writes into it; its rows are kept, those of this one are dropped"
    )


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        rs.Sweep.read(tmp_path / "x.sqlite")
    assert str(caught.value) == (f"'{tmp_path / 'x.sqlite'}' is no file; 'rolloutsim sweep FILE -o x.sqlite' makes one")
    assert list(tmp_path.iterdir()) == []
