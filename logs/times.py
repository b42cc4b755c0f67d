"""Times as exports spell them: the formats of a column, decided over every value, and their reading."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import duckdb

from logs.problems import InputError, Problem
from logs.store import Store, text

FIRST_US = 0
"""1970-01-01: earlier times are defaults or slips."""
BEYOND_US = 4_102_444_800_000_000
"""2100-01-01."""
_EXCEL_EPOCH = 25_569
"""Excel's serial number of 1970-01-01."""
_UNIT_US = {"epoch_s": 1_000_000, "epoch_ms": 1_000}
_MAX_SHAPES = 400

_DATES = (  # shape of a date (digits as 9) → patterns that may be meant
    (r"9999([-/.])99?(?:\1)99?", ("%Y{0}%m{0}%d",)),
    (r"99?([-/.])99?(?:\1)9999", ("%d{0}%m{0}%Y", "%m{0}%d{0}%Y")),
    (r"99?([-/.])99?(?:\1)99", ("%y{0}%m{0}%d", "%d{0}%m{0}%y", "%m{0}%d{0}%y")),
    (r"9999年99?月99?(日|号)", ("%Y年%m月%d{0}",)),
    (r"99?([- ])(?:A{4,9})(?:\1)9999", ("%d{0}%B{0}%Y",)),
    (r"99?([- ])(?:A{3})(?:\1)9999", ("%d{0}%b{0}%Y",)),
    (r"99?([- ])(?:A{3})(?:\1)99", ("%d{0}%b{0}%y",)),
    (r"A{3}( )99?, ?9999", ("%b %d, %Y",)),
    (r"A{4,9}( )99?, ?9999", ("%B %d, %Y",)),
)
_CLOCKS = (
    (r"", ""),
    (r"99?:99", "%H:%M"),
    (r"99?:99:99", "%H:%M:%S"),
    (r"99?:99:99\.9{1,9}", "%H:%M:%S.%n"),
    (r"99?:99:99,9{3}", "%H:%M:%S,%g"),
    (r"99?:99 AA", "%I:%M %p"),
    (r"99?:99:99 AA", "%I:%M:%S %p"),
    (r"AA ?99?:99", "%p %I:%M"),
    (r"AA ?99?:99:99", "%p %I:%M:%S"),
    (r"99?时99?分", "%H时%M分"),
    (r"99?时99?分99?秒", "%H时%M分%S秒"),
)
_OFFSETS = ((r"", ""), (r" ?[-+]99(?::?99)?", "%z"), (r"Z", "Z"))
_DIGITS = (
    (r"9{14}", ("%Y%m%d%H%M%S",)),
    (r"9{12}", ("%Y%m%d%H%M",)),
    (r"9{17}", ("%Y%m%d%H%M%S%g",)),
    (r"9{8}", ("%Y%m%d",)),
    (r"9{10}(\.9+)?", ("epoch_s",)),
    (r"9{13}", ("epoch_ms",)),
    (r"9{5}(\.9+)?", ("excel",)),
)
_SEPARATORS = (" ", "T", "")


@dataclass(frozen=True)
class TimeFormats:
    """The formats that a set of columns is in."""

    formats: tuple[str, ...]
    """Patterns and words, as a mapping states them; empty: nothing there looks like a time."""
    candidates: tuple[tuple[str, ...], ...] = ()
    """Where the order of day and month cannot be told: the patterns that read every value."""
    share: float = 1.0
    """Share of the non-empty values that look like times."""


def detect(store: Store, columns: Sequence[tuple[str, str]]) -> TimeFormats:
    """The formats of (table, SQL of the stripped text) pairs taken together, from every value in them.

    Day and month are told apart by any value that is valid only one way.
    """
    union = " UNION ALL ".join(f"SELECT {c} AS x FROM {table}" for table, c in columns)
    if _all_iso(store, union):
        return TimeFormats(("iso",))
    shapes = _shapes(store, union)
    total = sum(shapes.values())
    groups: dict[tuple[str, ...], int] = {}
    for shape, count in shapes.items():
        patterns = patterns_of(shape)
        if patterns:
            groups[patterns] = groups.get(patterns, 0) + count
    formats: list[str] = []
    undecided: list[tuple[str, ...]] = []
    for patterns in sorted(groups, key=lambda g: (-groups[g], g)):
        fitting = _fitting(store, union, patterns)
        formats.append(fitting[0])
        if len(fitting) > 1:
            undecided.append(fitting)
    share = sum(groups.values()) / total if total else 0.0
    open_ = _settle(formats, undecided)
    return TimeFormats(tuple(dict.fromkeys(formats)), open_, share)


def _settle(formats: list[str], undecided: list[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """One group of values that tells the order of day and month tells it for the others."""
    known = {_order(each) for each in formats if each not in {u[0] for u in undecided}} & {"dm", "md"}
    open_ = []
    for group in undecided:
        agreeing = [p for p in group if _order(p) in known]
        if len(known) == 1 and len(agreeing) == 1:
            formats[formats.index(group[0])] = agreeing[0]
        else:
            open_.append(group)
    return tuple(open_)


def _order(pattern: str) -> str:
    """'dm', 'md' or '' by the numeric order of day and month."""
    day, month, year = pattern.find("%d"), pattern.find("%m"), max(pattern.find("%Y"), pattern.find("%y"))
    if min(day, month) < 0 or year < day:
        return ""
    return "dm" if day < month else "md"


def _all_iso(store: Store, union: str) -> bool:
    """Every value reads as an ISO time: by far the commonest case, and the cheapest to test."""
    filled, bad = store.rows(
        f"SELECT count(*), count(*) FILTER (NOT ({_starts_with_digit('v')} AND"
        f" coalesce(try_cast(v AS TIMESTAMP), try_cast(v AS TIMESTAMPTZ)::TIMESTAMP) IS NOT NULL))"
        f" FROM (SELECT x AS v FROM ({union})) WHERE v <> ''"
    )[0]
    return bool(filled) and not bad


def _shapes(store: Store, union: str) -> dict[str, int]:
    """Values with every digit as 9, and how often each shape occurs, commonest first."""
    rows = store.rows(
        "SELECT translate(v, '0123456789', '9999999999') AS shape, count(*) AS n"
        f" FROM (SELECT {_readable('x')} AS v FROM ({union})) WHERE v <> '' GROUP BY shape"
        f" ORDER BY n DESC, shape LIMIT {_MAX_SHAPES}"
    )
    return dict(rows)


def patterns_of(shape: str) -> tuple[str, ...]:
    """The patterns that a shape may be in; several: the order of day and month is open."""
    for regex, patterns in _DIGITS:
        if re.fullmatch(regex, shape):
            return patterns
    letters = re.sub(r"[A-Za-z]{2,}", lambda m: "A" * len(m[0]), shape)
    for (shape_of_date, dates), separator in itertools.product(_DATES, _SEPARATORS):
        found = re.match(shape_of_date, letters)
        if found is None:
            continue
        rest = letters[found.end() :]
        if separator and not rest.startswith(separator):
            continue
        clock = _clock(rest[len(separator) :])
        if clock is None or (separator and not clock):
            continue
        return tuple(_unpadded(pattern.format(found[1]), shape) + separator + clock for pattern in dates)
    return ()


def _clock(rest: str) -> str | None:
    for (clock, pattern), (offset, zone) in itertools.product(_CLOCKS, _OFFSETS):
        if re.fullmatch(clock + offset, rest) and (clock or not offset):
            gap = " " if zone == "%z" and re.search(r" [-+]99", rest) else ""
            return pattern + gap + zone
    return None


def _unpadded(pattern: str, shape: str) -> str:
    """'Jan 5,2024' has no space after the comma."""
    return pattern.replace(", ", ",") if "," in shape and ", " not in shape else pattern


def _fitting(store: Store, union: str, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns that read most of the values; all of them where the values do not tell."""
    if len(patterns) == 1:
        return patterns
    value = _readable("x")
    counts = ", ".join(f"count(try_strptime({value}, {text(p)}))" for p in patterns)
    read = store.rows(f"SELECT {counts} FROM ({union})")[0]
    most = max(read)
    return tuple(p for p, n in zip(patterns, read, strict=True) if n == most)


def plain_iso(value: str) -> str:
    """SQL that `expression` asks for as `local`: computed once, in a query within, it saves much work."""
    return f"try_cast({value} AS TIMESTAMP)"


def expression(value: str, formats: Sequence[str], zone: str, local: str | None = None) -> str:
    """SQL that reads stripped text as microseconds since the epoch (UTC); null where no format does.

    `local`: name under which `plain_iso(value)` is at hand.
    """
    parts = [_one(_readable(value) if "%p" in each else value, each, zone, local) for each in formats]
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _one(value: str, form: str, zone: str, plain: str | None) -> str:
    if form in _UNIT_US:
        most = BEYOND_US * 10 // _UNIT_US[form]  # far enough to be told as out of range, and no overflow
        number = f"try_cast({value} AS DECIMAL(28, 9))"
        return f"CAST(round(CASE WHEN abs({number}) < {most} THEN {number} END * {_UNIT_US[form]}) AS BIGINT)"
    if form == "excel":  # to the second: a serial number's fraction is no more exact than that
        number = f"try_cast({value} AS DECIMAL(28, 9))"
        days = f"CASE WHEN {number} BETWEEN 0 AND 200000 THEN {number} - {_EXCEL_EPOCH} END"
        local = f"make_timestamp(CAST(round({days} * 86400) AS BIGINT) * 1000000)"
        return _since_epoch(local, zone)
    if form == "iso":
        return _iso(value, zone, plain or plain_iso(value))
    word = f"lower({value}) IN ('epoch', 'infinity', '-infinity')"  # times to DuckDB, not to us
    read = f"try_strptime(CASE WHEN {word} THEN NULL ELSE {value} END, {text(form)})"
    if form.endswith("%z"):
        return f"CASE WHEN NOT ({_beyond_any_zone(value)}) THEN TRY(epoch_us({read})) END"
    if form.endswith("Z") or "%z" in form:  # both state the offset
        return f"TRY(epoch_us({read}))"
    return f"TRY({_since_epoch(read, zone)})"


def _iso(value: str, zone: str, plain: str) -> str:
    """DuckDB's cast to TIMESTAMP ignores an offset, so a value with one takes the other way."""
    naive = f"{value} NOT LIKE '%:%+%' AND {value} NOT LIKE '%:%-%' AND {value}[-1] BETWEEN '0' AND '9'"
    return (
        f"CASE WHEN NOT {_starts_with_digit(value)} THEN NULL"
        f" WHEN {naive} THEN TRY({_since_epoch(plain, zone)})"
        f" WHEN {_beyond_any_zone(value)} THEN NULL"
        f" ELSE TRY(epoch_us(try_cast({value} AS TIMESTAMPTZ))) END"
    )


def _beyond_any_zone(value: str) -> str:
    """SQL for an offset of more hours than any zone has; DuckDB would go along with +99:00."""
    return " OR ".join(
        f"(substr({value}, {sign}, 1) IN ('+', '-') AND substr({value}, {sign + 1}, 2) > '15')"
        for sign in (-6, -5, -3)  # +08:00, +0800, +08
    )


def _since_epoch(local: str, zone: str) -> str:
    """Microseconds since the epoch of a local time; the zone's rules are asked where its offset varied."""
    asked = f"epoch_us(timezone({text(zone)}, {local}))"
    first, last, offset_us = _steady(zone)
    if first == last:
        return asked
    within = f"{local} >= TIMESTAMP '{first:%Y-%m-%d}' AND {local} < TIMESTAMP '{last:%Y-%m-%d}'"
    return f"CASE WHEN {within} THEN epoch_us({local}) - {offset_us} ELSE {asked} END"


@cache
def _steady(zone: str) -> tuple[date, date, int]:
    """The longest stretch from 1970 to 2100 in which a zone kept its offset, well inside; and that offset."""
    rules = ZoneInfo(zone)
    weeks = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(weeks=n) for n in range(52 * 130)]
    best = (date(1970, 1, 1), date(1970, 1, 1), 0)
    for offset, run in itertools.groupby(weeks, key=lambda week: week.astimezone(rules).utcoffset()):
        stretch = [week.date() for week in run]
        inside = stretch[1:-1]  # a change lies within a week of either end
        if offset is not None and len(inside) > 1 and inside[-1] - inside[0] > best[1] - best[0]:
            best = (inside[0], inside[-1], offset // timedelta(microseconds=1))
    return best


def _starts_with_digit(value: str) -> str:
    """'epoch' and 'infinity' are times to DuckDB, not to us."""
    return f"({value} >= '0' AND {value} < ':')"


def _readable(value: str) -> str:
    """With 上午/下午 as AM/PM, which strptime knows."""
    return f"replace(replace({value}, '上午', 'AM'), '下午', 'PM')"


def check_formats(store: Store, formats: Iterable[str], file: str) -> None:
    """Raises InputError for patterns that strptime does not know."""
    problems = []
    for each in formats:
        if "%" in each:
            try:
                store.value(f"SELECT try_strptime('', {text(each)})")
            except (duckdb.Error, UnicodeDecodeError):  # the engine's message may cut a character in two
                problems.append(
                    Problem(f"time_formats: '{each}' is not a pattern that can be read", file, None,
                            "use %Y %m %d %H %M %S as in %Y-%m-%d %H:%M:%S")
                )  # fmt: skip
    if problems:
        raise InputError(problems)


def instant(value: str, zone: str, file: str, *, whole_day: bool = False) -> int:
    """A date or time that a person wrote (ISO), as microseconds since the epoch.

    `whole_day`: a bare date means the end of that day. Raises InputError for anything else.
    """
    try:
        moment = datetime.fromisoformat(value.strip())
        if whole_day and len(value.strip()) <= len("2026-03-31"):
            moment += timedelta(days=1)
    except (ValueError, OverflowError):
        raise InputError(
            Problem(f"'{value}' is not a date", file, None, "write 2026-03-31 or 2026-03-31 17:00")
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(microseconds=1)
