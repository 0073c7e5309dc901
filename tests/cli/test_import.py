"""`import --into`: a scenario changed in place, or left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Program

API = Path(__file__).parent.parent / "data" / "imports" / "cluster" / "api.json"
MINE = """\
rolloutsim: 1
nodes: {web: 20}   # mine
network: 1 Gbit/s
images:
  api: 346 MB       # mine, too
"""


def test_in_place_by_the_command(shell: Program, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(MINE.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    layers = [{"size": 5, "digest": "sha256:05"}]
    (tmp_path / "api.json").write_text(json.dumps({"schemaVersion": 2, "layers": layers}), encoding="utf-8")
    done = shell("import", str(tmp_path), "--into", str(link))
    assert (done.code, done.out) == (0, "images.api: 346 MB -> 1 layer (from api.json)\n")
    assert f"changed {link}: 1 value; run it: rolloutsim run {link}" in done.err
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes().count(b"\r\n") == path.read_bytes().count(b"\n") == 7
    before = path.stat().st_mtime_ns
    done = shell("import", str(tmp_path / "api.json"), "--into", str(path))
    assert (done.code, done.out) == (0, "")
    assert f"{path}: nothing to change; it says already what was given" in done.err
    assert path.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--into", "mine.yaml", "-o", "x.yaml"], 2, "--into changes its FILE in place; leave out -o and --force."),
        (["--into", "mine.yaml", "--force"], 2, "leave out -o and --force"),
        (["--group", "web"], 2, "--group goes with --into"),
        (["--into", "-"], 2, "the standard input cannot be changed in place; name a file"),
        (["--into", "missing.yaml"], 2, "'missing.yaml' does not exist"),
        (["--into", "bad.yaml"], 4, "key 'rolloutsim' is missing"),
    ],
)  # fmt: skip
def test_what_the_command_refuses(shell: Program, tmp_path: Path, options: list[str], code: int, message: str) -> None:
    (tmp_path / "mine.yaml").write_text(MINE, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("nodes: 3\n", encoding="utf-8")
    done = shell("import", API, *options)
    assert done.code == code
    assert message in done.err
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == MINE
