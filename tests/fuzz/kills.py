"""Commands that are killed: `python -m tests.fuzz.kills --kills 1000`.

A kill is drawn from its number alone, so that one that does harm can be done again: `--first 4711 --kills 1`. It is a
signal (kill -9, SIGTERM, or SIGINT as a terminal sends it, to a process or to all of its group) at a moment: of the
clock, or before a line of the code that writes, so that the short time in which files take their places is met as well.

Afterwards each file is the old one or the new one; the files of a folder that other commands take for a result are of
one run; a sweep that is gone on with has the rows of one that nobody disturbed; the same command, run again, leaves
what it always leaves; no process is left, and nothing was said but what the program says.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rolloutsim.errors import UsageError
from rolloutsim.results import store
from rolloutsim.results.files import COMPARISON_FILES, RESULT_FILES
from tests.forks import Forks

DATA = Path(__file__).parents[1] / "data"
# What the exit code is; and before the program's first line.
SIGNALS = {"SIGKILL": (-9, -9), "SIGTERM": (143, -15), "SIGINT": (130, -2)}
PATIENCE = 15.0  # until the last process is gone [s]; a worker looks for its parent once a second

# A process in a session of its own. Moments are seconds, or lines of the code that writes; 0 lines: none. Reports of
# runs are not drawn, which takes longer than all else.
_PROGRAM = """\
import atexit, os, signal, sys, time
beside, kind, moment, name, group = sys.argv[1:6]
del sys.argv[1:6]
os.setsid()
me = os.getpid()
for number, file in ((1, "out"), (2, "err")):
    os.dup2(os.open(f"{beside}/{file}", os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
open(f"{beside}/pid", "w").write(str(me))
from rolloutsim import api, report
from rolloutsim.__main__ import main
from rolloutsim.cli import simulations
from rolloutsim.planning.sweep import batches
batches._WORTH_WORKERS, batches._BATCH = 0.0, 0.001
if sys.argv[1] == "run":
    api.result.Result.to_html = lambda *_: "report" * 10_000
    report.page.to_html = api.comparison.report_of = lambda *_: "report" * 10_000
signal.signal(signal.SIGINT, signal.SIG_DFL)
def end():
    (os.killpg if group == "group" else os.kill)(me, getattr(signal, name))
if kind == "seconds" and not os.fork():
    os.setsid()
    time.sleep(float(moment))
    if os.getppid() == me:
        end()
    os._exit(0)
FILES = ("results/files.py", "sweep/file.py", "sweep/running.py", "cli/run.py", "api/comparison.py", "cli/output.py",
         "planning/jobs.py")
lines, last = 0, int(moment) if kind == "lines" else -1
def inside(frame, event, _):
    global lines
    if event == "line":
        lines += 1
        if lines == last:
            end()
    return inside
def trace(frame, event, _):
    return inside if frame.f_code.co_filename.endswith(FILES) else None
if kind == "lines":
    sys.settrace(trace)
if last == 0:
    atexit.register(lambda: open(f"{beside}/lines", "w").write(str(lines)))
if kind == "before what-if":
    def tried(*_):
        simulations.tried = real
        end()
        time.sleep(5)
    real, simulations.tried = simulations.tried, tried
main()
"""

_SCENARIO = """\
rolloutsim: 1
name: {name}
nodes: {{web: {{count: {count}, start: {{min: 0 s, max: 1 s}}}}}}
network: 1 Gbit/s
images: {{small: 10 MB}}
"""
_NEW, _OLD = _SCENARIO.format(name="new", count=3), _SCENARIO.format(name="old", count=2)
_VARIANTS = "variants: {a: {}, b: {network: 2 Gbit/s}}\n"
_SWEEP = ("sweep", "new.yaml", "-p", "nodes.web.count=2,3,4", "--replications", "4", "-o", "out.sqlite", "--resume")


class Command(NamedTuple):
    """What is killed, how often among others, and what is there before."""

    arguments: tuple[str, ...]
    weight: int
    before: tuple[str, ...] = ()  # a command whose output it replaces


COMMANDS = {
    "sweep": Command((*_SWEEP, "--jobs", "1"), 6),
    "sweep with workers": Command((*_SWEEP, "--jobs", "2"), 3),
    "run": Command(("run", "new.yaml", "-o", "out"), 4, ("run", "old.yaml", "-o", "out")),
    "run with workers": Command(("run", "new.yaml", "--replications", "4", "--jobs", "2", "-o", "out"), 1),
    "variants": Command(("run", "new-variants.yaml", "-o", "out"), 3, ("run", "old-variants.yaml", "-o", "out")),
    "run over variants": Command(("run", "new.yaml", "-o", "out"), 1, ("run", "old-variants.yaml", "-o", "out")),
    "variants over a run": Command(("run", "new-variants.yaml", "-o", "out"), 1, ("run", "old.yaml", "-o", "out")),
    "report": Command(("report", "result", "-o", "out.html"), 2, ("report", "older", "-o", "out.html")),
    "plot": Command(("plot", "result", "rollout", "-o", "out.svg"), 1, ("plot", "older", "rollout", "-o", "out.svg")),
    "export": Command(
        ("export", "otlp", "result", "-o", "out.json", "--force"),
        1,
        ("export", "otlp", "older", "-o", "out.json", "--force"),
    ),
    "trace": Command(("trace", "result", "-o", "out.json"), 1),
    "calibrate": Command(("calibrate", "mine.yaml", "--events", "events.json", "--into"), 1),
    "import": Command(("import", "api.json", "-o", "out.yaml"), 1),
    "import into": Command(("import", "api.json", "--into", "into.yaml"), 1),
}

Files = Mapping[str, bytes]


class States(NamedTuple):
    """The files before a command, after it, and after one that was interrupted when all was simulated."""

    before: Files
    after: Files
    kept: Files


def files_of(folder: Path) -> dict[str, bytes]:
    """The files in a folder and below it."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def lay(files: Files, folder: Path) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def rows(path: Path) -> list[str]:
    """All that is in a database."""
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


class Ended(NamedTuple):
    """How a process ended, what it said, and how long all of its session was there [s]."""

    code: int
    out: str
    err: str
    took: float


class Kills:
    """Commands and their kills."""

    def __init__(self, forks: Forks) -> None:
        self.forks = forks
        self.states: dict[str, States] = {}
        self.spans: dict[str, tuple[int, float]] = {}
        self.given: Files = {}

    def play(self, folder: Path, arguments: tuple[str, ...], *moment: str) -> Ended:
        """Run a command, with a signal at a moment."""
        work, beside = folder / "work", folder / "beside"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        kind, when, name, group = moment or ("none", "0", "SIGKILL", "one")
        began = time.monotonic()
        done = self.forks.run(_PROGRAM, beside, kind, when, name, group, *arguments, folder=work)
        took = time.monotonic() - began
        session = int((beside / "pid").read_text())
        while left := list(_members(session)):
            assert time.monotonic() - began - took < PATIENCE, f"processes are left: {left}"
            time.sleep(0.02)
        out, err = ((beside / name).read_text(errors="replace") for name in ("out", "err"))
        return Ended(done.returncode, out, err, took)

    def prepare(self) -> None:
        """What all commands begin with."""
        if self.given:
            return
        with TemporaryDirectory() as made:
            work = Path(made, "work")
            texts = {"new.yaml": _NEW, "old.yaml": _OLD, "new-variants.yaml": _NEW + _VARIANTS}
            texts |= {"old-variants.yaml": _OLD + _VARIANTS, "into.yaml": _NEW.replace("small: ", "api: ")}
            lay({name: text.encode() for name, text in texts.items()}, work)
            for name in ("calibration/mine.yaml", "calibration/events.json", "imports/cluster/api.json"):
                shutil.copy(DATA / name, work)
            for scenario, result in (("new.yaml", "result"), ("old.yaml", "older")):
                assert self.play(Path(made), ("run", scenario, "-o", result)).code == 0
            self.given = files_of(work)

    def known(self, name: str) -> States:
        """The files that there may be."""
        if name not in self.states:
            self.prepare()
            command = COMMANDS[name]
            with TemporaryDirectory() as made:
                work = Path(made, "work")
                lay(self.given, work)
                if command.before:
                    assert self.play(Path(made), command.before).code == 0
                before = files_of(work)
                done = self.play(Path(made), command.arguments, "lines", "0", "SIGKILL", "one")
                assert done.code == 0, done
                self.spans[name] = int(Path(made, "beside", "lines").read_text()), done.took
                after = kept = files_of(work)
                if command.arguments[0] == "run":
                    done = self.play(Path(made), command.arguments, "before what-if", "0", "SIGINT", "one")
                    assert done.code == 130, done
                    kept = files_of(work)
                self.states[name] = States(before, after, kept)
        return self.states[name]

    def check(self, number: int) -> str:
        """A kill; AssertionError if it does harm; else what it was."""
        random = Random(f"kills {number}")
        name = random.choices(list(COMMANDS), [one.weight for one in COMMANDS.values()])[0]
        states = self.known(name)
        lines, seconds = self.spans[name]
        signal = random.choice(list(SIGNALS))
        group = random.choice(("one", "group")) if signal == "SIGINT" else "one"
        kind = random.choice(("lines", "seconds"))
        when = str(random.randint(1, lines)) if kind == "lines" else f"{random.uniform(0.0, 1.1 * seconds):.4f}"
        what = f"{name}: {signal} to {group} at {when} {kind}"
        again = name.startswith("sweep") or random.random() < 0.3 and name != "calibrate"  # which calibrates anew
        with TemporaryDirectory() as made:
            work = Path(made, "work")
            lay(states.before, work)
            ended = self.play(Path(made), COMMANDS[name].arguments, kind, when, signal, group)
            try:
                _check_words(ended, signal)
                _check_files(files_of(work), states, ended.code)
                _check_folder(work / "out", states)
                if again:
                    done = self.play(Path(made), (*COMMANDS[name].arguments, *_forced(name, work)))
                    _check_again(work, done, states.after)
            except AssertionError as error:
                raise AssertionError(f"{error} [{number}: {what}; {ended}]") from error
        return f"{signal}, {'in time' if ended.code else 'too late'}"


def _forced(name: str, work: Path) -> tuple[str, ...]:
    return ("--force",) if name == "import" and (work / "out.yaml").exists() else ()


def _members(session: int) -> Iterator[int]:
    """The processes of a session."""
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                state, _, _, of = (one / "stat").read_text().rpartition(")")[2].split()[:4]
            except (OSError, ValueError):
                continue
            if int(of) == session and state != "Z":
                yield int(one.name)


def _check_words(ended: Ended, signal: str) -> None:
    assert ended.code in (0, *SIGNALS[signal]), "exit code"
    for word in ("Traceback", "Exception ignored", "internal error", "resource_tracker", "Warning", "error:"):
        assert word not in ended.err + ended.out, f"says {word}"
    if ended.code > 0:
        assert "interrupted" in ended.err, "does not say what happened"


def _check_files(found: Files, states: States, code: int) -> None:
    """Each is the old one or the new one, and nothing stands beside them that should not."""
    for name, content in found.items():
        if name.startswith("out.sqlite"):
            continue
        if "/.rolloutsim-" in f"/{name}":
            assert code == -9, "a file that was begun is left"
            continue
        assert content in [state.get(name) for state in states], f"half a file: {name}"
    for name in states.before:
        assert name in found or name.startswith("out/"), f"a file is gone: {name}"
    if code == 0:
        assert set(found) == set(states.after), "it ended well, and its files are not all there"


def _check_folder(folder: Path, states: States) -> None:
    """What other commands take for a result is of one run."""
    if not folder.is_dir():
        return
    several = store.side_by_side(folder)
    results = [*several.values()] or [folder]
    names = COMPARISON_FILES if several else ()
    for one in results:
        try:
            store.load(one)
        except UsageError as error:
            if several or "holds no records.npz" not in str(error):
                raise AssertionError(f"a result that cannot be read: {error}") from error
            return
    inside = [f"{one.relative_to(folder.parent)}/{name}" for one in results for name in RESULT_FILES]
    inside += [f"out/{name}" for name in names]
    found = {f"out/{name}": content for name, content in files_of(folder).items()}
    found = {name: content for name, content in found.items() if name in inside}
    expected = [{name: state[name] for name in inside if name in state} for state in states]
    assert found in expected, "files of two runs are taken for one result"


def _check_again(work: Path, done: Ended, after: Files) -> None:
    """The command, run again, leaves what it always leaves."""
    assert done.code == 0, f"cannot be run again: {done.err}"
    found = files_of(work)
    assert set(found) == set(after), f"leaves files: {sorted(set(found) ^ set(after))}"
    for name, content in after.items():
        if name == "out.sqlite":
            with TemporaryDirectory() as made:
                whole = Path(made, name)
                whole.write_bytes(content)
                assert rows(work / name) == rows(whole), "rows are lost, doubled or different"
        else:
            assert found[name] == content, f"the same command gives another {name}"


@cache
def all_kills() -> Kills:
    """One for the process."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    return Kills(Forks(draws=True).__enter__())


def main() -> None:
    """Kill, and print what harm was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--kills", type=int, default=1000)
    given = parser.parse_args()
    began, harm, counts = time.monotonic(), 0, Counter[str]()
    for number in range(given.first, given.first + given.kills):
        try:
            counts[all_kills().check(number)] += 1
        except AssertionError as error:
            harm += 1
            print(f"kill {number}: {error}", flush=True)
    span = f"{given.first} to {given.first + given.kills - 1}"
    print(", ".join(f"{count} {what}" for what, count in sorted(counts.items())))
    print(f"{harm} of {given.kills} kills did harm ({span}), {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(bool(harm))


if __name__ == "__main__":
    main()
