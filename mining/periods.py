"""Days, weeks, months, quarters and years that a log reaches into."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from mining.bound_log import BoundLog
from mining.clock import EPOCH, HOUR_US, day_table

PERIOD_COLUMNS = {"period": "string", "from_us": "int64", "until_us": "int64"}
_ALIAS = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
_LONGEST_US = 367 * 24 * HOUR_US


def begin_of(bound: BoundLog) -> int:
    """From when on the log is whole: the begin of its window where that is stated, else its first event."""
    since = bound.log.provenance.window.from_us
    return int(bound.events.t_us.min().execute()) if since is None else since


def periods_of(bound: BoundLog, per: str) -> pd.DataFrame:
    """The periods that the log reaches into, in the zone of the model's calendar.

    PERIOD_COLUMNS: period (its first day, ISO 8601), from_us, until_us (microseconds since the epoch, UTC).
    """
    calendar = bound.model.calendars[bound.model.idle_calendar]
    since_us, until_us = begin_of(bound), bound.as_of_us
    days = day_table(calendar, "days", since_us - _LONGEST_US, until_us)
    dates = pd.to_datetime([EPOCH + timedelta(days=int(day)) for day in days["day"]])
    days["period"] = dates.to_period(_ALIAS[per]).start_time.strftime("%Y-%m-%d")
    found = days.groupby("period", as_index=False).agg(
        from_us=("starts_us", "min"), until_us=("ends_us", "max")
    )
    return found.loc[(found["until_us"] > since_us) & (found["from_us"] <= until_us)]
