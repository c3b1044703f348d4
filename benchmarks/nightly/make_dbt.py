"""Writes the workload as a dbt-duckdb project: a model and three tests a metric.
python make_dbt.py DATA FOLDER
"""

import sys
from pathlib import Path

from workload import metrics, own_files, sql

PROJECT = """name: nightly
version: '1.0'
profile: nightly
models: {nightly: {+materialized: table}}
flags: {send_anonymous_usage_stats: false}
"""
PROFILE = """nightly: {target: dev, outputs: {dev: {type: duckdb, path: nightly.duckdb, threads: 2}}}
"""
TESTS = """{% test not_negative(model, column_name) %}
select * from {{ model }} where {{ column_name }} < 0
{% endtest %}
{% test unique_key(model) %}
select metric_time, region, segment from {{ model }} group by all having count(*) > 1
{% endtest %}
"""
ENTRY = """  - name: {}
    data_tests: [unique_key]
    columns:
      - {{name: value, data_tests: [not_null, not_negative]}}"""


def main() -> None:
    """Writes the project."""
    data, root = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    (root / "models").mkdir(parents=True, exist_ok=True)
    (root / "tests" / "generic").mkdir(parents=True, exist_ok=True)
    (root / "dbt_project.yml").write_text(PROJECT)
    (root / "profiles.yml").write_text(PROFILE)
    (root / "tests" / "generic" / "checks.sql").write_text(TESTS)
    for name, expression, where in metrics():
        (root / "models" / f"{name}.sql").write_text(own_files(sql(expression, where), data))
    entries = "\n".join(ENTRY.format(name) for name, _, _ in metrics())
    (root / "models" / "schema.yml").write_text(f"version: 2\nmodels:\n{entries}\n")


if __name__ == "__main__":
    main()
