"""Each writer returns what it wrote, read back, as a function; the comparison sees every difference."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from weldon.errors import WeldonError
from weldon.export.writers import (
    WRITERS,
    Graph,
    measure_difference,
    random_inputs,
    trace,
    write_hub,
    write_program,
)
from weldon.models import create_model

DESCRIPTION = {"image_size": 64, "resize": "keep", "mean": [0.5] * 3, "std": [0.5] * 3, "map_scale": 1.0}
DESCRIPTION |= {"classes": ["cat", "dog"], "task": "multilabel", "thresholds": {"cat": 0.25}}


@pytest.fixture(scope="module")
def net():
    """A network with maps that are not all alike."""
    torch.manual_seed(0)
    made = create_model("test_resnet", 2, weights="none", k_max=0.3)
    nn.init.normal_(made.transfer.weight, std=0.1)
    return made.eval()


def test_inputs_are_the_same_each_time_and_every_picture_lies_in_the_upper_left_corner():
    image, mask = random_inputs(5, 32)
    again, _ = random_inputs(5, 32)
    assert torch.equal(image, again)
    assert (image.shape, mask.shape, mask.dtype) == ((5, 3, 32, 32), (5, 32, 32), torch.bool)
    for real in mask:
        down, across = int(real.any(1).sum()), int(real.any(0).sum())
        assert real[:down, :across].all()
        assert real.sum() == down * across
        assert 16 <= min(down, across) <= max(down, across) <= 32
    assert len({int(real.sum()) for real in mask}) > 1


def test_a_graph_leaves_the_network_as_it_was(net):
    graph = Graph(net.train())
    assert net.training
    assert not graph.net.training
    assert not any(parameter.requires_grad for parameter in graph.parameters())
    assert all(parameter.requires_grad for parameter in net.parameters())
    net.eval()


def test_the_difference_is_the_largest_of_scores_and_maps(net):
    graph = Graph(net)

    def shifted(by_scores: float, by_maps: float):
        def run(image, mask):
            scores, maps = graph(image, mask)
            maps = maps.clone()
            maps[0, 0, 0, 0] += by_maps
            return scores + by_scores, maps

        return run

    assert measure_difference(net, graph, 64) == 0
    assert measure_difference(net, shifted(0.25, 0), 64) == pytest.approx(0.25, abs=1e-5)
    assert measure_difference(net, shifted(0.25, 3.0), 64) == pytest.approx(3.0, abs=1e-5)


@pytest.mark.parametrize("write", [write_program, write_hub])
def test_what_is_read_back_answers_for_another_number_of_images(net, tmp_path, write):
    written = write(net, tmp_path / "written", DESCRIPTION)
    image, mask = random_inputs(4, 64)
    with torch.no_grad():
        scores, maps = net(image, mask, return_maps=True)
        answered = written(image, mask)
    torch.testing.assert_close(answered[0], scores)
    torch.testing.assert_close(answered[1], maps)


def test_a_network_that_cannot_be_traced_is_named_with_another_way(net, monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("no such operator")

    monkeypatch.setattr(torch.export, "export", refuse)
    with pytest.raises(WeldonError, match=r"trace test_resnet; export it as hub\. It says: no such operator"):
        trace(net, 64)


def test_formats_are_the_promised_ones():
    assert list(WRITERS) == ["onnx", "torch", "hub"]
