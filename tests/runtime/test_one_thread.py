"""Matrix products run on one thread inside, and afterwards on as many as before, however many were inside at once."""

from __future__ import annotations

import threading

import numpy as np
from threadpoolctl import ThreadpoolController

from av_models.runtime.one_thread import one_thread


def blas_threads() -> list[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return [one.num_threads for one in ThreadpoolController().select(user_api="blas").lib_controllers]


def test_the_number_is_put_back_by_the_last_that_leaves() -> None:
    before = blas_threads()
    entered, may_leave = threading.Event(), threading.Event()

    def stay() -> None:
        with one_thread():
            entered.set()
            may_leave.wait(10)

    other = threading.Thread(target=stay)
    with one_thread():
        other.start()
        assert entered.wait(10)
        assert set(blas_threads()) == {1}
    assert set(blas_threads()) == {1}
    may_leave.set()
    other.join()
    assert blas_threads() == before


def test_it_holds_in_every_thread() -> None:
    """Also in one that enters after another, which is still alive, has left."""
    seen: list[int] = []

    def work() -> None:
        with one_thread():
            seen.extend(blas_threads())

    work()
    other = threading.Thread(target=work)
    other.start()
    other.join()
    assert set(seen) == {1}


def test_an_error_inside_changes_nothing() -> None:
    before = blas_threads()
    try:
        with one_thread():
            raise ValueError
    except ValueError:
        pass
    assert blas_threads() == before
