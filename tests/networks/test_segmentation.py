from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import zoo
from zoo.faces.masks.segmentation import WEIGHTS
from zoo.networks.segmentation import CLASSES, SIZE, SegmentationNetwork, export_segmentation


@pytest.fixture(scope="module")
def network() -> SegmentationNetwork:
    torch.manual_seed(0)
    network = SegmentationNetwork()
    with torch.no_grad():  # statistics other than those it is born with
        for _ in range(3):
            network(torch.rand(4, 3, SIZE, SIZE))
    network.eval()
    return network


def test_onnx_gives_the_networks_answer(network: SegmentationNetwork, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    path = tmp_path / "network.onnx"
    export_segmentation(network, path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for batch in (1, 3):
        photo = torch.rand(batch, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
        (given,) = session.run(["logits"], {"photo": photo.numpy()})
        with torch.no_grad():
            wanted = network(photo).numpy()
        assert given.shape == (batch, len(CLASSES), SIZE, SIZE)
        assert (
            np.abs(given - wanted).max() < 0.01 * wanted.std()
        )  # weights are kept in half precision
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def test_exposure_and_colour_cast_do_not_matter(network: SegmentationNetwork) -> None:
    photo = 0.3 + 0.4 * torch.rand(1, 3, SIZE, SIZE)
    tinted = photo * torch.tensor([0.9, 0.7, 0.6]).view(1, 3, 1, 1) + 0.1
    with torch.no_grad():
        assert (network(photo) - network(tinted)).abs().max() < 0.5 * network(photo).std()


def test_the_shipped_file_is_small_and_names_no_machine() -> None:
    content = WEIGHTS.read_bytes()
    assert len(content) < 10**6
    root = str(Path(zoo.__file__).parents[2]).encode()
    assert root not in content
    assert b".py" not in content
