"""A compiled backbone answers as a plain one; batches of another shape than the first are not compiled."""

import pytest
import torch

from weldon.errors import UsageError
from weldon.models import compiled as module
from weldon.models import create_model


@pytest.fixture
def graphs(monkeypatch) -> list[torch.Size]:
    """Shapes of the batches that a graph was made for; what would write the program is left out."""
    seen = []

    def backend(graph, inputs):
        seen.append(max((i.shape for i in inputs if i.ndim == 4), key=lambda shape: shape[-1]))
        return graph.forward

    monkeypatch.setattr(module, "BACKEND", backend)
    module.compiled.cache_clear()
    yield seen
    module.compiled.cache_clear()
    torch._dynamo.reset()


def test_scores_are_those_of_a_plain_pass_and_one_shape_is_compiled(graphs, generator):
    net = create_model("test_resnet", 2, weights="none").eval()
    batches = [torch.randn(n, 3, 64, 64, generator=generator) for n in (3, 3, 1)]
    with torch.inference_mode():
        plain = [net(batch) for batch in batches]
        net.backbone.compile_pass()
        found = [net(batch) for batch in batches]
    for one, other in zip(found, plain, strict=True):
        torch.testing.assert_close(one, other)
    assert graphs == [(3, 3, 64, 64)]


def test_a_compiled_backbone_learns_what_a_plain_one_learns(graphs, generator):
    images = torch.randn(2, 3, 64, 64, generator=generator)
    net = create_model("test_resnet", 2, weights="none").train()
    slopes = []
    for _ in range(2):
        net.zero_grad()
        net(images).sum().backward()
        slopes.append({name: weight.grad.clone() for name, weight in net.named_parameters()})
        net.backbone.compile_pass()
    assert len(graphs) == 1
    for name, slope in slopes[0].items():
        torch.testing.assert_close(slopes[1][name], slope, msg=name)


def test_weights_are_saved_under_the_same_names(graphs):
    net = create_model("test_resnet", 2, weights="none")
    names = list(net.state_dict())
    net.backbone.compile_pass()
    assert list(net.state_dict()) == names


def test_without_a_compiler_it_is_said_what_to_install(monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "")
    net = create_model("test_resnet", 2, weights="none")
    with pytest.raises(UsageError, match=r"compile needs a C\+\+ compiler.*leave the option out"):
        net.backbone.compile_pass()


def test_a_compiler_that_fails_is_named_and_the_option_too(monkeypatch):
    def backend(graph, inputs):
        raise OSError("Python.h: no such file")

    monkeypatch.setattr(module, "BACKEND", backend)
    module.compiled.cache_clear()
    net = create_model("test_resnet", 2, weights="none").eval()
    net.backbone.compile_pass()
    with pytest.raises(UsageError, match=r"compile failed here, leave the option out: .*Python\.h"):
        net(torch.zeros(1, 3, 64, 64))
    module.compiled.cache_clear()
    torch._dynamo.reset()
