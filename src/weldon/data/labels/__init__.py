"""Label files: one reader a form, and one function for all of them."""

from weldon.data.labels.read import read_labels

__all__ = ["read_labels"]
