"""`rolloutsim watch`: simulate a scenario file anew at each save, and show what changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from rolloutsim import api, cli, planning
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS_ALONE, WHAT_IF, completes, of_simulations
from rolloutsim.errors import ScenarioError, UsageError
from rolloutsim.results.numerals import counted, listed
from rolloutsim.structs import struct

if TYPE_CHECKING:
    from rolloutsim.api.result import Result
    from rolloutsim.cli.scenarios import File
    from rolloutsim.planning.compare import Comparison
    from rolloutsim.planning.moved import Moved
    from rolloutsim.planning.tried import WhatIfs
    from rolloutsim.results.outcome import Outcome
    from rolloutsim.scenario.loading import Draft


@click.command(
    epilog=example(
        "rolloutsim watch mine.yaml\n"
        "rolloutsim watch mine.yaml --set nodes=50 --seed 7\n"
        "rolloutsim watch -f base.yaml -f prod.yaml"
    ),
)
@click.argument("file", metavar="FILE", shell_complete=completes("files"), required=False)
@OVERLAYS_ALONE
@of_simulations
@WHAT_IF
def command(
    file: str | None,
    overlays: tuple[str, ...],
    variant: str,
    overrides: tuple[str, ...],
    seed: int | None,
    replications: int | None,
    jobs: int,
    thorough: bool,
) -> int:
    """Simulate a scenario file as 'run' does, anew at each save of it, of what lies over it (-f) and of the manifests
    that it names, until Ctrl-C.

    Below the table stands what changed since the last run: the keys that differ, the figures that moved with their
    verdicts, and the thresholds that turned. Errors are shown where they are, and the next save is waited for; what
    changes is then told against the last run that there was. A save during a run ends that run and begins anew.

    On a terminal each run has the screen for itself; elsewhere runs follow each other. Needs the extra 'watch':
    pip install 'rolloutsim[watch]'.
    """
    planning.jobs.check_jobs(jobs)
    names, overlays = cli.options.with_base(() if file is None else (file,), overlays)
    if cli.scenarios.STDIN in (*names, *overlays):
        raise UsageError("'-' is read once, and watch reads its files again and again; give a scenario file")
    if find_spec("watchfiles") is None:
        raise UsageError("saves are noticed by watchfiles, which is not installed: pip install 'rolloutsim[watch]'")
    watched = Watched(names[0], overlays, variant, overrides, seed, replications, jobs, thorough)
    try:
        _watch(watched)
    except KeyboardInterrupt:  # which is how it is meant to end
        if sys.stderr.isatty():
            click.echo(err=True)  # the terminal has shown ^C
    return ExitCode.INTERRUPTED


@struct
class Watched:
    """What is simulated at each save; as the options of `run`."""

    name: str
    overlays: Sequence[str]
    variant: str
    overrides: Sequence[str]
    seed: int | None
    replications: int | None
    jobs: int
    thorough: bool

    def read(self) -> Draft:
        """The file as it is now."""
        return cli.scenarios.read(self.name, self.overrides, self.overlays, self.variant)

    def simulate(self, file: File) -> Simulated:
        """The scenario, or its variants side by side."""
        if not file.draft.variants:
            result = cli.simulations.simulate(file, self.seed, self.replications, self.jobs)
            return Simulated(result, {"": cli.simulations.tried(result, True, self.thorough, self.jobs)})
        with cli.progress.Progress() as progress:
            found = api.comparison.of_variants(
                file.draft.side_by_side(), self.seed, self.replications, self.jobs, progress
            )
        if not self.thorough:
            return Simulated(found, {})
        several = {side.name: api.result.Result(side.outcome) for side in found.sides}
        return Simulated(
            found, {name: cli.simulations.tried(one, True, True, self.jobs) for name, one in several.items()}
        )


@struct
class Simulated:
    """What came out of a save: a result, or the comparison of variants; and what would help, by variant."""

    found: Result | Comparison
    changes: Mapping[str, WhatIfs]

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """By variant; that of a scenario without any has no name."""
        if isinstance(self.found, api.result.Result):
            return {"": self.found.outcome}
        return {side.name: side.outcome for side in self.found.sides}

    def show(self, first: bool) -> None:
        """As `run` does."""
        if isinstance(self.found, api.result.Result):
            cli.view.show(self.found, self.changes[""], first)
        else:
            cli.view.show_comparison(self.found, first, self.changes)


def _watch(watched: Watched) -> None:
    """Simulate and show, at each save; it ends by an interruption."""
    own = files = (watched.name, *watched.overlays)
    last: Mapping[str, Outcome] = {}
    is_first = True
    with cli.saves.Saves() as saves:
        while True:
            saves.begin()
            saves.of(files)
            try:
                draft = watched.read()
                try:
                    file = cli.scenarios.File(watched.name, draft.scenario().resolve(), draft)
                finally:
                    files = (*own, *draft.files.read)
                    saves.of(files)
                with saves.ending():
                    simulated = watched.simulate(file)
                    outcomes = simulated.outcomes
                    moved = {
                        name: planning.moved.moved(last[name], outcomes[name]) for name in outcomes if name in last
                    }
            except (KeyboardInterrupt, Exception) as error:
                if saves.is_anew:
                    continue
                if not isinstance(error, (ScenarioError, UsageError)):
                    raise
                if is_first and isinstance(error, UsageError):  # it is the command line that is wrong
                    raise
                gone = [name for name in own if not os.path.exists(name)]
                _show_error(UsageError(f"{listed(gone)} {_is(gone)} not there any more") if gone else error, bool(last))
            else:
                _show(simulated, moved, first=not last)
                _say_what_is_watched(files)
                last = outcomes
            is_first = False
            saves.wait()


def _show(simulated: Simulated, moved: Mapping[str, Moved], first: bool) -> None:
    click.clear()
    simulated.show(first or sys.stdout.isatty())
    if moved:
        cli.view.show_moved(moved)


def _show_error(error: ScenarioError | UsageError, has_run: bool) -> None:
    click.clear()
    cli.say(str(error) if isinstance(error, ScenarioError) else f"error: {error}", keep="\n\t")
    against = "; what changes is then told against the last run" if has_run else ""
    cli.say(f"waiting for the next save{against} (Ctrl-C ends)")


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _say_what_is_watched(files: Sequence[str]) -> None:
    more = f" and {counted(len(files) - 1, 'more file')}" if len(files) > 1 else ""
    if sys.stderr.isatty():
        click.echo(err=True)
    cli.say(f"watching {files[0]}{more} (Ctrl-C ends)")
