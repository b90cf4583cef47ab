"""A calling policy as people write it. If these fail, a rule that somebody wrote down is not the one that is kept, or a
slip of the pen is found out by whoever is called at night."""

from __future__ import annotations

import re
from datetime import date

import pytest

from trunkcall.domain.calling_rules import (
    HOME,
    Announcement,
    CallerIdChoice,
    CallerIds,
    CallingLimits,
    CallingRules,
    Destinations,
    HoursRule,
    Rate,
    Spending,
    Window,
)
from trunkcall.domain.clearance import RollingLimit
from trunkcall.domain.instants import HOUR, MINUTE
from trunkcall.service.calling.policy_file import MAX_BYTES, PolicyFileError, read_policy

POLICY = """\
source = "47 CFR 64.1200(c)(1)"
as_of = 2026-11-01
time_zone = "America/New_York"
time_zone_attribute = "zone"

[destinations]
regions = ["home", "CA"]
refused_prefixes = ["+1900"]

[[hours]]
prefixes = ["+1"]
every_day = "08:00-21:00"
sunday = []
holidays = [2026-12-25]
on_holidays = "12:00-14:00"

[[hours]]
prefixes = [
    "+1305",  # Miami
    "+1212",
]
weekdays = ["08:00-12:00", "13:00-20:00"]
saturday = "22:00-02:00"

[caller_ids]
pool = ["+12025550100", "+13055550100"]
choose = "area"
country = "same"
attempts_per_day = 300

[limits]
attempts_per_second = 5
attempts_per_day = 20_000
attempts_per_number = [{ most = 3, within = "24h" }, { most = 7, within = "7d" }]
gap = "4h"

[spending]
currency = "USD"
rates = "rates.csv"
reserve = "90s"
per_day = { all = 100, "+44" = 20.5 }
"""
RATES = "prefix,per_minute,name\n+1,0.0085,North America\n44,0.011,United Kingdom\n\n+447,0.0345,mobiles\n"


def _problems(text: str, rates: str | None = None) -> list[str]:
    with pytest.raises(PolicyFileError) as refused:
        read_policy(text, rates)
    return [str(problem) for problem in refused.value.problems]


def test_every_rule_is_read_as_it_was_written() -> None:
    morning, afternoon = Window(8 * 60, 12 * 60), Window(13 * 60, 20 * 60)
    day = Window(8 * 60, 21 * 60)
    assert read_policy(POLICY, RATES) == CallingRules(
        destinations=Destinations(frozenset({HOME, "CA"}), ("+1900",)),
        hours=(
            HoursRule(
                ("+1",),
                {**dict.fromkeys(range(6), (day,)), 6: ()},
                frozenset({date(2026, 12, 25)}),
                (Window(12 * 60, 14 * 60),),
            ),
            HoursRule(
                ("+1305", "+1212"), {**dict.fromkeys(range(5), (morning, afternoon)), 5: (Window(22 * 60, 2 * 60),)}
            ),
        ),
        caller_ids=CallerIds(("+12025550100", "+13055550100"), CallerIdChoice.AREA, True, 300),
        limits=CallingLimits(
            5.0,
            20_000,
            (RollingLimit(3, 24 * HOUR), RollingLimit(7, 168 * HOUR)),
            4 * HOUR,
            Spending(
                (Rate("+1", 8_500), Rate("+44", 11_000), Rate("+447", 34_500)),
                {"": 100_000_000, "+44": 20_500_000},
                90 * MINUTE // 60,
                "USD",
            ),
        ),
        time_zone="America/New_York",
        time_zone_attribute="zone",
        source="47 CFR 64.1200(c)(1)",
        as_of=date(2026, 11, 1),
    )


def test_what_has_to_be_said_before_recording_may_differ_by_prefix() -> None:
    rules = read_policy(
        '[[announce_recording]]\ntext = "This call is recorded."\n'
        '[[announce_recording]]\nprefixes = ["+1212", "+1646"]\ntext = ""\n'
    )
    assert rules.announcements == (
        Announcement((), "This call is recorded."),
        Announcement(("+1212", "+1646"), ""),
    )


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ('announce_recording = "Hello"', r"must be tables, each under a line \[\[announce_recording\]\]"),
        ("[[announce_recording]]", "has no text. Say what is spoken"),
        ("[[announce_recording]]\ntext = 5", "text must be a text in quotes, on one line, of at most 500 characters"),
        ('[[announce_recording]]\ntext = "Hello"\nprefixes = []', "must have something in it, or be left out"),
        ('text = "Hello"', r"text is no key here. It belongs under \[\[announce_recording\]\]"),
    ],
)
def test_an_announcement_that_could_not_be_made_is_refused_where_it_stands(wrong: str, why: str) -> None:
    with pytest.raises(PolicyFileError, match=why):
        read_policy(wrong)


def test_whoever_says_nothing_of_destinations_calls_at_home_alone() -> None:
    assert read_policy("").destinations == Destinations(frozenset({HOME}))


def test_nothing_that_is_wrong_is_read_as_no_limit() -> None:
    """Each slip is told where it stands; the policy is not used without the rule that it was to be."""
    for key, value in {
        "attempts_per_day": ("0", "-1", "true", '"many"', "1.5"),
        "attempts_per_second": ("0", '"5"', "true", "nan", "inf"),
        "gap": ('"0h"', '"4 weeks"', "4", '"-1h"', '"400d"'),
        "attempts_per_number": ("3", "{ most = 3 }", '{ most = 0, within = "1h" }', '{ most = 1, within = "soon" }'),
    }.items():
        for each in value:
            (problem,) = _problems(f"[limits]\n\n{key} = {each}\n")
            value_at = len(f"{key} = ") + 1
            found = re.fullmatch(rf"line 3, column (\d+): {key} must be .*", problem)
            assert found is not None, each
            assert int(found[1]) in range(value_at, value_at + len(each)), each


@pytest.mark.parametrize(
    "hours", ['"25:00-26:00"', '"9-17"', '"09:00-09:00"', '"09:60-10:00"', '"24:00-25:00"', "9", '["09:00"]', "[9]"]
)
def test_hours_that_no_clock_shows(hours: str) -> None:
    problems = _problems(f'[[hours]]\nmonday = {hours}\ntuesday = "09:00-17:00"\n')
    at = 11 if hours.startswith("[") else 10
    assert problems == [
        f'line 2, column {at}: monday must be hours, such as "09:00-17:30", or a list of them; [] is closed.'
    ]


def test_days_are_counted_by_no_clock_that_the_next_server_does_not_have() -> None:
    (problem,) = _problems('time_zone = "localtime"\n')
    assert problem.startswith("line 1, column 13: time_zone names no time zone: 'localtime'.")


def test_all_that_is_wrong_is_told_at_once_each_where_it_stands() -> None:
    text = """\
sauce = "a law"
time_zone = "America/New_Yrok"
destinations.regions = ["US", "XX"]

[[hours]]
every_day = "08:00-21:00"

[[hours]]
prefixes = ["+1305", "1212"]
moonday = "08:00-21:00"

[caller_ids]
  choose = "best"
"""
    assert _problems(text) == [
        "line 1, column 1: sauce is no key here. Did you mean 'source'?",
        "line 2, column 13: time_zone names no time zone: 'America/New_Yrok'. Did you mean 'America/New_York'?",
        "line 3, column 31: regions has 'XX': each must be \"home\" or the two letters of a country (ISO 3166-1), such "
        'as "US".',
        'line 8, column 1: hours has no hours at all. Give a day some: weekdays = "09:00-20:00".',
        "line 9, column 22: prefixes has '1212': each must be the beginning of a number, such as \"+1305\".",
        "line 10, column 1: moonday is no key here. Did you mean 'monday'?",
        "line 13, column 12: choose must be one of evenly, area, in quotes.",
    ]


def test_what_is_no_toml_is_told_with_its_place() -> None:
    (problem,) = _problems('[limits]\ngap = "4h\n')
    assert problem.startswith("line 2, column ")
    assert "It is not TOML" in problem


def test_rates_are_told_by_their_line() -> None:
    text = '[spending]\nrates = "rates.csv"\nper_day = { all = 10 }\n'
    assert _problems(text, "prefix,per_minute\n+1,cheap\nUK,0.1\n+1,0.1\n+1,0.2\n") == [
        "Line 2 of the rates: per_minute must be an amount from 0 to 1,000,000,000, such as 0.0125.",
        "Line 3 of the rates has no prefix such as +44.",
        "Line 4 of the rates has a prefix twice.",
        "Line 5 of the rates has a prefix twice.",
    ]
    assert _problems(text) == [
        'line 2, column 1: spending needs the rates: a CSV file beside the policy, rates = "rates.csv".'
    ]


def test_a_policy_is_no_place_to_put_a_library() -> None:
    (problem,) = _problems("#" * (MAX_BYTES + 1))
    assert str(MAX_BYTES) in problem


def test_a_value_is_found_past_long_texts_and_lists_over_lines() -> None:
    text = 'source = """\n[limits]\ngap = 1\n"""\n[destinations]\nrefused_prefixes = [\n  "+1", # [\n  "x]",\n]\n'
    (problem,) = _problems(text)
    assert problem.startswith("line 8, column 3: refused_prefixes has 'x]'")


def test_a_limit_in_braces_is_told_by_its_own_place() -> None:
    text = 'limits.attempts_per_number = [{ most = 3, within = "24h" },\n  { within = "soon", most = 7 }]\n'
    text += '[spending]\nrates = "rates.csv"\nper_day = { all = 5, "+44" = -1 }\n'
    assert [problem.partition(":")[0] for problem in _problems(text, RATES)] == [
        "line 2, column 14",
        "line 5, column 30",
    ]


def test_brackets_without_end_are_told_and_bring_nobody_down() -> None:
    for text in (f"x = {'[' * 5_000}{']' * 5_000}", "x = " + "[" * 100_000):
        (problem,) = _problems(text)
        assert "nested" in problem


def test_a_key_in_the_wrong_table_is_told_where_it_belongs() -> None:
    (homeless,) = _problems('[limits]\nrefused_prefixes = ["+1900"]\n')
    assert homeless == "line 2, column 1: refused_prefixes is no key here. It belongs under [destinations]."
    (top,) = _problems('[limits]\ntime_zone = "America/New_York"\n')
    assert top.endswith("It belongs above all tables.")


def test_a_slip_in_hours_or_spending_is_told_once_and_not_as_something_else_too() -> None:
    (hours,) = _problems('[[hours]]\nweekdays = "9-17"\n')
    assert "weekdays must be hours" in hours
    (table,) = _problems("spending = 5\n", RATES)
    assert "spending" in table
    (name,) = _problems("[spending]\nrates = 7\nper_day = { all = 5 }\n")
    assert "rates must be" in name
    (per_day,) = _problems('[spending]\nrates = "rates.csv"\n', RATES)
    assert "per_day must be a table" in per_day


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[[hours]]\nprefixes = []\nevery_day = "09:00-20:00"\n', "line 2, column 12: prefixes"),
        ("[caller_ids]\npool = []\n", "line 2, column 8: pool"),
        ("[limits]\nattempts_per_number = []\n", "line 2, column 23: attempts_per_number"),
    ],
)
def test_an_empty_list_is_not_taken_for_no_limit(text: str, place: str) -> None:
    """Whoever took the last prefix out of a rule may have meant that it is about nobody, and not about everybody."""
    assert _problems(text) == [f"{place} must have something in it, or be left out."]
    closed = read_policy('[destinations]\nregions = []\n[[hours]]\nsunday = []\nmonday = "09:00-20:00"\n')
    assert closed.destinations == Destinations(frozenset()), "where nothing is less"


def test_nothing_is_charged_less_than_it_costs() -> None:
    text = '[spending]\nrates = "rates.csv"\nper_day = { all = 0.0000019 }\n'
    spending = read_policy(text, "prefix,per_minute\n+1,0.0000001\n+44,0.0000010\n+49,0\n").limits.spending
    assert spending is not None
    assert [rate.per_minute for rate in spending.rates] == [1, 1, 0]
    assert spending.per_day == {"": 1}


def test_rates_that_allow_nobody_or_are_no_rates_are_told() -> None:
    text = '[spending]\nrates = "rates.csv"\nper_day = { all = 10 }\n'
    (empty,) = _problems(text, "prefix,per_minute\n")
    assert "no line with a prefix" in empty
    (endless,) = _problems(text, 'prefix,per_minute\n+1,"' + "1" * 200_000 + '"\n')
    assert "not CSV" in endless
