"""Shifts over several trunks, and what a host that fails comes to. If these fail, ``simulate`` tells a planner nothing
of a second switch, or of the day on which one is down."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from simulation.support import Record, recorded, scenario
from trunkcall.domain.changes import AttemptBegun
from trunkcall.domain.errors import SettingsError
from trunkcall.engine.commands import Originate, OriginateSessionLeg
from trunkcall.engine.events import CarrierFound, CarrierLost
from trunkcall.simulation.scenario import read_scenario, values_of
from trunkcall.simulation.simulator import at_hour

NORTH = {"trunk_id": "north", "channels": 40}
SOUTH = {"trunk_id": "south", "host": "second", "channels": 20}
FAILS = {"fails_after_s": 900, "fails_for_s": 300}


def by_trunk(record: Record, since_h: float = 0.0, until_h: float = 1e6) -> Counter[str]:
    return Counter(
        begun.trunk_id for begun in record.of_kind(AttemptBegun) if at_hour(since_h) <= begun.at < at_hour(until_h)
    )


def test_attempts_go_out_on_each_trunk_by_its_channels() -> None:
    _, record = recorded(hours=0.5, pacer="agentless", agents=0, trunk=[NORTH, SOUTH])
    attempts = by_trunk(record)
    assert attempts["north"] / attempts["south"] == pytest.approx(2, rel=0.1)
    hosts = {(deed.trunk_id, deed.host) for deed in record.of_kind(Originate)}
    assert hosts == {("north", "local"), ("south", "second")}


def test_a_host_that_fails_stops_the_others_for_no_moment_and_its_agents_come_back() -> None:
    """Up for a quarter of an hour, away for five minutes, again and again."""
    whole, _ = recorded(hours=1, trunk=[NORTH, SOUTH])
    shift, record = recorded(hours=1, trunk=[NORTH, SOUTH | FAILS])
    words = [type(event) for event, _ in record.told if isinstance(event, CarrierLost | CarrierFound)]
    assert words == [CarrierLost, CarrierFound] * 3
    assert by_trunk(record, 0.25, 1 / 3).keys() == {"north"}
    for since_h, until_h in ((0.0, 0.25), (1 / 3, 7 / 12), (2 / 3, 11 / 12)):
        assert by_trunk(record, since_h, until_h).keys() == {"north", "south"}
    assert shift.connected > 0.6 * whole.connected
    assert shift.abandoned < 0.1 * shift.live_answers


def test_one_trunk_in_a_table_is_what_the_parameters_of_the_shift_make() -> None:
    of_table, table = recorded(hours=0.2, trunk=[{"trunk_id": "default", "channels": 9, "attempts_per_s": 2.0}])
    of_values, values = recorded(hours=0.2, channels=9, attempts_per_s=2.0)
    assert of_table == of_values
    assert table.turns == values.turns


def test_a_scenario_with_trunks_comes_back_as_it_was() -> None:
    given = scenario(trunk=[NORTH, SOUTH | FAILS | {"caller_numbers": ["+12025550100"]}])
    assert scenario(**values_of(given)) == given


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[trunk]]\nchannels = 3", "trunk_id in trunk 1 of .* must be 1 to 64 of a-z"),
        ("[[trunk]]\ntrunk_id = 'The North'", "trunk_id in trunk 1 of .* must be 1 to 64 of a-z"),
        (
            "[[trunk]]\ntrunk_id = 'a'\nchanels = 3",
            "chanels, which is no parameter of a trunk. Did you mean 'channels'",
        ),
        ("[[trunk]]\ntrunk_id = 'a'\nchannels = 0", "channels in trunk 1 of .* must be above 0"),
        ("[[trunk]]\ntrunk_id = 'a'\nattempts_per_s = 0", "attempts_per_s in trunk 1 of .* must be at least 0.01"),
        ("[[trunk]]\ntrunk_id = 'a'\nfails_for_s = 5", "fails_for_s in trunk 1 of .* needs fails_after_s"),
        ("[[trunk]]\ntrunk_id = 'a'\ncaller_numbers = 5", "caller_numbers in trunk 1 of .* must be a list of numbers"),
        (
            "[[trunk]]\ntrunk_id = 'a'\n[[trunk]]\ntrunk_id = 'a'",
            "trunk 2 of .* has the trunk_id 'a', which another has",
        ),
        (
            "[[trunk]]\ntrunk_id = 'a'\nfails_after_s = 5\n[[trunk]]\ntrunk_id = 'b'\nfails_after_s = 6",
            "trunk 2 of .* says otherwise than another when the host 'local' fails",
        ),
        (
            "channels = 7\n[[trunk]]\ntrunk_id = 'a'",
            r"channels in .* without tables of trunks: say it in each \[\[trunk\]\]",
        ),
        (
            "'trunk.a.channels' = 7\n[[trunk]]\ntrunk_id = 'a'",
            r"what a trunk has is said in its table \[\[trunk\]\] alone",
        ),
        ("trunk = 3", r"trunk in .* must be tables, each headed \[\[trunk\]\]"),
    ],
)
def test_what_cannot_be_a_trunk_is_refused_in_words(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "shift.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=why):
        read_scenario(path)


def test_a_customer_on_another_host_than_the_agents_session_is_put_through_all_the_same() -> None:
    trunks = [NORTH, SOUTH]
    without, _ = recorded(hours=1, trunk=trunks)
    shift, record = recorded(hours=1, trunk=trunks, persistent_connections=True)
    assert {deed.host for deed in record.of_kind(OriginateSessionLeg)} == {"local", "second"}
    assert shift.connected > 0.97 * without.connected
