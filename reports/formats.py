"""Numbers, times and measures as the reports show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import format_decimal, format_percent

from reports.catalogue import Catalogue

NONE = "–"
_SLIP = 1e-9  # of floating point, not of the facts
_MINUTE = 60_000_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Formats:
    """Formats of one language and one time zone."""

    t: Catalogue
    zone: str
    """IANA name; times are shown in it."""

    def number(self, value: float | None, digits: int = 2) -> str:
        """A number with thousands separated and at most so many decimals."""
        if value is None:
            return NONE
        return str(format_decimal(round(value, digits), locale=self.t.lang))

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share as per cent, cut rather than rounded where rounding would claim all or nothing."""
        if share is None:
            return NONE
        share = 1.0 if share > 1 - _SLIP else share
        step = 10 ** -(digits + 2)
        if 0 < share < 1:
            share = min(max(round(share, digits + 2), step), 1 - step)
        return str(format_percent(share, format=f"#,##0.{'#' * digits}%", locale=self.t.lang))

    def time(self, us: int | None) -> str:
        """An instant, to the minute, or to the second where it has seconds."""
        if us is None:
            return NONE
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).astimezone(self._zone())
        return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")

    def duration(self, us: int | None) -> str:
        """A stretch of time in its handiest unit."""
        if us is None:
            return NONE
        for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
            if us >= size:
                return self.t(f"duration.{unit}", n=self.number(us / size, 1))
        return self.t("duration.s", n=self.number(us / 1_000_000, 1))

    def measure(self, value: float | None, unit: str) -> str:
        """A measure or limit in its unit."""
        if value is None:
            return NONE
        text = self.number(value)
        return self.t(f"unit.{unit}", n=text) if f"unit.{unit}" in self.t.texts else f"{text} {unit}".strip()

    def size(self, octets: int) -> str:
        """Bytes."""
        return self.t("size.kb", n=self.number(octets / 1000, 1))

    @property
    def zone_id(self) -> str:
        """The zone in use: UTC where the name is not known."""
        return self._zone().key

    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")
