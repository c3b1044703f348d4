"""The code location refuses to load a center with problems, and says what `validate` says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from metric_pipelines import build_definitions
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import InvalidCenterError
from metric_pipelines_tests.small_shop import Shop

LOAD = "from metric_pipelines.definitions import defs; defs()"


def quarrelling(shop: Shop) -> str:
    """What is said of two metrics that share a word."""
    for name in ("revenue", "small_revenue"):
        shop.edit(f"metrics/sales/{name}.yaml", "department: sales", "synonyms: [营业额]\ndepartment: sales")
    with pytest.raises(InvalidCenterError) as caught:
        load_valid_center(shop.center)
    [problem] = caught.value.problems
    assert "small_revenue is called '营业额' as revenue is" in problem.found
    return str(problem)


def test_definitions_that_quarrel_are_not_loaded_in_anybodys_project(fresh_shop: Shop) -> None:
    said = quarrelling(fresh_shop)
    with pytest.raises(InvalidCenterError) as caught:
        build_definitions(fresh_shop.center, home=fresh_shop.home)
    assert said in str(caught.value)


def test_definitions_that_quarrel_are_not_loaded_by_dagster(fresh_shop: Shop) -> None:
    said = quarrelling(fresh_shop)
    own = {"METRIC_PIPELINES_CENTER": str(fresh_shop.center), "METRIC_PIPELINES_HOME": str(fresh_shop.home)}
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", LOAD],
        env=own | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert said in done.stderr


def test_sql_that_does_not_run_is_not_loaded_either(fresh_shop: Shop) -> None:
    fresh_shop.edit("models/order_lines.sql", "line.customer_id,", "line.customer,")
    with pytest.raises(InvalidCenterError, match=r'order_lines\.sql:\d+: .*have a column named "customer"'):
        build_definitions(fresh_shop.center, home=fresh_shop.home)
