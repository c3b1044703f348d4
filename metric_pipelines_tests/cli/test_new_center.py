"""A new center from nothing to its scorecard, and which center is meant by the folder one stands in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metric_pipelines.settings import PACKAGE, SHIPPED, Settings

CODE = "import sys; from metric_pipelines.cli.app import main; sys.exit(main())"


def typed(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command typed in a folder, by somebody who has set nothing."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("METRIC_", "DAGSTER_"))}
    environment = {**kept, "PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-c", CODE, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def answered(folder: Path, *words: str) -> Any:
    done = typed(folder, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_new_center_is_refreshed_at_once(tmp_path: Path) -> None:
    made = typed(tmp_path, "init", "mine", "--name", "星河指标中心", "--lang", "zh")
    assert made.returncode == 0, made.stderr
    assert "metric-pipelines refresh" in made.stdout
    folder = tmp_path / "mine"
    refreshed = typed(folder, "refresh")
    assert refreshed.returncode == 0, refreshed.stderr
    lines = {line["metric"]: line for line in answered(folder, "scorecard")["metrics"]}
    assert {(name, line["state"]) for name, line in lines.items()} == {
        ("tickets_opened", "healthy"),
        ("hours_per_ticket", "healthy"),
    }
    assert (lines["tickets_opened"]["value"], lines["hours_per_ticket"]["value"]) == (5, 1.85)
    by_topic = answered(folder / "models", "values", "工单量", "--by", "topic", "--grain", "month")["rows"]
    assert sum(row["value"] for row in by_topic) == 15
    assert {path.name for path in (folder / "data").iterdir()} >= {"lake", "ledger.sqlite", "dagster"}


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing is set in the environment."""
    for name in ("CENTER", "HOME", "LANG"):
        monkeypatch.delenv(f"METRIC_PIPELINES_{name}", raising=False)
    return monkeypatch


def project(folder: Path, center: str = "") -> Path:
    (folder / center).mkdir(parents=True)
    (folder / center / "center.yaml").touch()
    (folder / "workspace.yaml").touch()
    return folder


@pytest.mark.parametrize("inside", ["", "center"])
@pytest.mark.parametrize("below", ["", "metrics/sales"])
def test_the_center_is_that_of_the_folder_one_stands_in(
    tmp_path: Path, unset: pytest.MonkeyPatch, inside: str, below: str
) -> None:
    folder = project(tmp_path / "mine", inside)
    (folder / inside / below).mkdir(parents=True, exist_ok=True)
    unset.chdir(folder / inside / below)
    found = Settings()
    assert found.center_folder == folder / inside
    assert (found.project_folder, found.home_folder) == (folder, folder / "data")


def test_a_center_that_is_set_keeps_its_home_wherever_one_stands(
    tmp_path: Path, unset: pytest.MonkeyPatch
) -> None:
    mine, other = project(tmp_path / "mine"), project(tmp_path / "other")
    unset.setenv("METRIC_PIPELINES_CENTER", str(mine))
    unset.chdir(other)
    assert (Settings().center_folder, Settings().home_folder) == (mine, mine / "data")


def test_a_center_without_a_project_writes_beside_itself_where_one_stands_in_it(
    tmp_path: Path, unset: pytest.MonkeyPatch
) -> None:
    (tmp_path / "center.yaml").touch()
    unset.chdir(tmp_path)
    assert (Settings().center_folder, Settings().home_folder) == (tmp_path, tmp_path / "data")


def test_elsewhere_it_is_the_shipped_one_and_nothing_is_written_into_the_package(
    tmp_path: Path, unset: pytest.MonkeyPatch
) -> None:
    unset.chdir(tmp_path)
    assert Settings().center_folder == SHIPPED / "retail"
    unset.chdir(SHIPPED / "retail" / "metrics")
    assert Settings().center_folder == SHIPPED / "retail"
    assert SHIPPED not in Settings().home_folder.parents


def test_a_folder_above_that_is_somebody_elses_does_not_count(
    tmp_path: Path, unset: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "theirs")
    (folder / "below").mkdir()
    try:
        os.chown(folder, 12_345, -1)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    unset.chdir(folder / "below")
    assert Settings().center_folder == SHIPPED / "retail"


@pytest.mark.long
def test_a_center_of_drafts_alone_is_refreshed_and_shown(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Name,Department\nChurn,Service\n")
    assert typed(tmp_path, "init", "mine", "--from-excel", "list.csv").returncode == 0
    for name in ("tickets_opened", "hours_per_ticket"):
        (tmp_path / "mine" / "metrics" / "service" / f"{name}.yaml").unlink()
    for words in (["refresh"], ["scorecard"], ["health"], ["show", "churn"]):
        done = typed(tmp_path / "mine", *words)
        assert done.returncode == 0, done.stderr
