"""Tabs of browsers: what each asked last, what is told of it, and who may have something simulated when.

A tab has one question at a time: the next one ends the one before. What it is told has a number, so that a stream of
events that broke off goes on where it was.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import Any

from rolloutsim.errors import RolloutsimError, UsageError
from rolloutsim.serve import work
from rolloutsim.serve.limits import ALIVE, BEAT, EVENTS, GONE, MOST_TABS, MOST_WAITING, QUIET, SHORT
from rolloutsim.serve.workers import EndedError, Workers
from rolloutsim.structs import struct

_PROGRESS, _CANCELLED, _WHAT_IFS = "progress", "cancelled", "what_ifs"
_ENOUGH = "No more is tried, since another tab asks."
_PHASES = ("answer", "invalid", work.FAILED)  # what ends the waiting for an answer


class BusyError(RolloutsimError):
    """There is too much to do already."""


@struct
class Event:
    """What a tab is told: its number, its name, and JSON."""

    number: int
    name: str
    data: bytes

    def encoded(self) -> bytes:
        """As a stream of events has it (HTML Living Standard, 9.2)."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.number, self.name.encode(), self.data)


class Tab:
    """A tab: its events, and who listens to them."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.number = 0
        self.listening = 0
        self.ask = 0
        self.work: asyncio.Task[None] | None = None
        self.help: dict[str, Any] | None = None  # what would help, as far as it was told; None: it is not looked for
        self.leaves: asyncio.TimerHandle | None = None
        self.news = asyncio.Event()
        self.is_closed = False

    def tell(self, ask: int, name: str, data: bytes = b"{}") -> None:
        """Tell it something about one of its questions."""
        self.number += 1
        rest = b"}" if data == b"{}" else b"," + data[1:]
        self.events.append(Event(self.number, name, b'{"ask":%d' % ask + rest))
        self.wake()

    def wake(self) -> None:
        """Have those that listen look again."""
        self.news.set()
        self.news = asyncio.Event()


class Tabs:
    """All tabs, and what they have done.

    Parameters
    ----------
    workers : Workers
        Who does it.
    most : int
        How many simulations there may be at once.
    folder : str
        Where the files are that scenarios name.
    """

    def __init__(self, workers: Workers, most: int, folder: str) -> None:
        self.workers = workers
        self.folder = folder
        self.tabs: dict[str, Tab] = {}
        self.most = most
        self._simulating = asyncio.Semaphore(most)
        self._helping: list[Tab] = []  # those whose answer is there, and for which something that helps is looked for
        self._short = asyncio.Semaphore(1)
        self._waiting = 0
        self.is_closed = False

    def tab(self, name: str) -> Tab:
        """A tab, which is new if nobody has heard of it.

        Raises
        ------
        BusyError
            If there are too many.
        """
        found = self.tabs.get(name)
        if found is None:
            if len(self.tabs) >= MOST_TABS or self.is_closed:
                raise BusyError(f"there are {MOST_TABS} tabs already; close one of them")
            found = self.tabs[name] = Tab()
            self._may_leave(name, found)
        return found

    def ask(self, name: str, ask: int, asked: Mapping[str, Any]) -> None:
        """Have a tab's question answered by events; what it asked before is given up.

        Raises
        ------
        BusyError
            If there are too many tabs.
        """
        tab = self.tab(name)
        self._give_up(tab)
        tab.ask = ask
        tab.work = asyncio.ensure_future(self._answer(tab, ask, asked))

    async def short(self, asked: Mapping[str, Any]) -> tuple[str, bytes]:
        """Have something done at once that does not take long; the word and the JSON that come of it.

        Raises
        ------
        BusyError
            If there is too much to do, or it takes too long.
        """
        if self._waiting >= MOST_WAITING:
            raise BusyError("there is too much to do; try again in a moment")
        self._waiting += 1
        found: list[tuple[str, bytes]] = []
        try:
            async with asyncio.timeout(SHORT):
                async with self._short:
                    await self.workers.carry_out(
                        {"folder": self.folder, **asked}, lambda word, data: found.append((word, data))
                    )
        except TimeoutError:
            raise BusyError(f"it takes longer than {SHORT:g} s, and was given up; try again in a moment") from None
        except EndedError as error:
            raise BusyError(str(error)) from None
        finally:
            self._waiting -= 1
        return found[-1]

    def cancel(self, name: str, ask: int) -> None:
        """Give up what a tab asked, if it is still that."""
        tab = self.tabs.get(name)
        if tab is not None and tab.ask == ask:
            self._give_up(tab)

    async def made(self, what: str, asked: Mapping[str, Any]) -> bytes:
        """What is made in the time that it takes, as JSON.

        Raises
        ------
        UsageError
            If it cannot be made.
        """
        found: dict[str, bytes] = {}
        async with self._simulating:
            await self.workers.carry_out(
                {"do": what, "folder": self.folder, **asked}, lambda word, data: found.update({word: data})
            )
        if what not in found:
            raise UsageError(json.loads(found[work.FAILED])["message"])
        return found[what]

    async def listen(self, name: str, after: int) -> AsyncIterator[bytes]:
        """The events of a tab after the one with a number, as they come; comments as signs of life in between."""
        tab = self.tab(name)
        if after > tab.number:  # of a tab of that name that was forgotten
            after = 0
        tab.listening += 1
        if tab.leaves is not None:
            tab.leaves.cancel()
        try:
            yield b": here\nretry: 500\n\n"
            while not self.is_closed and not tab.is_closed:
                news = tab.news
                found = [event for event in tab.events if event.number > after]
                for event in found:
                    after = event.number
                    yield event.encoded()
                if not found:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(ALIVE):
                            await news.wait()
                        continue
                    yield b": here\n\n"
        finally:
            tab.listening -= 1
            if not tab.listening:
                self._may_leave(name, tab)

    def close(self) -> None:
        """Give up everything, and end all streams."""
        self.is_closed = True
        for tab in self.tabs.values():
            self._give_up(tab)
            if tab.leaves is not None:
                tab.leaves.cancel()
            tab.wake()

    def _may_leave(self, name: str, tab: Tab) -> None:
        """Forget a tab that nobody listens to, and what it asked for, unless it comes back."""
        if self.is_closed:
            return

        def leave() -> None:
            if not tab.listening:
                self._give_up(tab)
                self.tabs.pop(name, None)

        tab.leaves = asyncio.get_running_loop().call_later(GONE, leave)

    def _give_up(self, tab: Tab) -> None:
        if tab.work is not None and not tab.work.done():
            tab.work.cancel()
            tab.events.clear()
            tab.tell(tab.ask, _CANCELLED)
        tab.work = None

    async def _answer(self, tab: Tab, ask: int, asked: Mapping[str, Any]) -> None:
        """Have a question answered: nobody waits for what is only looked for once the answer is there."""
        progress = _Progress(tab, ask)
        beats = asyncio.ensure_future(progress.beat())
        is_waited_for = False

        def told(name: str, data: bytes) -> None:
            nonlocal is_waited_for
            if name == work.ANSWERED:
                is_waited_for = False
                self._simulating.release()
                self._helps(tab)
                return
            if name == _WHAT_IFS and tab.help is not None:
                tab.help = json.loads(data)
            progress.told(name, data)

        try:
            await self._simulating.acquire()
            is_waited_for = True
            progress.waits = False
            await self.workers.carry_out({"do": "ask", "folder": self.folder, **asked}, told)
        except EndedError as error:
            tab.tell(ask, work.FAILED, json.dumps({"message": str(error)}).encode())
        finally:
            beats.cancel()
            tab.help = None
            if tab in self._helping:
                self._helping.remove(tab)
            if is_waited_for:
                self._simulating.release()

    def _helps(self, tab: Tab) -> None:
        """Something that helps is looked for; of too many the first one ends, with what it has found."""
        tab.help = {"rows": []}
        self._helping.append(tab)
        if len(self._helping) > self.most:
            first = self._helping.pop(0)
            found = {**(first.help or {}), "done": True, "note": _ENOUGH}
            if first.work is not None:
                first.work.cancel()
            first.tell(first.ask, _WHAT_IFS, json.dumps(found).encode())


class _Progress:
    """How far an answer has come, told now and then while there is none."""

    def __init__(self, tab: Tab, ask: int) -> None:
        self.tab, self.ask = tab, ask
        self.began = monotonic()
        self.last: dict[str, Any] = {"simulated_s": None, "share": None}
        self.waits = True  # until what others simulate leaves room for it

    def told(self, name: str, data: bytes) -> None:
        """Pass on what is told."""
        if name == _PROGRESS:
            self.last = json.loads(data)
            return
        if name in _PHASES:
            self.last = {}
        self.tab.tell(self.ask, name, data)

    async def beat(self) -> None:
        """Say how far it is, until the answer is there."""
        await asyncio.sleep(QUIET)
        while self.last:
            said = {**self.last, "waits": self.waits, "wall_s": round(monotonic() - self.began, 2)}
            self.tab.tell(self.ask, _PROGRESS, json.dumps(said).encode())
            await asyncio.sleep(BEAT)
