"""One entry's triage in the making: columns of its own, and what was decided so far."""

from collections.abc import Iterator
from dataclasses import replace

from rules.engine.transition import Transition
from rules.files.rule import Rule
from rules.triage.decision import Decision, File, Note
from rules.triage.desk import (
    NEVER_DUE,
    Budget,
    BudgetKey,
    Bundle,
    BundleKey,
    Crowd,
    Desk,
    Flap,
    Handling,
    Held,
)
from rules.triage.layout import Layout
from rules.triage.turn import AlarmKey, Turn
from vocabulary.times import SECOND_US


class Members:
    """The members of a group or storm, to be added to; see `Crowd`."""

    def __init__(self, crowd: Crowd) -> None:
        self.standing = set(crowd.standing)
        self.bad = set(crowd.bad)
        self.silent = set(crowd.silent)

    def crowd(self) -> Crowd:
        """Return them as they are kept."""
        return Crowd(
            frozenset(self.standing), frozenset(self.bad), frozenset(self.silent)
        )


class Work:
    """A desk that may be changed, for one entry.

    Attributes:
        layout: What hangs from what.
        seq: The entry.
        at_us: Its time.
        held: As in `Desk`, and so the others.
        decisions: In order.
    """

    def __init__(self, layout: Layout, desk: Desk, *, seq: int, at_us: int) -> None:
        self.layout = layout
        self.seq = seq
        self.at_us = at_us
        self.held: dict[AlarmKey, Held] = dict(desk.held)
        self.near: dict[BundleKey, tuple[AlarmKey, ...]] = dict(desk.near)
        self.flaps: dict[AlarmKey, Flap] = dict(desk.flaps)
        self.bundles: dict[BundleKey, Bundle] = dict(desk.bundles)
        self._crowds = desk.crowds
        self._members: dict[BundleKey, Members] = {}
        self.budgets: dict[BudgetKey, Budget] = dict(desk.budgets)
        self.decisions: list[Decision] = []

    def members(self, key: BundleKey) -> Members:
        """Return the members of a group or storm."""
        if key not in self._members:
            self._members[key] = Members(self._crowds.get(key, Crowd()))
        return self._members[key]

    def forget(self, key: BundleKey) -> None:
        """Let the next group or storm of this name begin without members."""
        self._members[key] = Members(Crowd())

    def rule(self, key: AlarmKey) -> Rule:
        """Return the rule of an alarm."""
        return self.layout.rules[key.rule]

    def raised_now(self, turn: Turn) -> Transition:
        """Return an alarm as if this entry had raised it; its row says when it was."""
        return turn.transition(self.rule(turn.key), seq=self.seq, at_us=self.at_us)

    def change(self, key: AlarmKey, **changes: object) -> Held:
        """Change what is known of a standing alarm, and return it."""
        self.held[key] = held = replace(self.held[key], **changes)  # type: ignore[arg-type] # the names are Held's
        return held

    def file(self, key: AlarmKey, transition: Transition) -> None:
        """Let the cases have an alarm that stands."""
        held = self.change(key, handling=Handling.FILED, window_id=0, due_us=NEVER_DUE)
        self.decisions.append(File(alarm=held.turn.ref, transition=transition))

    def note(
        self,
        key: AlarmKey,
        transition: Transition,
        handling: Handling,
        *,
        window_id: int = 0,
        due_us: int = NEVER_DUE,
    ) -> None:
        """Keep an alarm that stands from the cases."""
        held = self.change(key, handling=handling, window_id=window_id, due_us=due_us)
        self.decisions.append(
            Note(
                alarm=held.turn.ref,
                transition=transition,
                handling=handling,
                window_id=window_id,
            )
        )

    def due(self, handling: Handling) -> Iterator[Held]:
        """Yield alarms of one handling whose time has come, the longest due first."""
        found = [
            held
            for held in self.held.values()
            if held.handling is handling and held.due_us <= self.at_us
        ]
        yield from sorted(found, key=lambda held: (held.due_us, held.turn.key))

    def desk(self) -> Desk:
        """Return what is left to remember."""
        return Desk(
            held=self.held,
            near=self.near,
            flaps=self.flaps,
            bundles=self.bundles,
            crowds={key: self._crowd(key) for key in self.bundles},
            budgets=self.budgets,
            wake_us=self._wake_us(),
        )

    def _crowd(self, key: BundleKey) -> Crowd:
        changed = self._members.get(key)
        return self._crowds.get(key, Crowd()) if changed is None else changed.crowd()

    def _wake_us(self) -> int:
        flapping = self.layout.settings.flapping
        settled_us = 0 if flapping is None else us(flapping.settled_s)
        storm = self.layout.settings.storm
        quiet_us = 0 if storm is None else us(storm.quiet_s)
        dues = [held.due_us for held in self.held.values()]
        dues += [flap.last_us + settled_us for flap in self.flaps.values()]
        for bundle in self.bundles.values():
            dues.append(bundle.worst_due_us)
            if bundle.is_storm:
                ends_us = bundle.joined_us + quiet_us
                rest_us = ends_us + quiet_us
                dues.append(ends_us if bundle.takes else NEVER_DUE)
                dues.append(rest_us if rest_us > self.at_us else NEVER_DUE)
        return min(dues, default=NEVER_DUE)


def us(seconds: float) -> int:
    """Return seconds as microseconds."""
    return round(seconds * SECOND_US)


def is_safety(rule: Rule, transition: Transition | Turn) -> bool:
    """Tell whether an alarm, as it stands, may never be held back."""
    return rule.is_safety(transition.severity)
