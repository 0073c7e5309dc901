"""The wheel and the source distribution as somebody meets them who has nothing else; `make package` runs it.

Both are built twice, from the repository and from what the source distribution holds, and must be the same bytes. Then
the wheel goes into an empty environment. In an empty folder `rolloutsim init --all` writes the scenarios, and what
README.md shows is done there, and must print what is shown.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import os
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.action import Job

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```(console|sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# `make run`, and what it does where the package is installed.
_RECIPE = re.compile(r"^run:.*\n\t@\$\(BIN\)/(rolloutsim [^|\n]+?) \|\|", re.MULTILINE)
# When all is said to be made; any time will do, as long as it is the same (zip archives begin with 1980).
EPOCH = "1577836800"
SHELL = ("bash", "-o", "pipefail", "-c")
_MISSED = "rolloutsim: 1\nnodes: 2\nnetwork: 1 Gbit/s\nimages: {app: 3 MB}\nthresholds: {rollout_time: max < 1 ms}\n"
# What stands in README.md and needs more than the package: the repository, or a cluster that is not there.
_OF_THE_REPOSITORY = re.compile(r"\btests/|^make |\bnotebooks/")


class Wrong(Exception):
    """What is not as it must be, in a sentence."""


def build(source: Path, into: Path, engine: str = "pure") -> tuple[Path, Path]:
    """Build both from a folder.

    Parameters
    ----------
    source : path
        Where pyproject.toml lies.
    into : path
        Where they go.
    engine : str
        What ROLLOUTSIM_ENGINE is.

    Returns
    -------
    tuple of path
        The wheel, and the source distribution.
    """
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "ROLLOUTSIM_ENGINE": engine}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(into)]
    done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"cannot be built from {source}:\n{done.stderr}")
    (wheel,), (sdist,) = into.glob("*.whl"), into.glob("*.tar.gz")
    return wheel, sdist


def built_alike(into: Path) -> tuple[Path, Path]:
    """Build both into a folder, and once more from the source distribution.

    Raises
    ------
    Wrong
        If that gives other bytes.
    """
    wheel, sdist = build(ROOT, into)
    with TemporaryDirectory() as made:
        with tarfile.open(sdist) as archive:
            archive.extractall(made, filter="data")
        (unpacked,) = Path(made).iterdir()
        for one, again in zip((wheel, sdist), build(unpacked, Path(made, "dist")), strict=True):
            if one.read_bytes() != again.read_bytes():
                raise Wrong(f"{one.name} is another one when it is built from the source distribution")
    return wheel, sdist


def environment_of(folder: Path) -> dict[str, str]:
    """What is set where the package is used: nothing of the environment that it was made in."""
    kept = {key: os.environ[key] for key in ("LANG", "LC_ALL", "TMPDIR") if key in os.environ}
    path = f"{folder / 'venv/bin'}{os.pathsep}{os.defpath}"
    return kept | {"PATH": path, "HOME": str(folder), "NO_COLOR": "1"}


def install(wheel: Path, folder: Path) -> None:
    """Install a wheel with what it needs, and what sets PDFs, in the versions of constraints.txt, in an environment."""
    venv = folder / "venv"
    pip = [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "--disable-pip-version-check"]
    constraints = ROOT / "constraints.txt"
    for command in (
        [sys.executable, "-m", "venv", "--without-pip", str(venv)],
        [*pip, "install", "--quiet", "-c", str(constraints), f"{wheel}[pdf]"],
        [*pip, "check", "--quiet"],
    ):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Wrong(f"{shlex.join(command)}:\n{done.stdout}{done.stderr}")


def commands() -> Iterator[tuple[str, str | None]]:
    """What README.md shows, in order: each command with what it prints, or None where that is not shown."""
    for language, text in _BLOCK.findall(README.read_text(encoding="utf-8")):
        if language == "console":
            first, _, shown = text.partition("\n")
            yield first.removeprefix("$ "), shown
        elif language == "sh":
            yield from ((line, None) for line in _without_others(text.splitlines()))


def _without_others(lines: Iterable[str]) -> Iterator[str]:
    """The commands of rolloutsim and make, as far as they do not read what other programs would have written."""
    for line in lines:
        program, *_ = [*shlex.split(line, comments=True), ""]
        if program in ("rolloutsim", "make"):
            yield line
        elif program:
            return


def shown(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """What a terminal would show of a command, what it says before what it prints; and how it ended."""
    done = subprocess.run([*SHELL, command], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr + done.stdout


def readme(folder: Path, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    """Do what README.md shows.

    Returns
    -------
    tuple
        How many commands were right, and those that were left out.

    Raises
    ------
    Wrong
        At the first that is not.
    """
    right, left = 0, []
    (run,) = _RECIPE.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    for command, expected in commands():
        if command.split("#")[0].split() == ["make", "run"]:
            command = run
            expected = None if expected is None else expected.partition("exit code 3: ")[0]
        if _OF_THE_REPOSITORY.search(command):
            left.append(command)
            continue
        code, found = shown(command, folder, environment)
        if expected is None and code not in (0, 3):
            raise Wrong(f"{command} ends with exit code {code}:\n{found}")
        if expected not in (None, found):
            lines = difflib.unified_diff(
                str(expected).splitlines(), found.splitlines(), "README.md", "found", lineterm=""
            )
            raise Wrong("\n".join((f"{command} shows something else (exit code {code}):", *lines)))
        right += 1
    python = "".join(text for language, text in _BLOCK.findall(README.read_text("utf-8")) if language == "python")
    if python:
        (folder / "readme.py").write_text(python, encoding="utf-8")
        code, found = shown("python readme.py", folder, environment)
        if code:
            raise Wrong(f"the Python of README.md:\n{found}")
    return right, left


def action(folder: Path) -> None:
    """Run the action of GitHub with the program that is installed."""
    (folder / "job").mkdir()
    job = Job(folder / "job", f'#!/bin/sh\nexec "{folder}/venv/bin/rolloutsim" "$@"\n')
    (job.work / "a b.yaml").write_text(_MISSED, encoding="utf-8")
    (job.work / "base.yaml").write_text(_MISSED.replace("3 MB", "2 MB"), encoding="utf-8")
    code = job.run(scenarios="a*.yaml", set="nodes=3", baseline="base.yaml", fail_if="rollout_time > +10%")
    summary = job.summary.read_text(encoding="utf-8")
    report = job.work / "rolloutsim-results" / "report.html"
    if (
        code != 3 or "::error file=a b.yaml,line=5," not in job.said or not report.is_file()
        or "slower" not in summary or "| app" not in summary
    ):  # fmt: skip
        raise Wrong(f"the action ends with exit code {code}, and says:\n{job.said}\nits summary:\n{summary}")


def installed(folder: Path, environment: Mapping[str, str]) -> None:
    """Look at what else a package brings: licences, the manual, no file where it does not belong."""
    code, found = shown("rolloutsim --version --verbose", folder, environment)
    if code or "pure Python" not in found or "~/venv/" not in found:
        raise Wrong(f"rolloutsim --version --verbose (exit code {code}):\n{found}")
    venv = folder / "venv"
    (site,) = venv.glob("lib/python*/site-packages")
    vendored = {path.name for path in (ROOT / "rolloutsim").rglob("*LICENSE*")}
    there = {path.name for path in site.glob("rolloutsim-*.dist-info/licenses/**/*") if path.is_file()}
    if there != vendored | {"LICENSE"}:
        raise Wrong(f"licences in the wheel: {sorted(there)}; in the repository: {sorted(vendored)} and LICENSE")
    for path in (venv / "share/man/man1/rolloutsim.1", site / "rolloutsim/py.typed"):
        if not path.is_file():
            raise Wrong(f"the wheel brings no {path.relative_to(venv)}")
    for name in ("tests", "scenarios", "docs"):
        if (site / name).exists():
            raise Wrong(f"the wheel puts {name} beside other packages")
    asked = "_ROLLOUTSIM_COMPLETE=bash_complete COMP_LINE='rolloutsim run mine.yaml --set model=' rolloutsim"
    if (completed := shown(asked, folder, environment)) != (0, "plain,real\nplain,ideal\n"):
        raise Wrong(f"completion offers {completed}")
    code, found = shown("rolloutsim validate scenarios/*.yaml", folder, environment)
    if code:
        raise Wrong(f"scenarios of rolloutsim init --all:\n{found}")


def main() -> None:
    """Build both into a folder, and try the wheel."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("-d", "--directory", type=Path, default=ROOT / "dist", help="where they go; dist by default")
    directory = parser.parse_args().directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    for old in (*directory.glob("rolloutsim-*.whl"), *directory.glob("rolloutsim-*.tar.gz")):
        old.unlink()
    try:
        both = built_alike(directory)
        for path in both:
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}, {path.stat().st_size / 1e6:.1f} MB")
        with TemporaryDirectory() as made:
            folder = Path(made).resolve()
            environment = environment_of(folder)
            install(both[0], folder)
            code, found = shown("rolloutsim init --all scenarios", folder, environment)
            if code:
                raise Wrong(found)
            installed(folder, environment)
            right, left = readme(folder, environment)
            action(folder)
    except Wrong as error:
        sys.exit(f"package: {error}")
    print(f"the same bytes twice; {right} commands of README.md are right in an empty environment")
    for command in left:
        print(f"  left out, since it is of the repository: {command}")


if __name__ == "__main__":
    main()
