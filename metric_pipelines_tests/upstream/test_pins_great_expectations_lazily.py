"""Great Expectations imports scipy.stats for one expectation: it works when it is loaded at its first use."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys, warnings
warnings.simplefilter("ignore")
import duckdb
from metric_pipelines.dictionary.yaml_types import Column, Expectation
from metric_pipelines.quality.expectations import Expectations, Judged
from metric_pipelines.quality.rules import Rules

con = duckdb.connect()
con.execute("create table t as select * from (values (1), (2), (2), (3), (3), (3)) v(a)")

def judged(expect, **arguments):
    asked = Expectation(expect=expect, column="a", **arguments)
    rules = Rules({"a": Column(type="int64")}, expectations=[asked])
    return Expectations(con).verdicts([Judged("t", rules, [""], {"": 6}, "here")])[0][""].passed

assert judged("expect_column_values_to_be_between", min_value=1)
assert "scipy.stats._stats_py" not in sys.modules
shares = {"values": [1, 2, 3], "weights": [0.2, 0.3, 0.5]}
assert judged("expect_column_kl_divergence_to_be_less_than", partition_object=shares, threshold=0.1)
assert not judged("expect_column_kl_divergence_to_be_less_than", partition_object=shares, threshold=0.0001)
assert "scipy.stats._stats_py" in sys.modules
"""


def test_scipy_is_loaded_when_the_one_expectation_that_needs_it_is_asked() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
