"""`rolloutsim trace`: a result as a timeline that Perfetto opens."""

from __future__ import annotations

from pathlib import Path

import click

from rolloutsim import cli, results
from rolloutsim.cli import example
from rolloutsim.cli.options import completes

FORMS = (".json", ".json.gz")


@click.command(
    epilog=example(
        "rolloutsim run scenarios/20nodes.yaml -o results\n"
        "rolloutsim trace results -o trace.json.gz\n"
        "rolloutsim trace results --case alpine --nodes 5 -o alpine.json"
    ),
)
@click.argument("result", metavar="RESULT", shell_complete=completes("files"))
@click.option(
    "--case", "name", metavar="CASE", shell_complete=completes("cases"), help="The case; the slowest by default."
)
@click.option(
    "--nodes", metavar="N", type=click.IntRange(min=1), help="Nodes shown at most, the latest ones; 200 by default."
)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="FILE",
    shell_complete=completes("files"),
    required=True,
    help="The trace: x.json.gz or x.json.",
)
def command(result: str, name: str | None, nodes: int | None, output: str) -> None:
    """Write every pull, layer and pod of RESULT as a timeline.

    RESULT is a folder written by 'run -o DIR', or the result.json or records.npz in it. Open the file at
    https://ui.perfetto.dev: it stays on your machine, and once visited the page works without a network. Each
    node is a process, each of its download slots a track; links, readiness, faults and refusals come first.
    """
    if not output.lower().endswith(FORMS):
        raise click.UsageError(f"-o {output}: a trace is {FORMS[0]} or {FORMS[1]}; name it for example trace.json.gz")

    outcome = results.store.load(result)
    case, chosen = cli.options.case_of(outcome, name)
    writer = results.trace.writer
    found = writer.trace(outcome.run, case, nodes or writer.MOST_NODES)
    cli.output.write_file(Path(output), writer.to_bytes(found, output.lower().endswith(".gz")))

    about = found["otherData"]
    said = [f"wrote {output}", *chosen]
    if about["nodes_shown"] < about["nodes"]:
        said.append(f"the {about['nodes_shown']} latest of {about['nodes']} nodes (--nodes for more)")
    if len(outcome) > 1:
        said.append(f"the first of {len(outcome)} replications")
    said += [f"{what}: {about[key]}" for key, what in _LEFT_OUT.items() if key in about]
    cli.say("; ".join(said))
    cli.say("open it at https://ui.perfetto.dev")


_LEFT_OUT = {"links_left_out": "links left out", "pushes_left_out": "left out"}
