"""What a metric is, as SQL: the dictionary becomes a semantic manifest, MetricFlow makes SQL of it.

Belongs here: manifests, compiling (all contact with MetricFlow in `metricflow_sql.py`), staging of groups of
metrics, column lineage. Stays out: contracts, publication, and who may ask.
"""
