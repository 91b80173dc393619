"""How far a bundle reaches, and how large it may become."""

from datetime import timedelta

BEFORE = (
    timedelta(minutes=15),
    timedelta(hours=2),
    timedelta(hours=12),
    timedelta(hours=48),
)
"""Stretches before the decision that are tried, one after the other."""

LONGEST_H = 48.0
"""The longest of them, in hours."""

AFTER = timedelta(minutes=5)
"""How far after the decision a bundle reaches."""

MOST_ENTRIES = 250_000
"""Most entries that are read for one bundle."""

MOST_ROWS = 500_000
"""Most readings and fixes in one bundle; a longer stretch is not tried beyond that."""

MOST_RECORDS = 5000
"""Most transactions of the worker whose triage is decided again for one bundle."""

MOST_JUDGED = 200
"""Most alarms whose own samples a bundle holds; of more, what the engine found of them
is taken as told."""

MOST_TURNS = 5000
"""Most turns of alarms that triage is given again; of more, it is told what it did."""

MOST_OCTETS = 8 * 1024 * 1024
"""Largest bundle that is kept with a case, before it is deflated."""

GONE = "the journal's entries of that time are not kept any more"
"""Why there is no bundle."""

UNRECORDED = "what triage went by at that time was not written down"
TOO_LARGE = "triage remembered too much at that time to write it down"
TOO_MANY = (
    "too many alarms hang together here to decide again on what became of this one:"
    f" more than {MOST_TURNS} turns"
)
"""Why what became of an alarm is only told."""
