"""Whatever fails, is refused, comes late or is lost: no deed reaches the carrier that its change did not precede, and
once all is well everybody is dialed.

What a user would lose otherwise: people who are called twice after a disk error, or hear a message that nobody can
account for; and a campaign that stands still because of one bad minute.
"""

from __future__ import annotations

import shutil
import tempfile
from enum import Enum, auto
from pathlib import Path
from typing import assert_never

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from service.bench import CAMPAIGN, LINES, Bench, number_of
from service.switch import Phone
from service.witness import Fate
from trunkcall.domain.agent import AgentStatus
from trunkcall.domain.agent_keys import CODES
from trunkcall.domain.campaign import CampaignState, DialerType
from trunkcall.domain.contact import ContactRecord, ContactState, DetectionStatus, Disposition
from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.domain.leg import HangupCause, LegParty, LegState

RUNNING, PAUSED = CampaignState.RUNNING, CampaignState.PAUSED
HUMAN = DetectionStatus.HUMAN_ANSWERED
ANY = st.integers(0, 7)


class Meanwhile(Enum):
    """What can happen while a commit takes long."""

    PHONES_GO_ON = auto()
    SOMEBODY_HANGS_UP = auto()
    REQUESTS_ARE_PUT = auto()
    THE_CAMPAIGN_IS_PAUSED_OR_RESUMED = auto()
    THE_NEXT_ONE_IS_FORGOTTEN = auto()
    AN_AGENT_GOES = auto()
    EVERYBODY_COMES = auto()
    THE_CARRIER_IS_LOST = auto()
    THE_CARRIER_IS_FOUND = auto()
    ANOTHER_TAKES_THE_LEASE = auto()
    WHOEVER_DIALS_IS_CANCELLED = auto()
    A_CONTACT_IS_SET_ASIDE = auto()
    TIME_PASSES = auto()


CAUSES = st.sampled_from([Meanwhile.EVERYBODY_COMES, Meanwhile.PHONES_GO_ON, Meanwhile.REQUESTS_ARE_PUT])
"""What there is something to commit for."""


MEMORY = Path("/dev/shm")
"""Where there is one, a disk that no fsync has to be waited for."""


class Deeds(RuleBasedStateMachine):
    """A dialer and its owner, of whom everything goes wrong that can.

    What is allowed is the witness's to say, who knows what the store holds.
    """

    @initialize(
        dialer_type=st.sampled_from(DialerType),
        agents=st.integers(1, 3),
        detects=st.booleans(),
        persistent=st.booleans(),
    )
    def a_shift_begins(self, dialer_type: DialerType, agents: int, detects: bool, persistent: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="trunkcall-", dir=MEMORY if MEMORY.is_dir() else None))
        self.bench = Bench(
            self.folder / "trunkcall.db",
            dialer_type=dialer_type,
            agents=agents,
            detects=detects,
            persistent=persistent,
        )
        self.switch, self.store = self.bench.switch, self.bench.store
        self.paused = False
        self.forgotten: set[str] = set()
        self.bench.everybody_comes()
        self.requests_are_put(2 * LINES, within_s=3600)
        self.time_passes(1.0)

    @invariant()
    def every_deed_was_preceded_by_its_change(self) -> None:
        if hasattr(self, "bench"):
            assert not self.bench.witness.wrong, self.bench.witness.wrong

    # --- clients and agents -------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.paused and len(self.bench.contacts) < 4 * LINES)
    @rule(number=st.integers(1, 4), within_s=st.sampled_from([3, 30, 3600]))
    def requests_are_put(self, number: int, within_s: int) -> None:
        self.bench.accept(number, within=within_s * SECOND)
        self.bench.current.requests_accepted(CAMPAIGN)
        self.bench.settle()

    @rule(known=st.booleans())
    def the_campaign_is_paused_or_resumed(self, known: bool) -> None:
        of, to = (PAUSED, RUNNING) if self.paused else (RUNNING, PAUSED)
        self.bench.run(self.bench.to_state(of, to))
        self.paused = not self.paused
        if known:
            self.bench.current.campaigns_changed()
        self.bench.settle()

    @rule(n=st.integers(0, 20))
    def somebody_asks_to_be_forgotten(self, n: int) -> None:
        self.is_forgotten(f"contact-{n % len(self.bench.contacts)}")

    def is_forgotten(self, contact_id: str) -> None:
        self.forgotten.add(contact_id)
        self.bench.run(self.bench.kept.forget_number(number_of(contact_id), at=self.bench.now()))

    @rule(n=ANY, status=st.sampled_from(AgentStatus))
    def an_agent_comes_or_goes(self, n: int, status: AgentStatus) -> None:
        self.bench.presence.put_user_status(self.bench.agents[n % len(self.bench.agents)], status)
        self.bench.settle()

    @rule()
    def everybody_comes(self) -> None:
        self.bench.everybody_comes()
        self.bench.settle()

    # --- phones -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.switch.phones)
    @rule(n=ANY, detection=st.sampled_from([HUMAN, HUMAN, DetectionStatus.VOICEMAIL_BEEP]))
    def a_phone_goes_on(self, n: int, detection: DetectionStatus) -> None:
        self.go_on(self.a_phone(n), detection)
        self.bench.settle()

    @precondition(lambda self: self.switch.phones)
    @rule()
    def everybody_goes_on(self) -> None:
        for phone in list(self.switch.phones.values()):
            self.go_on(phone, HUMAN)
        self.bench.settle()

    def go_on(self, phone: Phone, detection: DetectionStatus) -> None:
        """Phones ring and are answered, messages are played to their end, and talks go to theirs."""
        if phone.state is LegState.ORIGINATING:
            self.switch.rings(phone)
        elif phone.state is LegState.RINGING:
            self.switch.is_answered(phone)
        elif phone.detects and phone.detection is None:
            self.switch.detects(phone, detection)
        elif phone.playing:
            self.switch.has_played(phone)
        elif phone.bridged_to is not None and phone.party is LegParty.CUSTOMER:
            self.switch.hangs_up(phone, HangupCause.NORMAL)

    @precondition(lambda self: self.switch.phones)
    @rule(n=ANY)
    def an_agent_ends_the_contact_and_keeps_the_leg(self, n: int) -> None:
        talking = self.switch.phones_that(lambda phone: phone.party is LegParty.AGENT and phone.bridged_to is not None)
        if talking:
            self.switch.ends_contact(talking[n % len(talking)])
            self.bench.settle()

    @precondition(lambda self: self.switch.phones)
    @rule(n=ANY, keys=st.sampled_from([*[keys for keys, _ in CODES], "7", "**7#"]))
    def somebody_presses_keys(self, n: int, keys: str) -> None:
        self.switch.presses(self.a_phone(n), keys)
        self.bench.settle()

    @precondition(lambda self: self.switch.phones)
    @rule(n=ANY, cause=st.sampled_from([HangupCause.NORMAL, HangupCause.BUSY, HangupCause.LOST]))
    def a_leg_ends(self, n: int, cause: HangupCause) -> None:
        self.switch.hangs_up(self.a_phone(n), cause)
        self.bench.settle()

    def a_phone(self, n: int) -> Phone:
        phones = list(self.switch.phones.values())
        return phones[n % len(phones)]

    # --- the link -----------------------------------------------------------------------------------------------------

    @rule(number=st.integers(1, 2))
    def words_are_lost(self, number: int) -> None:
        self.switch.loses = number

    @rule()
    def words_are_late_or_arrive(self) -> None:
        if self.switch.slow:
            self.switch.late_words_arrive()
            self.bench.settle()
        else:
            self.switch.slow = True

    @rule(noticed=st.booleans())
    def the_carrier_is_lost(self, noticed: bool) -> None:
        self.switch.breaks(noticed=noticed)
        self.bench.settle()

    @rule()
    def the_carrier_is_found(self) -> None:
        self.switch.is_found()
        self.bench.settle()

    # --- the store ----------------------------------------------------------------------------------------------------

    @rule(fate=st.sampled_from(Fate), what=CAUSES, n=ANY)
    def a_commit_fails(self, fate: Fate, what: Meanwhile, n: int) -> None:
        self.store.fates = [fate]
        self.happens(what, n)

    @rule(
        where=st.sampled_from(Fate),
        fate=st.sampled_from([None, *Fate]),
        what=CAUSES,
        meanwhile=st.lists(st.sampled_from(Meanwhile), min_size=1, max_size=4),
        n=ANY,
    )
    def a_commit_takes_long(
        self, where: Fate, fate: Fate | None, what: Meanwhile, meanwhile: list[Meanwhile], n: int
    ) -> None:
        self.store.hold(where)
        self.store.fates = [fate] if fate is not None else []
        for each in (what, *meanwhile):
            self.happens(each, n)
        self.commits_go_on()

    @rule(forgotten=st.booleans())
    def attempts_are_refused(self, forgotten: bool) -> None:
        """Between their decision and their commit the campaign is paused, or whom they are for is forgotten."""
        self.store.hold(Fate.BEFORE)
        for phone in list(self.switch.phones.values()):
            self.switch.hangs_up(phone, HangupCause.NORMAL)
        self.everybody_comes()
        if forgotten:
            self.happens(Meanwhile.THE_NEXT_ONE_IS_FORGOTTEN, 0)
        else:
            self.the_campaign_is_paused_or_resumed(known=False)
        self.commits_go_on()

    def happens(self, what: Meanwhile, n: int) -> None:
        match what:
            case Meanwhile.PHONES_GO_ON:
                self.everybody_goes_on()
            case Meanwhile.SOMEBODY_HANGS_UP:
                if self.switch.phones:
                    self.a_leg_ends(n, HangupCause.NORMAL)
            case Meanwhile.REQUESTS_ARE_PUT:
                if not self.paused:
                    self.requests_are_put(2, within_s=30)
            case Meanwhile.THE_CAMPAIGN_IS_PAUSED_OR_RESUMED:
                self.the_campaign_is_paused_or_resumed(known=bool(n % 2))
            case Meanwhile.THE_NEXT_ONE_IS_FORGOTTEN:
                never = [contact for contact in self.bench.contacts if contact not in self.bench.witness.begun_by]
                if never:
                    self.is_forgotten(never[n % len(never)])
            case Meanwhile.AN_AGENT_GOES:
                self.an_agent_comes_or_goes(n, AgentStatus.OFFLINE)
            case Meanwhile.EVERYBODY_COMES:
                self.everybody_comes()
            case Meanwhile.THE_CARRIER_IS_LOST:
                self.the_carrier_is_lost(noticed=bool(n % 2))
            case Meanwhile.THE_CARRIER_IS_FOUND:
                self.the_carrier_is_found()
            case Meanwhile.ANOTHER_TAKES_THE_LEASE:
                self.another_takes_the_lease_for(0.0)
            case Meanwhile.WHOEVER_DIALS_IS_CANCELLED:
                self.whoever_dials_is_cancelled_and_begins_anew()
            case Meanwhile.A_CONTACT_IS_SET_ASIDE:
                self.a_contact_is_set_aside(n)
            case Meanwhile.TIME_PASSES:
                self.time_passes(25.0)
            case _:
                assert_never(what)

    @rule(n=ANY)
    def a_contact_is_set_aside(self, n: int) -> None:
        """As if the disk had changed it; but not between a commit and the deed that follows from it."""
        live = self.bench.live()
        if live and self.store.held is not Fate.AFTER:
            self.bench.set_aside(live[n % len(live)])

    def commits_go_on(self) -> None:
        self.store.go_on()
        self.bench.settle()

    @rule(seconds=st.sampled_from([0.0, 4.0]))
    def another_takes_the_lease_for(self, seconds: float) -> None:
        kept, instance_id = self.bench.kept, self.bench.instance_id
        lease = self.bench.run(kept.acquire_lease(instance_id, "another", MINUTE, sole=True))
        assert lease is not None
        self.bench.pass_time(seconds)
        self.bench.run(kept.release_lease(lease))
        self.bench.settle()

    @rule()
    def whoever_dials_is_cancelled_and_begins_anew(self) -> None:
        self.bench.restart()

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 25.0]))
    def time_passes(self, seconds: float) -> None:
        self.bench.pass_time(seconds, step=2.0)

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        if not hasattr(self, "bench"):
            return
        try:
            self.everything_comes_to_its_end()
        finally:
            self.bench.close()
            shutil.rmtree(self.folder)

    def everything_comes_to_its_end(self) -> None:
        self.store.fates, self.switch.loses = [], 0
        self.commits_go_on()
        self.switch.late_words_arrive()
        if self.switch.broken:
            self.the_carrier_is_found()
        if self.paused:
            self.the_campaign_is_paused_or_resumed(known=True)
        for _ in range(200):
            self.everybody_comes()
            self.everybody_goes_on()
            self.bench.pass_time(4.0, step=4.0)
            idle = {session.leg_id for session in self.bench.sessions()}
            if self.switch.phones.keys() <= idle and not self.bench.live() and not self.bench.waiting():
                break
        for agent_id in self.bench.agents:
            self.bench.presence.put_user_status(agent_id, AgentStatus.OFFLINE)
        # A lease that was taken meanwhile may be missed by this alone, and dialing is begun anew a second later.
        self.bench.pass_time(4.0)
        records = self.bench.records()
        self.every_deed_was_preceded_by_its_change()
        assert not self.switch.phones, "somebody is left on the line with nobody"
        assert {record.contact_id for record in records} == self.bench.contacts.keys(), "a request was lost"
        for record in records:
            if record.contact_id in self.bench.witness.aside:
                continue
            assert record.state is ContactState.ENDED, "a contact never came to its end"
            assert record.contact_id in self.bench.witness.handed_over or self.need_not_be_dialed(record)

    def need_not_be_dialed(self, record: ContactRecord) -> bool:
        """Whether there was a reason: it was too late, or nobody knew what had become of the attempt."""
        if record.disposition is Disposition.EXPIRED:
            return record.contact_id in self.forgotten or self.bench.contacts[record.contact_id] <= self.bench.now()
        begun_by, ended_by = (
            by[record.contact_id] for by in (self.bench.witness.begun_by, self.bench.witness.ended_by)
        )
        return record.disposition is Disposition.ATTEMPT_FAILED and begun_by < ended_by


Deeds.TestCase.settings = settings(
    settings.default,
    stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
TestDeeds = Deeds.TestCase
