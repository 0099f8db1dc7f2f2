"""One writer a format; each returns what it wrote, read back, as a function."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from weldon.errors import UsageError, WeldonError
from weldon.export.graph import Run, trace
from weldon.models import WeldonNet, load_model, write_folder

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
        raise UsageError(
            f"`format` onnx needs {error.name}: pip install 'weldon[onnx]' (torch and hub need nothing more)"
        ) from error
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
