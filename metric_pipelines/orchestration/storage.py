"""Where Dagster keeps its own records: SQLite below the home folder, wherever it is started from.

Named in `dagster.yaml`. A relative `base_dir` there would be taken from the current folder, and make a new,
empty instance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from filelock import FileLock

from metric_pipelines.orchestration.event_log import BufferedSqliteEventLogStorage
from metric_pipelines.settings import Settings


def dagster_folder() -> Path:
    """Below the home folder; made where it is missing."""
    folder = Settings().home_folder / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class CenterStorage(DagsterSqliteStorage):
    """Runs, schedules and the (buffered) event log in SQLite files below the home folder."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        folder = Path(base_dir)
        with FileLock(folder / "made.lock"):  # two that make the tables at once stamp them twice
            super().__init__(base_dir, inst_data=inst_data)
            self._run_storage = SqliteRunStorage.from_local(str(folder / "history"))
            self._event_log_storage = BufferedSqliteEventLogStorage(str(folder / "history" / "runs"))
            self._schedule_storage = SqliteScheduleStorage.from_local(str(folder / "schedules"))

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> CenterStorage:
        return cls(str(dagster_folder()), inst_data=inst_data)


class CenterArtifacts(LocalArtifactStorage):
    """Dagster's small files, below the home folder."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> CenterArtifacts:
        return cls(str(dagster_folder()), inst_data=inst_data)


class CenterLogs(LocalComputeLogManager):
    """What runs print, below the home folder."""

    @classmethod
    def config_type(cls) -> Any:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> CenterLogs:
        return cls(str(dagster_folder() / "logs"), inst_data=inst_data)
