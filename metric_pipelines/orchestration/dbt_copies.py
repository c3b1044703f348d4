"""dagster-dbt's component runs dbt in a copy of the project: a DuckDB file at a relative path is built in
that copy, and nobody reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from metric_pipelines.errors import UsageError
from metric_pipelines.exchange.dbt.profiles import RELATIVE
from metric_pipelines.exchange.dbt.reading import read_dbt

THEIR_COMPONENT = "DbtProjectComponent"


def refuse_relative_paths(project: Path, defs: Path, environment: Mapping[str, str]) -> None:
    """Raises UsageError where the DuckDB of a dbt project stands at a relative path, and the folder `defs` of
    a Dagster project has dagster-dbt's component.
    """
    if all(THEIR_COMPONENT not in file.read_text(encoding="utf-8") for file in defs.rglob("defs.yaml")):
        return
    found = [note for note in read_dbt(project, environment).notes if note.kind == RELATIVE]
    if found:
        expected = f"an absolute one: {THEIR_COMPONENT} runs dbt in a copy of the project"
        raise UsageError(
            found[0].where, found[0].text, expected, "path: \"{{ env_var('SHOP_DUCKDB') }}\", or written out"
        )
