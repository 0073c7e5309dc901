"""`rolloutsim import`: a scenario of what people have: manifests, nodes, workloads."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolloutsim import cli, imports, results
from rolloutsim.cli import ExitCode, example
from rolloutsim.cli.options import completes
from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import listing
from rolloutsim.scenario.loading import read_text

if TYPE_CHECKING:
    from rolloutsim.imports.drafts.assumed import Assumed

_LEFT_OUT = " is left out: "
_MOST_ALIKE = 3  # of what is assumed for one reason (assumed: enough to see what it is)
_MOST_SHOWN = 12  # of what was assumed (assumed: nobody reads more; all of it stands in the scenario)


@click.command(
    epilog=example(
        "kubectl get nodes -o json > nodes.json\n"
        "kubectl get deployments,daemonsets,pods -A -o json > workloads.json\n"
        "rolloutsim import nodes.json workloads.json -o mine.yaml\n"
        "crane manifest quay.io/team/api:1.2 | rolloutsim import quay.io/team/api:1.2=- --into mine.yaml\n"
        "docker save team/api:1.2 | rolloutsim import -\n"
        "rolloutsim import registry.example/team/api:1.2 docker://nginx:1.27 workloads.json -o mine.yaml"
    ),
)
@click.argument("what", metavar="WHAT…", shell_complete=completes("files"), nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Write FILE instead of the standard output.",
)
@click.option(
    "--into",
    metavar="FILE",
    shell_complete=completes("files"),
    help="Merge it into the scenario FILE: only what WHAT knows is replaced.",
)
@click.option(
    "--group",
    "groups",
    metavar="[NAME=]GROUP",
    shell_complete=completes("groups"),
    multiple=True,
    help="With --into: the group of FILE that the nodes NAME are, or all of them. Repeatable.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.option(
    "--platform", metavar="OS/ARCH", default="linux/amd64", show_default=True, help="Of images for several platforms."
)
@click.option(
    "--credentials",
    type=click.Choice(imports.CREDENTIALS),
    default="none",
    show_default=True,
    help="For registries: 'docker' takes the entry of that host from docker's config.json, 'helper' runs the "
    "credential helper that it names, 'env' takes ROLLOUTSIM_REGISTRY_USER and ROLLOUTSIM_REGISTRY_PASSWORD.",
)
@click.option(
    "--allow-realm", "realms", metavar="HOST", multiple=True,
    help="A host that may be asked for tokens, and sent the login, beside a registry's own. Repeatable.",
)  # fmt: skip
@click.option(
    "--allow-redirect", "redirects", metavar="HOST", multiple=True,
    help="A host without a public address to which a registry may send on. Repeatable.",
)  # fmt: skip
@click.option(
    "--plain-http", metavar="HOST", multiple=True, help="A host that is asked without TLS: localhost:5000. Repeatable."
)
def command(
    what: tuple[str, ...],
    output: str | None,
    into: str | None,
    groups: tuple[str, ...],
    force: bool,
    platform: str,
    credentials: str,
    realms: tuple[str, ...],
    redirects: tuple[str, ...],
    plain_http: tuple[str, ...],
) -> int:
    """Make a scenario of files that people have, each value with where it is from.

    WHAT is a file, a folder, or '-' for the standard input, of JSON, YAML or TOML: manifests of images as crane,
    skopeo and docker print them, nodes, workloads and pods as kubectl and helm do, ImagePullJobs, compose files and
    Swarm stacks, configurations of the kubelet, containerd (config.toml, hosts.toml) and the SOCI snapshotter, and
    instance types as 'aws ec2 describe-instance-types' does.
    Images may also be archives (docker save, skopeo, podman, crane; tar or tar.gz) and folders with an OCI layout, or
    their sizes as docker history, docker image inspect, docker images --format json and crictl images -o json tell
    them. NAME=FILE says which image a manifest or archive is of. What nothing tells is assumed, and listed
    with the command that would find it out. Exit code 6 if a file is none of these, or a registry does not answer as
    it should.

    WHAT is also an image: HOST/REPOSITORY:TAG, or docker://IMAGE. Its registry is asked for the image's manifest (and a
    token for it, and its configuration), never for layers; no file that is imported makes rolloutsim ask anyone.

    With --into, FILE keeps all that WHAT does not tell, comments and style included; what is assumed replaces nothing.
    """
    allowed = imports.Allowed(plain_http, realms, redirects, credentials)
    if into is not None:
        if output is not None or force:
            raise click.UsageError("--into changes its FILE in place; leave out -o and --force.")
        return _merge(what, into, groups, platform, allowed)
    if groups:
        raise click.UsageError("--group goes with --into: it names groups of that scenario.")
    if output is not None and not force:
        cli.output.keep_what_exists(Path(output))
    made = imports.imported(what, platform, allowed)
    if output is None:
        click.echo(made.text, nl=False)
    else:
        cli.output.write_file(Path(output), made.text)
        cli.say(f"wrote {output}: {made.summary}; {cli.output.run_it(output)}")
    _talk(made.notes, made.assumed)
    return ExitCode.OK


def _merge(what: Sequence[str], into: str, groups: Sequence[str], platform: str, allowed: imports.Allowed) -> int:
    """Merge into a scenario, and say what is different."""
    path = Path(into)
    text = _text(path)
    made = imports.merged(what, text, into, platform, groups, allowed)
    if made.text == text:
        cli.say(f"{into}: nothing to change; it says already what was given")
    else:
        cli.output.write_file(path, made.text)
        for change in made.changes:
            click.echo(results.numerals.visible(change))
        count = len(made.changes)
        cli.say(f"changed {into}: {count} value{'' if count == 1 else 's'}; {cli.output.run_it(into)}")
    _talk(made.notes, made.assumed)
    return ExitCode.OK


def _text(path: Path) -> str:
    """A scenario's text with its byte order mark, where it has one."""
    if str(path) == "-":
        raise UsageError("--into -: the standard input cannot be changed in place; name a file")
    text, _ = read_text(path)
    with path.open("rb") as file:
        return ("\ufeff" if file.read(len(BOM_UTF8)) == BOM_UTF8 else "") + text


def _talk(notes: Sequence[str], assumed: Sequence[Assumed]) -> None:
    """Say what was taken for what, and what was assumed."""
    notes = _folded(notes)
    for note in notes[:_MOST_SHOWN]:
        cli.say(f"note: {note}")
    if len(notes) > _MOST_SHOWN:
        cli.say(f"note: and {len(notes) - _MOST_SHOWN} more")
    if assumed:
        cli.say("Assumed, the most important first, and what would tell:")
    shown = _first(assumed)
    for one in shown[:_MOST_SHOWN]:
        cli.say(f"  {one.key}: {one.value} ({one.why})")
        cli.say(f"      {one.command}")
    rest = len(assumed) - min(len(shown), _MOST_SHOWN)
    if rest:
        cli.say(f"  and {rest} more, alike or less important; values of the scenario have 'assumed' behind them")


def _folded(notes: Sequence[str]) -> list[str]:
    """The notes, those of what is left out for one reason as one."""
    folded: dict[str, list[str]] = {}
    for note in notes:
        what, is_left_out, why = note.partition(_LEFT_OUT)
        name = re.escape(what.rpartition(" ")[2])
        folded.setdefault(re.sub(rf"\b{name}\b", "*", why) if is_left_out else note, []).append(note)
    shown = []
    for first, *others in folded.values():
        more = listing([one.partition(_LEFT_OUT)[0] for one in others if one != first], _MOST_ALIKE, ", ")
        shown.append(first if {first} >= set(others) else f"{first}; for the same reason: {more}")
    return shown


def _first(assumed: Sequence[Assumed]) -> list[Assumed]:
    """The first of those that are alike, as images without a manifest are: they would hide all that comes after."""
    shown: list[Assumed] = []
    for one in assumed:
        if sum(each.why == one.why for each in shown) < _MOST_ALIKE:
            shown.append(one)
    return shown
