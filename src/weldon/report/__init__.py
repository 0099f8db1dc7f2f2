"""Write the report of a run on one page, and draw the figures of the paper."""

from weldon.report.class_rows import label_cooccurrence
from weldon.report.paper_figures import (
    cooccurrence_figure,
    evidence_figure,
    pooling_figure,
    segmentation_figure,
)
from weldon.report.write_report import write_report

__all__ = [
    "cooccurrence_figure",
    "evidence_figure",
    "label_cooccurrence",
    "pooling_figure",
    "segmentation_figure",
    "write_report",
]
