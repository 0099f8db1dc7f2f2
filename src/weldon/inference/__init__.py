"""From class maps to answers: evidence, points, boxes, masks, files."""

from weldon.inference.decision import Decision
from weldon.inference.evidence import Evidence, Region
from weldon.inference.explain import Explanation, explain
from weldon.inference.image_list import NamedImage, expand_images
from weldon.inference.loading import load
from weldon.inference.localise import Point, locate_boxes, locate_point
from weldon.inference.map_files import read_heatmap
from weldon.inference.masks import segment
from weldon.inference.output import to_annotation
from weldon.inference.predict import Predictor
from weldon.inference.reading import Skipped
from weldon.inference.result import Result
from weldon.inference.write import PredictionWriter
from weldon.runs.run_directory import RunDirectory, open_run

__all__ = [
    "Decision",
    "Evidence",
    "Explanation",
    "NamedImage",
    "Point",
    "PredictionWriter",
    "Predictor",
    "Region",
    "Result",
    "RunDirectory",
    "Skipped",
    "expand_images",
    "explain",
    "load",
    "locate_boxes",
    "locate_point",
    "open_run",
    "read_heatmap",
    "segment",
    "to_annotation",
]
