-- The example's rows: five tickets in each of three months.
create table tickets (ticket_id integer primary key, opened_on text, topic text, hours numeric);
insert into tickets values
    (1, '{{month_1}}-03', 'network', '1.50'),
    (2, '{{month_1}}-03', 'software', '0.50'),
    (3, '{{month_1}}-11', 'hardware', '4.25'),
    (4, '{{month_1}}-19', 'network', '2.00'),
    (5, '{{month_1}}-26', 'software', '0.75'),
    (6, '{{month_2}}-02', 'software', '1.25'),
    (7, '{{month_2}}-09', 'network', '3.00'),
    (8, '{{month_2}}-09', 'hardware', '2.75'),
    (9, '{{month_2}}-17', 'software', '0.25'),
    (10, '{{month_2}}-24', 'network', '1.00'),
    (11, '{{month_3}}-04', 'hardware', '3.50'),
    (12, '{{month_3}}-12', 'software', '1.00'),
    (13, '{{month_3}}-12', 'network', '2.50'),
    (14, '{{month_3}}-20', 'software', '0.50'),
    (15, '{{newest_day}}', 'network', '1.75');
