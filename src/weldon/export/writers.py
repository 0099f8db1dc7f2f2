"""One writer a format; each returns what it wrote, read back, as a function."""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from weldon.errors import MissingPackageError, WeldonError
from weldon.models import WeldonNet, load_model, write_folder

Run = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

_TRACED = (
    2  # images; the check takes other numbers, since a graph must not remember the one it was traced with
)
_CHECKED = (3, 1)


class Graph(nn.Module):
    """The network as a function of image and mask: a copy, on the CPU, in evaluation mode.

    Args:
        net: the network.
        image_size: the one size of images the graph is for; None keeps the network as it is.
    """

    def __init__(self, net: WeldonNet, image_size: int | None = None) -> None:
        super().__init__()
        self.net = copy.deepcopy(net).cpu().float().eval().requires_grad_(False)
        if image_size is not None:
            self.net.backbone.fix_size(image_size)

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores ``(N, C)`` and maps ``(N, C, h, w)``."""
        answer: tuple[Tensor, Tensor] = self.net(image, mask, return_maps=True)
        return answer


def trace(net: WeldonNet, image_size: int) -> torch.export.ExportedProgram:
    """Trace the network for one size of images and any number of them.

    Raises:
        WeldonError: torch cannot trace this backbone.
    """
    batch = torch.export.Dim("batch", min=1)
    try:
        return torch.export.export(
            Graph(net, image_size),
            random_inputs(_TRACED, image_size),
            dynamic_shapes={"image": {0: batch}, "mask": {0: batch}},
        )
    except Exception as error:
        raise WeldonError(
            f"torch cannot trace {net.backbone.name}; export it as hub. It says: {error}"
        ) from error


def measure_difference(net: WeldonNet, written: Run, image_size: int) -> float:
    """Return the largest difference of scores and maps on random images with random masks; NaN if any is."""
    reference = Graph(net)
    differences: list[Tensor] = []
    with torch.no_grad():
        for number in _CHECKED:
            image, mask = random_inputs(number, image_size)
            pairs = zip(reference(image, mask), written(image, mask), strict=True)
            differences += [(expected - given).abs().max() for expected, given in pairs]
    return float(torch.stack(differences).max())


def random_inputs(number: int, side: int) -> tuple[Tensor, Tensor]:
    """Return seeded images ``(N, 3, S, S)``, and masks of pictures laid into the upper left corner."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(number, 3, side, side, generator=generator)
    extents = torch.randint(side // 2, side + 1, (number, 2, 1), generator=generator)
    pixels = torch.arange(side)
    down, across = pixels < extents[:, 0], pixels < extents[:, 1]  # (N, S)
    return image, down[:, :, None] & across[:, None, :]  # (N, S, S)


_OPSET = 18  # the first whose Resize has anti-aliasing; onnxruntime runs it since 1.14


def write_onnx(net: WeldonNet, path: Path, description: Mapping[str, Any]) -> Run:
    """Write ONNX, the description as metadata; what is read back runs in onnxruntime.

    Raises:
        UsageError: onnxscript or onnxruntime is not installed.
        WeldonError: the backbone has operations that ONNX has not.
    """
    try:
        import onnxruntime
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise MissingPackageError("for `format` onnx", str(error.name), "onnx") from error
    program = _translate(net, description["image_size"])
    program.model.metadata_props.update(_as_text(description))
    program.save(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

    def run(image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        scores, maps = session.run(["scores", "maps"], {"image": image.numpy(), "mask": mask.numpy()})
        return torch.from_numpy(scores), torch.from_numpy(maps)

    return run


def _translate(net: WeldonNet, image_size: int) -> torch.onnx.ONNXProgram:
    traced = trace(net, image_size)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                traced,
                input_names=["image", "mask"],
                output_names=["scores", "maps"],
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise WeldonError(
            f"{net.backbone.name} has no ONNX form; export it as torch. It says: {error}"
        ) from error
    return cast(torch.onnx.ONNXProgram, program)


def _as_text(description: Mapping[str, Any]) -> dict[str, str]:
    """ONNX metadata are strings: words stay words, everything else becomes JSON."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in description.items()}


def write_program(net: WeldonNet, path: Path, description: Mapping[str, Any]) -> Run:
    """Write a ``torch.export`` program, the description as its extra file ``weldon.json``."""
    program = trace(net, description["image_size"])
    with path.open("wb") as file:
        torch.export.save(program, file, extra_files={"weldon.json": json.dumps(description)})
    with path.open("rb") as file:
        loaded: Run = torch.export.load(file).module()
    return loaded


def write_hub(net: WeldonNet, path: Path, description: Mapping[str, Any]) -> Run:
    """Write the folder of :func:`weldon.models.write_folder`."""
    write_folder(net, path, description)
    loaded: Any = load_model(path)
    return lambda image, mask: loaded(image, mask, return_maps=True)


WRITERS: dict[str, Callable[[WeldonNet, Path, Mapping[str, Any]], Run]] = {
    "onnx": write_onnx,
    "torch": write_program,
    "hub": write_hub,
}
