"""What goes wrong in a case, as it happens: refused requests, lost seconds, failed pulls, bytes fetched again."""

from __future__ import annotations


class RefusalColumns:
    """Rows of `rolloutsim.results.facts.records.Refusals`."""

    def __init__(self) -> None:
        self.source: list[int] = []
        self.time: list[float] = []
        self.status: list[int] = []
        self.fetch: list[int] = []
        self.again: list[bool] = []

    def add(self, source: int, now: float, status: int, fetch: int) -> int:
        """A request was not answered with what it asked for; `fetch` is -1 for one before the layers."""
        self.source.append(source)
        self.time.append(now)
        self.status.append(status)
        self.fetch.append(fetch)
        self.again.append(False)
        return len(self.time) - 1


class LostColumns:
    """Rows of `rolloutsim.results.facts.records.Lost`."""

    def __init__(self) -> None:
        self.is_fetch: list[bool] = []
        self.activity: list[int] = []
        self.limited: list[bool] = []
        self.seconds: list[float] = []

    def add(self, is_fetch: bool, activity: int, limited: bool, seconds: float) -> None:
        """A failed request cost a pull or fetch some seconds."""
        if seconds > 0.0:
            self.is_fetch.append(is_fetch)
            self.activity.append(activity)
            self.limited.append(limited)
            self.seconds.append(seconds)


class Incidents:
    """All that goes wrong; empty where nothing can.

    `failed` maps the row of a pull to (when, index into `reasons`), `requests` to the requests it sent for
    manifests, token and config; `again` maps the number of a fetch to bytes that were fetched before.
    """

    def __init__(self) -> None:
        self.refusals = RefusalColumns()
        self.lost = LostColumns()
        self.failed: dict[int, tuple[float, int]] = {}
        self.requests: dict[int, int] = {}
        self.again: dict[int, float] = {}
        self.reasons: dict[str, int] = {}

    def reason(self, text: str) -> int:
        """The index of a reason."""
        return self.reasons.setdefault(text, len(self.reasons))

    def count_again(self, fetch: int, size: float) -> None:
        """Bytes of a fetch must be fetched again."""
        if size > 0.0:
            self.again[fetch] = self.again.get(fetch, 0.0) + size
