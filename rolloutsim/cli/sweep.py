"""`rolloutsim sweep`: a scenario at many points, streamed into one SQLite file."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolloutsim import cli, planning, scenario
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import OVERLAYS, SET, VARIANT, completes
from rolloutsim.errors import OutputError, UsageError

if TYPE_CHECKING:
    from rolloutsim.planning.sweep.designs import Design, Kind
    from rolloutsim.planning.sweep.file import SweepRecords
    from rolloutsim.planning.sweep.running import SweepPlan
    from rolloutsim.scenario.loading import Draft

FORMATS = ("table", "json", "csv", "md")
DESIGNS = ("grid", "zip", "sobol")
_EXAMPLES = {"-o": "sweep.sqlite", "--parquet": "sweep.parquet"}

TABLES = """\b
Tables of the SQLite file (sizes in bytes, times in seconds; NULL is unknown):
  sweep       one row: schema, version, name, scenario, sha256, design, points,
              replications, seed, complete
  parameters  path, column and number_column in points, values
  points      point, sha256, a column for each parameter (and for its number)
  results     point, replication, case, seed, finished, rollout_time_s, …
  links, time_split, thresholds, …
              point, replication, case, and what a case lists of them
  joined      a view: points and results side by side

"""


@click.command(
    epilog=TABLES
    + example(
        "rolloutsim sweep scenarios/20nodes.yaml -p nodes=20,50,100 -p 'network=1 Gbit/s,10 Gbit/s'\n"
        "rolloutsim sweep scenarios/20nodes.yaml -p 'network=1 Gbit/s..100 Gbit/s log' --design sobol --points 64\n"
        "rolloutsim sweep scenarios/racks.yaml -p 'network.racks=4 Gbit/s,40 Gbit/s' --show 'pull_time p95'\n"
        "rolloutsim sweep mine.yaml -p variants=today,cache -p nodes=20,50,100\n"
        "rolloutsim sweep mine.yaml --replications 20 --jobs 8 -o mine.sqlite --resume\n"
        "rolloutsim sweep mine.yaml --cluster tcp://scheduler:8786 -o mine.sqlite\n"
        "sqlite3 mine.sqlite 'SELECT * FROM joined'"
    ),
)
@click.argument("file", metavar="FILE", shell_complete=completes("files"))
@click.option(
    "-p",
    "--parameter",
    "parameters",
    metavar="K=V1,V2",
    shell_complete=completes("varied"),
    multiple=True,
    help="Values of a path, written as in --set; or a range for --design sobol, K=FROM..TO, with ' log' behind it "
    "where equal steps are equal factors. Repeatable. Takes the place of the file's key 'sweep'.",
)
@OVERLAYS
@VARIANT
@SET
@click.option(
    "--design",
    type=click.Choice(DESIGNS),
    help="grid: every combination (the default); zip: values side by side; sobol: points spread evenly.",
)
@click.option("--points", metavar="N", type=click.IntRange(1), help="Points of a sobol design; best a power of two.")
@click.option(
    "--show",
    metavar="METRIC",
    shell_complete=completes("metrics"),
    multiple=True,
    help="A metric to show beside the rollout time: 'pull_time{group=web} p95', 'pods_ready{share=95%}'; its mean, "
    "where it needs a statistic and has none. 'explain thresholds' lists all. Repeatable.",
)
@click.option("--replications", metavar="N", type=click.IntRange(1, 1_000_000), help="Runs of each point.")
@click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of the first replication.")
@click.option(
    "--jobs", metavar="N", type=int, default=-1, show_default=True, help="Processes on local cores; -1: one for each."
)
@click.option("--cluster", metavar="URL", help="A Dask scheduler, tcp://host:8786, whose workers compute instead.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completes("files"),
    help="SQLite file that each result is written to at once.",
)
@click.option("--resume", is_flag=True, help="Go on with that file if it is there, after a kill for example.")
@click.option(
    "--parquet", metavar="FILE", shell_complete=completes("files"), help="Write the results to a Parquet file too."
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
def command(
    file: str,
    parameters: tuple[str, ...],
    overlays: tuple[str, ...],
    variant: str,
    overrides: tuple[str, ...],
    design: Kind | None,
    points: int | None,
    show: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    jobs: int,
    cluster: str | None,
    output: str | None,
    resume: bool,
    parquet: str | None,
    form: str,
) -> int:
    """Simulate a scenario at many points, each with several replications.

    What is varied stands in the scenario's key 'sweep' or in -p; 'variants' varies the file's variants, which other
    parameters then change (-p variants=today,cache -p nodes=20,50); without it the file itself is swept. All points
    are checked before the first is simulated. Replication i has the same seed at every point. Results do not depend on
    --jobs or --cluster: what is over in two seconds is done without other processes, on local cores by joblib's loky,
    on a cluster by Dask. (In Python any joblib backend will do: for Ray, s.sweep(…) within
    joblib.parallel_config("ray").)

    The table shows means over the replications; json has the same with intervals, csv every single run. Thresholds
    are judged at each point, and one that is missed leaves the exit code as it is: 5 if a rollout did not finish. An
    interruption keeps what is done.
    """
    if resume and output is None:
        raise click.UsageError("--resume goes on with a file: name it with -o")
    who: AbstractContextManager[Any] = planning.sweep.workers.workers(jobs, cluster)
    base = cli.scenarios.read(file, overrides, overlays, variant)
    name = base.places.file
    _check_outputs(parquet, output)
    chosen = _design(base, name, parameters, design, points)
    planned = planning.sweep.running.plan(base, chosen, replications, seed, show)
    if base.variants and not any(one.path == (scenario.loading.VARIANTS,) for one in chosen.parameters):
        every = ",".join(base.variants)
        cli.say(f"sweeping {name} itself; -p variants={every} sweeps its variants")
    if resume and output is not None and not os.path.exists(output):
        cli.say(f"{output} does not exist yet: beginning with the first run")
    with cli.progress.RunsProgress() as progress:
        records = planning.sweep.running.sweep(planned, None if output is None else Path(output), resume, who, progress)
    return _show(records, planned, form, output, parquet)


def _design(base: Draft, name: str, parameters: tuple[str, ...], design: Kind | None, points: int | None) -> Design:
    """What is varied: the options, or what the file says."""
    if parameters:
        return planning.sweep.designs.from_options(parameters, design, points)
    base.document()  # a key 'sweep' that is not valid is an error of the file
    own = planning.sweep.designs.from_data(base.data, design, points)
    if own is None:
        raise UsageError(
            f"{name} has no key 'sweep', and there is no -p; write for example -p 'network=1 Gbit/s,10 Gbit/s'"
        )
    return own


def _check_outputs(parquet: str | None, output: str | None) -> None:
    """Prove that what is asked for can be written, before anything is simulated."""
    if parquet is not None:
        try:
            planning.sweep.frames.need("--parquet", "pandas", "pyarrow")
        except ImportError as error:
            raise UsageError(str(error)) from None
    for option, path in (("--parquet", parquet), ("-o", output)):
        if path is None:
            continue
        if not path:
            raise UsageError(f"{option} is empty: name a file, for example {_EXAMPLES[option]}")
        if os.path.isdir(path):
            raise OutputError(f"cannot write {path}: is a directory; nothing was simulated; name a file")
        if not os.path.isdir(Path(path).parent):
            raise OutputError(f"cannot write {path}: its folder does not exist; nothing was simulated")


def _show(records: SweepRecords, planned: SweepPlan, form: str, output: str | None, parquet: str | None) -> int:
    figures = planning.sweep.figures
    if records.runs_done:
        if parquet is not None:
            planning.sweep.frames.to_parquet(records, Path(parquet))
        if form == "table":
            cli.page.show_table(figures.title(records), figures.table(records), figures.notes(records))
        else:
            forms = {"json": figures.to_json, "csv": figures.to_csv, "md": figures.to_markdown}
            click.echo(forms[form](records), nl=False)
    written = [path for path in (output, parquet if records.runs_done else None) if path is not None]
    if written:
        cli.say(f"wrote {' and '.join(written)}")
    if records.interrupted:
        kept = f"; --resume goes on with {output}" if output is not None else ""
        cli.say(f"interrupted: {records.runs_done:,} of {records.head.runs:,} runs are done{kept}")
        return ExitCode.INTERRUPTED
    return ExitCode.OK if all(records.results["finished"]) else ExitCode.UNFINISHED
