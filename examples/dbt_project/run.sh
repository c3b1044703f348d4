#!/usr/bin/env bash
# One command: installs the example into .venv (unless dagster-dbt is here already), and opens Dagster.
set -euo pipefail
cd "$(dirname "$0")"
export DAGSTER_HOME="$PWD/.dagster" SHOP_DUCKDB="$PWD/data/shop.duckdb"
mkdir -p "$DAGSTER_HOME" data
touch "$DAGSTER_HOME/dagster.yaml"
if ! python3 -c "import dagster_dbt, metric_pipelines" 2>/dev/null; then
    test -x .venv/bin/python || python3 -m venv .venv
    .venv/bin/python -m pip install --quiet -e ../.. -e .
    PATH="$PWD/.venv/bin:$PATH"
fi
export PYTHONPATH="$PWD/src${PYTHONPATH:+:$PYTHONPATH}"
exec dagster dev -m shop_project.definitions "$@"
