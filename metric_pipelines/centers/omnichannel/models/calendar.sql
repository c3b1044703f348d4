-- A year more on either side, so that no offset, window or year to date runs over the edge.
with days as (
    select unnest(generate_series(date '1997-01-01', date '2003-12-31', interval 1 day)) as at_midnight
)

select
    cast(at_midnight as date) as date_day,
    isodow(at_midnight) as weekday,
    cast(date_trunc('week', at_midnight) as date) as week_start,
    cast(date_trunc('month', at_midnight) as date) as month_start,
    cast(date_trunc('quarter', at_midnight) as date) as quarter_start,
    cast(date_trunc('year', at_midnight) as date) as year_start
from days
