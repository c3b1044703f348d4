"""The dictionary as static pages: cards, departments, owners, sources, quarrels, changes; opened without a
server.

Belongs here: what the pages say, how they look, and writing them as a whole. Stays out: Dagster, the clock,
settings (handed in), and anything that computes a metric.
"""
