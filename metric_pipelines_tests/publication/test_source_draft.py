"""A drafted contract holds on its rows: what does not is dropped and said, or the draft is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from metric_pipelines.dictionary.months import WHOLE
from metric_pipelines.dictionary.source_definitions import SourceTable
from metric_pipelines.dictionary.validation import load_valid_center
from metric_pipelines.dictionary.yaml_types import Text
from metric_pipelines.ingest.drafting import understood
from metric_pipelines.publication.source_draft import SourceDraft, draft_source, without_rule
from metric_pipelines.quality.contract import Contracts
from metric_pipelines.quality.rules import rules_of_table
from metric_pipelines.warehouse.lake import step_database
from metric_pipelines_tests.small_shop import Shop


def drafted(shop: Shop, file: Path) -> SourceDraft:
    given = understood(str(file), None, shop.home, file.parent)
    return draft_source(
        load_valid_center(shop.center), shop.home, given, [], date(2024, 4, 1), lambda name: None
    )


def kinds(draft: SourceDraft) -> list[str]:
    return [doubt.kind for doubt in draft.doubts]


def test_months_without_rows_leave_out_min_rows(fresh_shop: Shop, tmp_path: Path) -> None:
    """The shop's center computes January to March 2024."""
    file = tmp_path / "returns.csv"
    file.write_text("id,day\n1,2023-12-31\n2,2024-01-01\n3,2024-03-05\n")
    draft = drafted(fresh_shop, file)
    table = draft.source.tables["returns"]
    assert (table.partition_by, table.checks.min_rows) == ("day", 0)
    said = {doubt.kind: doubt.details for doubt in draft.doubts}
    assert said["gaps"] == {"n": 1, "first": "2024-02", "last": "2024-02"}
    assert said["before_start"] == {"n": 1, "start": "2024-01", "first": "2023-12"}
    file.write_text("id,day\n1,2024-02-29\n2,2024-01-01\n3,2024-03-05\n")
    assert drafted(fresh_shop, file).source.tables["returns"].checks.min_rows == 1


def test_a_file_without_rows_has_no_rules(fresh_shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "returns.csv").write_text("id,day\n")
    draft = drafted(fresh_shop, tmp_path / "returns.csv")
    table = draft.source.tables["returns"]
    assert [(c.type, c.nullable) for c in table.columns.values()] == [("string", True)] * 2
    assert (table.partition_by, table.checks.unique, table.checks.min_rows) == (None, [], 0)
    assert "no_rows" in kinds(draft)


def test_moments_are_put_into_months_by_the_centers_zone(fresh_shop: Shop, tmp_path: Path) -> None:
    """A draft's times are of the center's zone, New York: the last moment of March is not April's."""
    (tmp_path / "calls.csv").write_text(
        "call_id,at\n" + "".join(f"{m},2024-0{m}-28 23:30:00\n" for m in (1, 2, 3))
    )
    draft = drafted(fresh_shop, tmp_path / "calls.csv")
    assert draft.source.time_zone == "America/New_York"
    assert draft.source.tables["calls"].checks.min_rows == 1
    assert "time_zone" in kinds(draft)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with step_database() as found:
        yield found


@pytest.mark.parametrize(
    ("rules", "dropped"),
    [
        ({"type": "int64", "min": 2}, "min"),
        ({"type": "int64", "max": 2}, "max"),
        ({"type": "int64", "isin": [1, 2]}, "isin"),
        ({"type": "int64"}, "nullable: false"),
    ],
)
def test_a_rule_that_rows_do_not_keep_is_dropped_and_named(
    con: duckdb.DuckDBPyConnection, rules: dict[str, Any], dropped: str
) -> None:
    null = "" if "nullable" not in dropped else " union all select null"
    con.execute(f"create or replace temp table tried as (select unnest([1, 2, 3])::bigint as a{null})")
    spec = SourceTable.model_validate({"label": "x", "description": "x", "columns": {"a": rules}})
    [verdict] = Contracts(con).verdicts("tried", rules_of_table(spec), [WHOLE]).values()
    [failure] = verdict.detail["failures"]
    better, doubt = without_rule("t", spec, failure)
    assert (doubt.column, doubt.details) == ("a", {"rule": dropped})
    [again] = Contracts(con).verdicts("tried", rules_of_table(better), [WHOLE]).values()
    assert again.passed


def test_a_key_that_is_none_is_dropped_and_named(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace temp table tried as select unnest([1, 1])::bigint as a")
    spec = SourceTable.model_validate(
        {
            "label": "x",
            "description": "x",
            "columns": {"a": {"type": "int64"}},
            "checks": {"unique": [["a"]]},
        }
    )
    [verdict] = Contracts(con).verdicts("tried", rules_of_table(spec), [WHOLE]).values()
    better, doubt = without_rule("t", spec, verdict.detail["failures"][0])
    assert (better.checks.unique, doubt.details) == ([], {"rule": "unique a"})
    assert better.label == Text(en="x")
