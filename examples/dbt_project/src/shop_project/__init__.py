"""A dbt project in Dagster, and a metric center beside it."""
