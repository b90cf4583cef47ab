"""Plain tables and lists of facts. If these fail, lines wrap on a narrow terminal, or a pipe loses what was cut."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len

from trunkcall.cli.campaign import campaign_table
from trunkcall.cli.figures import Figures, Floor, Trunk, Window, to_json
from trunkcall.cli.status import find_troubles, status_text
from trunkcall.cli.tables import counted, facts, folded, plain_table
from trunkcall.cli.watch_view import progress_facts

FIGURES = Figures(
    id="6114aa5a-8e88-4a42-a19d-42124625e68d",
    name="Spring",
    state="Running",
    dialer="predictive",
    instance_time=datetime(2026, 3, 2, 10, 5, 33, tzinfo=UTC),
    accepted=120_000,
    waiting=100_000,
    in_progress=40,
    set_aside=0,
    attempts=20_000,
    in_state={"Dialing": 20, "Queued": 1, "Connected": 19},
    dispositions={"no_answer": 15_000, "connected_to_agent": 4_900, "abandoned": 60},
    live_answers=5_000,
    abandoned=60,
    abandonment=(Window("24h", 5_000, 60, 0.012), Window("30d", 5_000, 60, 0.012)),
    abandonment_target_ratio=0.03,
    attempts_by_minute=(10, 20, 30),
    floor=None,
    reason_code="DIALING",
    reason="Nothing holds it back.",
)
DEFAULT = Trunk("default", "local", True, False, 40, 500, 50.0, ())
FLOOR = Floor({"Available": 1, "Connected": 19, "OnBreak": 2}, 0, 40, 500, carrier_up=True, trunks=(DEFAULT,))
NORTH = Trunk("north", "sbc-1", True, False, 30, 300, 2.5, ("+12025550100", "+12025550111"))
SOUTH = Trunk("south", "sbc-2", True, False, 10, 1_200, 50.0, ())
OK: dict[str, Any] = {
    "status": "ok",
    "trouble": None,
    "version": "1.0",
    "instance_id": "instance-1",
    "instance_time": "2026-03-02T10:05:33.250000Z",
    "instances": [],
    "speed": 1.0,
}
MANY = [
    replace(FIGURES, name=name) for name in ("Spring", "Осенняя кампания для северного филиала", "春のキャンペーン" * 9)
]


def test_where_there_are_several_instances_each_is_shown_and_its_trouble_named() -> None:
    """Else an operator looks for what is wrong in an instance that is well."""
    told = {"status": "ok", "instance_time": OK["instance_time"], "quarantined": 0}
    page = OK | {"instances": [{"instance_id": name, **told} for name in ("instance-1", "instance-2")]}
    away = {"instance-2": replace(FLOOR, carrier_up=False, trunks=(replace(DEFAULT, up=False),))}
    (trouble,) = found = find_troubles(page, FLOOR, [], away)
    assert (trouble.code, trouble.text) == ("CARRIER_AWAY", "Instance instance-2: The carrier does not answer.")
    status = status_text("http://127.0.0.1:8750", page, FLOOR, [], found, 120, away)
    rows = [line.split() for line in status.splitlines() if line.startswith("instance-")]
    assert [(row[0], row[1], row[5]) for row in rows] == [("instance-1", "ok", "20"), ("instance-2", "ok", "20")]
    alone = OK | {"instances": page["instances"][:1]}
    assert "instance-1" not in status_text("http://127.0.0.1:8750", alone, FLOOR, [], [], 120)


def test_an_instance_is_called_by_its_alias_and_found_by_its_id() -> None:
    """Else whoever reads that something is wrong with 6114aa5a-… has to ask which of the contact centres that is."""
    told = {"status": "ok", "instance_time": OK["instance_time"], "quarantined": 0}
    names = (("instance-1", "default"), ("instance-2", "surveys"), ("instance-3", None))
    page = OK | {"instances": [{"instance_id": one, "alias": alias, **told} for one, alias in names]}
    away = {name: replace(FLOOR, agents_unheard=2) for name in ("instance-2", "instance-3")}
    found = find_troubles(page, FLOOR, [], away)
    assert [trouble.text for trouble in found] == [
        "Instance surveys: Nothing is heard of 2 agents at work.",
        "Instance instance-3: Nothing is heard of 2 agents at work.",
    ]
    status = status_text("http://127.0.0.1:8750", page, FLOOR, [], found, 120, away)
    rows = [line.split() for line in status.splitlines() if "  ok  " in line]
    assert [(row[0], row[-1]) for row in rows] == [
        ("default", "instance-1"),
        ("surveys", "instance-2"),
        ("instance-3", "instance-3"),
    ]


def test_another_instance_is_shown_although_it_is_the_only_one_that_is_dialed_for() -> None:
    """Else campaigns are at work in a place of which nothing is said."""
    told = {"status": "ok", "instance_time": OK["instance_time"], "quarantined": 0}
    page = OK | {"instances": [{"instance_id": "instance-2", **told}]}
    found = find_troubles(page, None, [], {"instance-2": FLOOR})
    assert [trouble.text for trouble in found] == ["Nobody dials for the instance here: it is not onboarded."]
    assert "instance-2  ok" in status_text("http://127.0.0.1:8750", page, None, [], found, 120, {"instance-2": FLOOR})


@pytest.mark.parametrize("width", [40, 60, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    status = status_text("http://127.0.0.1:8750", OK, FLOOR, MANY, find_troubles(OK, FLOOR, MANY), width)
    for text in (campaign_table(MANY, width), status):
        assert max(map(cell_len, text.splitlines())) <= width
        assert "Spring" in text
        assert "Running" in text


def test_the_wider_the_terminal_the_more_columns() -> None:
    shown = [campaign_table(MANY, width).splitlines()[0].split()[-1] for width in (40, 60, 80, 120)]
    assert shown == ["PENDING", "DIALING", "CONNECTED", "ID"]
    assert "春のキャンペーン" * 9 in campaign_table(MANY, None)


def test_numbers_are_aligned_to_the_right() -> None:
    assert plain_table(("NAME", "N"), [("a", "1"), ("b", "100")], 20, right=("N",)).splitlines()[1:] == [
        "a       1",
        "b     100",
    ]


def test_one_is_told_as_one() -> None:
    assert [counted(number, "contact") for number in (0, 1, 2_000)] == ["0 contacts", "1 contact", "2,000 contacts"]


def test_facts_are_folded_beside_their_names() -> None:
    folded = facts([("why", "word " * 12), ("state", "")], 40).splitlines()
    assert len(folded) > 2
    assert all(line.startswith(("why  ", "     ", "state")) for line in folded)


def test_a_sentence_is_folded_on_a_terminal_and_whole_in_a_pipe() -> None:
    sentence = "- " + "word " * 12 + "[CODE]"
    first, *rest = folded(sentence, 40, "  ").splitlines()
    assert len(first) <= 40
    assert rest
    assert all(len(line) <= 40 and line.startswith("  ") for line in rest)
    assert folded(sentence, None, "  ") == sentence


def test_the_parts_of_all_requests_add_up_with_those_that_are_set_aside() -> None:
    said = dict(progress_facts(replace(FIGURES, accepted=120_003, set_aside=3)))
    assert said["requests"] == "120,003 accepted: 100,000 waiting, 40 in progress, 19,960 ended, 3 set aside"
    assert to_json(replace(FIGURES, set_aside=3))["set_aside"] == 3


def test_all_is_well_while_the_limit_is_kept() -> None:
    assert find_troubles(OK, FLOOR, [FIGURES, replace(FIGURES, state="Stopped")]) == []


def test_the_first_abandonment_of_a_shift_is_no_trouble_and_many_are() -> None:
    first = replace(FIGURES, abandonment=(Window("24h", 3, 1, 1 / 3),))
    many = replace(FIGURES, abandonment=(Window("24h", 100, 9, 0.09),))
    assert find_troubles(OK, FLOOR, [first]) == []
    (trouble,) = find_troubles(OK, FLOOR, [many])
    assert trouble.code == "ABANDONMENT"
    assert "9 of 100" in trouble.text


def test_what_is_wrong_with_the_server_comes_before_what_follows_from_it() -> None:
    page = OK | {"status": "not dialing", "trouble": "the disk is full"}
    without = replace(FLOOR, carrier_up=False, agents_unheard=3, trunks=(replace(DEFAULT, up=False),))
    waiting = replace(FIGURES, reason_code="CARRIER_AWAY", reason="The carrier does not answer.")
    failed = replace(FIGURES, name="Old", state="Failed")
    codes = [trouble.code for trouble in find_troubles(page, without, [waiting, failed])]
    assert codes == ["SERVER", "CARRIER_AWAY", "AGENTS_UNHEARD", "CARRIER_AWAY", "CAMPAIGN_FAILED"]
    assert [trouble.code for trouble in find_troubles(OK, None, [])] == ["NO_DIALER"]


def shown(floor: Floor) -> str:
    return status_text("http://127.0.0.1:8750", OK, floor, [FIGURES], (), None)


def test_trunks_are_shown_where_there_are_several_or_one_is_not_as_it_should_be() -> None:
    assert "TRUNK" not in shown(FLOOR)
    assert "default  held       40    500          50  local  any" in shown(
        replace(FLOOR, trunks=(replace(DEFAULT, held=True),))
    )
    assert "default  failing      40 " in shown(replace(FLOOR, trunks=(replace(DEFAULT, failing=True),)))
    assert "default  down " in shown(replace(FLOOR, trunks=(replace(DEFAULT, up=False, held=True, failing=True),)))
    lines = shown(replace(FLOOR, trunks=(NORTH, SOUTH))).splitlines()
    place = lines.index("TRUNK  STATE  IN USE  LINES  PER SECOND  HOST   NUMBERS")
    assert lines[place + 1 : place + 3] == [
        "north  up         30    300         2.5  sbc-1  +12025550100, +12025550111",
        "south  up         10  1,200          50  sbc-2  any",
    ]


def test_a_host_that_does_not_answer_is_one_trouble_with_all_its_trunks() -> None:
    """Whoever is woken by a script is told which switch to look at."""
    east = replace(SOUTH, trunk_id="east")
    down = [replace(trunk, up=False) for trunk in (SOUTH, east)]
    (trouble,) = find_troubles(OK, replace(FLOOR, carrier_up=False, trunks=(NORTH, *down)), [FIGURES])
    assert trouble.code == "TRUNK_DOWN"
    assert trouble.text == "The trunks south, east are down: the carrier does not answer for sbc-2."
    all_down = (replace(NORTH, up=False), *down)
    (trouble,) = find_troubles(OK, replace(FLOOR, carrier_up=False, trunks=all_down), [FIGURES])
    assert trouble.code == "CARRIER_AWAY"
    assert find_troubles(OK, replace(FLOOR, trunks=(replace(NORTH, held=True), SOUTH)), [FIGURES]) == []
