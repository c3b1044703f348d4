"""The Dagster adapter: assets, checks, partitions, the job `refresh`, its schedule, the sensor `follow`, the
reaper, storage.

Everything Dagster is here and nowhere else; an asset body is one call into `publication/`. Stays out: what is
due and what passes (`publication/`), what an asset is (`dictionary/graph.py`).
"""
