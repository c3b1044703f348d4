"""Which expectations there are, without importing Great Expectations (1.6 to 5 s): each is a file there."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")
"""The arguments of an expectation that name columns."""


@cache
def expectation_names() -> frozenset[str]:
    """The names of Great Expectations' core expectations; empty where it is not installed."""
    found = importlib.util.find_spec("great_expectations")
    folders = (found.submodule_search_locations or []) if found is not None else []
    return frozenset(
        file.stem for folder in folders for file in Path(folder, "expectations", "core").glob("expect_*.py")
    )
