-- TPC-DS, the benchmark of the Transaction Processing Performance Council, as DuckDB generates it: SYNTHETIC.
-- The same rows come each time; scale 1 is 5 million sales lines, 0.01 is 50,000.
load tpcds;
call dsdgen(sf = getvariable('scale'));
