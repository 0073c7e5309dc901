"""`rolloutsim export`: a result for other tools."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from rolloutsim import cli, results
from rolloutsim.cli import example
from rolloutsim.cli.options import completes
from rolloutsim.errors import UsageError
from rolloutsim.units import QuantityError, parse_time

_FORMATS = ("kwok", "simkube", "prometheus", "otlp")
_START = "2000-01-01T00:00:00Z"  # a simulation has no date (assumed: one that nobody takes for a real one)


@click.command(
    epilog=example(
        "rolloutsim run scenarios/20nodes.yaml -o results\n"
        "rolloutsim export kwok results -o stages.yaml\n"
        "kubectl apply -f stages.yaml\n"
        "rolloutsim export otlp results --start 2026-03-01T09:00:00Z -o spans.json"
    ),
)
@click.argument("form", metavar="FORMAT", type=click.Choice(_FORMATS))
@click.argument("result", metavar="RESULT", shell_complete=completes("files"))
@click.option(
    "--case", "name", metavar="CASE", shell_complete=completes("cases"), help="The case; the slowest by default."
)
@click.option(
    "--resolution",
    metavar="TIME",
    default="100 ms",
    show_default=True,
    help="Of the delays in stages.",
)
@click.option("--start", metavar="TIME", default=_START, show_default=True, help="otlp: when the rollout begins.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Write FILE instead of the standard output.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
def command(
    form: str, result: str, name: str | None, resolution: str, start: str, output: str | None, force: bool
) -> None:
    """Write a case of RESULT for another tool.

    FORMAT is one of:

    \b
    kwok        Stages of KWOK: each pod with the delay of its node
    simkube     Stages for SimKube: the delays of each workload, drawn
    prometheus  the kubelet's histogram of pulls, as text
    otlp        a trace a pull, a span a layer, as JSON of OTLP/HTTP

    A delay is the time from a node's request for a pod's images until the pod is ready. RESULT is a folder written
    by 'run -o DIR', or the result.json or records.npz in it.
    """  # noqa: D301  (click wants the character, not the two)
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    outcome = results.store.load(result)
    case, chosen = cli.options.case_of(outcome, name)
    exports = results.exports
    if form == "kwok":
        stages, notes = exports.stages.kwok(case, _resolution(resolution))
    elif form == "simkube":
        stages, notes = exports.stages.simkube(case, _resolution(resolution))
    elif form == "prometheus":
        text, notes = exports.histograms.prometheus(case)
    else:
        text, notes = exports.spans.otlp(outcome.run, case, _start(start))
    if form in ("kwok", "simkube"):
        if not stages:
            raise UsageError(f"no pod of case {case.name} became ready: there is no delay to write")
        head = [f"rolloutsim {outcome.run.provenance.get('rolloutsim', '')}: {outcome.run.scenario.name}, {case.name}"]
        text = exports.stages.text(stages, [*head, *notes])
        notes.insert(0, f"{len(stages)} stages" if len(stages) > 1 else "one stage")
    notes += chosen
    if len(outcome) > 1:
        notes.append(f"the first of {len(outcome)} replications")
    if output is None:
        click.echo(text, nl=False)
    else:
        cli.output.write_file(Path(output), text)
        cli.say(f"wrote {output}")
    for note in notes:
        cli.say(f"note: {note}")


def _resolution(text: str) -> float:
    try:
        return parse_time(text)
    except QuantityError as error:
        raise UsageError(f"--resolution: {error}") from None


def _start(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--start {text}: no date and time; write it as 2026-03-01T09:00:00Z") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
