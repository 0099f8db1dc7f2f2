"""What ``weldon val`` measures, one small accumulator a question: which classes, and where."""

from weldon.training.measures.boxes import BoxMeasure, BoxOverlapMeasure, BoxThresholds, choose_thresholds
from weldon.training.measures.classes import ClassMeasure
from weldon.training.measures.masks import MaskMeasure
from weldon.training.measures.measure import Answer, Figures, Measure, Scored, joined_figures
from weldon.training.measures.pixels import PixelMeasure
from weldon.training.measures.points import PointMeasure

__all__ = [
    "Answer",
    "BoxMeasure",
    "BoxOverlapMeasure",
    "BoxThresholds",
    "ClassMeasure",
    "Figures",
    "MaskMeasure",
    "Measure",
    "PixelMeasure",
    "PointMeasure",
    "Scored",
    "choose_thresholds",
    "joined_figures",
]
