"""Options that several commands have, and those of `compare` and `diff` that belong to the file before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from rolloutsim import cli
from rolloutsim.errors import UsageError
from rolloutsim.structs import struct
from rolloutsim.units import QuantityError, parse_time

if TYPE_CHECKING:
    from rolloutsim.results.facts.records import CaseRecords
    from rolloutsim.results.outcome import Outcome


def completes(what: str) -> Callable[[click.Context, click.Parameter, str], Any]:
    """What a shell offers for a value, by its name in `completion.KINDS`; worked out when a shell asks."""

    def offered(context: click.Context, parameter: click.Parameter, incomplete: str) -> Any:
        return cli.completion.offered(what, context, incomplete)

    return offered


VARIANT = click.option(
    "--variant",
    metavar="NAME",
    default="",
    shell_complete=completes("variants"),
    help="Only this variant of the file's key 'variants'.",
)
OVERLAYS = click.option(
    "-f",
    "--file",
    "overlays",
    metavar="FILE",
    shell_complete=completes("files"),
    multiple=True,
    help="A file that is merged over the scenario, key by key; lists and values take the place of what is there. "
    "Repeatable, the last one wins.",
)
OVERLAYS_ALONE = click.option(
    "-f",
    "--file",
    "overlays",
    metavar="FILE",
    shell_complete=completes("files"),
    multiple=True,
    help="A file that is merged over each FILE, key by key; lists and values take the place of what is there. "
    "Repeatable, the last one wins; without FILE the first -f is what the others are merged over.",
)

SET = click.option(
    "--set",
    "overrides",
    metavar="K=V",
    shell_complete=completes("assignments"),
    multiple=True,
    help="Change a value of the scenario; repeatable.",
)
SEED = click.option("--seed", metavar="N", type=click.IntRange(0, 2**63 - 1), help="Seed of all random numbers.")
REPLICATIONS = click.option(
    "--replications", metavar="N", type=click.IntRange(1), help="Simulate N times, with seeds of their own."
)
JOBS = click.option(
    "--jobs",
    metavar="N",
    type=int,
    default=1,
    show_default=True,
    help="Processes for the replications; -1: one a core.",
)
WHAT_IF = click.option(
    "--what-if",
    "thorough",
    is_flag=True,
    help="Try every change that could make the slowest case faster, not only a smaller image and the best two.",
)
SIMULATING = (VARIANT, SET, SEED, REPLICATIONS, JOBS)


def of_simulations(command: Any) -> Any:
    """Give a command the options that say what is simulated of its scenarios, and how often."""
    for option in reversed(SIMULATING):
        command = option(command)
    return command


def case_of(outcome: Outcome, name: str | None) -> tuple[CaseRecords, list[str]]:
    """The case of a result that `--case` names, the slowest by default; and what to say of the choice, if anything.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name is not None and name not in outcome.cases:
        raise UsageError(f"--case {name}: no case has this name; cases: {', '.join(outcome.cases)}")
    case = outcome.records(name or outcome.slowest)
    if len(outcome.cases) == 1:
        return case, []
    return case, [f"case {case.name}" + ("" if name else f", the slowest of {len(outcome.cases)} (--case for another)")]


def time_of(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """A time as the option's value."""
    try:
        return None if text is None else parse_time(text)
    except QuantityError as error:
        raise click.BadParameter(error.message, context, parameter) from None


_OF_A_SIDE = ("--set", "--variant", "-f", "--file")
_BEHIND = "\0"  # between the number of the file that an option stands behind and its value: no argument has one


def with_base(files: Sequence[str], overlays: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The scenario files, and what is merged over them; without any the first overlay is one."""
    if files:
        return tuple(files), tuple(overlays)
    if not overlays:
        raise click.UsageError("Missing argument 'FILE…'.")
    return tuple(overlays[:1]), tuple(overlays[1:])


@struct
class Side:
    """A scenario or a result as it is named on the command line, and what is changed in it.

    Parameters
    ----------
    name : str
        The file or folder.
    overrides, overlays : tuple of str
        Of `--set` and `-f`.
    variant : str
        Of `--variant`; empty: the file itself.
    own : tuple of str
        Those of them that are for this side alone, the variant left out.
    """

    name: str
    overrides: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    variant: str = ""
    own: tuple[str, ...] = ()

    @property
    def changes(self) -> str:
        """What is changed in this side alone, as one says it."""
        return ", ".join((*filter(None, (self.variant,)), *self.own))


class OfSides(click.Command):
    """A command of which `--set`, `--variant` and `-f` belong to the file that they stand behind."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remember of each of these options how many files stand before it."""
        return super().parse_args(ctx, list(self._placed(args)))

    def _placed(self, args: list[str]) -> Iterator[str]:
        with_value = {
            name for one in self.params if isinstance(one, click.Option) and not one.is_flag for name in one.opts
        }
        files = 0
        rest = iter(args)
        for arg in rest:
            if arg == "--":
                yield arg
                yield from rest
                return
            is_long = arg.startswith("--")
            name, equals, value = arg.partition("=") if is_long else (arg[:2], arg[2:], arg[2:])
            if not arg.startswith("-") or len(arg) == 1:
                files += 1
                yield arg
            elif name not in with_value:
                yield arg
            else:
                given = value if equals else next(rest, None)
                if given is None:
                    yield arg
                elif name in _OF_A_SIDE:
                    yield from (name, f"{files}{_BEHIND}{given}")
                else:
                    yield from (name, given) if not equals else (arg,)


def placed(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Any:
    """The values of an option, each with the number of the file that it stands behind; 0: it stands before all."""
    pairs = (value.split(_BEHIND, 1) for value in values)
    return tuple((int(number), value) for number, value in pairs)


OF_A_SIDE = (
    click.option(
        "--set", "overrides", metavar="K=V", shell_complete=completes("assignments"), multiple=True, callback=placed,
        help="Change a value of the file before it; before all files: of each. Repeatable. Behind the only FILE it is "
        "compared with that file itself.",
    ),
    click.option(
        "--variant", "variants", metavar="NAME", shell_complete=completes("variants"), multiple=True, callback=placed,
        help="Take a variant of the file before it.",
    ),
    click.option(
        "-f", "--file", "overlays", metavar="FILE", shell_complete=completes("files"), multiple=True, callback=placed,
        help="Merge a file over the file before it, key by key; lists and values take the place of what is there.",
    ),
)  # fmt: skip
Placed = Sequence[tuple[int, str]]


def of_a_side(command: Any) -> Any:
    """Give a command the options that belong to a file."""
    for option in reversed(OF_A_SIDE):
        command = option(command)
    return command


def sides_of(names: Sequence[str], overrides: Placed, variants: Placed, overlays: Placed) -> list[Side]:
    """What is named, with what is changed in it; behind the only file, its changes against the file itself."""
    found = []
    for number, name in enumerate(names, 1):
        every, own = (
            {key: _at(placed, at) for key, placed in _given(overrides, variants, overlays)} for at in (0, number)
        )
        chosen = [*every["variant"], *own["variant"]]
        overrides_of, overlays_of = (*every["set"], *own["set"]), (*every["file"], *own["file"])
        if len(names) == 1 and any(own.values()) and len(chosen) < 2:
            found.append(Side(name, every["set"], every["file"]))
        if len(chosen) > 1 and len(names) > 1:
            raise UsageError(
                f"'{name}' stands for one variant, and {' and '.join(chosen)} are asked for; name it again"
            )
        told = (*own["file"], *own["set"])
        found += [Side(name, overrides_of, overlays_of, one, told) for one in chosen or ("",)]
    return found


def _given(overrides: Placed, variants: Placed, overlays: Placed) -> tuple[tuple[str, Placed], ...]:
    return (("set", overrides), ("variant", variants), ("file", overlays))


def _at(values: Placed, number: int) -> tuple[str, ...]:
    return tuple(value for at, value in values if at == number)


def told_apart(sides: Sequence[Side]) -> list[str]:
    """What the sides are called: as their files, with their own changes; by these alone where there is one file.

    Raises
    ------
    UsageError
        If two are the same.
    """
    same_file = len({side.name for side in sides}) == 1
    names = []
    for side in sides:
        names.append(side.changes or side.name if same_file else ", ".join(filter(None, (side.name, side.changes))))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{twice[0]} is named twice; name each scenario once")
    return names
