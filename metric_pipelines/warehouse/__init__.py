"""The lake: DuckLake on DuckDB. Connections, transactions, tables by month, wide group tables and their
views.

Belongs here: every DuckDB connection of the package and everything that writes to the lake. Stays out: what a
number means, whether it may be published (`publication/`).
"""
