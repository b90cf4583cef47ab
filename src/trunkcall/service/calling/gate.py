"""Whether somebody may be dialed, by whom, and until when: what every leg that leaves goes through.

Decides from an instance's facts, a number and an instant. What has to be counted, and whether a number is on a list, is
looked at where an attempt is made durable: a clearance says what is to be looked at there. It must not know who dials,
nor where anything is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Final, TypeAlias

from trunkcall.domain.calling_hours import callable_until, matching_rules, opens_at
from trunkcall.domain.calling_policy import DEFAULT_POLICY, POLICY_TAG, CallingPolicy
from trunkcall.domain.calling_rules import HOME, NO_RULES, CallerIdChoice, CallingRules, HoursRule, Rate
from trunkcall.domain.campaign import Campaign
from trunkcall.domain.clearance import Clearance, Evidence, Hold, HoldReason, LocalTime, Prohibition
from trunkcall.domain.dialing import CallerIdPool
from trunkcall.domain.directory import Directory
from trunkcall.domain.do_not_call import last_edit
from trunkcall.domain.instants import DAY, MINUTE, Duration, Instant, to_seconds
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.domain.values import quickly_made
from trunkcall.service.calling.day_counts import day_limits, day_of, reserved, shown_limit, spend_limits
from trunkcall.service.calling.listing import BindingLists, ListsOf
from trunkcall.service.calling.listing import lists_of as lists_that_bind
from trunkcall.service.calling.number_key import key_mark
from trunkcall.service.calling.numbering import Kind, leaves_to_emergency, numbering_of
from trunkcall.service.calling.policy_file import PolicyFileError, read_policy
from trunkcall.service.dialing_settings import caller_id_of
from trunkcall.service.parsed_flows import flow_trouble

SEARCHED: Final[Duration] = 400 * DAY
"""How far ahead an opening is looked for."""
NO_POLICY: Final = -1
"""In place of a policy's version: under it nothing is dialed."""

CallerIdGroups: TypeAlias = tuple[tuple[str, ...], ...]


@quickly_made
@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be dialed now, by attempts that begin before ``until``; None is for as long as the rules are these.
    ``caller_ids`` are those of its campaign's pool that it may be shown, in groups that are equally good, the best
    first; empty where there is no pool. ``trunks`` are the ids of those on which it may leave; None is any that may
    show it a number."""

    until: Instant | None = None
    caller_ids: CallerIdGroups = ()
    trunks: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """It may be dialed later."""

    hold: Hold


@dataclass(frozen=True, slots=True)
class Forbidden:
    """It may not be dialed."""

    prohibition: Prohibition


Verdict: TypeAlias = Allowed | Held | Forbidden
ALLOWED: Final = Allowed()


def policy_name_of(campaign: Campaign) -> str:
    """The name of the policy that the campaign goes by."""
    return campaign.tags.get(POLICY_TAG) or DEFAULT_POLICY


CLOCKS_APART: Final[Duration] = MINUTE
"""How far an instance's clock may be from the machine's: by so much nobody's day begins earlier."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a policy comes to: rules, or why there are none, in words."""

    name: str
    rules: CallingRules | None
    trouble: str | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict)
    """By prefix."""
    told_by: int = 0
    """How many characters of a number tell which rules of hours bind it."""

    def rate_of(self, number: str) -> Rate | None:
        """The rate of the longest prefix."""
        if not self.rates:
            return None
        prefixes = (number[:length] for length in range(len(number), 1, -1))
        return next((rate for prefix in prefixes if (rate := self.rates.get(prefix)) is not None), None)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The trunks on which a call to some region may leave that shows one of some numbers. ``ids`` are None where these
    are all trunks that may show one of them, ``as_digits`` whether any sends numbers otherwise than as E.164."""

    trunks: tuple[Trunk, ...]
    ids: tuple[str, ...] | None
    as_digits: bool


class Gate:
    """Of one instance, as of one reading of its facts. ``reaches_people`` is whether the carrier is no simulated one:
    then nothing leaves without a policy, nor on a trunk that names no regions."""

    def __init__(
        self,
        directory: Directory,
        number_key: Callable[[str], int],
        *,
        reaches_people: bool,
        trunks: Collection[Trunk] = (),
        lists_of: ListsOf | None = None,
        wall: Callable[[], Instant] | None = None,
    ) -> None:
        """``trunks`` are those of an instance that has no facts of any. ``wall`` is the machine's clock, where the
        instance's is to be the same."""
        self._wall = wall
        self._directory = directory
        self.policy_version = max((each.number for each in directory.calling_policies.values()), default=0)
        """Under which it clears: the number of the policy that was set last."""
        self._last_list_edit = last_edit(directory.do_not_call_lists.values())
        self.number_key = number_key
        """What stands for a number on do-not-call lists and where attempts are counted."""
        self._reaches_people = reaches_people
        self._lists_of = lists_of or partial(lists_that_bind, key_mark=key_mark(number_key))
        self.trunks = tuple(directory.trunks.values()) or tuple(trunks)
        """On which contacts may be dialed, as far as that is known."""
        self._read: dict[str, _Read] = {}
        self._binding: dict[str, tuple[int, BindingLists]] = {}
        """The lists that bind each campaign, as of a day in UTC."""
        self._pools: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._fitting: dict[tuple[tuple[str, ...], str | None, bool, bool], tuple[str, ...]] = {}
        self._homes: dict[tuple[str, ...], frozenset[str]] = {}
        """By the numbers of which one is shown: their regions."""
        self._ways: dict[tuple[tuple[str, ...], str, bool, bool], _Ways] = {}
        """By the numbers of which one may be shown, the region called, whether that must be the number's own, and
        whether the trunk says which is shown."""
        self._trunk_ids: dict[tuple[str, ...], tuple[str, ...]] = {}
        """Each once, as ``_groups``."""
        self._groups: dict[CallerIdGroups, CallerIdGroups] = {}
        """Each once, however many contacts have it."""
        self._own = frozenset(number.phone_number for number in directory.phone_numbers.values())

    # --- whether anything may leave -----------------------------------------------------------------------------------

    def trouble(self, campaign: Campaign, now: Instant) -> str | None:
        """Why nobody may be dialed for the campaign, in words; None if people may be."""
        read = self._policy_of(campaign)
        by_rules = read.trouble or self.lists(campaign, now).trouble or self._clock_trouble(read, now)
        return by_rules or flow_trouble(campaign, self._directory)

    def _clock_trouble(self, read: _Read, now: Instant) -> str | None:
        """An instance's clock goes on when the machine's is set, as nobody is to ring for an hour less for that. Hours
        are people's, so nobody is called by a clock that is wrong."""
        if self._wall is None or read.rules is None or not read.rules.hours:
            return None
        apart = abs(self._wall() - now)
        if apart <= CLOCKS_APART:
            return None
        return (
            f"This machine's clock was set since the server began, and the server's is {to_seconds(apart):.0f} s from "
            "it, so calling hours would be kept by the wrong one. Start the server anew."
        )

    def lists(self, campaign: Campaign, now: Instant) -> BindingLists:
        """The do-not-call lists that bind the campaign."""
        day = now // DAY
        known = self._binding.get(campaign.campaign_id)
        if known is None or known[0] != day:
            # A list becomes too old at the end of a day.
            known = self._binding[campaign.campaign_id] = day, self._lists_of(self._directory, campaign, now)
        return known[1]

    @property
    def counts_for(self) -> Duration:
        """How long attempts to a number are to be counted, for the limits of all policies that count."""
        names = {each.policy_name for each in self._directory.calling_policies.values()}
        limits = [rules.limits for name in names if (rules := self._named(name).rules) is not None]
        return max(
            (length for each in limits for length in (each.number_gap, *(one.within for one in each.number))),
            default=0,
        )

    def attempts_per_s(self) -> float | None:
        """The most attempts per second of the instance; None is no limit but that of its trunks. The policy ``default``
        says it: it is about all campaigns."""
        rules = self._named(DEFAULT_POLICY).rules
        return rules.limits.attempts_per_s if rules is not None else None

    # --- contacts -----------------------------------------------------------------------------------------------------

    def time_zone_in(self, campaign: Campaign, attributes: Mapping[str, str]) -> str | None:
        """The time zone that a dial request names, as it is written; None if it names none, or none is asked for."""
        rules = self._policy_of(campaign).rules
        attribute = rules.time_zone_attribute if rules is not None else None
        return attributes.get(attribute) or None if attribute is not None else None

    def look(self, campaign: Campaign, number: str, time_zone: str | None, ring: Duration, now: Instant) -> Verdict:
        """Whether a number, E.164, may be dialed by an attempt of the campaign that begins now and rings so long. A
        policy that cannot be read says nothing of a number (``trouble``)."""
        read = self._policy_of(campaign)
        rules = read.rules
        if rules is None or rules is NO_RULES:
            return ALLOWED
        verdict = self._judge(read, rules, campaign, number, time_zone, ring, now)
        if isinstance(verdict, Allowed) and (pool := self._pool(rules, campaign)) is not None:
            return Allowed(verdict.until, self._groups_for(rules, pool, number), verdict.trunks)
        return verdict

    def _judge(
        self,
        read: _Read,
        rules: CallingRules,
        campaign: Campaign,
        number: str,
        time_zone: str | None,
        ring: Duration,
        now: Instant,
    ) -> Verdict:
        trunks = self._trunks_to(rules, campaign, number)
        if isinstance(trunks, Prohibition):
            return Forbidden(trunks)
        if rules.limits.spending is not None and read.rate_of(number) is None:
            return Forbidden(Prohibition.NO_RATE)
        if not rules.hours:
            return ALLOWED if trunks is None else Allowed(trunks=trunks)
        matching = _matching(rules.hours, number[: read.told_by])
        local = local_time_of(number, time_zone)
        if not matching or not local.zones:
            return Forbidden(Prohibition.NO_HOURS)
        until = callable_until(matching, local.zones, now, ring)
        if until is not None:
            return Allowed(until, trunks=trunks)
        opens = opens_at(matching, local.zones, now, ring, now + SEARCHED)
        if opens is None:
            return Forbidden(Prohibition.NO_HOURS)
        return Held(Hold(HoldReason.OUTSIDE_HOURS, opens, local))

    def clear(
        self,
        campaign: Campaign,
        number: str,
        time_zone: str | None,
        ring: Duration,
        *,
        trunk_id: str,
        caller_id: str | None,
        at: Instant,
    ) -> Clearance:
        """What the transaction of an attempt is to look at. What rules do not allow by then is held or forbidden
        there."""
        read = self._policy_of(campaign)
        rules = read.rules
        lists = self.lists(campaign, at)
        key = self.number_key(number)
        if rules is None or lists.trouble is not None or self._clock_trouble(read, at) is not None:
            # Under no policy that there is: the attempt is not made, and its contact waits.
            return Clearance(NO_POLICY, key)
        if rules is NO_RULES:
            return Clearance(
                self.policy_version,
                key,
                lists=lists.numbers,
                list_versions=lists.versions,
                last_list_edit=self._last_list_edit,
                campaign_version=campaign.version,
            )
        verdict = self._judge(read, rules, campaign, number, time_zone, ring, at)
        forbidden = verdict.prohibition if isinstance(verdict, Forbidden) else None
        if forbidden is None:
            forbidden = self._forbidden_here(rules, number, trunk_id, caller_id)
        limits = rules.limits
        days = day_limits(rules, at)
        if caller_id is not None and (rules.caller_ids.pool or rules.caller_ids.attempts_per_day is not None):
            days.append(shown_limit(rules, caller_id, at))
        rate = read.rate_of(number)
        return Clearance(
            policy_version=self.policy_version,
            number_key=key,
            local=local_time_of(number, time_zone),
            lists=lists.numbers,
            list_versions=lists.versions,
            last_list_edit=self._last_list_edit,
            campaign_version=campaign.version,
            number_limits=limits.number,
            number_gap=limits.number_gap,
            day_limits=tuple(days),
            spend_key=rate.prefix if rate is not None else "",
            per_minute=rate.per_minute if rate is not None else 0,
            spend=reserved(rules, rate),
            spend_limits=spend_limits(rules, number, at),
            hold=verdict.hold if isinstance(verdict, Held) else None,
            forbidden=forbidden,
        )

    # --- recordings ---------------------------------------------------------------------------------------------------

    def announces_recording(self, campaign: Campaign) -> bool:
        """Whether the campaign's policy may have announcements: one that cannot be read may, and somebody it has let
        dial may still be called."""
        rules = self._policy_of(campaign).rules
        return rules is None or any(each.text for each in rules.announcements)

    def recording_announcement(self, campaign: Campaign, number: str) -> str | None:
        """What somebody at this number has to be told before being recorded, by the rule with the longest prefix; empty
        if nothing. None where the policy cannot be read."""
        rules = self._policy_of(campaign).rules
        if rules is None:
            return None
        matching = [
            (len(prefix), each.text)
            for each in rules.announcements
            for prefix in each.prefixes or ("",)
            if number.startswith(prefix)
        ]
        return max(matching, default=(0, ""))[1]

    # --- caller ids ---------------------------------------------------------------------------------------------------

    def caller_id_pool(self, campaign: Campaign, now: Instant) -> CallerIdPool | None:
        """The numbers that attempts of the campaign show in the day of this instant; None where its policy does not
        choose nor count them."""
        rules = self._policy_of(campaign).rules
        numbers = self._pool(rules, campaign) if rules is not None else None
        if rules is None or numbers is None:
            return None
        return CallerIdPool(numbers, rules.caller_ids.attempts_per_day, *day_of(now, rules.time_zone))

    def _pool(self, rules: CallingRules, campaign: Campaign) -> tuple[str, ...] | None:
        """The same numbers; a campaign's own alone where they are only counted."""
        if rules.caller_ids.pool:
            return self._may_be_shown(rules, campaign)
        caller_id = caller_id_of(campaign, self._directory)
        counted = rules.caller_ids.attempts_per_day is not None and caller_id is not None
        return (caller_id,) if counted and caller_id is not None else None

    def _groups_for(self, rules: CallingRules, pool: tuple[str, ...], number: str) -> CallerIdGroups:
        """Those of the pool that may be shown to a number, by how like they are to it, if that counts."""
        fitting = self._shown_to(rules, pool, number)
        if rules.caller_ids.choice is CallerIdChoice.AREA:
            by_likeness: defaultdict[int, list[str]] = defaultdict(list)
            for each in fitting:
                by_likeness[_alike(each, number)].append(each)
            groups = tuple(tuple(by_likeness[length]) for length in sorted(by_likeness, reverse=True))
        else:
            groups = (fitting,)
        return self._groups.setdefault(groups, groups)

    def _shown_to(self, rules: CallingRules, shown: tuple[str, ...], number: str) -> tuple[str, ...]:
        """Those of these that the rules let be shown to a number: where its country is allowed as the country of the
        number that is shown alone, that must be of it."""
        region = numbering_of(number).region
        where = rules.destinations
        as_home = where is not None and region not in where.regions
        key = shown, region, as_home, rules.caller_ids.of_region
        fitting = self._fitting.get(key)
        if fitting is None:
            of_region = as_home or rules.caller_ids.of_region
            fitting = self._fitting[key] = tuple(
                [each for each in shown if not of_region or numbering_of(each).region == region]
            )
        return fitting

    # --- agents -------------------------------------------------------------------------------------------------------

    def forbids_agent(self, number: str) -> Prohibition | None:
        """Why an agent's own phone with this number may not be rung; None if it may. It is bound by the policy
        ``default``: by destinations, not by hours."""
        read = self._named(DEFAULT_POLICY)
        if read.rules is None:
            return Prohibition.NO_POLICY
        if read.rules is NO_RULES:
            return None
        region = self._region_to_dial(read.rules, number, self._regions_of(self._own))
        if isinstance(region, Prohibition):
            return region
        # On which trunk it leaves nobody here knows, so all of them must allow it.
        on_each = (self._forbidden_on(trunk, number, region) for trunk in self.trunks)
        return next((each for each in on_each if each is not None), None) if self.trunks else Prohibition.REGION

    def clear_agent(self, number: str, at: Instant) -> Clearance:
        """What is to be counted of a call to an agent's own phone: it costs what any other does."""
        read, key = self._named(DEFAULT_POLICY), self.number_key(number)
        if read.rules is None or read.rules is NO_RULES:
            return Clearance(self.policy_version, key)
        rules, rate = read.rules, read.rate_of(number)
        return Clearance(
            policy_version=self.policy_version,
            number_key=key,
            day_limits=tuple(day_limits(rules, at)),
            spend_key=rate.prefix if rate is not None else "",
            per_minute=rate.per_minute if rate is not None else 0,
            spend=reserved(rules, rate),
            spend_limits=spend_limits(rules, number, at),
        )

    # --- policies -----------------------------------------------------------------------------------------------------

    def _policy_of(self, campaign: Campaign) -> _Read:
        return self._named(policy_name_of(campaign))

    def _named(self, name: str) -> _Read:
        read = self._read.get(name)
        if read is None:
            read = self._read[name] = self._read_policy(name)
        return read

    def _read_policy(self, name: str) -> _Read:
        if not all(each.number for each in self._directory.calling_policies.values()):
            return _Read(name, None, "The disk has damaged a calling policy, and nobody knows which. Restore a backup.")
        policy = self._directory.calling_policy(name)
        if policy is None:
            if name != DEFAULT_POLICY:
                return _Read(name, None, f"There is no calling policy {name!r}, which its tag {POLICY_TAG} names.")
            if self._reaches_people:
                return _Read(name, None, "There is no calling policy: `trunkcall policy set` puts one.")
            return _Read(name, NO_RULES)
        rules = rules_of(policy)
        if rules is None or (rules.destinations is None and self._reaches_people):
            return _Read(name, None, f"The calling policy {policy.fact_id} cannot be read, or not be gone by here.")
        spending = rules.limits.spending
        rates = {rate.prefix: rate for rate in spending.rates} if spending is not None else {}
        prefixes = [prefix for rule in rules.hours for prefix in rule.prefixes]
        told_by = max(map(len, prefixes), default=0)
        return _Read(name, NO_RULES if rules == NO_RULES else rules, rates=rates, told_by=told_by)

    # --- destinations and caller ids ----------------------------------------------------------------------------------

    def _trunks_to(self, rules: CallingRules, campaign: Campaign, number: str) -> tuple[str, ...] | Prohibition | None:
        """The trunks, by id, on which the campaign may dial the number; None for any that may show it a number. Or why
        it may dial it on none."""
        shown = self._may_be_shown(rules, campaign)
        homes = self._homes.get(shown)
        if homes is None:
            homes = self._homes[shown] = self._regions_of(shown)
        region = self._region_to_dial(rules, number, homes)
        if isinstance(region, Prohibition):
            return region
        chooses = rules.caller_ids.of_region or bool(rules.caller_ids.pool)
        fitting = self._shown_to(rules, shown, number) if chooses else shown
        ways = self._ways_to(rules, campaign, region, fitting)
        if not ways.trunks:
            return Prohibition.REGION
        ids = ways.ids
        if ways.as_digits:
            safe = [trunk.trunk_id for trunk in ways.trunks if not leaves_to_emergency(number, trunk)]
            if not safe:
                return Prohibition.EMERGENCY
            if len(safe) < len(ways.trunks):
                ids = self._trunk_ids.setdefault(tuple(safe), tuple(safe))
        return Prohibition.CALLER_ID if chooses and not fitting else ids

    def _ways_to(self, rules: CallingRules, campaign: Campaign, region: str, fitting: tuple[str, ...]) -> _Ways:
        """The trunks that may show one of these numbers and may reach the region. Where nobody but the trunk says which
        number is shown, and that must be of the region, it is."""
        where = rules.destinations
        of_region = rules.caller_ids.of_region or (where is not None and region not in where.regions)
        by_trunk = not rules.caller_ids.pool and caller_id_of(campaign, self._directory) is None
        key = fitting, region, of_region, by_trunk
        ways = self._ways.get(key)
        if ways is None:
            showing = [trunk for trunk in self.trunks if not fitting or any(trunk.may_show(each) for each in fitting)]
            trunks = [trunk for trunk in showing if self._reaches(trunk, region)]
            if of_region and by_trunk and fitting:
                trunks = [
                    trunk
                    for trunk in trunks
                    if (own := trunk.shows(None)) is not None and numbering_of(own).region == region
                ]
            ids = tuple([trunk.trunk_id for trunk in trunks])
            as_digits = any(trunk.number_format is not NumberFormat.E164 for trunk in trunks)
            ways = _Ways(
                tuple(trunks),
                None if len(trunks) == len(showing) else self._trunk_ids.setdefault(ids, ids),
                as_digits,
            )
            self._ways[key] = ways
        return ways

    def _may_be_shown(self, rules: CallingRules, campaign: Campaign) -> tuple[str, ...]:
        """The numbers of which one is shown, whoever is called. Of a pool those alone that the instance has and some
        trunk may show."""
        pool = rules.caller_ids.pool
        if pool:
            found = self._pools.get(pool)
            if found is None:
                own = [each for each in pool if each in self._own]
                found = tuple(each for each in own if any(trunk.may_show(each) for trunk in self.trunks))
                self._pools[pool] = found
            return found
        caller_id = caller_id_of(campaign, self._directory)
        if caller_id is not None:
            return (caller_id,)
        return tuple(number for trunk in self.trunks for number in trunk.caller_numbers)

    def _may_show(self, rules: CallingRules, caller_id: str, region: str | None) -> bool:
        return not rules.caller_ids.of_region or numbering_of(caller_id).region == region

    @staticmethod
    def _region_to_dial(rules: CallingRules, number: str, homes: Collection[str]) -> str | Prohibition:
        """The number's region; or why it may not be dialed on any trunk, by whoever is at home in these regions."""
        known = numbering_of(number)
        if known.kind is not Kind.ORDINARY:
            return Prohibition.KIND
        if known.region is None or not known.valid:
            return Prohibition.INVALID
        where = rules.destinations
        if where is not None:
            at_home = HOME in where.regions and known.region in homes
            if known.region not in where.regions and not at_home:
                return Prohibition.REGION
            if number.startswith(where.refused_prefixes):
                return Prohibition.REGION
        return known.region

    def _forbidden_here(
        self, rules: CallingRules, number: str, trunk_id: str, caller_id: str | None
    ) -> Prohibition | None:
        """Why the number may not be dialed on this trunk by this number."""
        region = numbering_of(number).region
        trunk = next((each for each in self.trunks if each.trunk_id == trunk_id), None)
        if trunk is None:
            return Prohibition.REGION
        if (on_trunk := self._forbidden_on(trunk, number, region)) is not None:
            return on_trunk
        if caller_id is None:
            return Prohibition.CALLER_ID if rules.caller_ids.of_region or rules.caller_ids.pool else None
        pool = rules.caller_ids.pool
        is_own = caller_id in self._own
        if not is_own or (pool and caller_id not in pool) or not self._may_show(rules, caller_id, region):
            return Prohibition.CALLER_ID
        where = rules.destinations
        if where is not None and region not in where.regions and numbering_of(caller_id).region != region:
            # Home is the country of the number that is shown.
            return Prohibition.REGION
        return None

    def _forbidden_on(self, trunk: Trunk, number: str, region: str | None) -> Prohibition | None:
        if leaves_to_emergency(number, trunk):
            return Prohibition.EMERGENCY
        return None if self._reaches(trunk, region) else Prohibition.REGION

    def _reaches(self, trunk: Trunk, region: str | None) -> bool:
        """Whether the trunk may dial numbers of the region."""
        unsaid = not trunk.regions and not self._reaches_people
        return unsaid or region in trunk.regions

    @staticmethod
    def _regions_of(numbers: Iterable[str]) -> frozenset[str]:
        return frozenset(region for number in numbers if (region := numbering_of(number).region) is not None)


GateOf: TypeAlias = Callable[[Directory], Gate]
"""The gate of an instance, by its facts."""


def _alike(one: str, other: str) -> int:
    """How many digits two numbers begin with that are the same."""
    pairs = zip(one, other, strict=False)
    return next((length for length, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def rules_of(policy: CallingPolicy) -> CallingRules | None:
    """What the policy says; None where it cannot be read."""
    return _rules(policy.text, policy.rates) if policy.text is not None else None


@lru_cache(64)
def _rules(text: str, rates: str | None) -> CallingRules | None:
    try:
        return read_policy(text, rates)
    except PolicyFileError:
        return None


@lru_cache(8_192)
def _matching(hours: tuple[HoursRule, ...], beginning: str) -> tuple[HoursRule, ...]:
    """The rules that bind all numbers which begin so: it is no shorter than their prefixes."""
    return matching_rules(hours, beginning)


def local_time_of(number: str, time_zone: str | None) -> LocalTime:
    """By which clocks a number is looked at, with the time zone that its request names."""
    if time_zone is not None:
        return LocalTime((time_zone,), Evidence.ATTRIBUTE)
    known = numbering_of(number)
    return LocalTime(known.zones, known.evidence)
