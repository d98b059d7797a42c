"""Several workers' means, with the other worker played by numbers."""

from types import SimpleNamespace

import pytest
import torch

from zoo.objective import distributed


def test_a_single_worker_keeps_its_own() -> None:
    value, weight = torch.tensor([1.0]), torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([3.0, 4.0])
    assert (distributed.workers(), distributed.rank()) == (1, 0)
    assert distributed.mean_of_workers(value) is value
    distributed.average_gradients([weight])
    assert weight.grad.tolist() == [3, 4]


def test_values_and_gradients_are_the_mean_of_all_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[float] = [10.0]
    asked: list[list[float]] = []

    def all_reduce(total: torch.Tensor) -> None:
        asked.append(total.tolist())
        total += torch.tensor(others)

    monkeypatch.setattr(
        distributed,
        "distributed",
        SimpleNamespace(
            is_available=lambda: True,
            is_initialized=lambda: True,
            get_world_size=lambda: 4,
            get_rank=lambda: 2,
            all_reduce=all_reduce,
        ),
    )
    assert (distributed.workers(), distributed.rank()) == (4, 2)
    value = torch.tensor([2], dtype=torch.int64)
    assert distributed.mean_of_workers(value).tolist() == [3.0]
    assert value.tolist() == [2]  # its own stays
    one, two, none = (torch.nn.Parameter(torch.ones(2)) for _ in range(3))
    one.grad, two.grad = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    others[:], asked[:] = [3.0, 2.0, 1.0, 0.0], []
    distributed.average_gradients(iter([one, none, two]))
    assert asked == [[1, 2, 3, 4]]  # in one exchange
    assert one.grad.tolist() == [1, 1] and two.grad.tolist() == [1, 1] and none.grad is None
    monkeypatch.undo()
    assert distributed.workers() == 1
