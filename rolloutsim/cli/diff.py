"""`rolloutsim diff`: what differs in two resolved scenarios; nothing is simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rolloutsim import cli, results, scenario
from rolloutsim.cli import example
from rolloutsim.cli.options import OfSides, Placed, completes, of_a_side
from rolloutsim.errors import UsageError
from rolloutsim.results.numerals import counted, listed
from rolloutsim.results.shown.changed import changed_table

if TYPE_CHECKING:
    from rolloutsim.cli.options import Side
    from rolloutsim.scenario.resolved import ResolvedScenario
    from rolloutsim.scenario.settings import Changed

FORMATS = ("table", "json", "md")


@click.command(
    cls=OfSides,
    epilog=example(
        "rolloutsim diff scenarios/20nodes.yaml scenarios/20nodes-10g.yaml\n"
        "rolloutsim diff mine.yaml --variant cache\n"
        "rolloutsim diff mine.yaml --variant today mine.yaml --variant cache\n"
        "rolloutsim diff results mine.yaml --set runtime=cri-o"
    ),
)
@click.argument("names", metavar="A [B]", shell_complete=completes("files"), nargs=-1, required=True)
@of_a_side
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="What stdout shows."
)
def command(names: tuple[str, ...], overrides: Placed, variants: Placed, overlays: Placed, form: str) -> None:
    """Show what differs in two resolved scenarios, before anything is simulated: '+' what only B says, '-' what only A
    says, '~' what says something else; defaults that changed with it are marked.

    A and B are scenario files or results. --set, --variant and -f belong to the file that they stand behind; behind
    the only file they are compared with that file itself. A value that is written out where the other has it as a
    default is no difference.
    """
    sides = cli.options.sides_of(names, overrides, variants, overlays)
    if len(sides) != 2:
        raise UsageError(
            f"diff takes two scenarios or results, or one with what is changed in it, and here {_are(len(sides))}: "
            "rolloutsim diff A B, or rolloutsim diff A --variant NAME"
        )
    labels = cli.options.told_apart(sides)
    before, after = map(_resolved, sides)
    changed = scenario.settings.changes(before, after)
    if form == "json":
        document = {
            "schema": "rolloutsim.diff/1",
            "scenarios": [
                {"name": label, "scenario": one.name, "sha256": one.sha256}
                for label, one in zip(labels, (before, after), strict=True)
            ],
            "changes": [{"key": one.key, "change": one.sign} | one.values() for one in changed],
        }
        click.echo(results.document.to_text(document), nl=False)
        return
    title = f"{labels[1]} against {labels[0]}"
    note = _note(changed, before.sha256 == after.sha256)
    if form == "md":
        table = results.shown.tabular.markdown(changed_table(changed)) if changed else ""
        parts = (f"### {results.shown.tabular.escaped(title)}", table, f"_{note}_")
        click.echo("\n\n".join(part for part in parts if part))
    else:
        _show(title, changed, note)


def _are(count: int) -> str:
    return "is one" if count == 1 else f"are {count}"


def _resolved(side: Side) -> ResolvedScenario:
    if not results.store.is_result(side.name):
        return cli.scenarios.load_file(side.name, side.overrides, side.overlays, side.variant).resolved
    if side.overrides or side.overlays or side.variant:
        raise UsageError(
            f"{side.changes} stands behind '{side.name}', a result, which is of one scenario; leave it out"
        )
    resolved = results.store.load(side.name).run.scenario
    if not resolved.document:
        raise UsageError(
            f"'{side.name}' does not hold the scenario that it is of: it was made in Python, without a file"
        )
    return resolved


def _show(title: str, changed: tuple[Changed, ...], note: str) -> None:
    page = cli.page.Page()
    page.title(title)
    if changed:
        page.lines += cli.page.changed_lines(changed_table(changed), page.style)
        page.blank()
    page.lines += cli.page.wrapped(note, indent=1, width=page.width)
    page.show()


def _note(changed: tuple[Changed, ...], same: bool) -> str:
    """How much differs; that nothing was simulated."""
    if not changed:
        return "Nothing differs." if same else "No key differs, and only names of what has no key."
    words = {"~": "changed", "+": "added", "-": "gone"}
    counts = [f"{count} {word}" for sign, word in words.items() if (count := sum(one.sign == sign for one in changed))]
    defaults = sum(one.is_default for one in changed)
    also = f", {defaults} of {'them' if len(changed) > 1 else 'it'} by default" if defaults else ""
    return f"{counted(len(changed), 'key')}: {listed(counts)}{also}. 'rolloutsim compare' simulates both."
