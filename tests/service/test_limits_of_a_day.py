"""What is counted by the day, from the policy to the switch: numbers that are shown, and what is spent. If these fail,
carriers label an instance's numbers, or a bill grows beyond what somebody has allowed, at the latest when a dialer has
died. Told over both stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.bench import CAMPAIGN, START, Bench
from service.switch import Phone
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.campaign import DialerType
from trunkcall.domain.clearance import HoldReason
from trunkcall.domain.contact import ContactRecord, ContactState, DialRequest, Disposition
from trunkcall.domain.directory import Fact
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.instants import DAY, SECOND, Instant
from trunkcall.domain.leg import HangupCause
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.trunk import Trunk

NEW_YORK, MIAMI, LONDON = "+12125550100", "+13055550100", "+442079460100"
MIDNIGHT: Instant = (START // DAY + 1) * DAY
POOL = f"""
[destinations]
regions = ["US", "GB"]

[caller_ids]
pool = ["{NEW_YORK}", "{MIAMI}", "{LONDON}", "+13035550100"]
country = "same"
"""
TRUNK = Trunk("north", channels=4, attempts_per_s=100.0, regions=("US", "GB"))
RATES = "prefix,per_minute\n+1,0.01\n+44,0.05\n"
BUDGET = """
[destinations]
regions = ["US", "GB"]

[spending]
rates = "rates.csv"
reserve = "2m"
per_day = { "+44" = 0.25 }
"""


@pytest.fixture(params=["in memory", "on disk"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    path = tmp_path / "trunkcall.db" if request.param == "on disk" else None
    bench = Bench(path, dialer_type=DialerType.AGENTLESS, agents=0, detects=False)
    yield bench
    bench.close()


def goes_by(bench: Bench, text: str, *, number: int = 1, rates: str | None = None) -> None:
    """A policy is put, by an instance that has three numbers and a trunk."""
    facts: list[Fact] = [PhoneNumber(each, each) for each in (NEW_YORK, MIAMI, LONDON)]
    facts += [TRUNK, CallingPolicy("default", number, text, rates)]
    bench.run(bench.kept.put_facts(bench.instance_id, facts))
    bench.current.campaigns_changed()
    bench.settle()


def accepts(bench: Bench, *numbers: str) -> None:
    first = len(bench.contacts)
    requests = [
        DialRequest(f"contact-{n}", f"t-{n}", number, bench.now() + 10 * DAY, {})
        for n, number in enumerate(numbers, first)
    ]
    bench.contacts |= {each.contact_id: each.expires_at for each in requests}
    bench.run(bench.kept.put_dial_requests(CAMPAIGN, requests, at=bench.now(), max_waiting=10_000))
    bench.current.requests_accepted(CAMPAIGN)
    bench.settle()


def somewhere_in(prefix: str, count: int) -> list[str]:
    return [f"{prefix}{n:04d}" for n in range(1000, 1000 + count)]


def everybody_is_busy(bench: Bench) -> None:
    """Until nobody is called any more."""
    while phones := list(bench.switch.phones.values()):
        for phone in phones:
            bench.switch.hangs_up(phone, HangupCause.BUSY)
        bench.settle()
        bench.pass_time(1)


def until_midnight(bench: Bench) -> None:
    bench.pass_time((MIDNIGHT - bench.now()) / SECOND - 30, step=3600)
    bench.pass_time(60)


def dialed(bench: Bench) -> list[ContactRecord]:
    return [record for record in bench.records() if record.attempts]


def shown(bench: Bench, *, since: Instant = 0) -> Counter[str | None]:
    """By how many attempts each number was shown, as the records have it."""
    return Counter(each.source_phone_number for each in dialed(bench) if (each.attempted_at or 0) >= since)


def held(bench: Bench, reason: HoldReason) -> list[ContactRecord]:
    waiting = [record for record in bench.records() if record.state is ContactState.WAITING]
    return [record for record in waiting if record.hold is not None and record.hold.reason is reason]


def spent(bench: Bench) -> dict[str, int]:
    """Of this day, in millionths."""
    counts = bench.run(bench.kept.day_counts(bench.instance_id, since=bench.now() // DAY * DAY))
    return {count.key: count.spend for count in counts if count.reason is HoldReason.SPEND_LIMIT}


def a_phone_of(bench: Bench, contact: str) -> Phone:
    legs = {live.contact_id: live.leg_id for live in bench.live()}
    return bench.switch.phones[legs[contact]]


# --- numbers that are shown -------------------------------------------------------------------------------------------


def test_each_country_sees_numbers_of_its_own_evenly_and_so_it_goes_on_after_a_restart(bench: Bench) -> None:
    goes_by(bench, POOL + "attempts_per_day = 5\n")
    accepts(bench, *somewhere_in("+1212555", 7))
    everybody_is_busy(bench)
    bench.restart()
    accepts(bench, *somewhere_in("+1305555", 8), *somewhere_in("+44207946", 2))
    everybody_is_busy(bench)
    assert shown(bench) == {NEW_YORK: 5, MIAMI: 5, LONDON: 2}, "a number that is not the instance's own is never shown"
    waiting = held(bench, HoldReason.CALLER_ID_LIMIT)
    assert len(waiting) == 5
    assert {each.hold.until for each in waiting if each.hold is not None} == {MIDNIGHT}
    assert {each.attempts for each in waiting} == {0}
    until_midnight(bench)
    everybody_is_busy(bench)
    tomorrow = shown(bench, since=MIDNIGHT)
    assert tomorrow.total() == 5, "with the new day they are called"
    assert abs(tomorrow[NEW_YORK] - tomorrow[MIAMI]) == 1
    assert bench.witness.wrong == []


def test_even_without_a_limit_a_new_dialer_knows_what_was_shown(bench: Bench) -> None:
    goes_by(bench, POOL.replace(f'"{MIAMI}", ', ""))
    accepts(bench, *somewhere_in("+1212555", 4))
    everybody_is_busy(bench)
    goes_by(bench, POOL, number=2)
    bench.restart()
    accepts(bench, *somewhere_in("+1305555", 4))
    everybody_is_busy(bench)
    assert shown(bench) == {NEW_YORK: 4, MIAMI: 4}


def test_the_number_of_the_area_is_shown(bench: Bench) -> None:
    goes_by(bench, POOL + 'choose = "area"\nattempts_per_day = 3\n')
    accepts(bench, *somewhere_in("+1305555", 4), *somewhere_in("+1212555", 2))
    everybody_is_busy(bench)
    by_number = {record.phone_number: record.source_phone_number for record in dialed(bench)}
    in_miami = [by_number[number] for number in somewhere_in("+1305555", 4)]
    assert Counter(in_miami) == {MIAMI: 3, NEW_YORK: 1}
    assert {by_number[number] for number in somewhere_in("+1212555", 2)} == {NEW_YORK}


def test_a_number_that_was_given_back_is_not_shown_and_ends_nobody(bench: Bench) -> None:
    goes_by(bench, POOL)
    accepts(bench, *somewhere_in("+1212555", 8))
    before = {record.contact_id for record in dialed(bench)}
    now = bench.now()
    bench.run(bench.kept.remove_facts(bench.instance_id, FactKind.PHONE_NUMBER, [MIAMI], at=now))
    bench.current.campaigns_changed()
    bench.settle()
    everybody_is_busy(bench)
    after = [record for record in dialed(bench) if record.contact_id not in before]
    assert len(after) == 4
    assert {record.source_phone_number for record in after} == {NEW_YORK}


def test_a_campaigns_only_number_is_counted_without_a_pool_too(bench: Bench) -> None:
    goes_by(bench, '[destinations]\nregions = ["US"]\n[caller_ids]\nattempts_per_day = 3\n')
    accepts(bench, *somewhere_in("+1212555", 5))
    everybody_is_busy(bench)
    assert shown(bench) == {bench.number: 3}
    assert len(held(bench, HoldReason.CALLER_ID_LIMIT)) == 2


# --- what is spent ----------------------------------------------------------------------------------------------------


def test_so_much_is_spent_on_a_country_in_a_day_and_others_go_on(bench: Bench) -> None:
    """Two minutes of 0.05 are reserved for each: of 0.25 there are two at once, until it is known what they cost."""
    goes_by(bench, BUDGET, rates=RATES)
    accepts(bench, *somewhere_in("+44207946", 6), *somewhere_in("+1212555", 5))
    assert spent(bench) == {"spent +44": 200_000}
    assert len(held(bench, HoldReason.SPEND_LIMIT)) == 4
    first, second = "contact-0", "contact-1"
    bench.switch.hangs_up(a_phone_of(bench, second), HangupCause.BUSY)
    bench.switch.rings(a_phone_of(bench, first))
    bench.switch.is_answered(a_phone_of(bench, first))
    bench.settle()
    bench.pass_time(61)
    bench.switch.hangs_up(a_phone_of(bench, first), HangupCause.NORMAL)
    bench.settle()
    everybody_is_busy(bench)
    assert spent(bench) == {"spent +44": 100_000}, "two begun minutes, and nothing for whoever was busy"
    by_id = {record.contact_id: record for record in bench.records()}
    assert [cleared.spend for each in (first, second) if (cleared := by_id[each].clearance)] == [100_000, 0]
    assert sum(record.attempts for record in by_id.values() if record.phone_number.startswith("+1")) == 5
    accepts(bench, *somewhere_in("+44207947", 2))
    assert spent(bench) == {"spent +44": 200_000}, "what came back is spent on others"
    everybody_is_busy(bench)
    until_midnight(bench)
    everybody_is_busy(bench)
    bench.pass_time(3600, step=60)
    again = [record for record in dialed(bench) if (record.attempted_at or 0) >= MIDNIGHT]
    assert len(again) >= 2, "with the new day they are called"
    assert spent(bench)["spent +44"] <= 250_000
    assert bench.witness.wrong == []


def test_a_call_of_which_nobody_knows_what_became_keeps_what_was_reserved(bench: Bench) -> None:
    goes_by(bench, BUDGET, rates=RATES)
    accepts(bench, *somewhere_in("+44207946", 1))
    bench.switch.breaks(noticed=False)
    bench.switch.phones.clear()
    bench.switch.is_found()
    bench.settle()
    bench.pass_time(5 * 60)
    (record,) = dialed(bench)
    assert record.disposition is Disposition.ATTEMPT_FAILED
    assert spent(bench) == {"spent +44": 100_000}


def test_no_more_is_spent_whatever_is_known_late_and_whoever_dials(bench: Bench) -> None:
    goes_by(bench, BUDGET, rates=RATES)
    for _ in range(6):
        accepts(bench, *somewhere_in("+44207946", 3), *somewhere_in("+1212555", 2))
        assert spent(bench).get("spent +44", 0) <= 250_000
        bench.restart()
        for phone in list(bench.switch.phones.values()):
            bench.switch.rings(phone)
            bench.switch.is_answered(phone)
        bench.settle()
        bench.pass_time(20)
        assert spent(bench).get("spent +44", 0) <= 250_000
        for phone in list(bench.switch.phones.values()):
            bench.switch.hangs_up(phone, HangupCause.NORMAL)
        bench.settle()
        assert spent(bench).get("spent +44", 0) <= 250_000
    everybody_is_busy(bench)
    costs = [each.clearance.spend for each in dialed(bench) if each.clearance and each.phone_number.startswith("+44")]
    assert sum(costs) == spent(bench)["spent +44"], "records and the day agree"
