"""Dagster's own tests of event log storages, run over ours.

    python -m metric_pipelines_tests.dagsters_suite

They are in Dagster's source distribution: that of the installed version is fetched from the package index,
and nothing of it is kept here. It is a step of CI of its own, since it needs the index.
"""
