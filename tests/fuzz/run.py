"""Many random cases: `python -m tests.fuzz.run --kind documents --cases 100000`.

Each case is drawn from its kind and number alone, so that one that fails can be played again: `--first 4711 --cases 1`.
What a case raises is a violation, and so is one that takes too long or too much memory.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
import traceback
from collections import defaultdict
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from joblib import Parallel, delayed

from tests.fuzz.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20  # of a case, all of which are tiny
BUSY = 10  # times as many of the clock
MEMORY = 2 << 30  # [B] of address space beyond what the libraries take
SHOWN = 5  # numbers of a fault
PACKAGE = Path(__file__).parents[2] / "rolloutsim"
AT_A_TIME = 100


class HangError(BaseException):
    """A case takes too long; not an Exception, so that nothing takes it for one of its own."""


class Violation(NamedTuple):
    """What went wrong in a case, and what it is known by among others."""

    number: int
    fault: str
    words: str


def check(kind: str, number: int) -> None:
    """One case; raises whatever it ends with."""
    import_module(f"tests.fuzz.{kind}").check(number)


def violation(kind: str, number: int) -> Violation | None:
    """What goes wrong in a case, if anything does."""
    try:
        with _bounded_time():
            check(kind, number)
    except (Exception, HangError) as error:
        return Violation(number, _fault(error), f"{type(error).__name__}: {error}"[:600])
    return None


@contextmanager
def _bounded_time() -> Iterator[None]:
    signal.signal(signal.SIGPROF, _too_long)
    signal.signal(signal.SIGALRM, _too_long)
    # Of the processor, of which a busy machine gives little; and of the clock, for a case that waits for ever.
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    signal.alarm(SECONDS * BUSY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)


def _too_long(*_: Any) -> None:
    raise HangError(f"more than {SECONDS} s")


def _fault(error: BaseException) -> str:
    """The kind of an error and where in the package it came up, which is the same for one defect."""
    places = [
        f"{Path(frame.filename).relative_to(PACKAGE)}:{frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(PACKAGE)
    ]
    if isinstance(error, HangError):
        places = places[:3]
    if isinstance(error, AssertionError):
        places = [str(error).split("\n")[0].split(":")[0][:80]]
    return f"{type(error).__name__} in {places[-1] if places else 'the test'}"


def _some(kind: str, numbers: range) -> list[Violation]:
    sys.unraisablehook = lambda _: None
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    try:
        return [found for number in numbers if (found := violation(kind, number))]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def violations(kind: str, first: int, cases: int, jobs: int) -> Iterator[Violation]:
    """What goes wrong in some cases, as it is found."""
    ends = first + cases
    some = (range(start, min(ends, start + AT_A_TIME)) for start in range(first, ends, AT_A_TIME))
    for found in Parallel(n_jobs=jobs, return_as="generator")(delayed(_some)(kind, numbers) for numbers in some):
        yield from found


def main() -> None:
    """Play cases on all cores, and print those with a violation, each fault once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: all")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, help="default: what each kind has in a million")
    parser.add_argument("--jobs", type=int, default=-1)
    given = parser.parse_args()
    total = 0
    for kind in given.kind or KINDS:
        cases = given.cases or KINDS[kind].cases
        started = time.monotonic()
        faults = defaultdict(list)
        for found in violations(kind, given.first, cases, given.jobs):
            if found.fault not in faults:
                print(f"{kind} {found.number}: {found.fault}: {found.words}", flush=True)
            faults[found.fault].append(found.number)
        for fault, numbers in faults.items():
            print(f"  {len(numbers)} times {fault}: {', '.join(map(str, numbers[:SHOWN]))}")
        count = sum(map(len, faults.values()))
        total += count
        span = f"{given.first} to {given.first + cases - 1}"
        print(f"{kind}: {count} violations in {cases} cases ({span}), {time.monotonic() - started:.0f} s", flush=True)
    sys.exit(bool(total))


if __name__ == "__main__":
    main()
