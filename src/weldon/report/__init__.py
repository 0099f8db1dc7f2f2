"""The report: one page that shows what a run knows, where it looks, and where it errs."""

from weldon.report.write import write_report

__all__ = ["write_report"]
