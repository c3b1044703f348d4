"""What each key of the YAML files means, for the reference. A key without a sentence fails the check.

Types and defaults are not repeated here: they are read from the models in `dictionary/`.
"""

from __future__ import annotations

KEYS: dict[str, dict[str, str]] = {
    "CenterFile": {
        "name": "Name of the center.",
        "label": "What people call it.",
        "description": "What it covers, from where, in whose time.",
        "language": "Language of the command line where none is asked for.",
        "time_zone": "IANA name of the zone that days are told in; the clock and the schedule follow it.",
        "week_start": "First day of a week.",
        "partitions": "The months the center covers.",
        "clock": "What day it is for the center: what is due, and where a period ends, follows from it.",
        "refresh_at": "When the nightly refresh starts: a cron expression in the center's zone.",
        "departments": "The departments that own metrics, by key.",
        "retired": "Names that no metric may have again.",
    },
    "PartitionRange": {
        "start": "First month.",
        "end": "Last month; without it, the clock's month.",
    },
    "Clock": {
        "today": "`real` (the machine's), a fixed day, or `newest_source_day` (the newest day the "
        "sources hold).",
    },
    "Department": {"label": "What people call it."},
    "Retired": {
        "name": "A metric's name, label, code or synonym.",
        "on": "Since when.",
        "reason": "Why; a text that must say something.",
        "replaced_by": "The metric to be used instead; it may have the name as a synonym.",
    },
    "Source": {
        "name": "Name of the source system; the first part of its tables' asset keys.",
        "label": "What people call it.",
        "description": "What it records.",
        "owners": "Who answers for it.",
        "connection": "SQLAlchemy URL, database file (`sqlite:///sources/crm.sqlite`, `duckdb:///...`) or "
        "folder of files (`file:exports`), relative to the home folder; `${NAME}` and `${NAME:-default}` "
        "come from the environment.",
        "time_zone": "Zone of its time stamps that have none.",
        "tables": "The tables that are read, by name.",
    },
    "SourceTable": {
        "table": "Name in the source system, where it differs from the key; a file, or a pattern of files.",
        "asset": "The asset in Dagster that makes this table (a dbt model, a dlt table): its key as a list, "
        "or as `dbt/orders`. While it is failed, nothing is taken from it.",
        "label": "What people call it.",
        "description": "What a row is.",
        "partition_by": "Time column that tells a row's month; without it the table is read as a whole.",
        "reread": "How many of the newest months every refresh reads again (`all`: all of them).",
        "incremental": "Read what changed by a cursor column, instead of months; not of files.",
        "in_place": "Read Parquet files where they stand and keep no copy of them: for files that are "
        "too large to copy. What was computed from other files can then not be asked anew.",
        "columns": "The contract: every column that is read, by name.",
        "read": "How its files are read.",
        "checks": "Rules about the table.",
    },
    "Incremental": {
        "cursor": "Column that grows with every insert and update: a time of change, or a number.",
        "key": "Columns that tell a row from all others, also when it changed.",
        "overlap": "How far before the last cursor seen is read again, for rows that were committed late: "
        "days of a date or time stamp, numbers of an int64.",
    },
    "SourceColumn": {
        "from": "Name in the source, where it differs from the key.",
        "format": "How dates or times are written there, as for `strptime`: `%d.%m.%Y`.",
    },
    "Reading": {
        "encoding": "Encoding of CSV files: `utf-8`, `gb18030`, `latin-1` and what else Python knows.",
        "delimiter": "What separates the columns; without it, told from the header.",
        "decimal": "The sign before decimals.",
        "thousands": "The sign between thousands.",
        "sheet": "Name of the sheet; without it, the first.",
        "header_row": "The row of the file that holds the names, counted from 1.",
        "header_rows": "How many rows hold the names: they are joined, merged cells count for all they span.",
    },
    "Column": {
        "type": "`int64`, `string`, `date`, `timestamp`, `double`, `boolean`, `decimal(18,2)`, or `any`.",
        "nullable": "Whether it may be empty.",
        "min": "Smallest value allowed.",
        "max": "Largest value allowed.",
        "isin": "The only values allowed.",
        "matches": "A regular expression that texts match.",
        "description": "What it holds, where the name does not say it.",
    },
    "TableRules": {
        "unique": "Lists of columns that are unique together.",
        "min_rows": "Fewest rows of a month (or of the whole).",
        "max_rows": "Most rows of a month (or of the whole).",
        "expectations": "Great Expectations rules.",
    },
    "Expectation": {
        "expect": "The rule's name; all other keys are its arguments.",
        "severity": "`error` withholds the month, `warn` only tells.",
    },
    "Model": {
        "name": "Name of the model; the SQL stands beside it in `<name>.sql`.",
        "label": "What people call it.",
        "description": "What a row is.",
        "owners": "Who answers for it.",
        "partition_by": "Date column that tells a row's month; without it the model is computed as a whole.",
        "look_back": "Months before its own that a month is computed from (`all`: all of them).",
        "look_ahead": "Months after its own that a month is computed from.",
        "time": "Date column that its metrics are counted by.",
        "time_granularity": "How fine that column is: a day, or `month` where a row stands for a month.",
        "materialized": "Whether its rows are kept (`table`), or its query (`view`): for what is read once a "
        "night, and larger than what is made of it.",
        "time_spine": "Whether it is the calendar: exactly one model is.",
        "entities": "What its rows identify; models join on entities of one name.",
        "dimensions": "What its metrics can be grouped and filtered by, by name; models that join to it on "
        "an entity ask for them as `<entity>__<dimension>`.",
        "columns": "The contract: every column, by name.",
        "checks": "Rules about the table.",
    },
    "Entity": {
        "name": "Name of the entity.",
        "type": "What the column is to this model.",
        "expr": "The column, or an expression over columns.",
    },
    "Dimension": {
        "type": "`categorical` or `time`.",
        "expr": "The column, or an expression over columns, where it differs from the key.",
        "label": "What people call it.",
        "changing": "It is what it was on the row's day: what counts rows on other days cannot be asked by "
        "it.",
        "values": "Its members as the data has them, each with a label in both languages; others may come, "
        "and are shown as they are. `UNKNOWN` has a label without being listed.",
        "ordinal": "Whether the members have the order in which `values` lists them; what is not listed and "
        "`UNKNOWN` come last.",
    },
    "MetricCard": {
        "name": "Name of the metric: never reused, and its asset key, column and view.",
        "code": "Number in the company's list of metrics (指标编号); unique.",
        "label": "What people call it.",
        "description": "What it means to the business, in one sentence.",
        "purpose": "What it is for.",
        "counted": "What is counted in.",
        "not_counted": "What is left out, and where a similar metric counts it.",
        "caveats": "What a reader must know before drawing conclusions.",
        "scenario": "Reports and meetings it is used in.",
        "synonyms": "Other words for it, in both languages; a word that two metrics share must be marked as "
        "intended.",
        "intended": "Quarrels with other metrics that are meant so, marked in either of the two.",
        "department": "The department that owns it.",
        "owners": "Who answers for it.",
        "tier": "1 board level, 2 department level, 3 team level.",
        "unit": "ISO 4217 currency, `%` (values are shares: 0.14 is 14 %), or what is counted.",
        "direction": "Which way is good.",
        "target": "The value to reach.",
        "refresh_frequency": "How often its users expect it anew.",
        "reviewed_on": "When its definition was last reviewed.",
        "review_every": "How often it is to be reviewed.",
        "grain": "Length of the periods it is published by.",
        "coarsest_grain": "The longest periods by which it means anything; default: any. A growth on the "
        "month before is asked by month.",
        "dimensions": "Dimensions it is published by: of its model, or `<entity>__<dimension>` of a model "
        "that it joins to.",
        "rollups": "Cuts kept beside its values, each a grain and dimensions of its models, such as "
        "`[month, department]`: computed from the models at that grain, reconciled, and published with it.",
        "filter": "Condition over the columns of all models it is computed from.",
        "checks": "Rules on its values.",
        "freshness": "By when it should be there.",
    },
    "Intended": {
        "with": "The other metric: called by the same word and computed otherwise, or computed alike under "
        "another name.",
        "reason": "Why that is meant so; a text that must say something.",
    },
    "DraftMetric": {
        "type": "`draft`: in the dictionary, not computed yet.",
        "name": "Name of the metric-to-be.",
        "label": "What people call it.",
        "department": "The department that owns it.",
        "code": "Number in the company's list of metrics (指标编号); unique.",
        "description": "What it means to the business (业务口径).",
        "purpose": "What it is for.",
        "counted": "What is counted in.",
        "not_counted": "What is left out.",
        "caveats": "What a reader must know before drawing conclusions.",
        "scenario": "Reports and meetings it is used in.",
        "synonyms": "Other words for it, in both languages.",
        "owners": "Who answers for it, as far as known.",
        "tier": "1 board level, 2 department level, 3 team level.",
        "unit": "ISO 4217 currency, `%`, or what is counted.",
        "direction": "Which way is good.",
        "target": "The value to reach.",
        "refresh_frequency": "How often its users expect it anew.",
        "reviewed_on": "When its definition was last reviewed.",
        "formula_in_words": "How it is computed, in words or as a list has it.",
        "notes": "What else was written about it, by the heading it stood under.",
        "origin": "Where it was read from.",
    },
    "DraftOwners": {
        "business": "Mail address of who answers for its meaning.",
        "technical": "Mail address of who answers for its computation.",
    },
    "DraftOrigin": {
        "file": "Name of the file.",
        "sheet": "Its sheet.",
        "row": "The row, as a spreadsheet numbers it.",
    },
    "MetricChecks": {
        "min": "Smallest value allowed.",
        "max": "Largest value allowed.",
        "min_rows": "Fewest rows a month.",
        "expectations": "Great Expectations rules; the column is `value`.",
        "reconcile": "Whether its values are compared with a query of the models for it alone; so are those "
        "of a metric with `rollups`.",
    },
    "Freshness": {
        "deadline": "Cron expression, in the center's zone.",
        "within_days": "How many days old its newest day may be.",
    },
    "Owners": {
        "business": "Mail address of who answers for its meaning.",
        "technical": "Mail address of who answers for its computation.",
    },
    "SimpleMetric": {
        "type": "`simple`: an aggregate over a model's rows.",
        "model": "The model.",
        "agg": "How rows are aggregated.",
        "expr": "Column or expression that is aggregated; `1` counts rows.",
        "percentile": "Which one, between 0 and 1, where `agg` is `percentile`.",
        "percentile_type": "Between two values, or one of them.",
        "time": "Date column, where it is not the model's own.",
        "additive": "Dimensions (and `time`) over which values add up; default: all for sum and "
        "count, else none. What is declared of a distinct count is proven on the data of each month, "
        "which is withheld where it does not hold; of an average, min, max, median or percentile it is "
        "refused.",
        "non_additive_dimension": "The time over which values do not add up, such as balances.",
        "fill_nulls_with": "The value where there is none.",
        "join_to_timespine": "Whether there is a value on each day of the calendar.",
    },
    "NonAdditiveDimension": {
        "name": "The time dimension.",
        "window_agg": "Of a period its first day counts, or its last.",
        "group_by": "Entities whose first or last day is taken each for itself.",
    },
    "RatioMetric": {
        "type": "`ratio`: numerator over denominator.",
        "numerator": "A metric.",
        "denominator": "A metric; no value where it is zero or missing.",
    },
    "DerivedMetric": {
        "type": "`derived`: an expression over metrics.",
        "expr": "The expression, over names or aliases of its inputs.",
        "metrics": "Its inputs.",
    },
    "MetricInput": {
        "name": "A metric.",
        "filter": "Condition that goes for it here, over the columns of its models.",
    },
    "DerivedInput": {
        "name": "A metric.",
        "filter": "Condition that goes for it here, over the columns of its models.",
        "alias": "Its name in the expression.",
        "offset_window": "How far back it is read, such as `1 month`.",
        "offset_to_grain": "Read at the start of this period.",
    },
    "CumulativeMetric": {
        "type": "`cumulative`: a metric added up over time.",
        "metric": "The metric that is added up.",
        "window": "Over the last days, such as `28 days`.",
        "grain_to_date": "Or since the start of this period.",
        "period_agg": "Which of its days stands for a coarser period; default: the last with values.",
    },
    "ConversionMetric": {
        "type": "`conversion`: of base events, those followed by a conversion.",
        "entity": "The entity that base and conversion share.",
        "base_metric": "What is counted at first.",
        "conversion_metric": "What is to follow.",
        "window": "Within how long, such as `7 days`.",
        "calculation": "A share, or a number.",
        "constant_properties": "Entities or dimensions that must be the same in both.",
        "fill_nulls_with": "Conversions of base events that nothing followed.",
    },
    "SavedQuery": {
        "name": "Name of the query, and of its file.",
        "label": "What it asks, in a few words.",
        "description": "What it is for.",
        "metrics": "The metrics, side by side.",
        "by": "Dimensions; a time dimension by a grain as `paid_at__month`, one of a model that is joined to "
        "as `customer__region`.",
        "grain": "Length of a period; default: the coarsest of its metrics'.",
        "filter": "Condition over dimensions that all its metrics have, and `metric_time`.",
        "order_by": "Columns it is ordered by, `-` before those from the highest down; default: period and "
        "dimensions.",
        "limit": "How many rows at most.",
    },
    "Channel": {
        "name": "Name of the channel, and of its file.",
        "url": "Apprise URL; its secret parts as `${NAME}`: the value of that environment variable as it is, "
        "not percent-encoded. A variable alone may hold a whole URL, or the address of a robot's webhook.",
        "language": "Language of its messages; default: the center's.",
        "on": "What it is told of: `withheld` by a check; `unavailable`, a source could not be read; "
        "`failed`, the run itself, or something that was asked for and never computed.",
        "departments": "Only alerts about metrics of these departments.",
        "owners": "Only alerts about what these mail addresses own.",
        "tier": "Only alerts about metrics of this tier and above: `1` is board level alone.",
        "allow_private": "Whether it may lead to a private, loopback or reserved address; mail always may.",
    },
}
