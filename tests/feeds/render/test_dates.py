from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from feeds.render.dates import EARLIEST, entry_date, rfc822, rfc3339

MOMENT = datetime(2019, 5, 1, 6, 8, 50, 999_999, tzinfo=UTC)


def test_moments_are_written_in_utc_and_whole_seconds() -> None:
    assert rfc3339(MOMENT) == "2019-05-01T06:08:50Z"
    assert rfc822(MOMENT) == "Wed, 01 May 2019 06:08:50 +0000"


def test_another_zone_is_converted() -> None:
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=-7)))
    assert (rfc3339(elsewhere), rfc822(elsewhere)) == (rfc3339(MOMENT), rfc822(MOMENT))


def test_years_have_four_digits() -> None:
    early = datetime(987, 1, 2, tzinfo=UTC)
    assert rfc3339(early) == "0987-01-02T00:00:00Z"
    assert rfc822(early) == "Tue, 02 Jan 0987 00:00:00 +0000"


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        pytest.param(datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC), EARLIEST, id="the moon"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), EARLIEST, id="long ago"),
        pytest.param(datetime(1970, 1, 1, tzinfo=UTC), EARLIEST, id="what computers call zero"),
        pytest.param(EARLIEST, EARLIEST, id="just so"),
        pytest.param(MOMENT, MOMENT, id="any other day"),
    ],
)
def test_entries_tell_no_date_before_1970(moment: datetime, told: datetime) -> None:
    assert entry_date(moment) == told


@pytest.mark.parametrize("write", [rfc3339, rfc822])
def test_a_moment_without_zone_is_never_read_in_the_machines_own(
    write: Callable[[datetime], str],
) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        write(MOMENT.replace(tzinfo=None))
