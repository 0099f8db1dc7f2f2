"""Label files and photographs in, batches out; annotations back into the tools that people use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weldon.lazy import lazy_names

if TYPE_CHECKING:
    from weldon.data.check import CheckReport, check_data
    from weldon.data.dataset import ImageDataset, collate, encode_targets
    from weldon.data.formats import FORMATS, WRITERS, write_annotations
    from weldon.data.formats.annotation import AnnotationSet, ImageAnnotation, Keypoint, Polygon
    from weldon.data.geometry import Geometry, crop_map, upsample_map
    from weldon.data.image import image_size, load_image, unreadable_files
    from weldon.data.labels import read_labels
    from weldon.data.record import Box, LabelSet, Record
    from weldon.data.split import apply_splits, assign_splits, join_validation, read_splits, write_splits
    from weldon.data.transforms import EvalTransform, TrainTransform
    from weldon.data.truth import TrueBoxes, read_boxes

__getattr__, __dir__ = lazy_names(__name__)

__all__ = [
    "FORMATS",
    "WRITERS",
    "AnnotationSet",
    "Box",
    "CheckReport",
    "EvalTransform",
    "Geometry",
    "ImageAnnotation",
    "ImageDataset",
    "Keypoint",
    "LabelSet",
    "Polygon",
    "Record",
    "TrainTransform",
    "TrueBoxes",
    "apply_splits",
    "assign_splits",
    "check_data",
    "collate",
    "crop_map",
    "encode_targets",
    "image_size",
    "join_validation",
    "load_image",
    "read_boxes",
    "read_labels",
    "read_splits",
    "unreadable_files",
    "upsample_map",
    "write_annotations",
    "write_splits",
]
