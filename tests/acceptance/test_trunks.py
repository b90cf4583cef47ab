"""A server with the trunks that its file names. If these fail, people are dialed over a trunk that they must not be, or
nobody can tell afterwards which one it was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from serving import Serving, dial_request, put_all, serving

NORTH_NUMBER, SOUTH_NUMBER = "+12025550100", "+12025550111"
NORTH = f"""
[[trunks]]
trunk_id = "north"
host = "switch-1"
channels = 4
caller_numbers = ["{NORTH_NUMBER}"]
"""
SOUTH = f"""
[[trunks]]
trunk_id = "south"
host = "switch-2"
channels = 30
attempts_per_s = 10
caller_numbers = ["{SOUTH_NUMBER}", "{NORTH_NUMBER}"]
"""


def trunks_of(server: Serving) -> list[dict[str, Any]]:
    """What `trunkcall trunks list` says, once somebody dials."""
    arguments = ("trunks", "list", "--json", "--data-dir", str(server.data_dir))
    server.wait_until(lambda: server.trunkcall(*arguments, check=False).returncode == 0)
    found: list[dict[str, Any]] = json.loads(server.trunkcall(*arguments).stdout)
    return found


def dialed(server: Serving, name: str, number: str | None, requests: int) -> Sequence[tuple[str, str]]:
    """Trunk and number of each contact of a campaign that shows this number, or its queue's."""
    client = server.client()
    arguments = server.campaign_arguments(name)
    if number is not None:
        arguments["outboundCallConfig"]["connectSourcePhoneNumber"] = number
    campaign_id = client.create_campaign(**arguments)["id"]
    client.start_campaign(id=campaign_id)
    put_all(client, campaign_id, [dial_request(f"{name}-{n}", n) for n in range(requests)])
    server.wait_until(lambda: all(record["State"] == "Ended" for record in server.export("--campaign", campaign_id)))
    return [
        (record["Trunk"], record["SystemEndpoint"]["Address"]) for record in server.export("--campaign", campaign_id)
    ]


def test_people_are_dialed_over_the_trunks_of_the_file_that_may_show_the_campaigns_number(tmp_path: Path) -> None:
    config = tmp_path / "trunkcall.toml"
    config.write_text(NORTH + SOUTH)
    with serving(tmp_path / "data", speed=600, agents=10, config=config) as server:
        north, south = trunks_of(server)
        assert north == {
            "trunk_id": "north",
            "host": "switch-1",
            "up": True,
            "held": False,
            "failing": False,
            "lines_in_use": 0,
            "lines": 4,
            "attempts_per_s": 50.0,
            "caller_numbers": [NORTH_NUMBER],
        }
        assert south["lines"] == 30
        status = server.trunkcall("status", "--data-dir", str(server.data_dir)).stdout
        assert "south  up          0     30          10  switch-2" in status
        assert set(dialed(server, "Either", None, 60)) == {("north", NORTH_NUMBER), ("south", NORTH_NUMBER)}
        assert set(dialed(server, "South", SOUTH_NUMBER, 20)) == {("south", SOUTH_NUMBER)}
        assert server.metric("trunkcall_lines") == 34
        assert server.stop() == 0

        config.write_text(SOUTH)
        server.start()
        assert [trunk["trunk_id"] for trunk in trunks_of(server)] == ["south"]
        assert set(dialed(server, "Again", None, 20)) == {("south", NORTH_NUMBER)}
        assert server.stop() == 0

        config.write_text("channels = 7")
        server.start()
        (only,) = trunks_of(server)
        assert (only["trunk_id"], only["lines"], only["caller_numbers"]) == ("default", 7, [])


def test_a_campaign_whose_number_no_trunk_may_show_says_so(tmp_path: Path) -> None:
    config = tmp_path / "trunkcall.toml"
    config.write_text(NORTH.replace(NORTH_NUMBER, SOUTH_NUMBER))
    with serving(tmp_path / "data", speed=600, agents=10, config=config) as server:
        trunks_of(server)
        client = server.client()
        campaign_id = client.create_campaign(**server.campaign_arguments("Spring"))["id"]
        client.start_campaign(id=campaign_id)
        put_all(client, campaign_id, [dial_request(f"t-{n}", n) for n in range(3)])
        data = ("--data-dir", str(server.data_dir))
        server.wait_until(
            lambda: "[NO_TRUNK]" in server.trunkcall("explain", "--campaign", "Spring", *data).stdout.splitlines()[1]
        )
        status = server.trunkcall("status", *data, check=False)
        assert status.returncode == 1
        assert "Spring: No trunk of the instance may show the number" in status.stdout
        assert [record["State"] for record in server.export()] == ["Waiting"] * 3


def test_a_number_that_cannot_be_one_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    config = tmp_path / "trunkcall.toml"
    config.write_text(NORTH.replace(NORTH_NUMBER, "+1202555"))
    server = Serving(tmp_path / "data", {"config": str(config)})
    said = server.trunkcall("serve", "--config", str(config), "--data-dir", str(tmp_path / "data"), check=False)
    assert said.returncode == 1
    assert said.stderr == (
        "trunkcall: Number 1 of caller_numbers of the trunk north has a number of digits that is impossible in its "
        "country.\n"
    )
    assert not (tmp_path / "data" / "trunkcall.db").exists()


def test_a_switch_that_fails_takes_its_own_trunks_alone(tmp_path: Path) -> None:
    config = tmp_path / "trunkcall.toml"
    config.write_text(f"{NORTH}{SOUTH}fails_after_s = 600\nfails_for_s = 1800\n")
    with serving(tmp_path / "data", speed=600, agents=10, config=config) as server:
        said: list[tuple[int, dict[str, Any]]] = []

        def south_is_down() -> bool:
            status = server.trunkcall("status", "--json", "--data-dir", str(server.data_dir), check=False)
            said.append((status.returncode, json.loads(status.stdout)))
            floor = said[-1][1]["floor"]
            return floor is not None and [trunk["up"] for trunk in floor["trunks"]] == [True, False]

        server.wait_until(south_is_down)
        code, status = said[-1]
        assert code == 1
        text = "The trunk south is down: the carrier does not answer for switch-2."
        assert status["troubles"] == [{"code": "TRUNK_DOWN", "text": text}]
        server.wait_until(lambda: series(server, "trunkcall_trunk_up") == {"north": 1.0, "south": 0.0})
        server.wait_until(lambda: series(server, "trunkcall_trunk_up") == {"north": 1.0, "south": 1.0})
        assert "north" in {trunk for trunk, _ in dialed(server, "Meanwhile", None, 30)}, (
            "it goes on, whatever south does"
        )


def series(server: Serving, metric: str) -> dict[str, float]:
    """A metric by trunk."""
    families = text_string_to_metric_families(server.get("/metrics"))
    samples = [sample for family in families for sample in family.samples if sample.name == metric]
    return {sample.labels["trunk_id"]: sample.value for sample in samples}
