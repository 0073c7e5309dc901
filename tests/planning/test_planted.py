"""A scenario with one planted bottleneck each: it is named first, in words that are true of the numbers beside them.

A file's first line names the planted cause as results do. Its second may say how the words name it (`said`):

- `turns`: as the largest part of one turn of pods that follow one another;
- `with X`: together with a link that is as slow;
- `behind X`: beside what its queue is a queue for;
- `cause`, or nothing: alone.

What the words say is taken apart and compared with the records themselves: moments of pods, bytes and full times of
links. None of it goes through the functions that make the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import rolloutsim as rs
from rolloutsim.results.facts.records import CaseRecords
from rolloutsim.results.why.critical import causes
from rolloutsim.scenario.causes import CAUSES, STEPS
from rolloutsim.units import parse_time

PLANTED = sorted((Path(__file__).parent.parent / "data" / "planted").glob("*.yaml"))
TIME = r"[\d.]+ m?s|(?:\d+h)?(?:\d+m)?\d+s"
LINKS = {"nic": "node NICs", "disk": "node disks", "unpack": "node cores", "pull_cap": "node pull caps"}


def header(path: Path, what: str) -> str:
    """What the comment of a name in a file's head says."""
    found = re.search(rf"^# {what}: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found is not None else ""


def planted(path: Path) -> str:
    """The cause that a file's first line names."""
    return header(path, "planted")


@cache
def run(path: Path) -> rs.Result:
    return rs.load(path).run()


class Said:
    """The words about a result, taken apart."""

    def __init__(self, why: str) -> None:
        self.first, *self.rest = why.splitlines()
        turn = re.match(
            r"(?P<pods>\d+) pods(?: of (?P<of>\S+))? are (?:replaced|created) "
            r"(?:in waves|(?:one after another|(?P<together>\d+) at a time) \([^)]*\))"
            r"(?:, (?P<turns>\d+) turns one after another)?; "
            rf"of the (?P<time>{TIME}) that (?:one|a turn) takes(?: on average)?(?: \([^)]*\))?, "
            r"(?P<shares>.*?)(?:; these turns take .*)?\.$",
            self.first,
        )
        self.turn = turn.groupdict() if turn else None
        divided = re.search(
            rf"^Of (?P<whose>the last pod's|all pods' waiting,) (?P<time>{TIME})(?: each on average)?, "
            r"(?P<shares>.*)\.$",
            why,
            re.MULTILINE,
        )
        self.whose, self.time, self.shares = "", 0.0, dict[str, int]()
        self.outer = dict[str, int]()  # with all of a pull as one
        found = turn or divided
        if found is not None:
            self.whose = "turn" if turn else found["whose"].split(",")[0]
            self.time = parse_time(found["time"])
            for number, noun, parts in re.findall(r"(\d+) % (?:goes )?to ([^(,]*?)(?: \(([^)]*)\))?(?=, \d| and \d|$)",
                                                  found["shares"]):  # fmt: skip
                self.outer[noun] = int(number)
                inner = re.findall(r"(\d+) % (.*?)(?=, \d| and \d|$)", parts) if noun == "pulling" else []
                if noun == "pulling":
                    self.shares |= {each: int(share) for share, each in inner} or {parts: int(number)}
                else:
                    self.shares[noun] = int(number)


def noun(cause: str) -> str:
    """A cause as the object of `goes to`."""
    if cause in CAUSES:
        return CAUSES[cause].noun
    owner, _, part = cause.rpartition(".")
    return f"the uplink of rack {owner}" if part == "down" else f"the {owner or part}{f' {part}' if owner else ' link'}"


def test_there_are_forty_bottlenecks_of_sixteen_kinds() -> None:
    assert len(PLANTED) >= 40
    assert len({planted(path) for path in PLANTED}) >= 16
    assert sum(header(path, "said").startswith("turns") for path in PLANTED) >= 8
    assert sum(header(path, "said").startswith("with") for path in PLANTED) >= 3


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_the_planted_bottleneck_is_named_first(path: Path) -> None:
    for case in run(path):
        first = causes(case.records, case.summary)[0]
        assert first.cause == planted(path)
        assert first.share > 0.5


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_the_words_name_the_planted_bottleneck_first(path: Path) -> None:
    said = Said(run(path).why())
    how, _, what = header(path, "said").partition(" ")
    cause = planted(path)
    assert (said.turn is not None) == (how == "turns"), said.first
    if said.turn is not None:
        largest = max(said.shares, key=lambda noun: said.shares[noun])
        pacing = header(path, "pacing") or "min_ready"
        assert largest.partition(" (")[0] == (noun(cause) if cause != "controller_pacing" else pacing)
        assert said.shares[largest] > 50
        assert f" {what}" in said.first
    elif how == "behind":
        assert said.first.startswith(what.removeprefix("the "))
        assert CAUSES[cause].sentence in said.first or noun(cause) in said.shares
    else:
        sentence = CAUSES[cause].sentence if cause in CAUSES else ""
        name = LINKS.get(cause) or sentence or noun(cause).removeprefix("the ")
        assert said.first.startswith(name)
        if how == "with":
            clause, beside = said.first.split("; ")[:2]
            assert what in clause or beside == f"{what.removeprefix('the ')} as busy"


def of_pods(case: CaseRecords, workload: str) -> dict[str, np.ndarray]:
    """What the pods of a workload take in their turns, by the moments of the records [s]."""
    pods, number = case.pods, [one.name for one in case.orchestration.workloads].index(workload)
    own = np.flatnonzero((pods.workload == number) & np.isnan(pods.deleted))
    old = case.orchestration.old_pods
    gone = old.workload == number
    nodes = np.unique(pods.node[own])
    found = {
        "the start of the containers": pods.ready[own] - pods.started[own],
        "the overhead of each replaced pod": pods.asked[own] - pods.created[own],
        "min_ready": pods.available[own] - pods.ready[own],
        "the termination of old pods": (old.gone - old.deleted)[gone] if gone.any() else np.zeros(1),
        "asked": pods.started[own] - pods.asked[own],  # with what fails before the pull that succeeds
    }
    for links in case.private_links:
        cause = {"nic.in": "nic"}.get(links.kind, links.kind)
        if cause in CAUSES:
            found[noun(cause)] = links.saturated[np.isin(links.node, nodes)]
    return found


@pytest.mark.parametrize(
    "path", [path for path in PLANTED if header(path, "said").startswith("turns")], ids=lambda path: path.stem
)
def test_the_parts_of_a_turn_are_what_pods_take(path: Path) -> None:
    (case,) = run(path)
    said, records = Said(run(path).why()), case.records
    assert said.turn is not None
    workload = next(
        one for one in records.orchestration.workloads if said.turn["of"] in (None, one.name)
    )  # fmt: skip
    pods = np.flatnonzero(records.pods.workload == records.orchestration.workloads.index(workload))
    assert int(said.turn["pods"]) == workload.replicas == len(pods)
    waves = [int(size) for size in header(path, "waves").split()]
    together = max(waves, default=int(said.turn["together"] or 1))
    turns = int(said.turn["turns"] or said.turn["pods"])
    assert turns == (len(waves) or pytest.approx(workload.replicas / together, abs=1))
    # All turns one after another are the rollout.
    assert said.time * turns == pytest.approx(float(records.pods.ready[pods].max()), rel=0.03)
    # At any moment as many pods as it says are neither available nor still to come.
    begun, done = np.sort(records.pods.created[pods]), np.sort(records.pods.ready[pods])
    at_work = np.searchsorted(begun, done - 1e-6) - np.searchsorted(done, done - 1e-6)
    assert at_work.max() <= together
    assert sum(said.outer.values()) == pytest.approx(100, abs=1)
    found = of_pods(records, workload.name)
    # The last one is waited for by nobody.
    found["min_ready"] = found["min_ready"] * (turns - 1) / turns
    if waves:
        found["the pauses between waves"] = np.full(len(pods), parse_time(header(path, "pause")) * (turns - 1) / turns)

    def share(what: str, of: Callable[[np.ndarray], float]) -> float:
        assert ("each created" in what) <= workload.create
        known = what.partition(" (")[0].replace("each created", "each replaced")
        return 100 * float(of(found[known])) / said.time

    for what, told in said.outer.items():
        if what not in ("pulling", noun("backoff"), noun("failed_pull"), noun("api_calls")):
            # As long as the mean of the pods where all of them are on the way, else as one of them.
            least, most = (np.mean, np.mean) if together == 1 else (np.min, np.max)
            assert share(what, least) - 2 <= told <= share(what, most) + 2, what
    waits = ("pulling", noun("backoff"), noun("failed_pull"))
    if together == 1:
        assert sum(said.outer.get(what, 0) for what in waits) == pytest.approx(share("asked", np.mean), abs=2)
    for cause in ("nic", "disk", "unpack"):
        if cause == planted(path):
            assert said.shares[noun(cause)] == pytest.approx(share(noun(cause), np.mean), abs=2)
        # A link that is full while the pod waits for something else is not what it waits for.
        assert said.shares.get(noun(cause), 0) <= share(noun(cause), np.max) + 2
    if planted(path) == "requests":
        # What is left of a pull on links that idle: requests, and the window, which round trips limit as well.
        known = sum(share(noun(cause), np.mean) for cause in ("nic", "disk", "unpack"))
        left = share("asked", np.mean) - known
        assert said.shares[noun("requests")] + said.shares.get(noun("tcp_window"), 0) == pytest.approx(left, abs=4)


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_shares_are_of_the_time_that_they_name(path: Path) -> None:
    (case,) = run(path)
    said, records = Said(run(path).why()), case.records
    pods = records.pods
    stays = np.isnan(pods.deleted)
    if said.whose == "":
        assert " % goes to" not in run(path).why()
        return
    assert sum(said.shares.values()) == pytest.approx(100, abs=1)
    last = int(np.nanargmax(np.where(stays, pods.ready, np.nan)))
    if said.whose == "all pods' waiting":
        assert said.time == pytest.approx(float(np.mean((pods.ready - pods.asked)[stays])), rel=0.01)
    elif said.whose == "the last pod's":
        assert said.time == pytest.approx(float(pods.ready[last]), rel=0.005)
    whole = float(pods.ready[last])
    for what, share in said.shares.items():
        # Nobody waits for a link longer than it is full.
        for link, full in zip(records.shared_links.name, records.shared_links.saturated.tolist(), strict=True):
            if noun(link) == what and said.whose == "the last pod's":
                assert share <= 100 * full / whole + 1
        # Nor is a pod on its way in a step for longer than any is; and its own turn is on that way.
        steps = records.orchestration.steps
        number = next((one.number for one in STEPS if one.noun == what), None)
        if said.whose == "the last pod's" and number is not None and len(steps.pod):
            of_cause = (steps.cause == number) & (steps.ended <= whole)
            spans = sorted(zip(steps.started[of_cause].tolist(), steps.ended[of_cause].tolist(), strict=True))
            union, until = 0.0, 0.0
            for start, end in spans:
                union += max(0.0, end - max(start, until))
                until = max(until, end)
            own = of_cause & (steps.pod == last)
            if what != noun("controller_pacing"):
                assert 100 * float((steps.ended - steps.started)[own].sum()) / whole <= share + 1, what
                assert share <= 100 * union / whole + 1, what


@pytest.mark.parametrize("path", PLANTED, ids=lambda path: path.stem)
def test_links_are_as_busy_as_the_words_say(path: Path) -> None:
    (case,) = run(path)
    why, records = run(path).why(), case.records
    whole = float(np.nanmax(records.pods.ready))
    shared = records.shared_links
    said = dict[str, tuple[float, float]]()
    for i, name in enumerate(shared.name):
        words = noun(name).removeprefix("the ")
        busy, full = (float(x) for x in (shared.bytes[i] / shared.capacity[i] / whole, shared.saturated[i] / whole))
        for number in re.findall(rf"\b{re.escape(words)} (?:over |under )?(\d+) % busy", why):
            said[words] = int(number), 100 * busy
        for number in re.findall(rf"\b{re.escape(words)} full for (?:over )?(\d+) %", why):
            said[f"{words} full"] = int(number), 100 * full
    for links in records.private_links:
        words = LINKS.get({"nic.in": "nic"}.get(links.kind, links.kind), "?")
        for number in re.findall(rf"\b{words} (?:over |under )?(\d+) % busy(?! for)", why):
            every = links.bytes / links.capacity / whole
            told = int(number), 100 * float(every.mean())
            # Beside the sentence about full links of one group stand only those that were full.
            said[words] = told if abs(told[0] - told[1]) < 1.5 else (int(number), 100 * float(every.max()))
    assert said, why
    for words, (number, value) in said.items():
        assert number == pytest.approx(value, abs=1.01), words
