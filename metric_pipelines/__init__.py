"""A metric center on the Dagster asset graph: each metric defined once, checked, owned, and published only
when it passes.
"""
