"""The one path to any number: published tables where they give it exactly, else the models at the receipts'
snapshots.

What was withheld is not computed anew here: a month answers with what its last receipt published, or not at
all. A period that touches a month that was never published is left out and named.

    answers    rows, and the months that are not as of now
    questions  what may be asked, checked
    periods    weeks, months, quarters, years
    rollups    published rows combined
    snapshots  the models as they were when receipts were given
    reader     all of it together, at one state of a center

Stays out: how a number is shown, who may ask.
"""

from metric_pipelines.query.answers import Answer, Gap
from metric_pipelines.query.periods import touches
from metric_pipelines.query.reader import Reader, open_for_reading

__all__ = ["Answer", "Gap", "Reader", "open_for_reading", "touches"]
