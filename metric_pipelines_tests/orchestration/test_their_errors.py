"""The one line that an error of theirs comes to."""

from __future__ import annotations

import pytest

from metric_pipelines.orchestration.their_errors import telling

DBT = """dagster_dbt.errors.DagsterDbtCliRuntimeError: The dbt CLI process with command

`dbt build --select fqn:*`

failed with exit code `1`. Check the stdout, or view the dbt debug log: /x/dbt.log.

Errors parsed from dbt logs:

25 of 46 ERROR creating sql table model main.products ...... [\x1b[31mERROR\x1b[0m in 0.06s]

\x1b[31mFailure in model products (models/marts/products.sql)\x1b[0m

  Runtime Error in model products (models/marts/products.sql)
  Binder Error: Referenced column "no_such_column" not found in FROM clause!

  LINE 18: select *, no_such_column from products

\x1b[31mFailure in test unique_orders (models/orders.yml)\x1b[0m

  Database Error in model orders (models/marts/orders.sql)
  Catalog Error: Table with name stg_orders does not exist!
"""


@pytest.mark.parametrize(
    ("asset", "found"),
    [
        (
            "products",
            "Runtime Error in model products (models/marts/products.sql): "
            'Binder Error: Referenced column "no_such_column" not found in FROM clause!',
        ),
        (
            "orders",
            "Database Error in model orders (models/marts/orders.sql): "
            "Catalog Error: Table with name stg_orders does not exist!",
        ),
        (
            "skipped_below_products",
            "Runtime Error in model products (models/marts/products.sql): "
            'Binder Error: Referenced column "no_such_column" not found in FROM clause!',
        ),
    ],
)
def test_of_what_dbt_says_the_cause_is_told(asset: str, found: str) -> None:
    assert telling(DBT, asset) == found


def test_without_a_cause_that_dbt_names_its_first_lines_are_told() -> None:
    assert telling(DBT.partition("Errors parsed")[0], "orders") == (
        "dagster_dbt.errors.DagsterDbtCliRuntimeError: The dbt CLI process with command "
        "`dbt build --select fqn:*` failed with exit code `1`. Check the stdout, or view the dbt "
        "debug log: /x/dbt.log."
    )


def test_any_other_error_is_told_by_its_first_lines() -> None:
    assert telling("ValueError: relation orders does not exist\n", "orders") == (
        "ValueError: relation orders does not exist"
    )
    assert telling("", "orders") == ""
