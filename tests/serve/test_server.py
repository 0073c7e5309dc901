"""The server as a process: what several tabs ask at once, how it goes on when others end, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rolloutsim.serve.limits import MOST_CONNECTIONS
from tests.serve.client import Browser

SMALL = "{rolloutsim: 1, nodes: 3, network: 1 Gbit/s, images: {a: 10 MB}}\n"
# So many events that nobody waits for its end: it is given up.
LONG = "{rolloutsim: 1, nodes: 60000, network: 1 Gbit/s, images: {a: {size: 1 GB, layers: 12}}}"


class Program:
    """A running `rolloutsim serve`."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "rolloutsim", "serve", "mine.yaml", "--port", "0"]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.folder = folder
        self._tabs = 0

    def tab(self) -> Browser:
        self._tabs += 1
        return Browser(self.address, f"tab-{self._tabs}")

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """End it as a terminal does: everything in its session gets the signal. Its exit code, and what it said."""
        os.killpg(self.process.pid, number)
        _, said = self.process.communicate(timeout=120)
        return self.process.returncode, said


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "mine.yaml").write_text(SMALL)
    running = Program(folder)
    yield running
    if running.process.poll() is None:
        running.end()


def members(session: int) -> set[int]:
    """The processes of a session that live."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.add(int(entry.name))
    return found


def worker_at_work(program: Program) -> int:
    """The process that has computed most since it was looked at first."""

    def computed() -> dict[int, int]:
        times = {}
        for pid in members(program.process.pid) - {program.process.pid}:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            times[pid] = int(fields[11]) + int(fields[12])
        return times

    before = computed()
    while True:
        time.sleep(0.1)
        now = computed()
        most = max(now, key=lambda pid: now[pid] - before.get(pid, 0))
        if now[most] - before.get(most, 0) >= 20:
            return most


def test_two_tabs_have_answers_of_their_own(program: Program) -> None:
    one, other = program.tab(), program.tab()
    one.ask(SMALL)
    other.ask(SMALL.replace("nodes: 3", "nodes: 6"))
    assert one.wait("answer")["cases"][0]["on_the_wire"] == "30 MB"
    assert other.wait("answer")["cases"][0]["on_the_wire"] == "60 MB"
    one.close()
    other.close()


def test_what_is_asked_next_gives_up_what_was_asked_before(program: Program) -> None:
    tab = program.tab()
    long = tab.ask(LONG)
    assert tab.wait("progress")["wall_s"] >= 0.5
    tab.ask(SMALL)
    assert tab.wait("cancelled", ask=long) == {"ask": long}
    assert tab.wait("answer")["cases"][0]["image"] == "a"
    tab.close()


def test_a_question_can_be_given_up(program: Program) -> None:
    tab = program.tab()
    number = tab.ask(LONG)
    tab.wait("progress")
    assert tab.post("api/cancel", {"tab": tab.tab, "ask": number + 1}).status == 202  # of another one: nothing happens
    assert tab.post("api/cancel", {"tab": tab.tab, "ask": number}).status == 202
    assert tab.wait("cancelled")
    tab.close()


def test_a_process_that_dies_is_told_and_another_takes_over(program: Program) -> None:
    tab = program.tab()
    tab.ask(LONG)
    os.kill(worker_at_work(program), signal.SIGKILL)
    assert tab.wait("failed")["message"] == (
        "the process that worked at it was ended from outside, most likely because the memory was full"
    )
    tab.ask(SMALL)
    assert tab.wait("answer")
    tab.close()


def test_short_requests_are_answered_beside_a_long_simulation(program: Program) -> None:
    tab = program.tab()
    tab.ask(LONG)
    tab.wait("progress")
    edited = tab.post("api/edit", {"yaml": SMALL, "changes": {"nodes": "9"}})
    assert edited.json["yaml"] == SMALL.replace("nodes: 3", "nodes: 9")
    assert tab.get("api/explain?key=network").json["key"] == "network"
    assert tab.post("api/complete", {"yaml": "model: ", "line": 1, "column": 8}).json["options"][0]["label"] == "real"
    assert tab.post("api/edit", {"yaml": SMALL, "changes": {"nodez": "9"}}).status == 400
    tab.post("api/cancel", {"tab": tab.tab, "ask": tab.number})
    tab.close()


def test_a_report_is_written_into_the_folder(program: Program) -> None:
    tab = program.tab()
    assert tab.post("api/report", {"yaml": SMALL, "file": "report.html"}).json == {"file": "report.html"}
    assert "</html>" in (program.folder / "report.html").read_text()
    assert tab.post("api/report", {"yaml": SMALL, "file": "report.html"}).status == 409
    wrong = tab.post("api/report", {"yaml": "nodes: x", "file": "other.html"})
    assert (wrong.status, "is not" in wrong.message) == (400, True)


def test_a_file_that_somebody_else_has_changed_is_said_to_be(program: Program) -> None:
    tab = program.tab()
    (program.folder / "shared.yaml").write_text("nodes: 1")
    asked = {"yaml": SMALL, "file": "shared.yaml", "force": False}
    assert (
        "was changed elsewhere since it was opened here" in tab.post("api/save", {**asked, "was": "nodes: 2"}).message
    )
    assert "is there already" in tab.post("api/save", asked).message
    assert tab.post("api/save", {**asked, "was": "nodes: 1"}).status == 200


def test_a_thousand_requests_at_once_are_answered_or_refused(program: Program) -> None:
    """All are sent before any answer is read; the server answers each, or says that there are too many."""
    host, _, path = program.address.removeprefix("http://").partition("/")
    request = f"GET /{path}api/start HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    name, _, port = host.partition(":")
    several = [socket.create_connection((name, int(port)), timeout=60) for _ in range(500)]
    several += [socket.create_connection((name, int(port)), timeout=60) for _ in range(500)]
    for one in several:
        one.sendall(request)
    answers = []
    for one in several:
        try:
            answers.append(one.recv(12).decode().split(" ")[1])
        except (ConnectionError, IndexError):
            answers.append("closed")
        one.close()
    assert set(answers) <= {"200", "503"}  # how many are answered before there are too many is the system's choice
    assert program.tab().get("api/start").status == 200


def test_who_hangs_up_before_being_answered_does_not_end_it(program: Program) -> None:
    """As a page does that is loaded anew: what is written to nobody is lost, and nothing else."""
    host, _, path = program.address.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    for asked in ("", "api/start", "api/events?tab=gone"):
        request = f"GET /{path}{asked} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        for _ in range(50):
            with socket.create_connection((name, int(port)), timeout=60) as gone:
                gone.sendall(request)
    assert program.tab().get("api/start").status == 200
    assert program.process.poll() is None


def test_who_does_not_finish_a_question_keeps_nobody_out(program: Program) -> None:
    name, _, port = program.address.removeprefix("http://").partition("/")[0].partition(":")
    several = [socket.create_connection((name, int(port)), timeout=60) for _ in range(MOST_CONNECTIONS)]
    for one in several[::2]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: 127")
    for one in several:
        with suppress(ConnectionError):
            assert one.recv(1) == b""  # it was hung up
        one.close()
    assert program.tab().get("api/start").status == 200


def test_a_report_that_nobody_waits_for_is_given_up(program: Program) -> None:
    host, _, path = program.address.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    body = json.dumps({"yaml": LONG, "file": "long.html"}).encode()
    head = f"POST /{path}api/report HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((name, int(port)), timeout=60) as asking:
        asking.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.5)
    tab = program.tab()
    tab.ask(SMALL)
    assert tab.wait("answer")["ask"] == tab.number
    tab.close()
    assert not (program.folder / "long.html").exists()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no process can be killed so here")
def test_when_it_is_killed_what_it_had_computed_ends(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SMALL)
    program = Program(tmp_path)
    tab = program.tab()
    tab.ask(LONG)
    tab.wait("progress")
    session = program.process.pid
    os.kill(session, signal.SIGKILL)
    program.process.communicate()
    tab.close()
    for _ in range(100):
        if not members(session):
            break
        time.sleep(0.1)
    assert members(session) == set()


def test_it_ends_quietly_and_all_its_processes_with_it(program: Program) -> None:
    tab = program.tab()
    tab.ask(LONG)
    tab.wait("progress")
    session = program.process.pid
    assert len(members(session)) >= 3
    code, said = program.end()
    tab.close()
    assert (code, said) == (0, "open it in a browser; Ctrl-C ends it\n")
    for _ in range(600):
        if not members(session):
            break
        time.sleep(0.1)
    assert members(session) == set()
