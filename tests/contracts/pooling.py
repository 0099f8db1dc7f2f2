"""What every pooling keeps to; a pooling's test class inherits it and says how to build and to check one."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from reference.pooling import pool_each, real_values
from weldon.errors import UsageError
from weldon.pooling import RegionPool


class PoolingContract:
    """Inherit, and define ``build``, ``function`` and ``naive``."""

    channels = 3  # of the scores; a multiple of maps_per_class

    def build(self) -> RegionPool:
        raise NotImplementedError

    def function(self, scores: Tensor, mask: Tensor | None = None) -> Tensor:
        raise NotImplementedError

    def naive(self, values: list[float]) -> float:
        """Score of one class from the python floats of its real regions."""
        raise NotImplementedError

    def selected(self, values: list[float]) -> set[float]:
        """Scores of the regions that the gradient may reach; all unless the pooling selects."""
        return set(values)

    def example(self, *, dtype=torch.float32, size=(4, 5)) -> tuple[Tensor, Tensor]:
        """Two images, the second of which has padding on the right and below."""
        generator = torch.Generator().manual_seed(7)
        scores = 3 * torch.randn(2, self.channels, *size, generator=generator, dtype=torch.float64)
        mask = torch.ones(2, *size, dtype=torch.bool)
        mask[1, 3:] = False
        if len(size) == 2:
            mask[1, :, 3:] = False
        return scores.to(dtype), mask

    def test_equals_a_naive_loop(self):
        scores, mask = self.example(dtype=torch.float64)
        maps = self.build().class_maps(scores)
        for given in (None, mask):
            torch.testing.assert_close(self.function(scores, given), pool_each(maps, given, self.naive))

    def test_module_is_the_function(self):
        scores, mask = self.example()
        assert torch.equal(self.build()(scores, mask), self.function(scores, mask))
        assert torch.equal(self.build()(scores), self.function(scores))

    def test_bag_equals_map(self):
        scores, mask = self.example()
        torch.testing.assert_close(
            self.function(scores.flatten(2), mask.flatten(1)), self.function(scores, mask)
        )

    def test_mask_equals_cropping(self):
        scores, mask = self.example()
        torch.testing.assert_close(self.function(scores, mask)[1:], self.function(scores[1:, :, :3, :3]))

    def test_full_mask_equals_no_mask(self):
        scores, mask = self.example()
        torch.testing.assert_close(self.function(scores, torch.ones_like(mask)), self.function(scores))

    @pytest.mark.parametrize("rubbish", [torch.nan, torch.inf, -torch.inf, 1e30])
    def test_what_stands_on_padding_does_not_matter(self, rubbish):
        scores, mask = self.example(dtype=torch.float64)
        dirty = scores.masked_fill(~mask.unsqueeze(1), rubbish).requires_grad_()
        pooled = self.function(dirty, mask)
        torch.testing.assert_close(pooled, self.function(scores, mask))
        pooled.sum().backward()
        assert dirty.grad.isfinite().all()
        assert (dirty.grad.masked_select(~mask.unsqueeze(1)) == 0).all()

    def test_order_of_the_regions_does_not_matter(self, generator):
        scores, mask = self.example(size=(20,))
        order = torch.randperm(20, generator=generator)
        torch.testing.assert_close(
            self.function(scores[..., order], mask[:, order]), self.function(scores, mask)
        )

    @pytest.mark.parametrize("masked", [False, True])
    def test_gradient_is_exact(self, masked):
        scores, mask = self.example(dtype=torch.float64, size=(2, 3))
        mask[1] = torch.tensor([[True, False, True], [True, True, False]])
        given = mask if masked else None
        assert torch.autograd.gradcheck(lambda s: self.function(s, given), scores.requires_grad_())

    def test_gradient_reaches_the_selected_regions_only(self):
        scores, mask = self.example(dtype=torch.float64)
        maps = self.build().class_maps(scores)
        scores.requires_grad_()
        self.function(scores, mask).sum().backward()
        per_class = self.channels // maps.shape[1]
        for image in range(2):
            for channel in range(self.channels):
                one_map, real = maps[image, channel // per_class], mask[image]
                chosen = self.selected(real_values(one_map, real))
                expected = torch.tensor([value in chosen for value in one_map.flatten().tolist()])
                reached = scores.grad[image, channel].flatten() != 0
                assert torch.equal(reached, expected & real.flatten())

    @pytest.mark.parametrize("masked", [False, True])
    def test_region_weights_are_the_gradient(self, masked):
        scores, mask = self.example(dtype=torch.float64)
        pool, given = self.build(), mask if masked else None
        positive, negative = pool.region_weights(scores, given)
        maps = pool.class_maps(scores).detach().requires_grad_()
        alone = maps.repeat_interleave(self.channels // maps.shape[1], dim=1)
        self.function(alone, given).sum().backward()
        assert (positive >= 0).all()
        assert (negative >= 0).all()
        torch.testing.assert_close(positive + negative, maps.grad.flatten(2))

    def test_it_says_truly_whether_its_parts_add_up_to_the_score(self):
        scores, mask = self.example()
        pool = self.build()
        positive, negative = pool.region_weights(scores, mask)
        parts = (positive + negative) * pool.class_maps(scores).flatten(2)
        assert torch.allclose(parts.sum(-1), pool(scores, mask), atol=1e-5, rtol=1e-5) == pool.adds_up

    def test_tied_regions_are_weighed_as_the_gradient_does(self):
        pool, maps = self.build(), torch.zeros(1, self.channels, 3, 3, dtype=torch.float64)
        score = pool(maps.requires_grad_())
        score.sum().backward()
        positive, negative = pool.region_weights(maps.detach())
        per_class = self.channels // score.shape[1]
        gradient = maps.grad.flatten(2).unflatten(1, (-1, per_class)).sum(2)  # (N, C, R)
        torch.testing.assert_close(positive + negative, gradient)

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
    def test_dtype_is_kept_and_huge_scores_stay_finite(self, dtype):
        scores, mask = self.example(dtype=torch.float64)
        huge = (1e4 * scores.sign()).to(dtype).requires_grad_()
        for given in (None, mask):
            pooled = self.function(huge, given)
            assert pooled.dtype == dtype
            torch.testing.assert_close(
                pooled.double(),
                pool_each(self.build().class_maps(huge.detach()), given, self.naive),
                rtol=1e-2,
                atol=1e-2,
            )
            (gradient,) = torch.autograd.grad(pooled.sum(), huge)
            assert gradient.isfinite().all()

    @pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
    def test_half_precision_is_computed_in_float32(self, dtype):
        scores, mask = self.example(dtype=dtype)
        for given in (None, mask):
            expected = self.function(scores.float(), given).to(dtype)
            assert torch.equal(self.function(scores, given), expected)

    def test_one_region_scores_itself(self):
        scores, _ = self.example(dtype=torch.float64)
        single = scores[:, :, :1, 0]
        torch.testing.assert_close(
            self.function(single), pool_each(self.build().class_maps(single), None, self.naive)
        )

    def test_empty_batch_gives_no_scores(self):
        scores, mask = self.example()
        assert self.function(scores[:0], mask[:0]).shape[0] == 0

    def test_arguments_are_left_alone(self):
        scores, mask = self.example()
        before, real = scores.clone(), mask.clone()
        self.function(scores, mask)
        self.build().region_weights(scores, mask)
        assert torch.equal(scores, before)
        assert torch.equal(mask, real)

    def test_image_without_a_real_region_is_named(self):
        scores, mask = self.example()
        mask[1] = False
        with pytest.raises(
            UsageError, match=r"`mask` must leave every image a real region, got none for image 1"
        ):
            self.function(scores, mask)
        with pytest.raises(UsageError, match="image 1"):
            self.build().region_weights(scores, mask)

    @pytest.mark.parametrize("shape", [(2, 12), (2, 12, 1, 2, 2), (2, 12, 0), (2, 12, 0, 3)])
    def test_bad_shape_of_scores_is_refused(self, shape):
        with pytest.raises(UsageError, match="`scores` must"):
            self.function(torch.zeros(shape))

    @pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
    def test_bad_dtype_of_scores_is_refused(self, dtype):
        with pytest.raises(UsageError, match="`scores` must be a floating point tensor, got torch"):
            self.function(torch.zeros(2, self.channels, 4, dtype=dtype))

    def test_bad_mask_is_refused(self):
        scores, mask = self.example()
        for wrong in (mask[:1], mask[:, :2], mask.flatten(1), mask.unsqueeze(1)):
            with pytest.raises(UsageError, match=r"`mask` must have shape \(2, 4, 5\)"):
                self.function(scores, wrong)
        with pytest.raises(UsageError, match="`mask` must be bool, True on real regions, got"):
            self.function(scores, mask.float())

    def test_printed_module_shows_its_options(self):
        pool = self.build()
        namespace = {type(pool).__name__: type(pool), "inf": float("inf")}
        scores, mask = self.example()
        assert torch.equal(eval(repr(pool), namespace)(scores, mask), pool(scores, mask))

    @pytest.mark.gpu
    def test_accelerator_agrees(self):
        if not torch.cuda.is_available():
            pytest.skip("needs a GPU")
        scores, mask = self.example()
        on_gpu = self.function(scores.cuda(), mask.cuda()).cpu()
        torch.testing.assert_close(on_gpu, self.function(scores, mask))


class DeployedPoolingContract(PoolingContract):
    """The contract, and that a compiled or exported graph of any size agrees; one class for each pooling."""

    def test_compiled_agrees(self):
        torch.compiler.reset()
        scores, mask = self.example()
        compiled = torch.compile(self.build(), backend="aot_eager", fullgraph=True)
        for given in (None, mask):
            torch.testing.assert_close(compiled(scores, given), self.function(scores, given))
        mask[1] = False  # a graph cannot refuse it: the score says so
        torch.testing.assert_close(compiled(scores, mask)[0], self.function(scores[:1], mask[:1])[0])
        assert not compiled(scores, mask)[1].isfinite().any()

    @pytest.mark.filterwarnings("ignore")
    @pytest.mark.parametrize("masked", [False, True])
    def test_onnx_export_agrees_at_another_size(self, masked):
        runtime = pytest.importorskip("onnxruntime")
        scores, mask = self.example()
        images, height, width = (torch.export.Dim(name) for name in ("images", "height", "width"))
        sizes = ({0: images, 2: height, 3: width}, {0: images, 1: height, 2: width})[: 1 + masked]
        exported = torch.onnx.export(
            self.build(), (scores, mask)[: 1 + masked], dynamo=True, dynamic_shapes=sizes, verbose=False
        )
        session = runtime.InferenceSession(
            exported.model_proto.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        other = tuple(tensor[:1].repeat(3, *[1] * (tensor.ndim - 2), 2) for tensor in (scores, mask))[
            : 1 + masked
        ]
        other[-1][0].view(-1)[1] = 0  # one region less, or a score of 0
        feed = {node.name: tensor.numpy() for node, tensor in zip(session.get_inputs(), other, strict=True)}
        torch.testing.assert_close(
            torch.from_numpy(session.run(None, feed)[0]), self.function(*other), atol=1e-5, rtol=1e-5
        )
