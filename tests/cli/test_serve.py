"""`rolloutsim serve` before it serves: what it refuses, and how it says so; tests/serve has all else."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rolloutsim.cli import serve as command
from tests.cli.conftest import QUICK, Program


def test_without_its_packages_one_line_says_what_to_install(shell: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_NEEDED", ("starlette", "no_such_module"))
    done = shell("serve")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: serve needs two more packages; pip install 'rolloutsim[serve]'\n"


def test_a_file_that_cannot_be_shown_is_refused(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("{}")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff")
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)
    for name, said in (
        ("none.yaml", "'none.yaml' cannot be read: no such file or directory"),
        ("nowhere", "'nowhere' cannot be read: no such file or directory"),
        ("result.json", "'result.json' has another ending than .yaml or .yml; write for example mine.yaml"),
        ("bytes.yaml", "'bytes.yaml' is not UTF-8; save it as UTF-8"),
        (
            "large.yaml",
            "'large.yaml' is larger than 1 MB, the most that the page takes; simulate it with rolloutsim run",
        ),
    ):
        done = shell("serve", name)
        assert (done.code, done.err) == (2, f"error: {said}\n")


def test_a_port_that_is_taken_is_named(shell: Program, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(QUICK)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = shell("serve", "mine.yaml", "--port", str(port))
    assert (done.code, done.err) == (
        2, f"error: --port {port}: address already in use; leave it out, and a free one is found\n",
    )  # fmt: skip
