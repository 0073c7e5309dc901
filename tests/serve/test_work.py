"""A process of the page: what it says where something goes wrong, and how much it may take."""

from __future__ import annotations

import json
from pathlib import Path

from tests.forks import Forks

# Asks one question of a process of the page, with little room, and prints what it tells of it.
_ASKED = """
import json, os, sys
from multiprocessing import Pipe
from threading import Thread
from rolloutsim.serve import jobs, work
work.MEMORY, defect, text = json.loads(sys.argv[1])
work._end_with = lambda connection: None  # it is to end by itself, and say how
if defect:
    jobs.JOBS = {**jobs.JOBS, "edit": lambda asked, tell: 1 / 0}
ours, theirs = Pipe()
before = os.getpriority(os.PRIO_PROCESS, 0)
def ask():
    ours.recv_bytes()  # that it is ready
    ours.send_bytes(json.dumps({"do": "edit" if defect else "ask", "yaml": text}).encode())
    found = []
    while not found or found[-1][0] != "done":
        name, _, content = ours.recv_bytes().partition(b"\\n")
        found.append((name.decode(), json.loads(content)))
    ours.send_bytes(json.dumps({"do": "explain", "key": "network"}).encode())
    found.append((ours.recv_bytes().partition(b"\\n")[0].decode(), None))
    print(json.dumps(found), flush=True)
    ours.close()
Thread(target=ask, daemon=True).start()
work.attend(theirs)  # as its process does, in the main thread, whose priority it is
sys.stdout.flush()
os._exit(os.getpriority(os.PRIO_PROCESS, 0) <= before)
"""


def asked(forks: Forks, folder: Path, memory: float, defect: bool, text: str) -> list[tuple[str, dict[str, str]]]:
    done = forks.run(_ASKED, json.dumps((memory, defect, text)), folder=folder)
    assert done.returncode == 0, done.stderr.decode()  # else it has not given way to others
    return [(name, content) for name, content in json.loads(done.stdout)]


def test_a_scenario_that_takes_too_much_memory_is_told_and_the_process_goes_on(forks: Forks, tmp_path: Path) -> None:
    text = "{rolloutsim: 1, nodes: 300000, network: 1 Gbit/s, images: {a: 1 GB}}"
    *before, told, done, after = asked(forks, tmp_path, 20e6, False, text)
    assert {name for name, _ in before} <= {"fields", "progress"}
    message = "it takes more memory than one process of the page may have; rolloutsim run takes all that there is"
    assert (told, done[0], after[0]) == (("failed", {"message": message}), "done", "result")


def test_a_defect_is_told_and_the_process_goes_on(forks: Forks, tmp_path: Path) -> None:
    told, done, after = asked(forks, tmp_path, 1e9, True, "")
    message = "internal error, a defect of rolloutsim and not of your scenario: ZeroDivisionError: division by zero"
    assert (told, done[0], after[0]) == (("failed", {"message": message}), "done", "result")
