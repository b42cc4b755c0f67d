"""Numbers, times and measures as the reports show them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
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

    def number(self, value: float | None, digits: int = 2, *, beside: float | None = None) -> str:
        """A number with thousands separated and at most so many decimals; see `_honest` for `beside`."""
        if value is None:
            return NONE
        least = 10**-digits
        if 0 < value < least and round(value, digits) == 0:
            return f"< {self._decimal(least, digits)}"
        return _honest(value, beside, lambda each: self._decimal(each, digits))

    def floored(self, value: float | None, digits: int = 4) -> str:
        """A number between 0 and 1, cut after so many decimals: 0.99998 is not 1."""
        if value is None:
            return NONE
        scale = 10**digits
        cut = math.floor(value * scale + _SLIP) / scale
        return f"< {self._decimal(1 / scale, digits)}" if cut == 0 < value else self._decimal(cut, digits)

    def percent(self, share: float | None, digits: int = 1, *, beside: float | None = None) -> str:
        """A share as per cent; '> 99.9%' and '< 0.1%' where rounding would claim all or nothing.

        `beside` is a share that it is compared with, such as a target: rounding never makes them equal.
        """
        if share is None:
            return NONE
        share = 1.0 if abs(share - 1) < _SLIP else share
        step = 10 ** -(digits + 2)
        if 0 < share < 1 and round(share, digits + 2) in (0, 1):
            sign, near = ("<", step) if share < step else (">", 1 - step)
            return f"{sign} {self._per_cent(near, digits)}"
        return _honest(share, beside, lambda each: self._per_cent(each, digits))

    def _decimal(self, value: float, digits: int) -> str:
        return _decimal(round(value, digits) + 0.0, digits, self.t.lang)  # no -0

    def _per_cent(self, share: float, digits: int) -> str:
        rounded = round(share, digits + 2)
        return str(format_percent(rounded, format=f"#,##0.{'#' * digits}%", locale=self.t.lang))

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

    def measure(self, value: float | None, unit: str, *, beside: float | None = None) -> str:
        """A measure in its unit; `beside` is the limit that rounding must not make it equal to."""
        if value is None:
            return NONE
        text = self.number(value, beside=beside)
        if f"unit.{unit}" not in self.t.texts:
            return f"{text} {unit}".strip()
        return self.t.amount(f"unit.{unit}", value, n=text)

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


@lru_cache(maxsize=10_000)  # reports repeat their numbers
def _decimal(value: float, digits: int, lang: str) -> str:
    return str(format_decimal(value, format=f"#,##0.{'#' * digits}", locale=lang))


def _honest(value: float, other: float | None, show: Callable[[float], str]) -> str:
    """What `show` makes of a value, with '<' or '>' before it where rounding would make it equal to `other`.

    6.001 hours against a limit of 6 are '> 6 hours': a violation must not look like compliance.
    """
    text = show(value)
    if other is not None and abs(value - other) > _SLIP and show(other) == text:
        return f"{'>' if value > other else '<'} {text}"
    return text
