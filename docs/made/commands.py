"""The commands: what `--help` says of each."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from rolloutsim.cli import COMMANDS, main


def lines() -> Iterator[str]:
    """All commands, in the order of `rolloutsim --help`."""
    with main.make_context("rolloutsim", [], resilient_parsing=True) as above:
        yield from ("| command | does |", "|---|---|")
        yield from (f"| [`{name}`](#{name}) | {plain(short)} |" for name, short in COMMANDS.items())
        for name in COMMANDS:
            command = main.get_command(above, name)
            assert command is not None
            with click.Context(command, info_name=name, parent=above) as context:
                yield from _about(name, command, context)


def _about(name: str, command: click.Command, context: click.Context) -> Iterator[str]:
    yield from ("", f"## {name}", "", plain(COMMANDS[name]), "")
    usage = " ".join(command.collect_usage_pieces(context))
    yield from ("```text", f"{context.command_path} {usage}", "```", "")
    yield from (_paragraphs(command.help or ""), "")
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if record is not None:
            shown, meaning = record
            yield from (f"`{' '.join(shown.split())}`", f": {plain(' '.join(meaning.split())) or 'see above'}", "")
    yield from _ending(command.epilog or "")


def _paragraphs(text: str) -> str:
    """A help text as Markdown; what click is told to leave as it is becomes a block."""
    parts = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(_block(part) if part.startswith("\b") else plain(" ".join(part.split())) for part in parts)


def _ending(text: str) -> Iterator[str]:
    """What stands at the end: examples, lists."""
    for part in filter(None, inspect.cleandoc(text).split("\n\n")):
        title, _, rest = part.removeprefix("\b\n").partition("\n")
        yield from (title if title.endswith(":") else f"{title}:", "", _block(rest or title), "")


def _block(text: str) -> str:
    inside = inspect.cleandoc(text.replace("\b\n", "").replace("\b", ""))
    return f"```text\n{inside}\n```"


def plain(text: str) -> str:
    """Text of a terminal as Markdown that shows the same; what it quotes is code."""
    text = re.sub(r"(?<![\w`])'([^']+)'(?![\w`])", r"`\1`", text)
    return "".join(
        piece if number % 2 else re.sub(r"([<>*_\[\]|{}$~])", r"\\\1", piece).replace("--", r"\-\-")
        for number, piece in enumerate(re.split(r"(`[^`]*`)", text))
    )
