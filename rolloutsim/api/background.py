"""Work that is done in a thread, and of which only the latest counts: what is asked for next ends what is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Superseded(Exception):
    """Something else was asked for meanwhile."""


class Latest(Generic[Asked, Answer]):
    """Answers the latest question, in a thread of its own that ends when there is none left.

    Parameters
    ----------
    work : callable
        Makes the answer to a question; it is given something to call now and then, which ends it where there is a
        newer question.
    on_done : callable
        Called in that thread when the latest question is answered.
    """

    def __init__(self, work: Callable[[Asked, Callable[[], None]], Answer], on_done: Callable[[], None]) -> None:
        self._work, self._on_done = work, on_done
        self._changed = threading.Condition()
        self._question: Asked | None = None
        self._asked = 0  # questions so far, and how many of them the answer takes account of
        self._answered = 0
        self._answer: Answer | Exception | None = None
        self._is_at_work = False

    def ask(self, question: Asked) -> None:
        """Ask, in the place of all that was asked before."""
        with self._changed:
            self._question = question
            self._asked += 1
            if not self._is_at_work:
                self._is_at_work = True
                threading.Thread(target=self._answer_all, name="rolloutsim explore", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether the latest question is answered."""
        with self._changed:
            return self._answered == self._asked

    def wait(self, timeout: float | None = None) -> bool:
        """Whether the latest question is answered, for which it waits, at most so long [s]."""
        with self._changed:
            return self._changed.wait_for(lambda: self._answered == self._asked, timeout)

    @property
    def answer(self) -> Answer | None:
        """The last answer; None: there is none.

        Raises
        ------
        Exception
            What came of it, where that was an error.
        """
        with self._changed:
            answer = self._answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer_all(self) -> None:
        while True:
            with self._changed:
                number, question = self._asked, self._question
                if self._answered == number or question is None:
                    self._is_at_work = False
                    return

            def look(mine: int = number) -> None:
                if self._asked != mine:
                    raise _Superseded

            answer: Answer | Exception
            try:
                answer = self._work(question, look)
            except _Superseded:
                continue
            except Exception as error:
                answer = error
            with self._changed:
                if self._asked != number:
                    continue
                self._answer, self._answered = answer, number
                self._changed.notify_all()
            self._on_done()
