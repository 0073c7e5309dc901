"""rolloutsim.1, the manual page, from the command line as it is: `python -m tests.manual` writes it anew.

Macros are those of man(7), which groff and mandoc know.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import rolloutsim
from rolloutsim.cli import COMMANDS, EPILOG, main

FILE = Path(__file__).parents[1] / "rolloutsim.1"
_SECTIONS = {
    "Exit codes": "EXIT STATUS", "Example": "EXAMPLES",
    "Completion with TAB, of commands, keys, names and files": "COMPLETION",
}  # fmt: skip
# What a reader finds nowhere else on one page.
_ENVIRONMENT = {
    "NO_COLOR": "If it is set, tables have no colours.",
    "ROLLOUTSIM_REGISTRY_USER": "With import --credentials env: the user of registries.",
    "ROLLOUTSIM_REGISTRY_PASSWORD": "The password of that user.",
    "ROLLOUTSIM_TRACEBACK": "If it is set, an internal error shows where it happened.",
}


def page() -> str:
    """The whole page."""
    about = _paragraphs(main.help or "")
    lines = [
        f'.TH ROLLOUTSIM 1 "" "rolloutsim {_text(rolloutsim.__version__)}" "User Commands"',
        ".nh",  # hyphens are those of options
        ".ad l",
        ".SH NAME",
        f"rolloutsim \\- {_text(about[0][0].lower() + about[0][1:].rstrip('.'))}",
        ".SH SYNOPSIS",
        ".B rolloutsim",
        _text("[OPTION…] COMMAND [ARGUMENT…]"),
        ".SH DESCRIPTION",
        *_told(about[1:]),
        ".SH OPTIONS",
        *_options(main),
        ".SH COMMANDS",
    ]
    with main.make_context("rolloutsim", [], resilient_parsing=True) as context:
        for name in COMMANDS:
            command = main.get_command(context, name)
            assert command is not None
            lines += _command(name, command)
    lines += _epilog(EPILOG, ".SH")
    lines.append(".SH ENVIRONMENT")
    for name, meaning in _ENVIRONMENT.items():
        lines += [".TP", f".B {_text(name)}", _text(meaning)]
    return "\n".join(lines) + "\n"


def _command(name: str, command: click.Command) -> Iterator[str]:
    """What a command does, its options, and its examples."""
    arguments = [_metavar(one) for one in command.params if isinstance(one, click.Argument)]
    yield f'.SS "rolloutsim {_text(name)}"'
    yield ".B " + _text(" ".join(("rolloutsim", name, "[OPTION…]", *arguments)))
    yield ".PP"
    yield from _told(_paragraphs(command.help or ""))
    yield from _options(command)
    yield from _epilog(command.epilog or "", ".PP")


def _options(command: click.Command) -> Iterator[str]:
    for one in command.params:
        if not isinstance(one, click.Option) or one.hidden:
            continue
        value = "" if one.is_flag else f" \\fI{_text(_metavar(one))}\\fR"
        yield ".TP"
        yield ", ".join(f"\\fB{_text(name)}\\fR" for name in one.opts) + value
        yield _text(" ".join((one.help or "", *_remarks(one))).strip())


def _remarks(option: click.Option) -> Iterator[str]:
    if isinstance(option.show_default, str):
        yield f"[default: {option.show_default}]"
    elif option.show_default and option.default not in (None, False, ()):
        yield f"[default: {option.default}]"
    if option.required:
        yield "[required]"


def _metavar(parameter: Any) -> str:
    if parameter.metavar:
        return str(parameter.metavar)
    if isinstance(parameter.type, click.Choice):
        return "|".join(parameter.type.choices)
    return str(parameter.name).upper()


def _paragraphs(help: str) -> list[str]:
    """The paragraphs of a help text; one whose line breaks stay begins with \\b."""
    return [one for one in inspect.cleandoc(help).split("\n\n") if one.strip()]


def _told(paragraphs: list[str]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield ".PP"
        if paragraph.startswith("\b"):
            yield from _as_it_is(paragraph.removeprefix("\b").strip("\n").splitlines())
        else:
            yield _text(" ".join(paragraph.split()))


def _epilog(text: str, macro: str) -> Iterator[str]:
    """The parts of an epilog: a line that ends in a colon, and what belongs to it."""
    for paragraph in text.split("\b\n"):
        head, _, rest = paragraph.strip("\n").partition("\n")
        if not head:
            continue
        title = head.rstrip(":")
        if macro == ".SH":
            yield f'.SH "{_text(_SECTIONS.get(title, title.upper()))}"'
        else:
            yield from (".PP", f".I {_text(title)}:")
        if title == "Exit codes":
            for line in rest.splitlines():
                code, meaning = line.split(maxsplit=1)
                yield from (".TP", f".B {code}", _text(meaning))
        else:
            yield from _as_it_is(inspect.cleandoc(rest).splitlines())


def _as_it_is(lines: list[str]) -> Iterator[str]:
    yield from (".RS 4", ".nf", *(_text(line) for line in lines), ".fi", ".RE")


def _text(text: str) -> str:
    """Text as roff takes it: nothing in it is a command, and ASCII signs stay what they are."""
    signs = {"\\": "\\e", "-": "\\-", "'": "\\(aq", '"': "\\(dq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}
    return re.sub(r"^\.", r"\\&.", "".join(signs.get(one, one) for one in text))


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
