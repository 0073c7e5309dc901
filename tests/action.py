"""The action of GitHub, run as a runner does: its steps' scripts, with the files and the environment that it gives."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["id"]: step for step in ACTION["runs"]["steps"]}


def _evaluated(value: str, known: dict[str, str]) -> str:
    """An expression of a workflow, of those that the action has."""
    return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known.get(found[1], ""), value)


class Job:
    """All steps but the installation, which is given.

    Parameters
    ----------
    folder : path
        Where it makes its files; the repository is `work` in it.
    program : str
        The script that is called in place of `rolloutsim`.
    """

    def __init__(self, folder: Path, program: str) -> None:
        self.folder, self.work, self.temp = folder, folder / "work", folder / "temp"
        self.summary = folder / "summary"
        self.said = ""
        place = self.temp / "rolloutsim" / "bin" / "rolloutsim"
        place.parent.mkdir(parents=True)
        self.work.mkdir()
        place.write_text(program, encoding="utf-8")
        place.chmod(0o755)

    def run(self, **inputs: str) -> int:
        """Run the steps; the exit code of the first that fails, or 0."""
        given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        known = {f"inputs.{name}": value for name, value in given.items()}
        self.summary.write_text("", encoding="utf-8")
        for name, step in STEPS.items():
            if name == "install" or (name == "compare" and not given["baseline"]):
                continue
            code, outputs = self._step(step, known)
            known |= {f"steps.{name}.outputs.{key}": value for key, value in outputs.items()}
            if code:
                return code
        return 0

    def _step(self, step: dict[str, Any], known: dict[str, str]) -> tuple[int, dict[str, str]]:
        output, script = self.folder / "output", self.folder / "script"
        output.write_text("", encoding="utf-8")
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            "PATH": os.environ["PATH"], "RUNNER_TEMP": str(self.temp), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **{key: _evaluated(value, known) for key, value in step["env"].items()},
        }  # fmt: skip
        # As GitHub's documentation says what `shell: bash` is.
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(command, cwd=self.work, env=environment, capture_output=True, text=True, check=False)
        self.said += done.stdout + done.stderr
        lines = output.read_text(encoding="utf-8").splitlines()
        return done.returncode, dict(line.split("=", 1) for line in lines)
