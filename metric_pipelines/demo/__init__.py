"""The demo room: one grocer's year laid out as the three source systems the shipped center reads.

`layout.load` lays the systems out, `changes` lets time pass in them or breaks and mends a month. What does
not belong here: anything of the center. The rest of the package knows these databases only as sources, like
anybody's.
"""
