"""The gate: what is due, and stage -> audit -> publish or withhold -> receipt.

Belongs here: the standing of every (asset, partition), the plan, the four moves, health. Stays out: Dagster,
how a number is computed (`ingest`, `transform`, `semantics`), how it is judged (`quality`).
"""
