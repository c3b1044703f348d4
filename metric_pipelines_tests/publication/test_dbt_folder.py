"""A dbt manifest is a center: what it becomes is kept, made anew when it changes, and never half written."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.errors import MetricPipelinesError, UsageError
from metric_pipelines.publication.dbt_folder import keep_dbt_center
from metric_pipelines.settings import Settings
from metric_pipelines_tests.dbt_shop import manifest, warehouse

TODAY = date(2026, 11, 24)


class Project:
    """A manifest of two metrics with its warehouse, and the home of its center."""

    def __init__(self, folder: Path) -> None:
        self.file, self.kept = manifest(folder / "semantic_manifest.json"), folder / "home" / "dbt_center"
        self.connection = f"duckdb:///{warehouse(folder / 'shop.duckdb')}"
        self.change(lambda plain: plain.update(metrics=_of(plain, "orders", "amount"), saved_queries=[]))

    def change(self, how: Any) -> None:
        plain = json.loads(self.file.read_text())
        how(plain)
        self.file.write_text(json.dumps(plain))

    def keep(self, connection: str | None = None, *, assets: bool = False) -> None:
        keep_dbt_center(self.file, self.kept, connection or self.connection, {}, TODAY, assets=assets)

    def know(self, *models: str) -> None:
        """Writes the `manifest.json` from which dagster-dbt makes assets of dbt's models."""
        nodes = [
            {"resource_type": "model", "name": name, "alias": name, "schema": "main", "config": {}}
            for name in models
        ]
        file = self.file.with_name("manifest.json")
        file.write_text(json.dumps({"sources": {}, "nodes": {n["name"]: n for n in nodes}}))

    def assets(self) -> dict[str, list[str] | None]:
        tables = load_valid_center(self.kept).sources["dbt"].tables
        return {name: table.asset for name, table in tables.items()}

    def texts(self) -> dict[str, str]:
        files = (file for file in self.kept.rglob("*") if file.is_file())
        return {str(file): f"{file.read_text()} {file.stat().st_mtime_ns}" for file in files}


def _of(plain: dict[str, Any], *names: str) -> list[Any]:
    return [metric for metric in plain["metrics"] if metric["name"] in names]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("manifest"))
    project.keep()
    return project


def test_a_manifest_is_opened_as_a_center(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    home = str(made.kept.parent)
    for key, value in {"CENTER": str(made.file), "HOME": home, "DBT_CONNECTION": made.connection}.items():
        monkeypatch.setenv(f"METRIC_PIPELINES_{key}", value)
    settings = Settings()
    before = made.texts()
    assert set(settings.load().metrics) == {"orders", "amount"}
    assert settings.center_folder == made.kept
    assert made.texts() == before, "what has not changed is not made anew"


def test_what_it_writes_stands_beside_dbts_project_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METRIC_PIPELINES_HOME", raising=False)
    (tmp_path / "target").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "target" / "semantic_manifest.json").write_text("{}")
    for named in (tmp_path, tmp_path / "target" / "semantic_manifest.json"):
        assert Settings(center=str(named)).home_folder == tmp_path / "data"


def test_a_time_spine_may_be_named_as_dbt_quotes_it(tmp_path: Path) -> None:
    project = Project(tmp_path)
    spine = {"location": '"shop"."main"."days"', "column_name": "date_day", "grain": "day"}
    project.change(
        lambda plain: plain["project_configuration"].update(
            time_spines=[], time_spine_table_configurations=[spine]
        )
    )
    project.keep()
    assert "days" in load_valid_center(project.kept).sources["dbt"].tables


def test_in_a_dagster_project_its_tables_are_tied_to_dbts_assets_and_stay_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.keep()
    assert set(project.assets().values()) == {None}
    project.know("orders", "days")
    project.keep(assets=True)
    assert project.assets()["orders"] == ["orders"]
    assert project.assets()["customers"] is None
    before = project.texts()
    project.keep()
    project.know("orders", "days", "of_no_concern")
    project.keep(assets=True)
    assert project.texts() == before, (
        "the command line reads what Dagster does; other models make nothing anew"
    )
    project.know("orders", "days", "customers")
    project.keep()
    assert project.assets()["customers"] == ["customers"]


def test_in_a_dagster_project_it_says_what_to_run_where_dbt_has_written_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="dbt parse"):
        Project(tmp_path).keep(assets=True)


@pytest.mark.parametrize(
    ("until", "today"),
    [("2024-03-31", "2024-03-31"), ("2024-12-31", "2024-12-31"), ("2026-12-31", "2024-12-31")],
)
def test_a_project_that_has_ended_has_no_years_after_its_newest_rows(
    tmp_path: Path, until: str, today: str
) -> None:
    """Time spines go on, often to today: they are no sign that rows do."""
    project = Project(tmp_path)
    days = f"select unnest(generate_series(date '2024-01-01', date '{until}', interval 1 day)) as date_day"
    with duckdb.connect(project.connection.removeprefix("duckdb:///")) as con:
        con.execute(f"create or replace table days as {days}")
    project.keep()
    settings = load_valid_center(project.kept).settings
    assert (str(settings.clock.today), settings.partitions.end) == (today, today[:7])


def test_a_password_in_the_address_is_refused(made: Project) -> None:
    with pytest.raises(UsageError, match="password") as error:
        made.keep("postgresql://someone:s3cret-canary@127.0.0.1:5432/none")
    assert "canary" not in str(error.value)


def test_nobody_who_says_where_the_relations_stand_is_an_error(made: Project) -> None:
    with pytest.raises(UsageError, match="where the relations stand"):
        keep_dbt_center(made.file, made.kept, None, {}, TODAY)


def test_a_changed_manifest_is_read_again_and_a_broken_one_leaves_what_stands(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.keep()
    project.change(lambda plain: plain.update(metrics=_of(plain, "orders")))
    project.keep()
    assert set(load_valid_center(project.kept).metrics) == {"orders"}
    before = project.texts()
    project.change(lambda plain: plain["semantic_models"][0]["node_relation"].update(alias="nowhere"))
    with pytest.raises(MetricPipelinesError, match="nowhere"):
        project.keep()
    assert project.texts() == before


def test_two_dbt_metrics_of_one_computation_are_both_carried_over_and_marked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.change(
        lambda plain: plain["metrics"].extend(
            [m | {"name": "order_count", "label": None} for m in plain["metrics"] if m["name"] == "orders"]
        )
    )
    project.keep()
    metrics = load_valid_center(project.kept).metrics
    [mark] = metrics["orders"].intended
    assert mark.with_ == "order_count"
    assert "nobody has judged" in mark.reason.en
