"""Batches drawn where the GPU holds all photos are those that the host makes."""

import numpy as np
import pytest
import torch

from tests.training.conftest import random_pack
from zoo.errors import TrainingError
from zoo.training.loop.dataset import DeviceDataset, HostDataset, dataset_on

CPU = torch.device("cpu")


def test_resident_batches_are_the_hosts_bit_for_bit() -> None:
    host = HostDataset(random_pack(3, 40), resolution=32, size=6, seed=5)
    resident = DeviceDataset(host, range(10, 20), CPU)
    for step in (10, 13, 19):
        ours, theirs = resident.batch(step), host.batch(step)
        np.testing.assert_array_equal(ours.photos, theirs.photos)
        np.testing.assert_array_equal(ours.landmarks, theirs.landmarks)


def test_a_pack_too_small_for_the_resolution_is_refused() -> None:
    host = HostDataset(random_pack(0, 12), resolution=512, size=2, seed=0)
    with pytest.raises(TrainingError, match="the recipe needs 512"):
        DeviceDataset(host, range(2), CPU)


def test_on_cpus_the_pack_stays_on_the_disk() -> None:
    host = HostDataset(random_pack(0, 12), resolution=32, size=2, seed=0)
    assert dataset_on(CPU, host, range(2)) is host
