"""What a node's disk makes pulls wait for: blobs that are synced, and unpacked bytes beyond what memory may hold.

What arrives goes to the page cache. The kernel begins to write it when more than the background limit waits there, or
when it is old; whoever writes more than the limit itself waits for the disk. containerd syncs a blob before it is
committed, so that the rest of its bytes crosses the disk then, and each layer costs some transactions of its
databases, which sync as well. Unpacked files are not synced: they wait for the disk only beyond the limit.

A disk does one thing after another here, syncs before what nobody waits for: containerd commits under the lock of one
database. Memory is limited in bytes: those of small files, which an operation each writes slowly, hold the disk up for
longer than its rate tells. Where applications cross a node's disk, what pulls wait for are flows that share it with
them.

Sources: containerd `plugins/content/local/writer.go` Commit (`fp.Sync`), `core/metadata/content.go` (the blob is
synced before the transaction), `pkg/archive/tar.go` (files are not synced); Linux
`Documentation/admin-guide/sysctl/vm.rst` (dirty_ratio, dirty_background_ratio, dirty_expire_centisecs).
"""

from __future__ import annotations

from typing import Final

from rolloutsim.network.links import Kind

# How old unwritten bytes become: vm.dirty_expire_centisecs, 3000.
EXPIRY: Final = 30.0  # [s]


class DiskTerms:
    """How the disks of equal nodes write for pulls.

    Parameters
    ----------
    rate : float
        Of writing [B/s].
    limit : float
        Unwritten bytes in memory beyond which a writer waits [B]; `backlog` is the time that they take to write [s].
    background : float
        Those from which on the kernel writes by itself [B].
    commit : float
        What a layer costs in syncs besides its own bytes [s].
    syncs : bool
        Whether a blob is synced before it is committed.
    kind : Kind or None
        Of flows that share the disk with applications; None: none crosses it.
    """

    __slots__ = ("background", "backlog", "commit", "kind", "limit", "rate", "syncs")

    def __init__(
        self, rate: float, limit: float, background: float, commit: float, syncs: bool, kind: Kind | None
    ) -> None:
        self.rate = rate
        self.limit = limit
        self.backlog = limit / rate
        self.background = background
        self.commit = commit
        self.syncs = syncs
        self.kind = kind


class DiskWriter:
    """What one node's disk has to write.

    Parameters
    ----------
    terms : DiskTerms
        How it does that.
    """

    __slots__ = ("busy", "busy_until", "files", "idle_at", "slowness", "synced_at", "terms", "work")

    def __init__(self, terms: DiskTerms) -> None:
        self.terms = terms
        self.synced_at = 0.0  # until when the disk is taken by syncs, and by what was written beside fetches [s]
        self.idle_at = 0.0  # when all is written that there is [s]
        self.work = 0.0  # all that there was to write, as time [s]
        self.busy = self.busy_until = 0.0  # how long pulls wait for it in all, and until when they do [s]
        self.files = 0.0  # what was unpacked [B]
        self.slowness = 0.0  # how much longer that takes than at the disk's rate [s]

    def commit(self, now: float, size: float, elapsed: float) -> float:
        """A blob has arrived: how long until it is committed [s].

        Parameters
        ----------
        now : float
            The present [s].
        size : float
            Of the blob [B].
        elapsed : float
            Since its first byte [s].
        """
        terms = self.terms
        own = terms.commit
        work = own + size / terms.rate
        if terms.syncs:
            if elapsed > EXPIRY or size > terms.background:
                work -= self._write_beside(now, size, elapsed)
            own = work
        self.work += work
        self.idle_at = (self.idle_at if self.idle_at > now else now) + work
        if terms.kind is not None:
            return own
        begun = self.synced_at if self.synced_at > now else now
        self.synced_at = synced_at = begun + own
        self.waits(begun, own)
        wait = synced_at - now
        return wait if terms.syncs else max(wait, self.excess(now))

    def keep(self, now: float, size: float, elapsed: float) -> None:
        """A blob has arrived that a program keeps on the disk beside the runtime, and does not sync.

        Parameters
        ----------
        now : float
            The present [s].
        size : float
            Of the blob [B].
        elapsed : float
            Since its first byte [s].
        """
        work = size / self.terms.rate
        if elapsed > EXPIRY or size > self.terms.background:
            work -= self._write_beside(now, size, elapsed)
        self.work += work
        self.idle_at = max(self.idle_at, now) + work

    def _write_beside(self, now: float, size: float, elapsed: float) -> float:
        """Note what of a blob the kernel has written while it arrived; the time that it took [s]."""
        done = self._written_beside(now, size, elapsed) / self.terms.rate
        self.work += done
        self.idle_at += done  # files that it would have written meanwhile come later
        return done

    def _written_beside(self, now: float, size: float, elapsed: float) -> float:
        """What of a blob the kernel wrote while it arrived: what was old or too much, as far as the disk was free [B].

        A byte waits until it is old, or until the background limit is behind it.
        """
        lag = min(EXPIRY, self.terms.background * elapsed / size)
        begun = max(now - elapsed + lag, self.synced_at)
        if begun >= now:
            return 0.0
        return min((now - begun) * self.terms.rate, size * (1.0 - lag / elapsed))

    def unpack(self, now: float, size: float, work: float) -> None:
        """A layer of a size [B] is unpacked into memory, and takes the disk so long some time [s]."""
        self.files += size
        self.slowness += max(work - size / self.terms.rate, 0.0)
        self.work += work
        self.idle_at = (self.idle_at if self.idle_at > now else now) + work

    def excess(self, now: float) -> float:
        """How long a writer waits until no more than the limit is unwritten [s]; negative: not at all.

        The bytes that are unwritten are written as slowly as those of all files on the average.
        """
        held = self.terms.backlog
        if self.slowness > 0.0:
            # Empty files take their time, and no memory.
            held += self.terms.limit * self.slowness / self.files if self.files > 0.0 else self.slowness
        return self.idle_at - held - now

    def written(self, now: float) -> float:
        """What the disk can have written by now [B]."""
        return (self.work - max(self.idle_at - now, 0.0)) * self.terms.rate

    def waits(self, begun: float, seconds: float) -> None:
        """A pull waits for it so long, maybe while others do [s]."""
        until = begun + seconds
        if self.busy_until <= begun:
            self.busy += seconds
        elif until > self.busy_until:
            self.busy += until - self.busy_until
        self.busy_until = max(self.busy_until, until)

    def waited(self, now: float) -> float:
        """How long pulls have waited for it by now [s]."""
        return max(min(self.busy - max(self.busy_until - now, 0.0), now), 0.0)

    def stop(self, now: float) -> None:
        """What was to be written is lost."""
        self.busy = self.waited(now)
        self.busy_until = min(self.busy_until, now)
        self.work -= max(self.idle_at - now, 0.0)
        self.idle_at = min(self.idle_at, now)
        self.synced_at = min(self.synced_at, now)
