"""What the intake remembers of what it heard, to judge what it hears next.

It begins empty: after a restart clocks, jumps, standing values and clones are learned
anew. Nothing is taken back from the store for it.
"""

from dataclasses import dataclass, field

from ingest.judging.clock import Clocks
from ingest.judging.clone import Hosts
from ingest.judging.cloned import Rivalries
from ingest.judging.fix import Tracks
from ingest.judging.series import Standing


@dataclass(slots=True)
class Memory:
    """Of one intake; changed in place by what it judges.

    Attributes:
        reading_clocks: Of devices, by their readings.
        fix_clocks: Of devices, by their fixes: receivers have a clock of their own.
        standing: The newest reading of each series.
        tracks: The newest fix of each vehicle.
        hosts: Where devices that call us speak from.
        reading_rivalries: Stations whose name another speaks under.
        fix_rivalries: Vehicles whose name another speaks under.
    """

    reading_clocks: Clocks = field(default_factory=Clocks)
    fix_clocks: Clocks = field(default_factory=Clocks)
    standing: Standing = field(default_factory=Standing)
    tracks: Tracks = field(default_factory=Tracks)
    hosts: Hosts = field(default_factory=Hosts)
    reading_rivalries: Rivalries = field(default_factory=dict)
    fix_rivalries: Rivalries = field(default_factory=dict)
