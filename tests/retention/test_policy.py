"""What an operator may say about how long things are kept."""

import pytest

from gezhi.settings import SettingError, Settings
from rules.retention.policy import DEFAULT_DAYS, Policy, PolicyError, What


def test_with_nothing_said_the_journal_goes_and_what_was_measured_stays() -> None:
    policy = Policy.from_text("")
    assert policy.days == DEFAULT_DAYS
    assert policy.days[What.JOURNAL] == 14
    assert policy.days[What.READINGS] is policy.days[What.BUNDLES] is None


def test_words_change_what_they_name_and_nothing_else() -> None:
    policy = Policy.from_text("journal=30 positions=365 quarantine=forever")
    assert policy.days[What.JOURNAL] == 30
    assert policy.days[What.POSITIONS] == 365
    assert policy.days[What.QUARANTINE] is None
    assert policy.days[What.READINGS] is None
    assert Policy.from_text(policy.text()) == policy


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("jurnal=3", "none of"),
        ("journal=2", "from 3"),
        ("journal", "from 3"),
        ("readings=-1", "from 30"),
        ("positions=1e3", "from 30"),
        ("journal=36501", "36,500"),
        ("journal=60 readings=30", "as long as the journal"),
        ("journal=forever positions=400", "as long as the journal"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(words: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        Policy.from_text(words)


def test_a_process_does_not_start_with_a_policy_that_cannot_be() -> None:
    with pytest.raises(SettingError, match="GEZHI_KEEP_DAYS"):
        Settings.from_environ({"GEZHI_KEEP_DAYS": "journal=1"})
    kept = Settings.from_environ({"GEZHI_KEEP_DAYS": "journal=5"})
    assert Settings.from_environ(kept.environ()).policy().days[What.JOURNAL] == 5
