"""Writes the workload as a SQLMesh project: a FULL model and three audits a metric.
python make_sqlmesh.py DATA FOLDER
"""

import sys
from pathlib import Path

from workload import metrics, own_files, sql

CONFIG = """gateways: {local: {connection: {type: duckdb, database: nightly.duckdb}}}
default_gateway: local
model_defaults: {dialect: duckdb, start: '2020-01-01', cron: '@daily'}
disable_anonymized_analytics: true
"""
HEAD = """MODEL (
  name m.{},
  kind FULL,
  audits (
    not_null(columns := (value)),
    accepted_range(column := value, min_v := 0),
    unique_combination_of_columns(columns := (metric_time, region, segment))
  )
);
"""


def main() -> None:
    """Writes the project."""
    data, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    (root / "models").mkdir(parents=True, exist_ok=True)
    (root / "config.yaml").write_text(CONFIG)
    for name, expression, where in metrics():
        query = own_files(sql(expression, where), data)
        (root / "models" / f"{name}.sql").write_text(HEAD.format(name) + query)


if __name__ == "__main__":
    main()
