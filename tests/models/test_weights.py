"""Weights from files: descriptions, names, refusals; nothing is downloaded."""

import json
from types import SimpleNamespace

import pytest
import timm
import torch
from safetensors.torch import load_file, save_file

from weldon.errors import UsageError, WeightsError
from weldon.models import build_backbone, create_model, save_model
from weldon.models.weights import convert_state, refuse_without_hub


@pytest.fixture
def state():
    return timm.create_model("test_resnet").state_dict()


def same_tensors(body, state) -> bool:
    loaded = body.model.state_dict()
    return all(torch.equal(loaded[key], state[key]) for key in loaded)


def test_safetensors_are_loaded_and_the_classifier_is_left_out(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    assert same_tensors(build_backbone("test_resnet", weights=tmp_path / "a.safetensors"), state)


def test_classifier_may_be_absent_or_of_another_number_of_classes(tmp_path, state):
    del state["fc.bias"]
    state["fc.weight"] = torch.zeros(7, 96)
    save_file(state, tmp_path / "a.safetensors")
    assert same_tensors(build_backbone("test_resnet", weights=tmp_path / "a.safetensors"), state)


@pytest.mark.parametrize("wrap", [dict, lambda s: {"state_dict": {f"module.{k}": v for k, v in s.items()}}])
def test_state_dict_is_loaded_with_or_without_its_wrapping(tmp_path, state, wrap):
    torch.save(wrap(state), tmp_path / "a.pth")
    assert same_tensors(build_backbone("test_resnet", weights=str(tmp_path / "a.pth")), state)


def test_pickle_is_not_trusted(tmp_path, state):
    torch.save({**state, "callback": pytest.fail}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="cannot be read as such"):
        build_backbone("test_resnet", weights=tmp_path / "a.pth")


def test_file_beside_the_weights_describes_them(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    said = {"model": "test_resnet", "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3], "interpolation": "nearest"}
    (tmp_path / "a.json").write_text(json.dumps(said))
    body = build_backbone(None, weights=tmp_path / "a.safetensors")
    assert (body.name, body.mean, body.std) == ("test_resnet", (0.1, 0.2, 0.3), (1.0, 2.0, 3.0))
    assert body.interpolation == "nearest"
    assert build_backbone("auto", weights=tmp_path / "a.safetensors", mean=(0, 0, 0)).mean == (0.0, 0.0, 0.0)


def test_options_beside_the_weights_reach_timm_unless_given(tmp_path):
    shallow = timm.create_model("test_vit", depth=1)
    save_file(shallow.state_dict(), tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(json.dumps({"model": "test_vit", "model_kwargs": {"depth": 1}}))
    assert same_tensors(build_backbone(None, weights=tmp_path / "a.safetensors"), shallow.state_dict())
    with pytest.raises(WeightsError, match="missing: blocks"):
        build_backbone(None, weights=tmp_path / "a.safetensors", model_kwargs={"depth": 2})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be JSON"),
        ("[]", "must be a JSON object"),
        ('{"model": 3}', "`model` must be a str"),
        ('{"mean": [1, 2]}', "`mean` must be a list of three numbers"),
    ],
)
def test_description_that_cannot_be_used_is_named(tmp_path, state, text, message):
    save_file(state, tmp_path / "a.safetensors")
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(WeightsError, match=f"a.json.*{message}"):
        build_backbone("test_resnet", weights=tmp_path / "a.safetensors")


def test_entries_that_do_not_fit_are_listed(tmp_path, state):
    state["layer9.weight"] = state.pop("bn1.weight", state.pop("conv1.0.weight", torch.zeros(1)))
    state["layer1.0.conv1.weight"] = torch.zeros(2, 2)
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(WeightsError) as error:
        build_backbone("test_resnet", weights=tmp_path / "a.safetensors")
    lines = str(error.value).splitlines()
    assert "does not fit the timm model test_resnet" in lines[0]
    assert any("missing" in line for line in lines)
    assert any("layer9.weight" in line and "not in the model" in line for line in lines)
    assert any("layer1.0.conv1.weight (2, 2) for" in line for line in lines)


def test_half_precision_files_become_float32(tmp_path, state):
    save_file(
        {key: v.half() if v.is_floating_point() else v for key, v in state.items()},
        tmp_path / "a.safetensors",
    )
    body = build_backbone("test_resnet", weights=tmp_path / "a.safetensors")
    assert all(parameter.dtype == torch.float32 for parameter in body.parameters())


@pytest.mark.parametrize(("name", "message"), [("gone.pth", "is no file"), ("a.npz", "ends in none of")])
def test_path_that_is_no_file_of_weights_is_refused(tmp_path, name, message):
    (tmp_path / "a.npz").touch()
    with pytest.raises(WeightsError, match=message):
        build_backbone("test_resnet", weights=tmp_path / name)


def test_broken_safetensors_are_refused(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="cannot be read as one"):
        build_backbone("test_resnet", weights=tmp_path / "a.safetensors")


def test_checkpoint_of_a_run_gives_its_backbone_and_describes_itself(tmp_path):
    net = create_model("test_vit", 3, weights="none", model_kwargs={"depth": 1}, mean=(0.1, 0.1, 0.1))
    save_model(net, tmp_path / "best.safetensors")
    body = build_backbone("auto", weights=tmp_path / "best.safetensors")
    assert same_tensors(body, net.backbone.model.state_dict())
    assert (body.name, body.mean) == ("test_vit", (0.1, 0.1, 0.1))


def test_fully_connected_layers_of_vgg_become_convolutions():
    with torch.device("meta"):  # 500 MB that nobody needs
        model = timm.create_model("vgg11")
        authors = {key: value for key, value in model.state_dict().items() if key.startswith("features")}
        authors |= {f"classifier.{layer}.bias": torch.zeros(4096) for layer in (0, 3)}
        authors["classifier.0.weight"] = torch.zeros(4096, 512 * 7 * 7)
        authors["classifier.3.weight"] = torch.zeros(4096, 4096)
    converted = convert_state(authors, model)
    assert converted["pre_logits.fc1.weight"].shape == (4096, 512, 7, 7)
    assert set(model.state_dict()) - set(converted) == {"head.fc.weight", "head.fc.bias"}


def test_positions_are_resampled_to_the_size_asked_for(tmp_path):
    whole = timm.create_model("test_vit", depth=1)  # 10 x 10 patches
    save_file(whole.state_dict(), tmp_path / "a.safetensors")
    options = {"depth": 1, "img_size": 64}
    body = build_backbone("test_vit", weights=tmp_path / "a.safetensors", model_kwargs=options)
    assert body.model.pos_embed.shape == (1, 16 + 1, 64)
    assert torch.equal(body.model.pos_embed[:, 0], whole.pos_embed[:, 0])


def test_without_a_network_the_file_to_fetch_and_its_place_are_said(monkeypatch):
    create = timm.create_model

    def offline(name, pretrained=False, **options):
        if pretrained:
            raise OSError("no route\nmore")
        return create(name, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    monkeypatch.setattr(
        "weldon.models.timm_model.refuse_without_hub", lambda name: None
    )  # it answered before
    with pytest.raises(WeightsError) as error:
        build_backbone("resnet18.a1_in1k")
    message = str(error.value)
    assert "model.safetensors of the hub repository timm/resnet18.a1_in1k" in message
    assert "--weights PATH" in message
    assert "(OSError: no route)" in message


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """No weights on this machine, and a hub that cannot be reached: what was asked of it."""
    asked = []

    def head(address, *, timeout):
        asked.append((address, timeout))
        raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.utils.get_session", lambda: SimpleNamespace(head=head))
    monkeypatch.setattr(timm, "create_model", lambda *_, **__: pytest.fail("timm asks twelve times"))
    return asked


def test_a_hub_that_cannot_be_reached_is_asked_once(asked):
    with pytest.raises(WeightsError, match=r"\(OSError: no route\).*`weights` \(--weights PATH\)") as error:
        build_backbone("resnet18.a1_in1k")
    ((address, seconds),) = asked
    assert "timm/resnet18.a1_in1k/resolve/main/model.safetensors" in address
    assert seconds <= 10
    assert all(way in str(error.value) for way in ("tf_efficientnet_lite0", "`weights=None`"))


def test_weights_that_are_on_this_machine_need_no_hub(asked, tmp_path):
    snapshot = tmp_path / "models--timm--resnet18.a1_in1k"
    (snapshot / "refs").mkdir(parents=True)
    (snapshot / "refs" / "main").write_text("abc")
    (snapshot / "snapshots" / "abc").mkdir(parents=True)
    (snapshot / "snapshots" / "abc" / "model.safetensors").touch()
    refuse_without_hub("resnet18.a1_in1k")
    assert asked == []


def test_no_weights_are_random_ones():
    assert build_backbone("test_resnet", weights=None).num_features == 96


def test_model_without_weights_in_timm_is_said_so():
    with pytest.raises(WeightsError, match="timm has no weights for test_mambaout: give a file"):
        build_backbone("test_mambaout")


@pytest.mark.data
def test_real_weights_describe_themselves(mobilenet_weights):
    body = build_backbone("auto", weights=mobilenet_weights)
    assert (body.name, body.model_kwargs) == ("mobilenetv2_100", {"pad_type": "same"})
    assert (body.mean, body.std, body.interpolation) == ((0.5,) * 3, (0.5,) * 3, "bilinear")
    assert body.num_features == 1280


@pytest.mark.data
def test_real_weights_score_as_in_timm_with_its_classifier_as_transfer_and_average_pooling(
    mobilenet_weights, generator
):
    state = load_file(mobilenet_weights)
    whole = timm.create_model("mobilenetv2_100", pad_type="same")
    whole.load_state_dict(state)
    net = create_model(None, 1000, pool="avg", weights=mobilenet_weights)
    net.transfer.weight.data = state["classifier.weight"].float()[:, :, None, None]
    net.transfer.bias.data = state["classifier.bias"].float()
    x = torch.randn(2, 3, 224, 160, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(net.eval()(x), whole.eval()(x), rtol=1e-3, atol=1e-4)


@pytest.mark.data
def test_real_weights_of_another_model_are_refused(mobilenet_weights):
    with pytest.raises(WeightsError, match=r"of another shape: conv_stem\.weight"):
        build_backbone("mobilenetv2_140", weights=mobilenet_weights)


def test_name_beside_the_weights_is_asked_for(tmp_path, state):
    save_file(state, tmp_path / "a.safetensors")
    with pytest.raises(UsageError, match=r"write \{\"model\": ...\} into .*a.json"):
        build_backbone(None, weights=tmp_path / "a.safetensors")
