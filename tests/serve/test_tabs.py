"""Who may have something done when, with workers that do as they are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from rolloutsim.serve import tabs as module
from rolloutsim.serve.tabs import BusyError, Tab, Tabs
from rolloutsim.serve.workers import EndedError


class Workers:
    """Do what a test lets them, one message after another."""

    def __init__(self) -> None:
        self.jobs: dict[str, asyncio.Queue[Any]] = {}
        self.ended: list[str] = []

    def tell(self, yaml: str, name: str, content: Any = None) -> None:
        self.jobs[yaml].put_nowait((name, json.dumps(content or {}).encode()))

    async def carry_out(self, asked: Any, told: Callable[[str, bytes], None]) -> None:
        queue = self.jobs[asked["yaml"]] = asyncio.Queue()
        try:
            while (message := await queue.get()) != ("done", b"{}"):
                if message[0] == "dies":
                    raise EndedError("it was ended")
                told(*message)
        except asyncio.CancelledError:
            self.ended.append(asked["yaml"])
            raise


def played(play: Callable[[Tabs, Workers], Coroutine[Any, Any, None]], most: int = 1) -> None:
    async def run() -> None:
        workers = Workers()
        tabs = Tabs(workers, most, "/served")  # type: ignore[arg-type]
        try:
            await play(tabs, workers)
        finally:
            tabs.close()

    asyncio.run(run())


def told(tab: Tab) -> list[tuple[int, str]]:
    return [(json.loads(event.data)["ask"], event.name) for event in tab.events]


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_one_at_a_time_simulates_and_the_next_begins_when_the_answer_is_there() -> None:
    async def play(tabs: Tabs, workers: Workers) -> None:
        for name in ("a", "b"):
            tabs.ask(name, 1, {"yaml": name})
        await settled()
        assert set(workers.jobs) == {"a"}
        workers.tell("a", "answer")
        workers.tell("a", "answered")
        await settled()
        assert set(workers.jobs) == {"a", "b"}  # nobody waits for what would help the first
        workers.tell("a", "what_ifs", {"rows": [1]})
        workers.tell("b", "answered")
        await settled()
        # Of two that look for what helps, the first ends, with what it has.
        assert workers.ended == ["a"]
        last = json.loads(tabs.tabs["a"].events[-1].data)
        assert (last["rows"], last["done"], last["note"]) == ([1], True, "No more is tried, since another tab asks.")
        assert told(tabs.tabs["a"]) == [(1, "answer"), (1, "what_ifs"), (1, "what_ifs")]

    played(play)


def test_what_a_tab_asks_next_ends_what_it_asked_before_waiting_or_at_work() -> None:
    async def play(tabs: Tabs, workers: Workers) -> None:
        tabs.ask("a", 1, {"yaml": "first"})
        tabs.ask("b", 1, {"yaml": "other"})
        await settled()
        tabs.ask("b", 2, {"yaml": "again"})
        tabs.ask("a", 2, {"yaml": "second"})
        await settled()
        assert workers.ended == ["first"]
        assert set(workers.jobs) == {"first", "again"}  # who waited for longest comes next
        assert told(tabs.tabs["a"]) == [(1, "cancelled")]
        workers.tell("again", "done")
        await settled()
        assert "second" in workers.jobs

    played(play)


def test_a_tab_that_was_forgotten_begins_anew_whatever_its_browser_remembers() -> None:
    async def play(tabs: Tabs, workers: Workers) -> None:
        stream = tabs.listen("a", 57)
        assert b": here" in await anext(stream)
        tabs.ask("a", 1, {"yaml": "a"})
        await settled()
        workers.tell("a", "answer")
        assert b"event: answer" in await anext(stream)
        await stream.aclose()  # type: ignore[attr-defined]

    played(play)


def test_what_ends_is_told_and_lets_the_next_begin() -> None:
    async def play(tabs: Tabs, workers: Workers) -> None:
        tabs.ask("a", 1, {"yaml": "a"})
        tabs.ask("b", 1, {"yaml": "b"})
        await settled()
        workers.tell("a", "dies")
        await settled()
        assert json.loads(tabs.tabs["a"].events[-1].data) == {"ask": 1, "message": "it was ended"}
        assert "b" in workers.jobs

    played(play)


def test_a_stream_that_broke_off_goes_on_where_it_was() -> None:
    async def play(tabs: Tabs, workers: Workers) -> None:
        tabs.ask("a", 7, {"yaml": "a"})
        await settled()
        for number in range(3):
            workers.tell("a", "answer", {"number": number})
        await settled()
        stream = tabs.listen("a", 1)
        pieces = [await anext(stream) for _ in range(3)]
        await stream.aclose()
        assert pieces[0].startswith(b": here")
        assert pieces[1:] == [
            b'id: %d\nevent: answer\ndata: {"ask":7,"number": %d}\n\n' % (number, number - 1) for number in (2, 3)
        ]

    played(play)


def test_a_tab_that_is_gone_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GONE", 0.0)

    async def play(tabs: Tabs, workers: Workers) -> None:
        tabs.ask("a", 1, {"yaml": "a"})
        stream = tabs.listen("a", 0)
        await anext(stream)
        await settled()
        assert "a" in tabs.tabs
        await stream.aclose()
        await asyncio.sleep(0.01)
        assert (tabs.tabs, workers.ended) == ({}, ["a"])

    played(play)


def test_short_requests_that_take_too_long_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHORT", 0.01)

    async def play(tabs: Tabs, workers: Workers) -> None:
        with pytest.raises(BusyError, match=r"^it takes longer than 0\.01 s, and was given up; try again in a moment$"):
            await tabs.short({"do": "edit", "yaml": "a"})
        assert workers.ended == ["a"]

    played(play)


def test_short_requests_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 2)

    async def play(tabs: Tabs, workers: Workers) -> None:
        waiting = [asyncio.ensure_future(tabs.short({"do": "edit", "yaml": name})) for name in ("a", "b")]
        await settled()
        with pytest.raises(BusyError, match="there is too much to do"):
            await tabs.short({"do": "edit", "yaml": "c"})
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    played(play)
