-- Three years around the center's own, so that no window or offset runs over the edge.
with days as (
    select unnest(generate_series(date '2016-01-01', date '2018-12-31', interval 1 day)) as at_midnight
),

named as (
    select cast(at_midnight as date) as date_day from days
)

select
    date_day,
    isodow(date_day) as weekday,
    cast(date_trunc('week', date_day) as date) as week_start,
    cast(date_trunc('month', date_day) as date) as month_start,
    cast(date_trunc('quarter', date_day) as date) as quarter_start,
    cast(date_trunc('year', date_day) as date) as year_start
from named
