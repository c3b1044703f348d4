"""`doctor`: what is there, what degrades, what to set; and that it changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from metric_pipelines_tests.cli.conftest import Sit
from metric_pipelines_tests.small_shop import Shop


def written(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(autouse=True)
def _own_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))


def test_what_is_not_there_yet_is_said_with_what_to_do_and_nothing_is_made(at: Sit, fresh_shop: Shop) -> None:
    before = written(fresh_shop.home)
    said = at(fresh_shop)("doctor", "--json")
    found = {row["what"]: row for row in json.loads(said.out)["findings"]}
    assert said.code == 0
    assert found["sources/shop"]["found"] == "2 table(s) can be read"
    assert (found["ledger"]["state"], found["ledger"]["remedy"]) == (
        "warn",
        "metric-pipelines refresh makes it",
    )
    assert written(fresh_shop.home) == before


def test_a_source_that_is_away_fails_with_its_remedy(at: Sit, shop: Shop) -> None:
    shop.database.unlink()
    said = at(shop)("doctor")
    assert said.code == 1
    assert "sources/shop" in said.out
    assert "mend connection" in said.out


def test_a_variable_that_is_not_set_is_named_and_no_password_shown(
    at: Sit, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_USER", "hunter2")
    shop.edit(
        "sources/shop.yaml",
        "connection: sqlite:///sources/shop.sqlite",
        "connection: postgresql://${SHOP_USER}:${SHOP_PASSWORD}@localhost/shop",
    )
    said = at(shop)("doctor")
    assert said.code == 1
    assert "not set: SHOP_PASSWORD" in said.out
    assert "hunter2" not in said.out
