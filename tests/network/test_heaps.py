"""The heaps of the engine against `heapq`: the same lists after each step, the same errors, nothing leaked.

In pure Python they are `heapq`; where the engine is compiled (`make test-compiled`) they are C of our own.
"""

from __future__ import annotations

import heapq
import sys
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutsim.network import fluid, heaps

KEYS = st.sampled_from([0.0, -0.0, 1.0, 1.5, -2.0, inf, -inf, nan, 3, True, 2**70]) | st.floats()
ORDERS = st.integers(-3, 3) | st.integers(2**62, 2**65)
STEPS = st.lists(st.tuples(st.sampled_from(["push", "push", "pop", "replace"]), KEYS, ORDERS), max_size=60)


def test_a_compiled_engine_has_heaps_of_its_own() -> None:
    assert (heaps.heappush is heapq.heappush) == str(fluid.__file__).endswith(".py")


@given(STEPS, st.integers(2, 4))
def test_each_step_leaves_the_list_that_heapq_leaves(steps: list[tuple[str, float, int]], length: int) -> None:
    ours: list[Any] = []
    theirs: list[Any] = []
    for number, (step, key, order) in enumerate(steps):
        # The third breaks what ties are left, as the engine's numbers do.
        entry = (key, order, number, ours)[:length] if length > 2 else (key, order * 100 + number)
        if step == "push":
            heaps.heappush(ours, entry)
            heapq.heappush(theirs, entry)
        elif ours:
            taken = heaps.heappop(ours) if step == "pop" else heaps.heapreplace(ours, entry)
            expected = heapq.heappop(theirs) if step == "pop" else heapq.heapreplace(theirs, entry)
            assert taken is expected
        assert [id(entry) for entry in ours] == [id(entry) for entry in theirs]


def test_entries_come_in_the_order_of_their_floats_and_then_of_their_numbers() -> None:
    entries = [(key, order, object()) for order, key in enumerate([2.0, 1.0, 2.0, 1.0, 0.5] * 20)]
    heap: list[tuple[float, int, object]] = []
    for entry in entries:
        heaps.heappush(heap, entry)
    assert [heaps.heappop(heap) for _ in entries] == sorted(entries, key=lambda entry: entry[:2])


def test_an_empty_heap_has_no_first_entry() -> None:
    for function, arguments in ((heaps.heappop, ()), (heaps.heapreplace, ((1.0, 1),))):
        with pytest.raises(IndexError, match="^index out of range$|^list index out of range$"):
            function([], *arguments)


def test_what_is_no_list_is_no_heap() -> None:
    for function, arguments in ((heaps.heappush, (1.0,)), (heaps.heappop, ()), (heaps.heapreplace, (1.0,))):
        with pytest.raises(TypeError):
            function((), *arguments)
        with pytest.raises(TypeError):
            function()


def test_entries_that_cannot_be_compared_end_in_the_error_of_the_comparison() -> None:
    heap: list[Any] = [(1.0, 1, object())]
    with pytest.raises(TypeError, match="'<' not supported"):
        heaps.heappush(heap, (1.0, 1, object()))
    with pytest.raises(TypeError, match="'<' not supported"):
        heaps.heappush([(1.0,)], ("a",))


def test_a_comparison_that_empties_the_heap_is_an_error() -> None:
    class Emptying:
        def __lt__(self, other: object) -> bool:
            heap.clear()
            return True

    heap: list[Any] = [(1.0, 1, Emptying()), (1.0, 2, Emptying())]
    with pytest.raises((RuntimeError, IndexError)):
        heaps.heappush(heap, (1.0, 1, Emptying()))


def test_no_reference_is_lost_or_kept() -> None:
    entries: list[tuple[float, int]] = [(float(number % 7), number) for number in range(100)]
    before = [sys.getrefcount(entry) for entry in entries]
    heap: list[tuple[float, int]] = []
    for entry in entries[:60]:
        heaps.heappush(heap, entry)
    for entry in entries[60:]:
        heaps.heapreplace(heap, entry)
    del entry
    while heap:
        heaps.heappop(heap)
    assert [sys.getrefcount(entry) for entry in entries] == before
