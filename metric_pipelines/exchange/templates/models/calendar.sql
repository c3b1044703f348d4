-- Every day from a year before the center's first month on; lengthen it when it runs out.
select cast(unnest(generate_series(date '{{first_day}}', date '{{last_day}}', interval 1 day)) as date) as date_day
