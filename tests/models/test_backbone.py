"""Every family of timm as a body: shapes, strides, sizes, agreement with timm's own classifier."""

import pytest
import timm
import torch

from weldon.errors import UsageError
from weldon.models import build_backbone

SMALL_SWIN = {"img_size": 64, "embed_dim": 12, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
SMALL_DINO = {"img_size": 56, "depth": 1, "embed_dim": 24, "num_heads": 2}
ONE_BLOCK = {"depth": 1, "embed_dim": 24, "num_heads": 2}

# name, options, image (H, W), features and cells
FAMILIES = [
    ("test_resnet", {}, (96, 64), (96, 3, 2)),
    ("test_efficientnet", {}, (96, 64), (256, 3, 2)),
    ("mobilenetv3_small_050", {}, (96, 64), (1024, 3, 2)),
    ("test_convnext", {}, (96, 64), (64, 3, 2)),
    ("test_mambaout", {}, (96, 64), (256, 3, 2)),
    ("test_vit", {}, (96, 64), (64, 6, 4)),
    ("vit_small_patch14_reg4_dinov2", SMALL_DINO, (70, 42), (24, 5, 3)),
    ("deit_tiny_distilled_patch16_224", ONE_BLOCK, (96, 64), (24, 6, 4)),
    ("vit_base_patch16_siglip_224", ONE_BLOCK, (96, 64), (24, 6, 4)),
    ("swin_tiny_patch4_window7_224", SMALL_SWIN, (72, 48), (24, 9, 6)),
]


@pytest.mark.parametrize(
    ("name", "options", "size", "shape"), FAMILIES, ids=[family[0] for family in FAMILIES]
)
def test_every_family_becomes_a_map_of_any_size(name, options, size, shape):
    body = build_backbone(name, weights="none", model_kwargs=options).eval()
    with torch.no_grad():
        maps = body(torch.zeros(2, 3, *size))
    assert maps.shape == (2, *shape)
    assert body.num_features == shape[0]
    assert (size[0] // body.stride, size[1] // body.stride) == shape[1:]


def test_vgg_keeps_its_fully_connected_layers_as_convolutions():
    with torch.device("meta"):
        body = build_backbone("vgg11", weights="none")
        assert body.model.pre_logits.fc1.weight.shape == (4096, 512, 7, 7)
        assert body.num_features == 4096
        assert body(torch.zeros(1, 3, 224, 224)).shape == (1, 4096, 1, 1)
        assert body(torch.zeros(1, 3, 448, 320)).shape == (1, 4096, 8, 4)


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_nfnet"])
def test_classifier_of_timm_on_the_mean_of_the_map_gives_the_logits_of_timm(name, generator):
    """Where timm's head is a mean and a linear layer; some families normalise after the mean."""
    whole = timm.create_model(name).eval()
    body = build_backbone(name, weights="none").eval()
    body.model.load_state_dict(whole.state_dict(), strict=False)
    x = torch.randn(2, 3, 96, 96, generator=generator)
    with torch.no_grad():
        logits = whole.get_classifier()(body(x).mean(dim=(2, 3)))
        torch.testing.assert_close(logits, whole(x), rtol=1e-4, atol=1e-5)


def test_patch_tokens_stand_where_their_patches_are():
    """Patches through a ViT with no blocks depend on themselves alone: changing one changes one cell."""
    body = build_backbone("test_vit", weights="none", model_kwargs={"depth": 0}).eval()
    image = torch.zeros(1, 3, 48, 64)
    changed = image.clone()
    changed[:, :, 16:32, 48:64] = torch.linspace(-1, 1, 16)
    with torch.no_grad():
        moved = (body(changed) - body(image)).abs().sum(dim=1)[0] > 1e-6
    assert moved.nonzero().tolist() == [[1, 3]]


def test_positions_are_kept_at_the_size_of_the_weights():
    body = build_backbone("test_vit", weights="none")
    assert body.model.pos_embed.shape == timm.create_model("test_vit").pos_embed.shape


def test_normalisation_comes_from_timm_unless_given():
    assert build_backbone("test_vit", weights="none").mean == (0.5, 0.5, 0.5)
    given = build_backbone("test_vit", weights="none", mean=(0.1, 0.2, 0.3), std=[1, 1, 1])
    assert (given.mean, given.std) == ((0.1, 0.2, 0.3), (1.0, 1.0, 1.0))
    with pytest.raises(UsageError, match="`mean` must be three floats"):
        build_backbone("test_vit", weights="none", mean=(0.5,))


def test_size_off_the_patches_is_refused_with_sizes_that_fit():
    body = build_backbone("test_vit", weights="none")
    with pytest.raises(UsageError, match="multiple of 16 for test_vit, got 70: take 64 or 80"):
        body(torch.zeros(1, 3, 70, 70))


def test_one_size_of_a_fixed_backbone_is_named():
    with torch.device("meta"):
        body = build_backbone("mixer_s16_224", weights="none")
        with pytest.raises(UsageError, match=r"must be 224 for mixer_s16_224, got 256; .*img_size"):
            body(torch.zeros(1, 3, 256, 256))
        wide = build_backbone("mixer_s16_224", weights="none", model_kwargs={"img_size": 256})
        assert wide(torch.zeros(1, 3, 256, 256)).shape == (1, 512, 16, 16)


def test_unknown_name_lists_close_ones():
    with pytest.raises(UsageError, match=r"got 'resnet1O1'; close to it: .*resnet101"):
        build_backbone("resnet1O1", weights="none")


def test_name_is_needed_without_weights():
    with pytest.raises(UsageError, match="must be the name of a timm model, got 'auto'"):
        build_backbone("auto", weights="none")


def test_name_that_would_download_its_architecture_is_refused():
    with pytest.raises(UsageError, match="must be the name of a timm model"):
        build_backbone("hf-hub:timm/test_resnet.r160_in1k", weights="none")


@pytest.mark.parametrize("options", [{"nonsense": 1}, {"num_classes": 3}, {"checkpoint_path": "x.pth"}])
def test_option_that_is_not_for_timm_is_refused(options):
    with pytest.raises(UsageError, match=f"`model_kwargs` must .*{next(iter(options))}"):
        build_backbone("test_resnet", weights="none", model_kwargs=options)


def test_model_without_a_map_is_refused():
    with torch.device("meta"), pytest.raises(UsageError, match="must have maps before its pooling"):
        build_backbone("crossvit_tiny_240", weights="none")


def test_options_of_the_caller_are_not_changed():
    options = {"depth": 1}
    build_backbone("test_vit", weights="none", model_kwargs=options)
    assert options == {"depth": 1}


def test_dummy_pass_leaves_statistics_and_mode_alone():
    body = build_backbone("test_resnet", weights="none")
    assert body.training
    means = [value for key, value in body.state_dict().items() if key.endswith("running_mean")]
    assert means
    assert all(not mean.any() for mean in means)
