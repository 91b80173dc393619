"""What the journal says of commands, noted where `rules.measures.unanswered` judges.

sent                      the clock runs, if it does not yet
acked, refused,           the device answers: nothing is owed, and neither this
effect seen or not          order nor one before it waits any more
expired, cancelled        this order waits no more
"""

from rules.engine.learned import CommandWord
from rules.measures.unanswered import NO_ORDER, UnansweredMemory
from vocabulary.command import State

ANSWERS = frozenset(
    {State.ACKED, State.REFUSED, State.EFFECT_SEEN, State.EFFECT_NOT_SEEN}
)
"""States in which the device has said something to the order, or shown it.

Some wires answer at once, by what the device shows: such an effect is an answer. That
the effect was seen though no answer came is one, too: it has heard."""


def note_word(
    memory: UnansweredMemory, row: int, word: CommandWord, at_us: int
) -> None:
    """Note a word on a command of an order that is judged.

    Args:
        memory: Changed in place.
        row: Of the slot.
        word: What is said.
        at_us: The entry's time.
    """
    waits = memory.number[row] != NO_ORDER
    match word.state:
        case State.SENT:
            if not waits:
                memory.since_us[row] = memory.heard_us[row] = at_us
                memory.waited_us[row] = 0
            memory.number[row] = max(memory.number[row], word.number)
        case State.EXPIRED | State.CANCELLED if memory.number[row] == word.number:
            memory.number[row] = NO_ORDER
        case state if state in ANSWERS:
            memory.is_owed[row] = False
            if memory.number[row] <= word.number:
                memory.number[row] = NO_ORDER
        case _:
            pass
