"""What went wrong in a run, told by its events."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg
from dagster_shared.error import SerializableErrorInfo


def first_failure(events: Iterable[dg.DagsterEvent | None]) -> SerializableErrorInfo | None:
    """The error of the first step that failed; None where none did, or none was recorded."""
    errors = (e.step_failure_data.error for e in events if e is not None and e.is_step_failure)
    return next((error for error in errors if error is not None), None)


def told(error: SerializableErrorInfo | None) -> str:
    """The words of what caused an error; nothing where there is none."""
    return "" if error is None else str((error.cause or error).message).strip()
