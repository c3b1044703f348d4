--en: Every day from the year before the example's on; lengthen it when it runs out.
--zh: 自示例数据前一年起的每一天；快用完时请延长。
select cast(unnest(generate_series(date '{{first_day}}', date '{{last_day}}', interval 1 day)) as date) as date_day
