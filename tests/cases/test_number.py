from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cases.number import NumbersSpentError, case_number, day_of

DAY = date(2026, 11, 21)


def test_a_number_is_county_day_and_sequence() -> None:
    assert case_number("990102", DAY, 7) == "9901022026112100007"


def test_a_county_s_day_has_99_999_numbers() -> None:
    assert case_number("990102", DAY, 99_999).endswith("99999")
    with pytest.raises(NumbersSpentError):
        case_number("990102", DAY, 100_000)


def test_the_day_is_the_city_s_own() -> None:
    late = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert day_of(late, ZoneInfo("Asia/Shanghai")) == DAY
    assert day_of(late, UTC) == date(2026, 11, 20)
