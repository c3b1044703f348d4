"""Dagster's suite with our storage in its place; runs beside the suite (see `__main__.py`), not in ours."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import dagster as dg
import pytest
from dagster_tests.storage_tests.utils.event_log_storage import TestEventLogStorage

from metric_pipelines.orchestration.event_log import BufferedSqliteEventLogStorage


class TestBufferedStorage(TestEventLogStorage):  # type: ignore[misc]
    """The flags are those of Dagster's own tests of its SQLite storage."""

    __test__ = True

    @pytest.fixture(name="instance")
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """An instance whose events we keep."""
        with tempfile.TemporaryDirectory() as folder:
            storage = {
                "module": "metric_pipelines.orchestration.event_log",
                "class": "BufferedSqliteEventLogStorage",
                "config": {"base_dir": f"{folder}/history/runs"},
            }
            with dg.instance_for_test(temp_dir=folder, overrides={"event_log_storage": storage}) as instance:
                yield instance

    @pytest.fixture(name="storage")
    def event_log_storage(self, instance: dg.DagsterInstance) -> BufferedSqliteEventLogStorage:
        """Our storage."""
        assert isinstance(instance.event_log_storage, BufferedSqliteEventLogStorage)
        return instance.event_log_storage

    def supports_multiple_event_type_queries(self) -> bool:
        return False

    def can_wipe_asset_partitions(self) -> bool:
        return False

    def test_duplicate_asset_check_planned_events(self, storage: Any) -> None:
        """An evaluation waits to be written: what is wrong with it comes out of the next read, not of the
        call that stored it; and once.
        """
        with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
            super().test_duplicate_asset_check_planned_events(storage)
        with pytest.raises(dg.DagsterInvariantViolationError, match="Updated 2 rows"):
            storage.get_maximum_record_id()
        with suppress(NotImplementedError):
            storage.get_maximum_record_id()
