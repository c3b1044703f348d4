"""A DuckDB file at a relative path, where dagster-dbt's component works in a copy of the dbt project."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from metric_pipelines.errors import UsageError
from metric_pipelines.orchestration.dbt_copies import refuse_relative_paths
from metric_pipelines_tests.dbt_shop import SEMANTICS


def project(folder: Path, path: str, component: str) -> tuple[Path, Path]:
    """A dbt project whose DuckDB stands at `path`, and the definitions beside it."""
    dbt, defs = folder / "dbt", folder / "defs"
    (defs / "shop").mkdir(parents=True)
    (defs / "shop" / "defs.yaml").write_text(f"type: {component}\n")
    (dbt / "models").mkdir(parents=True)
    (dbt / "dbt_project.yml").write_text("name: shop\nprofile: shop\n")
    (dbt / "profiles.yml").write_text(
        f"shop: {{target: dev, outputs: {{dev: {{type: duckdb, path: {path}}}}}}}\n"
    )
    shutil.copy(SEMANTICS, dbt / "models")
    return dbt, defs


def test_the_copy_would_have_a_file_of_its_own(tmp_path: Path) -> None:
    dbt, defs = project(tmp_path, "shop.duckdb", "dagster_dbt.DbtProjectComponent")
    with pytest.raises(UsageError, match="in a copy of the project") as error:
        refuse_relative_paths(dbt, defs, {})
    assert "shop.duckdb is relative" in str(error.value)
    assert "profiles.yml:1" in str(error.value)


@pytest.mark.parametrize(
    ("path", "component"),
    [
        ("/data/shop.duckdb", "dagster_dbt.DbtProjectComponent"),
        ("\"{{ env_var('SHOP') }}\"", "dagster_dbt.DbtProjectComponent"),
        ("shop.duckdb", "metric_pipelines.MetricCenter"),
    ],
)
def test_a_file_that_is_the_same_for_all_is_no_matter(tmp_path: Path, path: str, component: str) -> None:
    refuse_relative_paths(*project(tmp_path, path, component), {})
