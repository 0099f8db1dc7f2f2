"""The dense CRF: against exact mean field, against pydensecrf on photographs, and its promises."""

from __future__ import annotations

import inspect
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from reference.dense_crf import exact_mean_field
from weldon.crf.dense_crf import README_PARAMETERS, CRFParameters, DenseCRF, dense_crf, labels_in_play
from weldon.crf.kernels import SpatialKernels
from weldon.errors import UsageError


@pytest.fixture
def logits():
    peaks = torch.tensor([[0.6, 0.3, 0.1], [0.9, 0.06, 0.04]])  # of two pictures of one pixel
    return peaks.log()[:, :, None, None]


def test_all_are_in_play_unless_asked(logits):
    assert labels_in_play(logits, labels=None, prune=None) is None


@pytest.mark.parametrize("labels", [[0, 2], torch.tensor([0, 2]), torch.tensor([True, False, True])])
def test_indices_and_flags_name_the_same_labels(logits, labels):
    play = labels_in_play(logits, labels=labels, prune=None)
    assert play.tolist() == [[True, False, True]] * 2


def test_every_picture_may_have_its_own_labels(logits):
    own = torch.tensor([[True, True, False], [False, False, True]])
    assert torch.equal(labels_in_play(logits, labels=own, prune=None), own)


def test_pruning_keeps_what_is_likely_somewhere(logits):
    play = labels_in_play(logits, labels=None, prune=0.2)
    assert play.tolist() == [[True, True, False], [True, False, False]]


def test_pruning_counts_shares_among_the_named_labels(logits):
    play = labels_in_play(logits, labels=[1, 2], prune=0.3)  # 3/4 and 1/4, 3/5 and 2/5
    assert play.tolist() == [[False, True, False], [False, True, True]]


def test_pruning_never_takes_the_last_label(logits):
    assert labels_in_play(logits, labels=None, prune=0.95).tolist() == [[True, False, False]] * 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([3], "labels must be indices from 0 to 2"),
        ([-1], "labels must be indices from 0 to 2"),
        ([0.5], "labels must be indices from 0 to 2"),
        ([], "at least one label in play"),
        (torch.tensor([True, False]), r"labels must be bool \(3,\) or \(2, 3\), got shape \(2,\)"),
        (torch.tensor([[True, False, True], [False, False, False]]), "at least one label in play"),
    ],
)
def test_labels_that_cannot_be_are_refused(logits, labels, message):
    with pytest.raises(UsageError, match=message):
        labels_in_play(logits, labels=labels, prune=None)


SMALL = CRFParameters(2.0, 3.0, 8.0, 20.0, 4.0, 5)


def picture(*, height=18, width=24, labels=4, seed=0):
    """A disc on a noisy ground, and soft label maps that are noisy and too coarse for its edge."""
    generator = torch.Generator().manual_seed(seed)
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    disc = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    ground = torch.tensor([70.0, 90.0, 60.0])[:, None, None]
    thing = torch.tensor([180.0, 120.0, 90.0])[:, None, None]
    noise = 12 * torch.randn(3, height, width, generator=generator)
    image = (torch.where(disc, thing, ground) + noise).clamp(0, 255).to(torch.uint8)
    truth = F.one_hot(disc.long(), labels).movedim(-1, 0).float()[None]
    coarse = F.adaptive_avg_pool2d(3 * truth, (max(height // 4, 1), max(width // 4, 1)))
    coarse = coarse + 0.5 * torch.randn(coarse.shape, generator=generator)
    maps = F.interpolate(coarse, (height, width), mode="bilinear")[0]
    return maps.softmax(0), image


def disagreement(first, second):
    return (first.argmax(0) != second.argmax(0)).float().mean().item()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("parameters", [SMALL, CRFParameters(), replace(README_PARAMETERS, iterations=4)])
def test_labels_are_nearly_those_of_exact_mean_field(parameters, seed):
    probabilities, image = picture(seed=seed)
    exact = exact_mean_field(probabilities, image, parameters)
    found = dense_crf(probabilities, image, **asdict(parameters))
    assert disagreement(found, exact) <= 0.03


def test_marginals_add_up_to_one():
    probabilities, image = picture()
    marginals = dense_crf(probabilities, image)
    assert marginals.shape == probabilities.shape
    torch.testing.assert_close(marginals.sum(0), torch.ones(image.shape[1:]))


def test_it_mends_what_colours_can_mend():
    probabilities, image = picture(height=40, width=40, labels=2)
    truth = (image[0] > 125).long()
    errors = [
        (maps.argmax(0) != truth).float().mean()
        for maps in (probabilities, dense_crf(probabilities, image, **asdict(SMALL)))
    ]
    assert errors[1] < 0.5 * errors[0]


def test_two_runs_are_bit_equal():
    probabilities, image = picture()
    assert torch.equal(dense_crf(probabilities, image), dense_crf(probabilities, image))


def test_a_batch_equals_its_pictures():
    pictures = [picture(seed=seed) for seed in range(3)]
    probabilities, images = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    together = dense_crf(probabilities, images)
    assert torch.equal(together, torch.stack([dense_crf(*one) for one in pictures]))


def test_one_lattice_for_a_batch_equals_one_for_each():
    pictures = [picture(seed=seed) for seed in range(3)]
    probabilities, images = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    together = DenseCRF()._infer(probabilities.log(), images)  # the way taken on an accelerator
    assert torch.equal(together, dense_crf(probabilities, images))


def test_a_model_used_again_gives_what_a_fresh_one_gives():
    crf = DenseCRF(SMALL)
    for seed, height in enumerate((18, 12, 18, 12)):
        probabilities, image = picture(seed=seed, height=height)
        assert torch.equal(crf(probabilities, image), dense_crf(probabilities, image, **asdict(SMALL)))


def test_spatial_lattices_are_forgotten_oldest_first():
    spatial = SpatialKernels(remember=2)
    images = [torch.zeros(1, 3, height, 4, dtype=torch.uint8) for height in (3, 4, 5)]
    first, second = (spatial(image, sigma=1.0) for image in images[:2])
    assert spatial(images[0], sigma=1.0) is first
    spatial(images[2], sigma=1.0)
    assert spatial(images[0], sigma=1.0) is first
    assert spatial(images[1], sigma=1.0) is not second


def test_energies_equal_probabilities_up_to_a_constant():
    probabilities, image = picture()
    shift = torch.linspace(-50, 50, image[0].numel()).view(1, *image.shape[1:])
    energies = -probabilities.double().log() + shift
    found = DenseCRF().from_energies(energies, image)
    torch.testing.assert_close(found, dense_crf(probabilities.double(), image))


def test_energies_beyond_float_give_no_infinities():
    _, image = picture(labels=2)
    energies = 1e30 * torch.randn(2, *image.shape[1:], generator=torch.Generator().manual_seed(0))
    assert DenseCRF().from_energies(energies, image).isfinite().all()


def test_no_iterations_give_the_normalised_probabilities():
    probabilities, image = picture()
    found = dense_crf(0.5 * probabilities, image, iterations=0)
    torch.testing.assert_close(found, probabilities, rtol=1e-4, atol=1e-4)


def test_weights_of_zero_leave_the_probabilities():
    probabilities, image = picture()
    found = dense_crf(probabilities, image, spatial_weight=0, bilateral_weight=0)
    torch.testing.assert_close(found, probabilities, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 30), (30, 1), (2, 3)])
def test_pictures_a_pixel_wide(height, width):
    probabilities, image = picture(height=height, width=width)
    exact = exact_mean_field(probabilities, image, SMALL)
    found = dense_crf(probabilities, image, **asdict(SMALL))
    assert found.isfinite().all()
    assert disagreement(found, exact) <= 0.1  # of few pixels


@pytest.mark.parametrize("level", [0, 255])
def test_a_picture_of_one_colour_is_smoothed_by_position_alone(level):
    probabilities, image = picture()
    flat = torch.full_like(image, level)
    found = dense_crf(probabilities, flat, **asdict(SMALL))
    assert disagreement(found, exact_mean_field(probabilities, flat, SMALL)) <= 0.03


def test_one_label_is_certain():
    probabilities, image = picture()
    assert (dense_crf(probabilities[:1], image) == 1).all()


def test_labels_out_of_play_get_nothing_and_the_others_as_if_alone():
    probabilities, image = picture(labels=5)
    found = dense_crf(probabilities, image, labels=[0, 1, 4])
    assert (found[2:4] == 0).all()
    assert torch.equal(found[[0, 1, 4]], dense_crf(probabilities[[0, 1, 4]], image))


def test_each_picture_of_a_batch_may_have_its_own_labels():
    pictures = [picture(seed=seed) for seed in range(2)]
    probabilities, images = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    own = torch.tensor([[True, True, False, False], [True, True, True, False]])
    found = dense_crf(probabilities, images, labels=own)
    for n, labels in enumerate(([0, 1], [0, 1, 2])):
        assert torch.equal(found[n], dense_crf(*pictures[n], labels=labels))


def test_pictures_at_once_equal_one_by_one_whatever_labels_each_has_in_play():
    """As on a GPU: one lattice for all pictures, and no loop over them."""
    pictures = [picture(seed=seed) for seed in range(3)]
    probabilities, images = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    logits = probabilities.log().requires_grad_()
    own = torch.tensor([[True, True, False, False], [True, False, True, False], [False, True, False, False]])
    model = DenseCRF(SMALL)
    answers = []
    for found in (model._infer_together(logits, images, own), model._marginals(logits, images, own)):
        (slope,) = torch.autograd.grad(found.square().sum(), logits)
        answers.append((found.detach(), slope))
    for at_once, one_by_one in zip(*answers, strict=True):
        torch.testing.assert_close(at_once, one_by_one)
    assert (answers[0][0][~own] == 0).all()
    assert (answers[0][1][~own] == 0).all()


def test_pruning_changes_almost_no_label():
    probabilities, image = picture(height=40, width=50, labels=12)
    rare = 0.02 * torch.rand(10, 40, 50, generator=torch.Generator().manual_seed(1))
    probabilities = torch.cat([probabilities[:2] / probabilities[:2].sum(0), rare])
    full, pruned = dense_crf(probabilities, image), dense_crf(probabilities, image, prune=0.05)
    assert (pruned[2:] == 0).all()
    assert (full[2:] > 0).any()
    assert disagreement(full, pruned) < 0.005


def test_gradient_equals_finite_differences():
    probabilities, image = picture(height=3, width=4, labels=3)
    leaf = probabilities.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: dense_crf(p, image, **asdict(SMALL)), (leaf,))


def test_gradient_reaches_the_labels_in_play_and_no_others():
    probabilities, image = picture()
    leaf = probabilities.clone().requires_grad_()
    dense_crf(leaf, image, labels=[0, 1])[0].square().sum().backward()
    assert (leaf.grad[:2] != 0).any()
    assert (leaf.grad[2:] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_float_type_is_taken_and_given_back(dtype):
    probabilities, image = picture()
    found = dense_crf(probabilities.to(dtype), image)
    assert found.dtype == dtype
    rounded = dense_crf(probabilities.to(dtype).float(), image)
    torch.testing.assert_close(found.float(), rounded, rtol=1e-2, atol=1e-2)


def test_arguments_are_left_as_they_were():
    probabilities, image = picture()
    before = probabilities.clone(), image.clone()
    dense_crf(probabilities, image, prune=0.1)
    assert torch.equal(probabilities, before[0])
    assert torch.equal(image, before[1])


def test_memory_layout_does_not_matter():
    probabilities, image = picture()
    strided = probabilities.movedim(0, -1).contiguous().movedim(-1, 0)
    turned = image.movedim(0, -1).contiguous().movedim(-1, 0)
    torch.testing.assert_close(dense_crf(strided, turned), dense_crf(probabilities, image))


def bad(**changes):
    probabilities, image = picture()
    return {"probabilities": probabilities, "image": image} | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"image": torch.rand(3, 18, 24)}, r"image must be uint8 with levels 0..255, got torch.float32"),
        ({"image": torch.zeros(18, 24, 3, dtype=torch.uint8)}, r"image must have shape \(3, 18, 24\)"),
        ({"image": torch.zeros(1, 3, 18, 24, dtype=torch.uint8)}, r"image must have shape \(3, 18, 24\)"),
        ({"probabilities": torch.rand(18, 24)}, r"probabilities must be a float tensor"),
        ({"probabilities": torch.ones(2, 18, 24, dtype=torch.long)}, r"probabilities must be a float tensor"),
        ({"probabilities": torch.rand(0, 18, 24)}, r"probabilities must be a float tensor"),
        ({"probabilities": torch.full((2, 18, 24), 1.5)}, r"probabilities must be in \[0, 1\], got .* 1.5"),
        ({"probabilities": torch.full((2, 18, 24), torch.nan)}, r"probabilities must be in \[0, 1\]"),
        ({"prune": 1.0}, r"prune must be a share in \(0, 1\) or None, got 1.0"),
        ({"labels": [7]}, "labels must be indices from 0 to 3"),
        ({"spatial_sigma": 0}, "spatial_sigma must be a finite number > 0, got 0"),
        ({"colour_sigma": float("nan")}, "colour_sigma must be a finite number > 0, got nan"),
        ({"bilateral_weight": -1}, "bilateral_weight must be a finite number >= 0, got -1"),
        ({"iterations": 2.5}, "iterations must be an int >= 0, got 2.5"),
        ({"colour_sigma": 1e-5}, "larger standard deviations"),
    ],
)
def test_bad_input_is_refused_by_name(changes, message):
    arguments = bad(**changes)
    with pytest.raises(UsageError, match=message):
        dense_crf(arguments.pop("probabilities"), arguments.pop("image"), **arguments)


def test_infinite_energies_are_refused():
    _, image = picture()
    with pytest.raises(UsageError, match="energies must be finite"):
        DenseCRF().from_energies(torch.full((2, 18, 24), torch.inf), image)


def test_function_and_parameters_have_the_same_defaults():
    signature = inspect.signature(dense_crf).parameters
    assert {name: signature[name].default for name in asdict(CRFParameters())} == asdict(CRFParameters())


@pytest.mark.gpu
def test_accelerator_gives_the_numbers_of_the_cpu_and_the_same_bits_twice():
    if not torch.cuda.is_available():
        pytest.skip("no accelerator here")
    pictures = [picture(seed=seed, height=120, width=160, labels=21) for seed in range(3)]
    probabilities, images = (torch.stack(parts) for parts in zip(*pictures, strict=True))
    for parameters in (CRFParameters(), README_PARAMETERS):
        crf = DenseCRF(parameters)
        there = [crf(probabilities.cuda(), images.cuda()) for _ in range(2)]
        assert torch.equal(*there)
        here = crf(probabilities, images)
        assert (there[0].cpu() - here).abs().max() < 1e-3
        assert (there[0].cpu() - here).abs().mean() < 1e-6
        leaves = [probabilities[:1].to(image.device).requires_grad_() for image in (images, images.cuda())]
        for leaf in leaves:
            crf(leaf, images[:1].to(leaf.device)).square().sum().backward()
        torch.testing.assert_close(leaves[0].grad, leaves[1].grad.cpu(), rtol=1e-3, atol=1e-4)


def photographs(root, count, *, side=400):
    """Photographs with maps as a coarse network would give them: 21 labels, 13 x 10 cells, noise."""
    masks = sorted((root / "SegmentationClassAug").glob("*.png"))
    for number, path in enumerate(masks[:: len(masks) // count][:count]):
        mask = Image.open(path)
        size = tuple(round(side * length / max(mask.size)) for length in mask.size)
        photograph = Image.open(root / "JPEGImages" / f"{path.stem}.jpg").convert("RGB").resize(size)
        image = torch.from_numpy(np.array(photograph)).movedim(-1, 0).contiguous()
        truth = torch.from_numpy(np.array(mask.resize(size, Image.Resampling.NEAREST))).long()
        labels = F.one_hot(truth.where(truth != 255, 0), 21).movedim(-1, 0).float()
        coarse = 4 * F.adaptive_avg_pool2d(labels, (10, 13))
        coarse += 0.6 * torch.randn(coarse.shape, generator=torch.Generator().manual_seed(number))
        coarse[labels.amax((1, 2)) == 0] -= 2
        yield F.interpolate(coarse[None], image.shape[1:], mode="bilinear")[0].softmax(0), image


def pydensecrf_marginals(probabilities, image, parameters):
    densecrf = pytest.importorskip("pydensecrf.densecrf", reason="pydensecrf2 is not installed")
    labels, height, width = probabilities.shape
    crf = densecrf.DenseCRF2D(width, height, labels)
    crf.setUnaryEnergy(-probabilities.clamp(min=1e-5).log().reshape(labels, -1).contiguous().numpy())
    crf.addPairwiseGaussian(sxy=parameters.spatial_sigma, compat=parameters.spatial_weight)
    crf.addPairwiseBilateral(
        sxy=parameters.bilateral_sigma,
        srgb=parameters.colour_sigma,
        rgbim=np.ascontiguousarray(image.movedim(0, -1).numpy()),
        compat=parameters.bilateral_weight,
    )
    return torch.from_numpy(np.array(crf.inference(parameters.iterations))).view(labels, height, width)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("parameters", [README_PARAMETERS, CRFParameters()], ids=["readme", "default"])
def test_numbers_are_those_of_pydensecrf_on_photographs(voc_animals, parameters):
    crf = DenseCRF(parameters)
    for probabilities, image in photographs(voc_animals, 6):
        theirs = pydensecrf_marginals(probabilities, image, parameters)
        ours = crf(probabilities, image)
        assert disagreement(ours, theirs) <= 1e-4
        assert (ours - theirs).abs().max() < 1e-3


@pytest.mark.slow
@pytest.mark.data
def test_swapping_colour_channels_does_not_pass_for_pydensecrf(voc_animals):
    probabilities, image = next(photographs(voc_animals, 1))
    theirs = pydensecrf_marginals(probabilities, image, README_PARAMETERS)
    swapped = DenseCRF(README_PARAMETERS)(probabilities, image.flip(0))
    assert (swapped - theirs).abs().max() > 1e-3


@pytest.mark.slow
@pytest.mark.data
def test_pruning_changes_almost_no_label_of_photographs(voc_animals):
    for probabilities, image in photographs(voc_animals, 3):
        full = DenseCRF(README_PARAMETERS)(probabilities, image)
        pruned = DenseCRF(README_PARAMETERS, prune=0.05)(probabilities, image)
        assert disagreement(full, pruned) < 2e-3
