"""The conditions a rule may have: one module each, one line each in the table.

A condition's module has a frozen dataclass of what the YAML says, which is a
`rules.files.rule.Condition`, and `read(top, section)`, which makes it from the rule
file.
"""

from collections.abc import Callable, Mapping

from rules.conditions import (
    command,
    count,
    crossing,
    deviation,
    dimming,
    expression,
    from_rest,
    geofence,
    late,
    overspeed,
    ponding,
    quality,
    rate,
    silence,
    speed_inside,
    spread,
    stop,
    stuck,
    threshold,
)
from rules.files.located import Section
from rules.files.rule import Condition

READERS: Mapping[str, Callable[[Section, Section], Condition]] = {
    "threshold": threshold.read,
    "rate": rate.read,
    "overspeed": overspeed.read,
    "geofence": geofence.read,
    "crossing": crossing.read,
    "stop": stop.read,
    "late": late.read,
    "speed_inside": speed_inside.read,
    "silence": silence.read,
    "spread": spread.read,
    "stuck": stuck.read,
    "count": count.read,
    "deviation": deviation.read,
    "expression": expression.read,
    "dimming": dimming.read,
    "from_rest": from_rest.read,
    "ponding": ponding.read,
    "quality": quality.read,
    "command": command.read,
}
"""How the condition of each type is read, from the whole file and its own section."""
