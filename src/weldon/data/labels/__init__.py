"""Label files: one reader a form, and one function for all of them."""

from weldon.data.labels.read import LABEL_FILES, read_labels

__all__ = ["LABEL_FILES", "read_labels"]
