"""How far predictions are from what was measured: the tables that `make test` prints, in short."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

DATA = Path(__file__).parents[2] / "tests" / "data"
# On 12 of the cases nothing but plain pulls happened: their column `core` says yes.
_CASE = re.compile(
    r"^\| (?P<case>\S+) \| (?P<core>yes|no) \| [\d.]+ s \| [\d.]+ s \| [\d.]+ s \| (?P<defaults>[+-][\d.]+)% \| "
    r"[\d.]+ s \| (?P<both>[+-][\d.]+)% \|",
    re.MULTILINE,
)


def lines(part: str) -> Iterator[str]:
    """The table of a part.

    Parameters
    ----------
    part : str
        `defaults`, `both` or `distribution`.
    """
    yield from PARTS[part]()


def _text(name: str) -> str:
    return " ".join((DATA / name).read_text(encoding="utf-8").split())


def _found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    assert match is not None, pattern
    return match.groups()


def _largest_of_core(column: str) -> str:
    table = (DATA / "measured-accuracy.md").read_text(encoding="utf-8")
    errors = [abs(float(row[column])) for row in _CASE.finditer(table) if row["core"] == "yes"]
    assert len(errors) == 12
    return f"{max(errors)}"


def _defaults() -> Iterator[str]:
    text = _text("measured-accuracy.md")
    median, largest, where, mean, below, cases = _found(
        r"Defaults: median absolute error ([\d.]+)%, largest ([\d.]+)% \((.*?)\), mean -([\d.]+)%; (\d+) of (\d+) are",
        text,
    )
    yield from ("| predicted with the defaults | error |", "|---|---|")
    yield (
        f"| rollout time, {cases} cases | median {median} %, largest {largest} % (`{where}`); {below} of {cases} too "
        f"early, by {mean} % in the mean |"
    )
    yield (
        "| the 12 core cases: 11 skopeo, one plain client; cubic, no other traffic | at most "
        f"{_largest_of_core('defaults')} % |"
    )


def _both() -> Iterator[str]:
    text = _text("measured-accuracy.md")
    median, largest, where, mean = _found(
        r"Both: median absolute error ([\d.]+)% .*?, largest ([\d.]+)% \((.*?)\), mean ([+-][\d.]+)%", text
    )
    cases = re.findall(r"\| [\d.]+ · [^|]+ \| [^|]+ \| [\d.]+% \| ([+-]\d+)% \|", text)
    (of_nodes,) = _found(r"Mean over the cases: ([\d.]+)%", text)
    (bandwidth,) = _found(r"TCP bandwidth during the pull, \S+ \| \S+ Mbit/s \| \S+ Mbit/s \| [+-]([\d.]+)%", text)
    (latency,) = _found(r"RPC p50 during the pull, \S+ \| \S+ ms \| \S+ ms \| [+-]([\d.]+)%", text)
    (trips,) = _found(r"Median absolute error ([\d.]+)% over the cases with an idle round trip", text)
    errors = re.findall(r"\| (?:cubic|bbr) \| [\d.]+ ms \| [\d.]+ ms \| [+-]([\d.]+)% \|", text)
    yield from ("| predicted with both | error |", "|---|---|")
    yield f"| rollout time, 20 cases | median {median} %, largest {largest} % (`{where}`), mean {mean} % |"
    yield f"| the 12 core cases | at most {_largest_of_core('both')} % |"
    worst = max(abs(int(one)) for one in cases)
    yield (
        f"| when the first, second, … last node is ready, {len(cases)} cases | mean {of_nodes} %; single nodes up to "
        f"{worst} % off |"
    )
    yield f"| bandwidth left to a bulk transfer; latency of requests during the pull | {bandwidth} %; {latency} % |"
    yield (
        f"| round trip felt by the pulling node, {len(errors) - 4} cases with an idle one of 0.07 ms | "
        f"median {trips} %, largest {max(map(float, errors[:-4]))} % |"
    )


def _distribution() -> Iterator[str]:
    cases, median, within, largest, of_bytes, of_nodes = _found(
        r"core (\d+): median ([\d.]+) %, within 10 %: ([\d.]+) %, largest ([\d.]+) %, bytes median ([\d.]+) %, "
        r"node times mean ([\d.]+) %",
        _text("measured-distribution-accuracy.md"),
    )
    yield from (f"| predicted, {cases} core cases | error |", "|---|---|")
    yield f"| rollout time | median {median} %, largest {largest} %; {within} % of the cases within 10 % |"
    yield f"| bytes that the registry sent | median {of_bytes} % |"
    yield f"| when single nodes are ready | mean {of_nodes} % |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "defaults": _defaults,
    "both": _both,
    "distribution": _distribution,
}
