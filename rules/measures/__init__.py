"""The measures there are: one module each, one line each in the table."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.measures import (
    bits,
    command,
    count,
    crossing,
    deviation,
    dimming,
    doubt,
    expression,
    from_rest,
    inside,
    late,
    outside,
    presence,
    rate,
    speed_inside,
    spread,
    stop,
    stuck,
    unanswered,
)
from rules.measures.measure import Columns, Measure, Settings

VALUE = 0
"""In `Slots.measure`: the sample itself. Others are their place in the table plus 1."""

MEASURES: tuple[Measure, ...] = (
    Measure.of(
        "outside",
        outside.OutsideSettings,
        outside.OutsideMemory,
        outside.OutsideColumns,
        compiled=outside.OutsideColumns.of,
        fresh=outside.OutsideMemory.fresh,
        measure=outside.measure,
    ),
    Measure.of(
        "rate",
        rate.RateSettings,
        rate.RateMemory,
        rate.RateColumns,
        compiled=rate.RateColumns.of,
        fresh=rate.RateMemory.fresh,
        measure=rate.measure,
    ),
    Measure.of(
        "inside",
        inside.InsideSettings,
        presence.Presence,
        inside.InsideColumns,
        compiled=inside.InsideColumns.of,
        fresh=inside.fresh,
        measure=inside.measure,
    ),
    Measure.of(
        "speed_inside",
        speed_inside.SpeedInsideSettings,
        presence.Presence,
        speed_inside.SpeedInsideColumns,
        compiled=speed_inside.SpeedInsideColumns.of,
        fresh=speed_inside.fresh,
        measure=speed_inside.measure,
    ),
    Measure.of(
        "crossing",
        crossing.CrossingSettings,
        crossing.CrossingMemory,
        crossing.CrossingColumns,
        compiled=crossing.CrossingColumns.of,
        fresh=crossing.CrossingMemory.fresh,
        measure=crossing.measure,
    ),
    Measure.of(
        "stop",
        stop.StopSettings,
        stop.StopMemory,
        stop.StopColumns,
        compiled=stop.StopColumns.of,
        fresh=stop.StopMemory.fresh,
        measure=stop.measure,
    ),
    Measure.of(
        "late",
        late.LateSettings,
        late.LateMemory,
        late.LateColumns,
        compiled=late.LateColumns.of,
        fresh=late.LateMemory.fresh,
        measure=late.measure,
    ),
    Measure.of(
        "expression",
        expression.ExpressionSettings,
        expression.ExpressionMemory,
        expression.ExpressionColumns,
        compiled=expression.ExpressionColumns.of,
        fresh=expression.ExpressionMemory.fresh,
        measure=expression.measure,
    ),
    Measure.of(
        "spread",
        spread.SpreadSettings,
        spread.SpreadMemory,
        spread.SpreadColumns,
        compiled=spread.SpreadColumns.of,
        fresh=spread.SpreadMemory.fresh,
        measure=spread.measure,
    ),
    Measure.of(
        "stuck",
        stuck.StuckSettings,
        stuck.StuckMemory,
        stuck.StuckColumns,
        compiled=stuck.StuckColumns.of,
        fresh=stuck.StuckMemory.fresh,
        measure=stuck.measure,
    ),
    Measure.of(
        "count",
        count.CountSettings,
        count.CountMemory,
        count.CountColumns,
        compiled=count.CountColumns.of,
        fresh=count.CountMemory.fresh,
        measure=count.measure,
    ),
    Measure.of(
        "deviation",
        deviation.DeviationSettings,
        deviation.DeviationMemory,
        deviation.DeviationColumns,
        compiled=deviation.DeviationColumns.of,
        fresh=deviation.DeviationMemory.fresh,
        measure=deviation.measure,
    ),
    Measure.of(
        "dimming",
        dimming.DimmingSettings,
        dimming.DimmingMemory,
        dimming.DimmingColumns,
        compiled=dimming.DimmingColumns.of,
        fresh=dimming.DimmingMemory.fresh,
        measure=dimming.measure,
    ),
    Measure.of(
        "from_rest",
        from_rest.FromRestSettings,
        from_rest.FromRestMemory,
        from_rest.FromRestColumns,
        compiled=from_rest.FromRestColumns.of,
        fresh=from_rest.FromRestMemory.fresh,
        measure=from_rest.measure,
    ),
    Measure.of(
        "doubt",
        doubt.DoubtSettings,
        doubt.DoubtMemory,
        doubt.DoubtColumns,
        compiled=doubt.DoubtColumns.of,
        fresh=doubt.DoubtMemory.fresh,
        measure=doubt.measure,
    ),
    Measure.of(
        "bits",
        bits.BitsSettings,
        bits.BitsMemory,
        bits.BitsColumns,
        compiled=bits.BitsColumns.of,
        fresh=bits.BitsMemory.fresh,
        measure=bits.measure,
    ),
    Measure.of(
        "command",
        command.CommandSettings,
        command.CommandMemory,
        command.CommandColumns,
        compiled=command.CommandColumns.of,
        fresh=command.CommandMemory.fresh,
        measure=command.measure,
    ),
    Measure.of(
        "unanswered",
        unanswered.UnansweredSettings,
        unanswered.UnansweredMemory,
        unanswered.UnansweredColumns,
        compiled=unanswered.UnansweredColumns.of,
        fresh=unanswered.UnansweredMemory.fresh,
        measure=unanswered.measure,
    ),
)
"""All measures. New ones go to the end."""


def compile_measures(
    asked: Sequence[Settings | None],
) -> tuple[NDArray[np.int8], tuple[Columns, ...]]:
    """Return the measure of each slot, and the columns of each measure.

    Args:
        asked: Of each slot; None for `VALUE`.
    """
    of_slot = np.full(len(asked), VALUE, np.int8)
    columns = []
    for number, measure in enumerate(MEASURES, VALUE + 1):
        slots = [s for s, one in enumerate(asked) if isinstance(one, measure.settings)]
        of_slot[slots] = number
        place = np.full(len(asked), -1, np.intp)
        place[slots] = np.arange(len(slots))
        settings = [one for one in asked if isinstance(one, measure.settings)]
        columns.append(measure.compile(place, settings))
    return of_slot, tuple(columns)
