"""Any timm name as a fully convolutional body: images in, feature maps ``(N, F, h, w)`` out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from weldon.errors import UsageError
from weldon.models.compiled import compiled, refuse_without_compiler
from weldon.models.embedded import find_embedded, read_embedded
from weldon.models.timm_model import as_map, choose_name, count_prefix, create_without_classifier, find_layout
from weldon.models.weights import fit_state, load_weights, read_description

log = logging.getLogger("weldon")


class Backbone(nn.Module):
    """A timm model without its pooling and classifier; :func:`build_backbone` makes it.

    What it returns is what the classifier of the model would read at every cell: a VGG's two fully connected
    layers (the first a 7x7 convolution, as in the paper), the ``conv_head`` of an EfficientNet or MobileNet
    and a final normalisation are kept, tokens of classes and registers are dropped.

    Attributes:
        name: timm's, with the tag of the weights where it was given.
        model_kwargs: given to timm besides the name.
        num_features: F.
        stride: pixels from one cell to the next.
        size_multiple: image sides must be a multiple of this.
        fixed_size: the one size the backbone takes, or None.
        mean: of the images it was trained on, in [0, 1].
        std: likewise.
        interpolation: with which its images were resized.
        frozen: set by :meth:`freeze`.
        fixed_statistics: set by :meth:`fix_statistics`.
        compiled: set by :meth:`compile_pass`.
    """

    model: Any  # a timm module, whose methods nn.Module's annotations do not know

    def __init__(
        self,
        model: nn.Module,
        *,
        name: str,
        model_kwargs: Mapping[str, Any],
        mean: Sequence[float],
        std: Sequence[float],
        interpolation: str,
        any_size: bool,
    ) -> None:
        super().__init__()
        self.model = model
        self.name = name
        self.model_kwargs = dict(model_kwargs)
        self.mean = _three(mean, "mean")
        self.std = _three(std, "std")
        self.interpolation = interpolation
        self.frozen = False
        self.fixed_statistics = False
        self.compiled = False
        self._compiled_shape: torch.Size | None = None
        native = _native_side(self.model, self.model_kwargs)
        fixed = bool(self.model.pretrained_cfg.get("fixed_input_size")) and not any_size
        self.fixed_size: int | None = native if fixed else None
        self.size_multiple: int = self.model.patch_embed.patch_size[0] if any_size else 1
        self._learn_shape(native)

    def _learn_shape(self, native: int) -> None:
        """Send one black image through: the features say their layout, their number and their stride."""
        info = getattr(self.model, "feature_info", None)
        stride = info[-1]["reduction"] if isinstance(info, list) and info else 0
        side = native if self.fixed_size or self.size_multiple == 1 else 4 * (stride or self.size_multiple)
        training = self.model.training
        self.model.eval()
        with torch.no_grad():
            image = torch.zeros(1, 3, side, side, device=next(self.model.parameters()).device)
            features = self.model.forward_features(image)
            logits = self.model.forward_head(features, pre_logits=True)
        self.model.train(training)
        self._ends_in_head = logits.ndim > 2  # a few heads pool whatever they are told
        features = logits if self._ends_in_head else features
        self._layout = find_layout(features)
        declared = getattr(self.model, "num_prefix_tokens", None)
        self._prefix = count_prefix(features.shape[1], declared) if self._layout == "tokens" else 0
        maps = as_map(features, self._layout, prefix=self._prefix)
        self.num_features: int = maps.shape[1]
        self.stride: int = stride or side // maps.shape[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Turn images ``(N, 3, H, W)`` into feature maps ``(N, F, h, w)``.

        Raises:
            UsageError: a size that the backbone cannot take; the message names sizes that it can.
        """
        self.check_size(*images.shape[-2:])
        if not self.compiled:
            return self._maps(images)
        self._compiled_shape = self._compiled_shape or images.shape
        maps = compiled(Backbone._maps) if images.shape == self._compiled_shape else Backbone._maps
        return maps(self, images)

    def _maps(self, images: Tensor) -> Tensor:
        height, width = images.shape[-2:]
        images = images.contiguous(memory_format=torch.channels_last)  # convolutions are 1.5 times as fast so
        features = self.model.forward_features(images)
        if self._ends_in_head:
            features = self.model.forward_head(features, pre_logits=True)
        grid = None if height == width else (height // self.stride, width // self.stride)
        return as_map(features, self._layout, prefix=self._prefix, grid=grid)

    def compile_pass(self) -> None:
        """Compile the pass: batches of the shape of the first one take it, the others go as before.

        A last batch with fewer images would else be compiled for itself, which takes as long again. Figures
        differ from those of a plain pass as rounding differs.

        Raises:
            UsageError: no compiler is there.
        """
        refuse_without_compiler(next(self.parameters()).device)
        log.info("the first batch compiles the backbone, which takes minutes; the others are faster then")
        self.compiled = True

    def check_size(self, height: int, width: int) -> None:
        """Refuse a size of images that the backbone cannot take.

        Raises:
            UsageError: not the one size it takes, or not a multiple of its patches.
        """
        if self.fixed_size and (height, width) != (self.fixed_size,) * 2:
            raise UsageError(
                f"`image_size` must be {self.fixed_size} for {self.name}, got {_size(height, width)}; "
                'another size needs model_kwargs={"img_size": ...}'
            )
        for side in (height, width):
            if side % self.size_multiple:
                below = side - side % self.size_multiple
                near = " or ".join(str(s) for s in (below, below + self.size_multiple) if s)
                raise UsageError(
                    f"`image_size` must be a multiple of {self.size_multiple} for {self.name}, "
                    f"got {_size(height, width)}: take {near}"
                )

    def fix_size(self, image_size: int) -> None:
        """Resample learned positions to one size of images for good, as every forward pass does otherwise.

        An exported graph then holds the positions themselves and not their interpolation, on which runtimes
        differ.
        """
        if self.fixed_size is None and isinstance(getattr(self.model, "pos_embed", None), nn.Parameter):
            self.model.set_input_size((image_size, image_size))

    def freeze(self) -> None:
        """Fix every parameter, and every running statistic even in training mode."""
        self.frozen = True
        self.requires_grad_(False)
        self.eval()

    def fix_statistics(self) -> None:
        """Keep the statistics of every BatchNorm as they are in training mode too; all parameters learn.

        The few large pictures of a batch say too little of mean and deviation: training with those of each
        batch lost what the weights had learnt.
        """
        self.fixed_statistics = True
        self.train(self.training)

    def train(self, mode: bool = True) -> Self:
        """Set the mode; a frozen backbone stays in evaluation, and BatchNorm with fixed statistics does."""
        super().train(mode and not self.frozen)
        if self.fixed_statistics:
            for module in self._batch_norms():
                module.eval()
        return self

    @property
    def has_batch_norm(self) -> bool:
        """Whether there are statistics to fix."""
        return any(self._batch_norms())

    def _batch_norms(self) -> Iterator[nn.Module]:
        return (module for module in self.modules() if isinstance(module, _BatchNorm))


def build_backbone(
    name: str | None,
    *,
    weights: str | Path | None = "default",
    model_kwargs: Mapping[str, Any] | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Backbone:
    """Make a timm model fully convolutional.

    Args:
        name: any timm name (``resnet101``, ``vgg16.tv_in1k``, ``vit_small_patch14_dinov2``); None or "auto"
            takes the one described beside the weights.
        weights: "default" (those of an installed package, else timm's), "none" or None (random), or a file:
            safetensors, a state dict read without trusting pickle, or the checkpoint of another run. A JSON
            file of the same name beside it may give ``model``, ``model_kwargs``, ``mean``, ``std``,
            ``interpolation``.
        model_kwargs: given to timm; like ``mean`` and ``std``, it goes before what the JSON file says.
        mean: three floats for images in [0, 1]; timm's for this model if not given anywhere.
        std: likewise.

    Raises:
        UsageError: an unknown name or an option timm refuses.
        WeightsError: weights that cannot be fetched, read or fitted; the message says what to do.

    Example:
        >>> body = build_backbone("test_resnet", weights="none")
        >>> body(torch.zeros(2, 3, 64, 96)).shape, body.stride
        (torch.Size([2, 96, 2, 3]), 32)
    """
    path = None if weights in ("default", "none", None) else Path(weights)
    said = read_description(path)
    name = choose_name(name, said.model, path)
    if model_kwargs is None:
        same = said.model is not None and said.model.split(".")[0] == name.split(".")[0]
        model_kwargs = said.model_kwargs if same and said.model_kwargs else {}
    embedded = find_embedded(name) if weights == "default" else None
    model, any_size, classifier = create_without_classifier(
        name, model_kwargs, pretrained=weights == "default" and embedded is None
    )
    if path:
        load_weights(model, path, name=name, classifier=classifier)
    elif embedded:
        fit_state(model, read_embedded(embedded, model.state_dict()), embedded.package, name=name)
    cfg = model.pretrained_cfg
    return Backbone(
        model,
        name=name,
        model_kwargs=model_kwargs,
        mean=mean or said.mean or cfg["mean"],
        std=std or said.std or cfg["std"],
        interpolation=said.interpolation or cfg["interpolation"],
        any_size=any_size,
    )


def _native_side(model: Any, model_kwargs: Mapping[str, Any]) -> int:
    """Return the side of the square images the model was built for."""
    size = model_kwargs.get("img_size") or model.pretrained_cfg["input_size"][1:]
    sides = {size} if isinstance(size, int) else set(size)
    if len(sides) > 1:
        raise UsageError(f"`model_kwargs` must give one side as img_size (images are square), got {size!r}")
    side: int = sides.pop()
    return side


def _three(values: Sequence[float], argument: str) -> tuple[float, float, float]:
    if len(values) != 3:
        raise UsageError(f"`{argument}` must be three floats, got {values!r}")
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _size(height: int, width: int) -> str:
    return str(height) if height == width else f"{height} x {width} (height x width)"
