"""The paper's tables as recipes: a TOML file a row, and the data sets and columns they are measured on."""

from __future__ import annotations

from weldon.recipes.paper_table import Column, Published, Table, list_tables, load_table
from weldon.recipes.row import Look, Row
from weldon.recipes.source import Source, load_sources

__all__ = [
    "Column",
    "Look",
    "Published",
    "Row",
    "Source",
    "Table",
    "list_tables",
    "load_sources",
    "load_table",
]
