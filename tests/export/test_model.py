"""What is written answers like the network."""

import json
import sys

import pytest
import torch
from torch import nn

from weldon.errors import UsageError, WeldonError
from weldon.export import export_model, export_run
from weldon.export import model as export_module
from weldon.export.writers import measure_difference, random_inputs
from weldon.models import create_model, load_model, save_model

TINY = {"name": "test_vit", "model_kwargs": {"depth": 1}}
ANSWERS = {"classes": ["cat", "dog"], "thresholds": {"cat": 0.25}, "map_scale": 4.0, "task": "multilabel"}


def small_net(name="test_resnet", **options):
    """A network with maps that are not all alike."""
    net = create_model(name, 2, weights="none", **options)
    nn.init.normal_(net.transfer.weight, std=0.1)
    return net.eval()


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """One exported network for the tests that only look at it."""
    torch.manual_seed(0)
    net = small_net(**TINY, k_max=0.3)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return net, export_model(net, path, image_size=64, **ANSWERS)


@pytest.fixture
def session(onnx_file):
    """The written file in onnxruntime."""
    runtime = pytest.importorskip("onnxruntime")
    return runtime.InferenceSession(onnx_file[1].path, providers=["CPUExecutionProvider"])


def test_onnx_agrees_with_and_without_padding_for_any_number_of_images(onnx_file, session):
    net, exported = onnx_file
    assert exported.difference < 1e-4
    for number in (1, 4):
        image, mask = random_inputs(number, 64)
        for real in (mask, torch.ones_like(mask)):
            scores, maps = session.run(None, {"image": image.numpy(), "mask": real.numpy()})
            with torch.no_grad():
                expected, expected_maps = net(image, real, return_maps=True)
            torch.testing.assert_close(torch.from_numpy(scores), expected)
            torch.testing.assert_close(torch.from_numpy(maps), expected_maps)


def test_onnx_without_padding_equals_the_network_without_mask(onnx_file, session):
    image, mask = random_inputs(2, 64)
    scores, _ = session.run(None, {"image": image.numpy(), "mask": torch.ones_like(mask).numpy()})
    torch.testing.assert_close(torch.from_numpy(scores), onnx_file[0](image).detach())


def test_onnx_names_its_inputs_outputs_and_classes(session):
    assert [(i.name, i.shape[1:]) for i in session.get_inputs()] == [
        ("image", [3, 64, 64]),
        ("mask", [64, 64]),
    ]
    assert [o.name for o in session.get_outputs()] == ["scores", "maps"]
    metadata = session.get_modelmeta().custom_metadata_map
    assert json.loads(metadata["classes"]) == ["cat", "dog"]
    assert json.loads(metadata["thresholds"]) == {"cat": 0.25}
    assert json.loads(metadata["image_size"]) == 64
    assert len(json.loads(metadata["mean"])) == 3
    assert metadata["resize"] == "keep"


def test_torch_program_agrees_and_describes_itself(tmp_path):
    net = small_net(**TINY, pool="wildcat", maps_per_class=2)
    exported = export_model(net, tmp_path / "model.pt2", format="torch", image_size=64, **ANSWERS)
    assert exported.difference < 1e-6
    extra = {"weldon.json": ""}
    program = torch.export.load(tmp_path / "model.pt2", extra_files=extra)
    assert json.loads(extra["weldon.json"])["classes"] == ["cat", "dog"]
    image, mask = random_inputs(5, 64)
    torch.testing.assert_close(program.module()(image, mask)[0], net(image, mask))


def test_hub_folder_agrees(tmp_path):
    net = small_net()
    exported = export_model(net, tmp_path / "hub", format="hub", image_size=64, **ANSWERS)
    assert exported.difference == 0.0
    assert load_model(tmp_path / "hub").config == net.config


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "size"),
    [
        ("test_resnet", {}, 96),
        ("test_vit", {}, 96),
        ("test_vit", {}, 224),  # positions resampled upwards, where runtimes differ
        ("test_efficientnet", {}, 70),
        ("test_convnext", {}, 96),
        ("vit_small_patch14_reg4_dinov2", {"depth": 1, "embed_dim": 24, "num_heads": 2}, 70),
        ("swin_tiny_patch4_window7_224", {"embed_dim": 12, "depths": (1, 2), "num_heads": (1, 2)}, 72),
    ],
)
def test_every_family_agrees_in_onnx(tmp_path, name, options, size):
    net = small_net(name, model_kwargs=options)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    exported = export_model(net, tmp_path / "model.onnx", image_size=size, **ANSWERS)
    assert exported.difference < 1e-4
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())


def test_network_is_left_in_its_mode(tmp_path):
    net = small_net().train()
    export_model(net, tmp_path / "hub", format="hub", image_size=64, **ANSWERS)
    assert net.training


def test_wrong_answers_are_an_error(tmp_path, monkeypatch):
    def broken(net, path, description):
        return lambda image, mask: tuple(answer + 0.01 for answer in net(image, mask, return_maps=True))

    monkeypatch.setitem(export_module.WRITERS, "onnx", broken)
    with pytest.raises(WeldonError, match=r"would answer differently from the network.* 0.01"):
        export_model(small_net(), tmp_path / "model.onnx", image_size=64, **ANSWERS)


def test_answers_that_are_no_numbers_are_no_agreement():
    net = small_net()
    difference = measure_difference(
        net, lambda image, mask: tuple(torch.nan * a for a in net(image, mask, return_maps=True)), 64
    )
    assert not difference <= 1e-3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "tflite"}, "`format` must be one of onnx, torch, hub, got 'tflite'"),
        ({"format": "torch"}, "`path` must end in .pt2"),
        ({"classes": ["cat"]}, "`classes` must be 2 different names"),
    ],
)
def test_request_that_cannot_be_met_is_refused_before_anything_is_written(tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        export_model(small_net(), tmp_path / "model.onnx", **{"image_size": 64, **ANSWERS, **change})
    assert not list(tmp_path.iterdir())


def test_missing_runtime_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r"onnxruntime must be installed: pip install .*\[onnx\]"):
        export_model(small_net(), tmp_path / "model.onnx", image_size=64, **ANSWERS)


@pytest.fixture
def run(tmp_path):
    """A finished run."""
    run = tmp_path / "run"
    save_model(small_net(), run / "weights" / "best.safetensors")
    (run / "classes.txt").write_text("cat\ndog\n")
    (run / "config.toml").write_text('image_size = 64\nresize = "warp"\ntask = "multilabel"\n')
    (run / "thresholds.json").write_text(
        json.dumps({"scale": "score", "map_scale": 3.0, "classes": {"cat": 0.5, "dog": -0.5}})
    )
    return run


def test_run_is_exported_with_its_classes_and_thresholds(run):
    exported = export_run(run, format="hub")
    assert exported.path == run / "export" / "hub"
    config = json.loads((exported.path / "config.json").read_text())
    assert config["thresholds"] == {"cat": 0.5, "dog": -0.5}
    assert (config["image_size"], config["resize"], config["map_scale"]) == (64, "warp", 3.0)


def test_export_replaces_nothing_unless_told_to(run):
    export_run(run, format="hub")
    with pytest.raises(UsageError, match=r"export.hub exists: .*--overwrite"):
        export_run(run, format="hub")
    assert export_run(run, format="hub", overwrite=True).difference == 0.0
