"""Compiled queries that are kept: never another answer, only a sooner one."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.dictionary.definitions import SimpleMetric
from metric_pipelines.semantics import kept_queries
from metric_pipelines.semantics.kept_queries import keep, keep_in, kept
from metric_pipelines.semantics.metricflow_sql import _compiled
from metric_pipelines.semantics.staging import Question, group_sql
from metric_pipelines.settings import SHIPPED

COMPILE = """
import sys
from pathlib import Path
from metric_pipelines.dictionary.center_files import load_center
from metric_pipelines.semantics.kept_queries import keep_in
from metric_pipelines.semantics.staging import Question, group_sql
from metric_pipelines.settings import SHIPPED

keep_in(Path(sys.argv[1]))
center = load_center(SHIPPED / "retail")
metric = center.metrics["net_revenue"]
print(group_sql(center, Question([metric], metric.grain, list(metric.dimensions))))
print("imported" if "metricflow" in sys.modules else "not imported")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    before = list(kept_queries._FOLDERS)
    keep_in(tmp_path / "compiled")
    yield tmp_path / "compiled"
    kept_queries._FOLDERS[:] = before


def test_what_was_compiled_once_is_not_compiled_by_the_next_process(tmp_path: Path) -> None:
    first, second = (compiled(tmp_path / "home") for _ in range(2))
    assert (first[:-1], first[-1]) == (second[:-1], "imported")
    assert second[-1] == "not imported"


def compiled(folder: Path) -> list[str]:
    run = [sys.executable, "-c", COMPILE, str(folder)]
    return subprocess.run(run, check=True, capture_output=True, text=True).stdout.splitlines()


def test_a_changed_definition_is_compiled_anew() -> None:
    center = load_center(SHIPPED / "retail")
    metric = center.metrics["private_label_revenue"]
    assert isinstance(metric, SimpleMetric)
    changed = [
        metric,
        metric.model_copy(update={"filter": "is_fuel"}),
        metric.model_copy(update={"expr": "quantity"}),
    ]
    asked = [Question([one], one.grain, list(one.dimensions)) for one in changed]
    since = Question([metric], metric.grain, list(metric.dimensions), first=date(2017, 2, 1))
    found = []
    for question in (*asked, since):
        _compiled.cache_clear()
        found.append(
            group_sql(replace(center, metrics=center.metrics | {metric.name: question.metrics[0]}), question)
        )
    assert len(set(found)) == 4


def test_each_question_has_its_own_query(folder: Path) -> None:
    keep("revenue by month", "select 1")
    keep("revenue by day", "select 2")
    assert (kept("revenue by month"), kept("revenue by day")) == ("select 1", "select 2")
    assert kept("revenue by week") is None


@pytest.mark.parametrize("harm", [b"", b"select 2", b"\xff\xfe"])
def test_what_was_torn_or_changed_is_compiled_anew(folder: Path, harm: bytes) -> None:
    keep("revenue", "select 1\nfrom sales")
    (file,) = folder.iterdir()
    file.write_bytes(file.read_bytes()[:70] + harm)
    assert kept("revenue") is None


def test_a_query_of_another_compiler_is_not_taken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep("revenue", "select 1")
    monkeypatch.setattr(kept_queries, "_compiler", lambda: "metricflow of tomorrow")
    assert kept("revenue") is None


def test_where_nothing_can_be_written_nothing_is_kept(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    keep("revenue", "select 1")
    assert kept("revenue") is None


def test_the_older_half_of_too_many_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        keep(f"metric {number}", f"select {number}")
    monkeypatch.setattr(kept_queries, "MOST_FILES", 5)
    kept_queries._make_room.cache_clear()
    keep("metric 6", "select 6")
    assert len(list(folder.iterdir())) == 4
