"""What a report of a defect needs to know of where rolloutsim runs: `rolloutsim --version --verbose`."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import rolloutsim

_HERE = Path(rolloutsim.__file__).parent
_TOOLS = ("test", "dev", "browser", "docs")  # extras of those who work on it
_REQUIREMENT = re.compile(r"([\w.-]+)(\[)?.*?(?:extra == ['\"](\w+)['\"])?$")


def about() -> str:
    """Versions, a line each: whether the engine is compiled, where it is installed, Python, platform, dependencies.

    Of paths it has the one where rolloutsim is installed, in which `~` stands for the user's home.
    """
    rows = [
        ("engine", _engine()),
        ("installed", _without_home(_HERE)),
        ("Python", f"{platform.python_version()}, {platform.python_implementation()}"),
        ("platform", platform.platform()),
        *_dependencies(),
    ]
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"{name:<{width}}{what}" for name, what in rows)


def _engine() -> str:
    """Compiled, if there is any extension module among the package's own."""
    compiled = [path for path in _HERE.glob("*/*") if path.name.endswith(tuple(EXTENSION_SUFFIXES))]
    return f"compiled ({len(compiled)} modules)" if compiled else "pure Python"


def _without_home(path: Path) -> str:
    home = os.path.expanduser("~")
    inside = os.path.isabs(home) and home != os.sep and path.is_relative_to(home)
    return os.path.join("~", path.relative_to(home)) if inside else str(path)


def _dependencies() -> Iterator[tuple[str, str]]:
    """What it needs, and of what it can use that which is there."""
    try:
        needed = requires("rolloutsim") or []
    except PackageNotFoundError:
        yield ("dependencies", "unknown: it is not installed, and runs from its source")
        return
    named: dict[str, bool] = {}
    for requirement in needed:
        found = _REQUIREMENT.match(requirement)
        if found is not None and not found[2] and found[3] not in _TOOLS:
            named[found[1]] = named.get(found[1], False) or found[3] is None
    for name, always in named.items():
        try:
            yield (name, version(name))
        except PackageNotFoundError:
            if always:
                yield (name, "missing")
