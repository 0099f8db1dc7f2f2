"""What ``weldon val`` measures, one small accumulator a question: which classes, and where."""

from weldon.evaluation.measures.boxes import BoxMeasure, BoxOverlapMeasure, BoxThresholds, choose_thresholds
from weldon.evaluation.measures.classes import ClassMeasure
from weldon.evaluation.measures.masks import MaskMeasure
from weldon.evaluation.measures.measure import Figures, ImageMaps, ImageScores, Measure, joined_figures
from weldon.evaluation.measures.pixels import PixelMeasure
from weldon.evaluation.measures.points import PointMeasure

__all__ = [
    "BoxMeasure",
    "BoxOverlapMeasure",
    "BoxThresholds",
    "ClassMeasure",
    "Figures",
    "ImageMaps",
    "ImageScores",
    "MaskMeasure",
    "Measure",
    "PixelMeasure",
    "PointMeasure",
    "choose_thresholds",
    "joined_figures",
]
