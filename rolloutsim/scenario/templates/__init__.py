"""Commented scenarios to start from: those of the folder `scenarios/`, and two that write out what there is to say.

`scenarios/` lies at the root of the repository, for people to read; a wheel has its files in this folder.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rolloutsim.errors import UsageError
from rolloutsim.scenario.hints import did_you_mean

DEFAULT_TEMPLATE = "20nodes"
_EDITORS = "# yaml-language-server: "  # of a path that is there in the repository alone
_HERE = Path(__file__).parent
_SOURCE = _HERE.parents[2] / "scenarios"


@cache
def template_names() -> tuple[str, ...]:
    """The names of all templates, sorted."""
    return tuple(sorted(_files()))


def template_title(name: str) -> str:
    """What a template is about, in a line.

    Raises
    ------
    UsageError
        If there is no template of that name.
    """
    return next(line.removeprefix("# ").rstrip() for line in template(name).splitlines() if line.strip("# "))


def template(name: str = DEFAULT_TEMPLATE) -> str:
    """The text of a template.

    Parameters
    ----------
    name : str
        One of `template_names`.

    Raises
    ------
    UsageError
        If there is no template of that name.
    """
    known = template_names()
    if name not in known:
        help = did_you_mean(name, known)
        raise UsageError(f"no template is named '{name}'; known: {' '.join(known)}" + (f"; {help}" if help else ""))
    text = _files()[name].read_text("utf-8")
    if text.startswith(_EDITORS):
        text = text.partition("\n")[2].removeprefix("#\n")
    return text


def _files() -> dict[str, Path]:
    # Beside an installed package a folder `scenarios` is somebody else's.
    folders = (_HERE,) if (_HERE / f"{DEFAULT_TEMPLATE}.yaml").exists() else (_SOURCE, _HERE)
    return {path.stem: path for folder in folders for path in folder.glob("*.yaml")}
