"""Tests of the one process pool; one pool serves them all, as starting workers takes time."""

import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from zoo.process_pool import ProcessPool, in_order, report_progress


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    with pytest.MonkeyPatch.context() as patch:  # processes find this module as pytest does
        patch.syspath_prepend(str(Path(__file__).parents[1]))
        with ProcessPool(2) as pool:
            yield pool


def _work(folder: Path) -> Callable[[int], tuple[int, int]]:
    def work(number: int) -> tuple[int, int]:
        if number == 3 and not (folder / "died").exists():
            (folder / "died").touch()
            os._exit(9)
        if number == 100:
            raise ValueError("a hundred")
        return number, os.getpid()

    return work


def _lost(number: int, reason: str) -> tuple[int, int]:
    assert reason == "its process was killed (exit code 9)"
    return -number, 0


def test_a_process_that_dies_costs_its_own_task_only(pool: ProcessPool, tmp_path: Path) -> None:
    results = dict(pool.map(range(8), partial(_work, tmp_path), _lost))
    assert results.pop(-3) == 0
    assert sorted(results) == [0, 1, 2, 4, 5, 6, 7]
    assert os.getpid() not in results.values() and 2 <= len(set(results.values())) <= 3


def test_processes_stay_for_the_next_tasks(pool: ProcessPool, tmp_path: Path) -> None:
    (tmp_path / "died").touch()
    first, second = (
        {process for _, process in pool.map(range(8), partial(_work, tmp_path), _lost)}
        for _ in range(2)
    )
    assert second <= first


def test_what_a_process_raises_arrives_after_what_was_made(
    pool: ProcessPool, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="a hundred") as raised:
        list(pool.map([100], partial(_work, tmp_path), _lost))
    assert 'raise ValueError("a hundred")' in raised.value.__notes__[0]
    (tmp_path / "died").touch()
    assert [number for number, _ in pool.map([3], partial(_work, tmp_path), _lost)] == [3]


def test_processes_end_when_nobody_waits_for_them(pool: ProcessPool, tmp_path: Path) -> None:
    running = pool.map(range(1000), partial(_work, tmp_path), _lost)
    (tmp_path / "died").touch()
    processes = {next(running)[1] for _ in range(20)}
    running.close()
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def _slow_first(number: int) -> int:
    time.sleep(0.2 if number == 0 else 0)
    return number * number


def _refuse(number: int, reason: str) -> int:
    raise AssertionError(reason)


def test_results_come_in_the_order_of_their_tasks_if_asked(pool: ProcessPool) -> None:
    assert list(in_order(pool, range(6), _slow_first, _refuse)) == [0, 1, 4, 9, 16, 25]


def _reporting() -> Callable[[int], str]:
    def work(number: int) -> str:
        for _ in range(number):
            report_progress(2)
        return os.environ["OMP_NUM_THREADS"]

    return work


def test_progress_within_a_task_reaches_the_owner(pool: ProcessPool) -> None:
    amounts: list[int] = []
    threads = list(pool.map([3, 1], _reporting, lambda task, reason: reason, amounts.append))
    assert amounts == [2, 2, 2, 2]
    assert threads == ["1", "1"]
