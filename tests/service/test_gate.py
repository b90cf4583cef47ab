"""The gate alone: of a campaign, a number and an instant, whether anybody may be dialed. If these fail, calls go where
they may not, are shown as coming from elsewhere, or nobody at all can be called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from gating import test_key as key_of
from trunkcall.domain.calling_policy import POLICY_TAG, CallingPolicy
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.clearance import Evidence, HoldReason, Prohibition
from trunkcall.domain.directory import Directory, Fact, Instance
from trunkcall.domain.do_not_call import DoNotCallList, ListKind
from trunkcall.domain.instants import HOUR, MINUTE, SECOND, Instant
from trunkcall.domain.phone_number import PhoneNumber
from trunkcall.domain.trunk import NumberFormat, Trunk
from trunkcall.service.calling.gate import ALLOWED, NO_POLICY, Allowed, Forbidden, Gate, Held, Verdict

NOW: Instant = 1_790_000_000 * SECOND
"""A Monday, 14:13:20 UTC: 10:13:20 in New York."""
NEW_YORK, LOS_ANGELES, TORONTO, JAMAICA = "+12125550100", "+12135550100", "+14165550100", "+18765550100"
LONDON, PREMIUM, PERSONAL, SATELLITE = "+442079460123", "+448701234567", "+447012345678", "+870773111632"
OURS, OURS_TOO = "+12065550100", "+442079460000"
RING = 30 * SECOND
HOME, ANY = '[destinations]\nregions = ["home"]\n', '[destinations]\nregions = ["any"]\n'
WIDE = '[destinations]\nregions = ["US", "CA", "JM", "GB", "IN"]\n'
US = Trunk("default", regions=("US", "GB", "JM"))


def campaign(caller_id: str | None = OURS, *, policy: str | None = None) -> Campaign:
    return Campaign(
        campaign_id="spring",
        arn="arn",
        instance_id="instance",
        name="Spring",
        dialer=DialerConfig(DialerType.PROGRESSIVE, 1.0),
        outbound_call=OutboundCallConfig("flow", "queue", caller_id),
        state=CampaignState.RUNNING,
        created_at=0,
        tags={POLICY_TAG: policy} if policy is not None else {},
    )


def gate(
    *policies: str | None,
    trunks: Sequence[Trunk] = (US,),
    reaches_people: bool = True,
    more: Sequence[Fact] = (),
    wall: Callable[[], Instant] | None = None,
) -> Gate:
    """With these policies, the last of which counts."""
    facts: list[Fact] = [CallingPolicy("default", number, text) for number, text in enumerate(policies, 1)]
    numbers = [PhoneNumber(f"number-{n}", number, "US") for n, number in enumerate((OURS, OURS_TOO))]
    directory = Directory.of(Instance("instance", "", 0, onboarded=True), (*facts, *numbers, *trunks, *more))
    return Gate(directory, key_of, reaches_people=reaches_people, wall=wall)


def look(of: Gate, number: str, *, by: Campaign | None = None, zone: str | None = None, at: Instant = NOW) -> Verdict:
    return of.look(by or campaign(), number, zone, RING, at)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (NEW_YORK, None),
        (JAMAICA, Prohibition.REGION),
        (TORONTO, Prohibition.REGION),
        (LONDON, Prohibition.REGION),
        (PREMIUM, Prohibition.KIND),
        (PERSONAL, Prohibition.KIND),
        (SATELLITE, Prohibition.KIND),
        ("+19115550100", Prohibition.INVALID),
    ],
)
def test_calls_go_to_the_country_of_the_number_shown_and_not_to_all_of_its_calling_code(
    number: str, why: Prohibition | None
) -> None:
    assert look(gate(HOME), number) == (Forbidden(why) if why is not None else ALLOWED)


def test_home_moves_with_the_number_that_the_campaign_shows() -> None:
    of = gate(HOME)
    by = campaign(OURS_TOO)
    assert look(of, LONDON, by=by) == ALLOWED
    assert look(of, NEW_YORK, by=by) == Forbidden(Prohibition.REGION)


def test_prefixes_narrow_what_regions_allow() -> None:
    of = gate(HOME + 'refused_prefixes = ["+1213"]\n')
    assert look(of, LOS_ANGELES) == Forbidden(Prohibition.REGION)
    assert look(of, NEW_YORK) == ALLOWED


def test_hours_bind_numbers_by_prefixes_however_long() -> None:
    """One rule is for an area, one for a single number in it."""
    everybody = '[[hours]]\nevery_day = "08:00-21:00"\n'
    area = '[[hours]]\nprefixes = ["+1212"]\nevery_day = "08:00-20:00"\n'
    one = f'[[hours]]\nprefixes = ["{NEW_YORK}"]\nevery_day = "08:00-19:00"\n'
    of = gate(f'time_zone = "America/New_York"\n{HOME}{everybody}{area}{one}')
    neighbour, elsewhere = NEW_YORK[:-1] + "1", "+16465550100"
    until = {number: look(of, number) for number in (elsewhere, neighbour, NEW_YORK)}
    midnight = NOW - 10 * HOUR - 13 * MINUTE - 20 * SECOND
    assert until == {
        elsewhere: Allowed(midnight + 21 * HOUR - RING),
        neighbour: Allowed(midnight + 20 * HOUR - RING),
        NEW_YORK: Allowed(midnight + 19 * HOUR - RING),
    }


@pytest.mark.parametrize(("reaches_people", "allowed"), [(True, False), (False, True)])
def test_a_trunk_that_names_no_regions_reaches_nobody_but_a_simulated_one(reaches_people: bool, allowed: bool) -> None:
    of = gate(HOME, trunks=[Trunk("default")], reaches_people=reaches_people)
    assert (look(of, NEW_YORK) == ALLOWED) is allowed


def test_trunks_of_several_countries_reach_each_their_own() -> None:
    """With a trunk in each country, nobody at all was called."""
    west, east = Trunk("west", regions=("US", "CA")), Trunk("east", regions=("GB", "CA"))
    of = gate(WIDE, trunks=[west, east])
    assert look(of, NEW_YORK) == Allowed(trunks=("west",))
    assert look(of, LONDON) == Allowed(trunks=("east",))
    assert look(of, TORONTO) == ALLOWED, "on any of them"
    assert look(of, JAMAICA) == Forbidden(Prohibition.REGION), "on none"


def test_the_trunk_of_an_attempt_is_asked_once_more() -> None:
    west, east = Trunk("west", regions=("US",)), Trunk("east", regions=("GB",))
    of = gate(WIDE, trunks=[west, east])
    why = {
        trunk_id: of.clear(campaign(), NEW_YORK, None, RING, trunk_id=trunk_id, caller_id=OURS, at=NOW).forbidden
        for trunk_id in ("west", "east", "gone")
    }
    assert why == {"west": None, "east": Prohibition.REGION, "gone": Prohibition.REGION}


@pytest.mark.parametrize("set_by", [-3600 * SECOND, 3600 * SECOND])
def test_hours_are_not_kept_by_a_clock_that_is_not_the_machines_any_more(set_by: int) -> None:
    """Else whoever sets a machine's clock while a server runs has people called in the night."""
    everywhere, hours = '[destinations]\nregions = ["US"]\n', '[[hours]]\nevery_day = "00:00-24:00"\n'
    machine = [NOW]
    keeps = {text: gate(text, wall=lambda: machine[0]) for text in (everywhere, everywhere + hours)}

    def cleared(by: Gate) -> bool:
        made = by.clear(campaign(), NEW_YORK, None, RING, trunk_id="default", caller_id=OURS, at=NOW)
        return made.policy_version != NO_POLICY

    assert all(each.trouble(campaign(), NOW) is None and cleared(each) for each in keeps.values())
    machine[0] += set_by
    no_hours, with_hours = keeps.values()
    told = with_hours.trouble(campaign(), NOW)
    assert told is not None
    assert "Start the server anew" in told
    assert not cleared(with_hours)
    assert no_hours.trouble(campaign(), NOW) is None, "nothing is kept there by a clock of the day"
    assert cleared(no_hours)


def test_a_trunk_that_may_not_show_the_number_reaches_nobody_with_it() -> None:
    ours = Trunk("ours", regions=("US",), caller_numbers=(OURS,))
    others = Trunk("others", regions=("US", "GB"), caller_numbers=(OURS_TOO,))
    of = gate(WIDE, trunks=[ours, others])
    assert look(of, NEW_YORK) == ALLOWED, "on any that may show the number"
    assert look(of, LONDON) == Forbidden(Prohibition.REGION)
    assert look(of, LONDON, by=campaign(OURS_TOO)) == ALLOWED


def test_where_each_trunk_shows_its_own_number_home_is_where_that_is() -> None:
    both = ("US", "GB")
    west = Trunk("west", regions=both, caller_numbers=(OURS,))
    east = Trunk("east", regions=both, caller_numbers=(OURS_TOO,))
    of, by = gate(HOME, trunks=[west, east]), campaign(None)
    assert look(of, NEW_YORK, by=by) == Allowed(trunks=("west",))
    assert look(of, LONDON, by=by) == Allowed(trunks=("east",))
    assert look(of, TORONTO, by=by) == Forbidden(Prohibition.REGION)


def test_a_number_that_is_a_call_for_help_on_one_trunk_leaves_on_another() -> None:
    """Delhi begins with 911 where the + is left out."""
    delhi = "+911123456789"
    as_it_is = Trunk("as-it-is", regions=("IN",))
    as_digits = Trunk("as-digits", regions=("IN",), number_format=NumberFormat.DIGITS, country="US")
    assert look(gate(WIDE, trunks=[as_digits, as_it_is]), delhi) == Allowed(trunks=("as-it-is",))
    assert look(gate(WIDE, trunks=[as_digits]), delhi) == Forbidden(Prohibition.EMERGENCY)
    assert look(gate(WIDE, trunks=[as_digits, as_it_is]), "+912223456789") == ALLOWED


@pytest.mark.parametrize("number", ["+19115550100", "+19112345678"])
def test_what_a_trunk_would_send_as_a_call_for_help_is_not_dialed(number: str) -> None:
    """In ten digits, as one dials in North America, it begins with 911."""
    of = gate(
        '[destinations]\nregions = ["US"]\n', trunks=[replace(US, number_format=NumberFormat.NATIONAL, country="US")]
    )
    assert isinstance(look(of, number), Forbidden)
    cleared = of.clear(campaign(), number, None, RING, trunk_id="default", caller_id=OURS, at=NOW)
    assert cleared.forbidden is not None


@pytest.mark.parametrize(
    ("shown", "why"), [(OURS, None), (OURS_TOO, Prohibition.CALLER_ID), ("+12065550199", Prohibition.CALLER_ID)]
)
def test_the_number_that_is_shown_is_our_own_and_of_the_country(shown: str, why: Prohibition | None) -> None:
    of = gate('[destinations]\nregions = ["US"]\n[caller_ids]\ncountry = "same"\n')
    cleared = of.clear(campaign(), NEW_YORK, None, RING, trunk_id="default", caller_id=shown, at=NOW)
    assert cleared.forbidden is why


def test_whoever_has_no_number_of_the_country_to_show_calls_nobody_there() -> None:
    of = gate('[destinations]\nregions = ["US", "GB"]\n[caller_ids]\ncountry = "same"\n')
    assert look(of, LONDON) == Forbidden(Prohibition.CALLER_ID)
    assert look(of, LONDON, by=campaign(OURS_TOO)) == ALLOWED


HOURS = HOME + '[[hours]]\nprefixes = ["+1"]\nevery_day = "09:00-20:00"\n'


def test_attempts_made_before_a_limit_of_the_day_was_put_count_for_it() -> None:
    """Else a limit that is put because too much was dialed already would let as much be dialed again."""
    without, limited = (
        gate(HOME + limits).clear(campaign(), NEW_YORK, None, RING, trunk_id="default", caller_id=OURS, at=NOW)
        for limits in ("", "[limits]\nattempts_per_day = 5\n")
    )
    counted = [[(day.reason, day.key, day.began_at) for day in each.day_limits] for each in (without, limited)]
    assert counted[0] == counted[1] != []
    assert [day.most for day in (*without.day_limits, *limited.day_limits)] == [None, 5]


def test_hours_are_those_of_the_called_party() -> None:
    of = gate(HOURS)
    assert look(of, NEW_YORK) == Allowed(NOW + 9 * HOUR + 46 * MINUTE + 10 * SECOND), "20:00, and 30 s to ring"
    held = look(of, LOS_ANGELES)
    assert isinstance(held, Held)
    assert (held.hold.reason, held.hold.until) == (HoldReason.OUTSIDE_HOURS, NOW + 6400 * SECOND)
    assert held.hold.local is not None
    assert (held.hold.local.zones, held.hold.local.evidence) == (("America/Los_Angeles",), Evidence.AREA)


def test_the_time_zone_of_the_request_counts_in_place_of_the_numbers() -> None:
    held = look(gate(HOURS), NEW_YORK, zone="America/Los_Angeles")
    assert isinstance(held, Held)
    assert held.hold.local is not None
    assert held.hold.local.evidence is Evidence.ATTRIBUTE


def test_a_number_for_which_no_hours_are_given_is_not_called() -> None:
    of = gate(HOURS.replace('"+1"', '"+1206"'))
    assert look(of, NEW_YORK) == Forbidden(Prohibition.NO_HOURS)


def test_a_call_of_which_nobody_knows_what_it_costs_is_not_made_where_spending_is_limited() -> None:
    text = '[destinations]\nregions = ["US", "GB"]\n[spending]\nrates = "rates.csv"\nper_day = { all = 10 }\n'
    of = gate(more=[CallingPolicy("default", 1, text, "prefix,per_minute\n+1,0.01\n")])
    assert look(of, NEW_YORK) == ALLOWED
    assert look(of, LONDON) == Forbidden(Prohibition.NO_RATE)


def test_without_a_policy_only_simulated_people_are_called() -> None:
    real, simulated = gate(), gate(reaches_people=False)
    assert "trunkcall policy set" in (real.trouble(campaign(), NOW) or "")
    cleared = real.clear(campaign(), NEW_YORK, None, RING, trunk_id="default", caller_id=OURS, at=NOW)
    assert cleared.policy_version == NO_POLICY, "no transaction takes it"
    assert real.forbids_agent(NEW_YORK) is Prohibition.NO_POLICY
    assert simulated.trouble(campaign(), NOW) is None
    assert look(simulated, PREMIUM) == ALLOWED
    assert simulated.forbids_agent(LONDON) is None


@pytest.mark.parametrize("text", [None, "hours = 7", ANY])
def test_a_policy_that_is_damaged_wrong_or_allows_everything_is_not_gone_by(text: str | None) -> None:
    of = gate(HOME, text)
    assert of.trouble(campaign(), NOW) is not None
    assert gate(text, HOME).trouble(campaign(), NOW) is None, "the one that was put last counts"


def test_a_tag_names_the_policy_of_a_campaign() -> None:
    of = gate(HOME, more=[CallingPolicy("abroad", 2, '[destinations]\nregions = ["GB"]\n')])
    abroad, missing = campaign(policy="abroad"), campaign(policy="nobodys")
    assert look(of, LONDON, by=abroad) == ALLOWED
    assert look(of, NEW_YORK, by=abroad) == Forbidden(Prohibition.REGION)
    assert look(of, LONDON) == Forbidden(Prohibition.REGION)
    assert "nobodys" in (of.trouble(missing, NOW) or ""), "it does not fall back to another one"
    assert of.trouble(abroad, NOW) is None


def test_where_a_policy_cannot_be_read_nobody_knows_what_has_to_be_said_before_recording() -> None:
    told, untold, unknown = campaign(), campaign(policy="abroad"), campaign(policy="nobodys")
    of = gate(
        HOME + '[[announce_recording]]\nprefixes = ["+1"]\ntext = "This call is recorded."\n',
        more=[CallingPolicy("abroad", 2, '[destinations]\nregions = ["GB"]\n')],
    )
    assert [of.announces_recording(each) for each in (told, untold, unknown)] == [True, False, True]
    assert of.recording_announcement(told, NEW_YORK) == "This call is recorded."
    assert of.recording_announcement(told, LONDON) == ""
    assert of.recording_announcement(unknown, NEW_YORK) is None


def test_a_registry_without_a_file_closes_the_campaigns_that_it_binds() -> None:
    of = gate(HOME, more=[DoNotCallList(1, "registry", ListKind.REGISTRY, campaign_ids=("spring",))])
    assert "registry" in (of.trouble(campaign(), NOW) or "")
    assert of.trouble(replace(campaign(), campaign_id="winter"), NOW) is None


def test_agents_are_rung_by_destinations_and_at_any_hour() -> None:
    of = gate(HOURS.replace("09:00-20:00", "01:00-02:00"))
    assert of.forbids_agent(NEW_YORK) is None
    assert of.forbids_agent(PREMIUM) is Prohibition.KIND
    assert of.forbids_agent(JAMAICA) is Prohibition.REGION
