"""Two trunks on a real switch, one of which leads nowhere. If this fails, a provider's bad hour spends the attempts of
a whole list, or nobody learns of it, or the trunk stays away once it is mended."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from telephony.asterisk.centre import Centre, Site, numbers
from telephony.asterisk.inside import inside
from telephony.asterisk.phone import Manner
from telephony.asterisk.place import Which, place_of_this_worker
from trunkcall.engine.trunks import FAILURES

PER_S = 5
LIMITS = f"channels = 1\nattempts_per_s = {PER_S}.0\n"
BUSY = Manner(code=486)


@pytest.mark.long
@inside
def test_a_trunk_that_answers_503_is_tried_now_and_then_and_the_other_takes_over_until_it_is_mended(
    tmp_path: Path,
) -> None:
    called = numbers(150)
    with ExitStack() as stack:
        site = Site.of(place_of_this_worker(Which.CENTRE), (), stack, trunks=("north", "south"))
        north = site.customers({}, others=BUSY, trunk="north")
        south = site.customers({}, others=Manner(code=503), trunk="south")
        centre = Centre(site.serve(tmp_path / "centre", limits=LIMITS), ())
        server = centre.server

        def health() -> dict[str, str]:
            told: dict[str, str] = json.loads(server.get("/health"))
            return told

        campaign_id = centre.call(called, dialerConfig={"agentlessDialerConfig": {}})
        server.wait_until(lambda: health()["status"] == "trunks failing")
        assert "1 trunk leads nowhere" in health()["trouble"]
        listed = server.trunkcall("trunks", "list", "--data-dir", str(server.data_dir)).stdout
        assert [line.split()[:2] for line in listed.splitlines()[1:]] == [["north", "up"], ["south", "failing"]]
        why = server.trunkcall("explain", "--campaign", campaign_id, "--data-dir", str(server.data_dir)).stdout
        assert "Of its 2 trunks south leads nowhere" in " ".join(why.split())
        series = [line for line in server.get("/metrics").splitlines() if line.startswith("trunkcall_trunk_failing{")]
        assert [line.partition("trunk_id=")[2] for line in series] == ['"north"} 0.0', '"south"} 1.0']

        dialed = len(north.invites)
        server.wait_until(lambda: len(south.invites) > FAILURES)
        refused, south.manner = len(south.invites), BUSY
        assert len(north.invites) - dialed >= PER_S, "the other goes on meanwhile"
        server.wait_until(lambda: len(south.invites) >= refused + 5)
        server.wait_until(lambda: health()["status"] == "ok")

        records = centre.until_all_ended(campaign_id)
        says = Counter(record["Disposition"] for record in records.values())
        assert says == {"busy": len(called) - refused, "network_failure": refused}
        assert len(north.invites) + len(south.invites) == len(called), "nobody is called twice"
