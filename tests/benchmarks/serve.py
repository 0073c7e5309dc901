"""How long the page of `rolloutsim serve` takes: `python -m tests.benchmarks.serve`.

What is measured is what a browser waits for, without the browser: from starting the program until its page is there,
and from sending a change of the 20 nodes until the answer with headline, thresholds and curves is there, by a socket of
this machine. Beside it stands what the server's processes computed for one: on a machine that has other things to do
it is what can be compared.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path
from time import monotonic

from tests.serve.client import Browser

_SCENARIO = Path(__file__).parents[2] / "scenarios" / "20nodes.yaml"
_CHANGES = 50
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure, and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=_CHANGES, help="how many changes, of which the median is taken")
    asked = parser.parse_args()
    command = [sys.executable, "-m", "rolloutsim", "serve", str(_SCENARIO), "--port", "0"]
    began = monotonic()
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert program.stdout is not None
    tab = Browser(program.stdout.readline().strip(), "benchmark")
    text = tab.get("api/start").json["yaml"]
    tab.get("")
    page, of_page = monotonic() - began, _computed(program.pid, alone=True)
    tab.ask(text)
    tab.wait("answer")
    first = monotonic() - began
    waited, computed = [], []
    for number in range(asked.changes):
        while not tab.wait("what_ifs")["done"]:  # so that it has nothing else to do
            pass
        before, sent = _computed(program.pid), monotonic()
        tab.ask(text.replace("nodes: 20", f"nodes: {21 + number % 40}"))
        tab.wait("answer")
        waited.append(monotonic() - sent)
        computed.append(_computed(program.pid) - before)
    os.killpg(program.pid, signal.SIGTERM)
    program.wait()
    tab.close()
    print(f"start → first page        {page * 1e3:6.0f} ms   (≤ 1500)")
    print(f"  computed for it         {of_page * 1e3:6.0f} ms   (by the server; its other processes do so beside it)")
    print(f"start → first answer      {first * 1e3:6.0f} ms")
    print(f"change → answer, median   {statistics.median(waited) * 1e3:6.0f} ms   (≤ 80), of {len(waited)}")
    print(f"  computed for it         {statistics.median(computed) * 1e3:6.0f} ms")


def _computed(session: int, alone: bool = False) -> float:
    """What the processes of a session have computed, or the first `alone` [s]."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and (not alone or entry.name == str(session)):
                ticks += sum(map(int, fields[11:15]))  # those that have ended are with their parent
    return ticks / _TICKS


if __name__ == "__main__":
    main()
