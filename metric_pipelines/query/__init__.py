"""The one path to any number: published tables and kept cuts where they give it exactly, else the models at
the receipts' snapshots.

What was withheld is not computed anew here: a month answers with what its last receipt published, or not at
all. A period that touches a month that was never published is left out and named.

    answers    rows, and the months that are not as of now
    routes     the ways to an answer, and which is taken
    combining  published rows combined
    kept_cuts  rollups that are kept, as far as they are in force
    snapshots  the models as they were when receipts were given
    versions   what assets held as of a snapshot, and hold now
    saved      saved queries answered, their metrics side by side
    reader     all of it together, at one state of a center

Stays out: what may be asked (`dictionary/questions.py`), how a number is shown, who may ask.
"""

from metric_pipelines.dictionary.periods import touches
from metric_pipelines.query.answers import Answer, Explanation, Gap
from metric_pipelines.query.reader import Reader, open_for_reading
from metric_pipelines.query.saved import SavedAnswer, answer_saved

__all__ = [
    "Answer",
    "Explanation",
    "Gap",
    "Reader",
    "SavedAnswer",
    "answer_saved",
    "open_for_reading",
    "touches",
]
