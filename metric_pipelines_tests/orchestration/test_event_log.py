"""What the buffered event log promises, read back with Dagster's own class on the same folder.

What does not belong here: Dagster's suite for event logs, which is run against the class at each upgrade.
"""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import psutil
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.event_api import EventLogRecord
from dagster._core.events import (
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.plan.objects import StepSuccessData
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._serdes import deserialize_value, serialize_value
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from metric_pipelines.orchestration import event_log
from metric_pipelines.orchestration.event_log import BufferedSqliteEventLogStorage

pytestmark = pytest.mark.filterwarnings("ignore::dagster.PreviewWarning", "ignore::dagster.BetaWarning")

MONTHS = dg.MonthlyPartitionsDefinition("2017-01-01", end_date="2017-07-01")
NAMES = ("orders", "revenue", "margin")
CHECKS = ("contract", "quality")
BAD = ("revenue", "quality")  # the check that fails
RUN = "11111111-1111-1111-1111-111111111111"
SETTINGS = """telemetry: {{enabled: false}}
event_log_storage:
  module: {module}
  class: {name}
  config: {{base_dir: {home}/events}}
"""


# Runs of Dagster, read back by the stock class


def by_month(context: dg.OpExecutionContext) -> Iterator[Any]:
    """One evaluation for each check and month, whatever the range of the run."""
    for name in NAMES:
        yield dg.MaterializeResult(asset_key=name, data_version=dg.DataVersion("1"))
        for month in context.partition_keys if context.has_partition_key_range else [context.partition_key]:
            yield from (evaluation(name, check, month) for check in CHECKS)


def without_months(context: dg.OpExecutionContext) -> Iterator[Any]:
    for name in NAMES:
        yield dg.MaterializeResult(asset_key=name)
        yield from (evaluation(name, check, None) for check in CHECKS)


def in_other_ways(context: dg.OpExecutionContext) -> Iterator[Any]:
    """Check results, evaluations before the materialization, and some of a month that was not planned."""
    orders, revenue, margin = NAMES
    results = [dg.AssetCheckResult(passed=True, asset_key=orders, check_name=check) for check in CHECKS]
    yield dg.MaterializeResult(asset_key=orders, check_results=results)
    yield from (evaluation(revenue, check, context.partition_key) for check in CHECKS)
    yield dg.MaterializeResult(asset_key=revenue)
    yield from (evaluation(margin, check, "2017-06-01") for check in CHECKS)
    yield dg.MaterializeResult(asset_key=margin)


def evaluation(name: str, check: str, month: str | None) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(name), check_name=check, passed=(name, check) != BAD, partition=month
    )


def group(
    body: Callable[[Any], Iterator[Any]], months: dg.PartitionsDefinition | None
) -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="group",
        specs=[dg.AssetSpec(name, partitions_def=months) for name in NAMES],
        check_specs=[
            dg.AssetCheckSpec(c, asset=name, partitions_def=months) for name in NAMES for c in CHECKS
        ],
        backfill_policy=dg.BackfillPolicy.single_run() if months else None,
        can_subset=True,
    )
    def compute(context: dg.AssetExecutionContext):
        yield from body(context)

    return compute


def instance_in(home: Path, storage: type[SqliteEventLogStorage]) -> dg.DagsterInstance:
    home.mkdir(exist_ok=True)
    settings = SETTINGS.format(module=storage.__module__, name=storage.__name__, home=home)
    (home / "dagster.yaml").write_text(settings)
    return dg.DagsterInstance.from_config(str(home))


SINGLE = {"partition_key": "2017-02-01"}
RANGE = {
    "tags": {
        "dagster/asset_partition_range_start": "2017-02-01",
        "dagster/asset_partition_range_end": "2017-04-01",
    }
}


@pytest.mark.parametrize(
    ("body", "months", "launch"),
    [
        pytest.param(by_month, MONTHS, RANGE, id="a range of months"),
        pytest.param(in_other_ways, MONTHS, SINGLE, id="one month"),
        pytest.param(without_months, None, {}, id="no partitions"),
    ],
)
def test_a_run_leaves_the_rows_that_the_stock_class_leaves(
    tmp_path: Path, body: Callable[[Any], Iterator[Any]], months: Any, launch: dict[str, Any]
) -> None:
    seen = []
    for storage in (SqliteEventLogStorage, BufferedSqliteEventLogStorage):
        home = tmp_path / storage.__name__
        with instance_in(home, storage) as instance:
            assert type(instance.event_log_storage) is storage
            result = dg.materialize([group(body, months)], instance=instance, **launch)
        seen.append(read_back(home / "events", result.run_id))
    stock, ours = seen
    assert ours == stock
    assert ours["history"][BAD][0][1] == "FAILED"


def read_back(folder: Path, run_id: str) -> dict[str, Any]:
    """All that a run left, by the stock class, without what differs from run to run."""
    storage = SqliteEventLogStorage(str(folder))
    events, checks, tags = SqlEventLogStorageTable.c, AssetCheckExecutionsTable.c, AssetEventTagsTable.c
    keys = [dg.AssetKey(name) for name in NAMES]
    with storage.index_connection() as index:
        mirrored = index.execute(
            select(events.dagster_event_type, events.asset_key, events.partition).order_by(events.id)
        )
        rows = {"mirrored": [tuple(row) for row in mirrored]}
        told = select(checks.asset_key, checks.check_name, checks.partition, checks.execution_status)
        rows["checks"] = [tuple(row) for row in index.execute(told.order_by(checks.id))]
        rows["tags"] = sorted(map(tuple, index.execute(select(tags.event_id, tags.asset_key, tags.key))))
        last = select(AssetKeyTable.c.asset_key, AssetKeyTable.c.last_run_id)
        assert {run for _, run in index.execute(last)} == {run_id}
        texts = [text for (text,) in index.execute(select(AssetKeyTable.c.last_materialization)) if text]
        assert texts == [serialize_value(deserialize_value(text, EventLogRecord)) for text in texts]
    rows["run"] = [
        (r.event_log_entry.dagster_event_type, str(r.asset_key), r.partition_key, r.event_log_entry.step_key)
        for r in storage.get_records_for_run(run_id).records
    ]
    latest = [record.asset_entry for record in storage.get_asset_records(keys)]
    rows["last"] = [
        (e.asset_key, e.last_materialization_storage_id, e.last_materialization_record.partition_key)
        for e in latest
    ]
    rows["months"] = [storage.get_materialized_partitions(key) for key in keys]
    rows["history"] = {(name, check): history(storage, name, check) for name in NAMES for check in CHECKS}
    return rows


def history(storage: SqliteEventLogStorage, name: str, check: str) -> list[tuple[Any, ...]]:
    key = dg.AssetCheckKey(dg.AssetKey(name), check)
    return [
        (record.partition, record.status.value, record.event is not None and record.event.dagster_event_type)
        for record in storage.get_asset_check_execution_history(key, limit=100)
    ]


def test_a_new_file_is_made_and_stamped_as_the_stock_class_does(tmp_path: Path) -> None:
    made = {}
    for storage in (SqliteEventLogStorage, BufferedSqliteEventLogStorage):
        at = storage(str(tmp_path / storage.__name__))
        with at.run_connection(RUN) as con:
            stamped = con.exec_driver_sql("select version_num from alembic_version").scalars().all()
            schema = con.exec_driver_sql("select name, sql from sqlite_master order by name").all()
            made[storage] = (stamped, schema, con.exec_driver_sql("pragma journal_mode").scalar())
    assert made[SqliteEventLogStorage] == made[BufferedSqliteEventLogStorage]


@pytest.mark.parametrize(
    ("body", "months", "launch"),
    [pytest.param(by_month, MONTHS, RANGE, id="months"), pytest.param(without_months, None, {}, id="none")],
)
def test_planned_evaluations_take_the_short_way(
    tmp_path: Path, body: Callable[[Any], Iterator[Any]], months: Any, launch: dict[str, Any]
) -> None:
    with instance_in(tmp_path, CountingStorage) as instance:
        dg.materialize([group(body, months)], instance=instance, **launch)
        assert instance.event_log_storage.long_ways == 0


class CountingStorage(BufferedSqliteEventLogStorage):
    long_ways = 0

    def _update_asset_check_evaluation(self, event: EventLogEntry, event_id: int | None) -> None:
        self.long_ways += 1
        super()._update_asset_check_evaluation(event, event_id)

    def _write_singly(self, batch: Any) -> None:
        self.long_ways += 1
        super()._write_singly(batch)


# Kills, and other processes

KILLED_RUN = """
import os, signal, sys
from pathlib import Path
import dagster as dg
import test_event_log as tests

def body(context):
    for item in tests.by_month(context):
        yield item
        if isinstance(item, dg.MaterializeResult) and item.asset_key == dg.AssetKey("margin"):
            os.kill(os.getpid(), signal.SIGKILL)

with tests.instance_in(Path(sys.argv[1]), tests.BufferedSqliteEventLogStorage) as instance:
    dg.materialize([tests.group(body, tests.MONTHS)], instance=instance, **tests.SINGLE)
"""


def in_another_process(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1]), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_a_kill_after_a_materialization_loses_nothing_but_waiting_evaluations(tmp_path: Path) -> None:
    killed = in_another_process(KILLED_RUN, str(tmp_path))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    for file in (tmp_path / "events").glob("*.db"):
        with sqlite3.connect(file) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    storage = SqliteEventLogStorage(str(tmp_path / "events"))
    assert [storage.get_materialized_partitions(dg.AssetKey(name)) for name in NAMES] == [{"2017-02-01"}] * 3
    told = {(name, check): history(storage, name, check)[0][1] for name in NAMES for check in CHECKS}
    assert {key for key, status in told.items() if status == "PLANNED"} == {("margin", c) for c in CHECKS}
    assert {key for key, status in told.items() if status == "FAILED"} == {BAD}


READER = """
import sys
from dagster import AssetKey
from dagster._core.storage.event_log import SqliteEventLogStorage
storage = SqliteEventLogStorage(sys.argv[1])
print(len(storage.get_records_for_run(sys.argv[2]).records))
print(*storage.get_materialized_partitions(AssetKey("orders")))
"""


def test_a_materialization_waits_for_the_disk_in_the_index_and_the_end_of_a_step_in_both(
    storage: BufferedSqliteEventLogStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.store_event(stored(DagsterEventType.RUN_START, None))  # the files are open from now on
    levels: list[list[int]] = []
    write = BufferedSqliteEventLogStorage._mirror

    def watched(self: BufferedSqliteEventLogStorage, *args: Any) -> None:
        kept = self._kept._by_shard
        files = [kept[shard][0].connection.driver_connection for shard in (RUN, "index")]
        levels.append([file.execute("PRAGMA synchronous").fetchone()[0] for file in files if file])
        write(self, *args)

    monkeypatch.setattr(BufferedSqliteEventLogStorage, "_mirror", watched)
    storage.store_event(materialized("orders"))
    storage.store_event(stored(DagsterEventType.STEP_SUCCESS, StepSuccessData(duration_ms=1.0)))
    storage.store_event(materialized("revenue"))
    storage.store_event(stored(DagsterEventType.RUN_SUCCESS, None))
    normal, full = 1, 2  # SQLite's numbers
    assert levels == [[normal, full], [full, full], [normal, full], [full, full]]


def test_another_process_sees_a_materialization_and_all_before_it(tmp_path: Path) -> None:
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    for event in (planned("orders"), evaluated("orders"), materialized("orders")):
        storage.store_event(event)
    assert in_another_process(READER, str(tmp_path), RUN).stdout.split() == ["3", "2017-02-01"]
    storage.dispose()


def test_a_fork_leaves_the_waiting_events_to_the_parent(tmp_path: Path) -> None:
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    storage.store_event(materialized("orders"))
    storage.store_event(planned("revenue"))
    child = os.fork()
    if child == 0:
        storage.store_event(materialized("margin"))
        os._exit(0)
    assert files_open_in(tmp_path) == set()  # else the child would take the parent's locks for its own
    assert os.waitpid(child, 0)[1] == 0
    assert types_on_disk(tmp_path) == ["ASSET_MATERIALIZATION"] * 2
    storage.dispose()
    assert (
        sorted(types_on_disk(tmp_path)) == ["ASSET_CHECK_EVALUATION_PLANNED"] + ["ASSET_MATERIALIZATION"] * 2
    )


def test_a_folder_wiped_by_another_process_is_written_anew(tmp_path: Path) -> None:
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    storage.store_event(materialized("orders"))
    SqliteEventLogStorage(str(tmp_path)).wipe()
    storage.store_event(materialized("revenue"))
    assert types_on_disk(tmp_path) == ["ASSET_MATERIALIZATION"]
    storage.dispose()
    assert types_on_disk(tmp_path) == ["ASSET_MATERIALIZATION"]


# Single events


def stored(type_: DagsterEventType, data: Any, run_id: str = RUN) -> EventLogEntry:
    told = DagsterEvent(type_.value, "job", step_key="step", event_specific_data=data)
    return EventLogEntry(None, "debug", "", run_id, time.time(), "step", "job", told)


def materialized(name: str, run_id: str = RUN) -> EventLogEntry:
    data = StepMaterializationData(dg.AssetMaterialization(name, partition="2017-02-01"))
    return stored(DagsterEventType.ASSET_MATERIALIZATION, data, run_id)


def planned(name: str, run_id: str = RUN) -> EventLogEntry:
    months = MONTHS.subset_with_partition_keys(["2017-02-01"]).to_serializable_subset()
    data = AssetCheckEvaluationPlanned(
        asset_key=dg.AssetKey(name), check_name="contract", partitions_subset=months
    )
    return stored(DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, data, run_id)


def evaluated(name: str) -> EventLogEntry:
    return stored(DagsterEventType.ASSET_CHECK_EVALUATION, evaluation(name, "contract", "2017-02-01"))


def types_on_disk(folder: Path, run_id: str = RUN) -> list[str | None]:
    records = SqliteEventLogStorage(str(folder)).get_records_for_run(run_id).records
    return [record.event_log_entry.get_dagster_event().event_type_value for record in records]


def within(seconds: float, happens: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not happens() and time.monotonic() < end:
        time.sleep(0.05)
    return happens()


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BufferedSqliteEventLogStorage]:
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def test_a_read_sees_what_was_just_stored(storage: BufferedSqliteEventLogStorage, tmp_path: Path) -> None:
    storage.store_event(planned("orders"))
    assert types_on_disk(tmp_path) == []
    assert history(storage, "orders", "contract") == [
        ("2017-02-01", "PLANNED", "ASSET_CHECK_EVALUATION_PLANNED")
    ]
    storage.store_event(evaluated("orders"))
    assert [status for _, status, _ in history(storage, "orders", "contract")] == ["SUCCEEDED"]
    assert len(storage.get_records_for_run(RUN).records) == 2


def test_what_waits_is_written_after_a_second(storage: BufferedSqliteEventLogStorage, tmp_path: Path) -> None:
    storage.store_event(planned("orders"))
    assert within(3, lambda: types_on_disk(tmp_path) != [])


def test_a_thousand_waiting_events_are_written(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "MOST_WAITING", 2)
    storage.store_event(planned("orders"))
    storage.store_event(planned("revenue"))
    assert len(types_on_disk(tmp_path)) == 2


def test_what_is_told_together_is_written_at_its_end_or_for_a_read_or_after_a_second(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path
) -> None:
    with storage.together():
        storage.store_event(materialized("orders"))
        assert types_on_disk(tmp_path) == []
        assert len(storage.get_records_for_run(RUN).records) == 1, "a read sees it"
        storage.store_event(materialized("revenue"))
        assert len(types_on_disk(tmp_path)) == 1
        assert within(3, lambda: len(types_on_disk(tmp_path)) == 2), "and so does everyone before long"
        storage.store_event(materialized("margin"))
    assert len(types_on_disk(tmp_path)) == 3
    storage.store_event(materialized("orders"))
    assert len(types_on_disk(tmp_path)) == 4


def test_what_was_told_together_is_written_whatever_happens(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path
) -> None:
    def interrupted() -> None:
        with storage.together():
            storage.store_event(materialized("orders"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(types_on_disk(tmp_path)) == 1


def test_a_runless_event_is_on_disk_at_once(tmp_path: Path) -> None:
    with instance_in(tmp_path, BufferedSqliteEventLogStorage) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("orders", partition="2017-03-01"))
        instance.report_runless_asset_event(evaluation("orders", "contract", "2017-03-01"))
        stock = SqliteEventLogStorage(str(tmp_path / "events"))
        assert stock.get_materialized_partitions(dg.AssetKey("orders")) == {"2017-03-01"}
        assert history(stock, "orders", "contract") == [("2017-03-01", "SUCCEEDED", "ASSET_CHECK_EVALUATION")]


# What goes wrong


def test_a_bad_event_does_not_keep_out_the_others(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path
) -> None:
    for event in (planned("orders"), planned("orders"), planned("revenue")):  # the index allows one
        storage.store_event(event)
    with pytest.raises(IntegrityError):
        storage.store_event(materialized("orders"))
    assert len(types_on_disk(tmp_path)) == 4
    stock = SqliteEventLogStorage(str(tmp_path))
    assert [len(history(stock, name, "contract")) for name in ("orders", "revenue")] == [1, 1]
    assert stock.get_materialized_partitions(dg.AssetKey("orders")) == {"2017-02-01"}
    assert len(storage.get_records_for_run(RUN).records) == 4  # told once


def test_an_error_in_the_background_is_raised_by_the_next_read(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(event_log, "LONGEST_WAIT", 0.1)
    for event in (planned("orders"), planned("orders"), planned("revenue")):
        storage.store_event(event)
    assert within(3, lambda: len(types_on_disk(tmp_path)) == 3)
    with pytest.raises(IntegrityError):
        storage.get_records_for_run(RUN)
    storage.store_event(planned("margin"))
    assert len(storage.get_records_for_run(RUN).records) == 4


def test_an_unforeseen_error_in_the_background_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(event_log, "LONGEST_WAIT", 0.1)
    storage = FailingOnce(str(tmp_path))
    storage.store_event(planned("orders"))
    assert within(3, lambda: len(types_on_disk(tmp_path)) == 1)
    with pytest.raises(OSError, match="gone"):
        storage.get_records_for_run(RUN)
    storage.dispose()


class FailingOnce(BufferedSqliteEventLogStorage):
    failed = False

    def _write(self, run_id: str, batch: Any) -> None:
        if not self.failed:
            self.failed = True
            raise OSError("the disk is gone")
        super()._write(run_id, batch)


def test_a_locked_index_drops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "BUSY_TIMEOUT", 0.1)
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    with sqlite3.connect(tmp_path / "index.db") as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):
            storage.store_event(materialized("orders"))
        assert types_on_disk(tmp_path) == []
    storage.store_event(materialized("revenue"))
    assert types_on_disk(tmp_path) == ["ASSET_MATERIALIZATION"] * 2
    storage.dispose()


# Connections, watching


def files_open_in(folder: Path) -> set[str]:
    return {file.path for file in psutil.Process().open_files() if Path(file.path).parent == folder}


def test_the_least_used_connections_are_closed(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path
) -> None:
    runs = [f"run{number}" for number in range(9)]
    for run in runs:
        storage.store_event(materialized("orders", run))
    assert len([file for file in files_open_in(tmp_path) if file.endswith(".db")]) == 8
    assert [len(storage.get_records_for_run(run).records) for run in runs] == [1] * 9


def test_disposing_writes_what_waits_and_closes_all(tmp_path: Path) -> None:
    storage = BufferedSqliteEventLogStorage(str(tmp_path))
    storage.store_event(planned("orders"))
    storage.dispose()
    assert files_open_in(tmp_path) == set()
    assert len(types_on_disk(tmp_path)) == 1


def test_wiping_takes_what_waits_along(storage: BufferedSqliteEventLogStorage, tmp_path: Path) -> None:
    storage.store_event(materialized("orders"))
    storage.store_event(planned("orders"))
    storage.wipe()
    assert storage.get_all_run_ids() == []
    assert storage.get_materialized_partitions(dg.AssetKey("orders")) == set()
    assert types_on_disk(tmp_path) == []


@pytest.mark.parametrize("watcher", [SqliteEventLogStorage, BufferedSqliteEventLogStorage])
def test_a_watcher_sees_each_event_once_and_soon(
    storage: BufferedSqliteEventLogStorage, tmp_path: Path, watcher: type[SqliteEventLogStorage]
) -> None:
    storage.store_event(materialized("orders"))
    watching, seen = watcher(str(tmp_path)), []
    watching.watch(RUN, None, lambda event, cursor: seen.append(event))
    for count in range(2, 6):
        storage.store_event(materialized("revenue"))
        assert within(1, lambda count=count: len(seen) == count)
    watching.dispose()
    assert len(seen) == 5
