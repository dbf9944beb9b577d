"""Holidays that move retail sales in the United States, by rule: fixed dates, nth weekdays, and days around Easter."""

from __future__ import annotations

from datetime import date, timedelta

MONDAY, THURSDAY = 0, 3


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (anonymous algorithm; Meeus, Astronomical Algorithms, 1991, chapter 8)."""
    century, rest = divmod(year, 100)
    leap, odd = divmod(century, 4)
    moon = (19 * (year % 19) + century - leap - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    quarter, left = divmod(rest, 4)
    week = (32 + 2 * odd + 2 * quarter - moon - left) % 7
    shift = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def nth_weekday(year: int, month: int, weekday: int, nth: int) -> date:
    """The nth (from 1) given weekday (Monday 0) of a month; `nth` 0 is the last one of the month before."""
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def holidays(year: int) -> dict[date, str]:
    """Holidays of one year by date."""
    sunday = easter(year)
    thanksgiving = nth_weekday(year, 11, THURSDAY, 4)
    return {
        date(year, 1, 1): "new_year",
        nth_weekday(year, 1, MONDAY, 3): "martin_luther_king",
        nth_weekday(year, 2, MONDAY, 3): "presidents",
        date(year, 2, 14): "valentine",
        sunday - timedelta(days=2): "good_friday",
        sunday: "easter",
        nth_weekday(year, 6, MONDAY, 0): "memorial",
        date(year, 7, 4): "independence",
        nth_weekday(year, 9, MONDAY, 1): "labor",
        date(year, 10, 31): "halloween",
        thanksgiving: "thanksgiving",
        thanksgiving + timedelta(days=1): "black_friday",
        date(year, 12, 24): "christmas_eve",
        date(year, 12, 25): "christmas",
        date(year, 12, 31): "new_year_eve",
    }
