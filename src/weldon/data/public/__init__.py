"""The public data sets of the paper: their layouts, their official splits, and how they are fetched."""
