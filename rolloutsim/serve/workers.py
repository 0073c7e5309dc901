"""Processes that do what the page asks for, ready before it does; another takes over from one that is ended.

They are forked off a process that has imported everything (Python's `forkserver`; where there is none they start anew),
so that one more is ready in a few milliseconds.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing import resource_tracker
from threading import Thread
from typing import Any

from rolloutsim.errors import RolloutsimError
from rolloutsim.planning.jobs import starting
from rolloutsim.serve import work
from rolloutsim.serve.limits import LARGEST_ANSWER

_PRELOADED = ["rolloutsim.serve.warm"]
_MOST_IN_VAIN = 3  # processes in a row that end before they are ready, until that is told (assumed)
_AGAIN = 0.5  # [s] before the next try (assumed)
_LEAVE = 2.0  # [s] in which a process that was ended is gone (assumed)

Told = Callable[[str, bytes], None]


class EndedError(RolloutsimError):
    """A process ended before its work was done."""


class Worker:
    """A process, and what it has told that nobody has taken yet."""

    def __init__(self, context: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.messages: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue()  # None: there are no more
        self._loop = loop
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=work.attend, args=(theirs,), daemon=True)
        try:
            if os.name == "posix":
                resource_tracker.ensure_running()  # it lets signals through as it starts, see `starting`
            with starting(tracked=False):
                self._process.start()
        finally:
            theirs.close()
        Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number."""
        return int(self._process.pid)

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Have it do something; what it tells comes as messages, `done` last."""
        with suppress(OSError):  # it has ended, which its messages tell
            self._connection.send_bytes(json.dumps(asked).encode())

    def end(self) -> None:
        """End it."""
        self._process.kill()

    def _listen(self) -> None:
        try:
            while True:
                name, _, text = self._connection.recv_bytes(LARGEST_ANSWER).partition(b"\n")
                self._put((name.decode(), text))
        except (EOFError, OSError):
            self.end()  # it may have told too much
        self._put(None)
        self._process.join(_LEAVE)
        self._connection.close()

    def _put(self, message: tuple[str, bytes] | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self.messages.put_nowait, message)


class Workers:
    """Processes, one of which is always ready.

    Parameters
    ----------
    most : int
        How many there may be.
    """

    def __init__(self, most: int) -> None:
        forks = "forkserver" in multiprocessing.get_all_start_methods()
        self.context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        if forks:
            self.context.set_forkserver_preload(_PRELOADED)
        self.most = most
        self.every: set[Worker] = set()  # those that live
        self._idle: list[Worker] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._starting = 0
        self._in_vain = 0
        self._is_closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def prepare(self) -> None:
        """Have one ready soon, and as many as there may be once somebody needs them."""
        if self._is_closed or self._idle or self._starting or len(self.every) >= self.most:
            return
        self._starting += 1
        task = asyncio.ensure_future(self._start())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def carry_out(self, asked: Mapping[str, Any], told: Told) -> None:
        """Have something done.

        Parameters
        ----------
        asked : mapping
            What, as `work.do` takes it.
        told : callable
            Called with each message.

        Raises
        ------
        EndedError
            If the process ends before it is done.
        asyncio.CancelledError
            If it was cancelled: the process is ended.
        """
        worker = await self._free()
        try:
            worker.begin(asked)
            while (message := await worker.messages.get()) is not None:
                name, text = message
                if name == work.DONE:
                    self._keep(worker)
                    return
                told(name, text)
        except BaseException:
            self._forget(worker)
            raise
        self._forget(worker)
        raise EndedError(
            "the process that worked at it was ended from outside, most likely because the memory was full"
        )

    def close(self) -> None:
        """End all of them."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        for worker in list(self.every):
            worker.end()
        self.every.clear()
        self._idle.clear()

    async def _free(self) -> Worker:
        """One that has nothing to do; another one is made ready."""
        while not self._idle:
            if self._in_vain >= _MOST_IN_VAIN:
                self._in_vain = 0
                raise EndedError("no process can be started; the system may lack memory: rolloutsim run may do")
            self.prepare()
            waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waits)
            try:
                await waits
            finally:
                if waits in self._waiting:
                    self._waiting.remove(waits)
        worker = self._idle.pop()
        self.prepare()
        return worker

    async def _start(self) -> None:
        """Start one, and have it ready."""
        worker = None
        try:
            worker = await asyncio.to_thread(Worker, self.context, asyncio.get_running_loop())
            self.every.add(worker)
            message = await worker.messages.get()
        except OSError:
            message = None
        except asyncio.CancelledError:
            if worker is not None:
                worker.end()
            raise
        finally:
            self._starting -= 1
        if worker is None or message is None:
            if worker is not None:
                self.every.discard(worker)
            self._in_vain += 1
            await asyncio.sleep(_AGAIN)
            self._wake()
            return
        self._in_vain = 0
        self._keep(worker)

    def _keep(self, worker: Worker) -> None:
        if self._is_closed:
            worker.end()
            return
        self._idle.append(worker)
        self._wake()

    def _forget(self, worker: Worker) -> None:
        worker.end()
        self.every.discard(worker)
        self.prepare()

    def _wake(self) -> None:
        for waits in self._waiting:
            if not waits.done():
                waits.set_result(None)
                return
