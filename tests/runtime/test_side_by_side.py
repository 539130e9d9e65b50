"""Work in several threads: in order, really at once, bounded, and errors where the result would have been."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
import torch

from av_models.runtime.device import n_cores, torch_threads
from av_models.runtime.side_by_side import batched, side_by_side

N = 3


def test_results_keep_the_order_of_the_items() -> None:
    def work(item: int) -> int:
        time.sleep(0.02 if item % N == 0 else 0)  # the first of every three is done last
        return item * 10

    assert list(side_by_side(work, range(8), N)) == [item * 10 for item in range(8)]


def test_so_many_are_worked_on_at_once() -> None:
    together = threading.Barrier(N, timeout=10)  # breaks unless N wait at it
    assert len(list(side_by_side(lambda _: together.wait(), range(2 * N), N))) == 2 * N


def test_items_are_taken_only_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            taken.append(item)
            yield item

    results = side_by_side(lambda item: item, items(), N)
    assert next(results) == 0 and len(taken) == N + 1
    results.close()  # type: ignore[attr-defined]
    assert len(taken) == N + 1


def test_an_error_comes_after_the_results_before_it() -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        return item

    results = side_by_side(work, range(9), N)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)


def test_lists_are_full_but_for_the_last() -> None:
    assert list(batched(range(5), 2)) == [[0, 1], [2, 3], [4]] and list(batched([], 2)) == []


def test_the_last_that_leaves_puts_back_the_threads_of_torch() -> None:
    first, second = torch_threads(1), torch_threads(1)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert torch.get_num_threads() == 1
    second.__exit__(None, None, None)
    assert torch.get_num_threads() == n_cores()


def test_an_error_puts_them_back() -> None:
    with pytest.raises(ValueError, match="inside"), torch_threads(1):
        raise ValueError("inside")
    assert torch.get_num_threads() == n_cores()
