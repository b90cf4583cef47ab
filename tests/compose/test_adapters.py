"""Which store and which carrier an installation has is what its settings say, wherever somebody asks for them."""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from serving import Serving, serving, settings_of
from trunkcall.compose.carrier_adapter import CarrierAdapter, Telephony, Wanted
from trunkcall.compose.policies import NoPolicyError, counts_not, first_policy
from trunkcall.compose.server import gate_by
from trunkcall.compose.store import (
    STORES,
    StoreAdapter,
    data_dir_of,
    maintenance_of_store,
    open_store,
    opened_store,
    secret_box,
)
from trunkcall.compose.telephony import CARRIERS, build_telephony, carrier_of
from trunkcall.domain.calling_policy import CallingPolicy
from trunkcall.domain.campaign import Campaign, CampaignState, DialerConfig, DialerType, OutboundCallConfig
from trunkcall.domain.directory import Directory, Instance
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import DAY
from trunkcall.service.floor import SimulatedFloor
from trunkcall.service.presence import Presence
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import DataDir, DataDirInUseError, DataDirMissingError
from trunkcall.storage.memory import MemoryStore

SIMULATED = CARRIERS["simulated"]

# --- the table decides ----------------------------------------------------------------------------------------------

AT_HOME = '[destinations]\nregions = ["US"]\n'
SPRING = Campaign(
    "spring",
    "arn",
    "instance",
    "Spring",
    DialerConfig(DialerType.PROGRESSIVE, 1.0),
    OutboundCallConfig("flow", "queue"),
    CampaignState.RUNNING,
    0,
)


def test_another_store_is_one_entry_of_a_table(tmp_path: Path) -> None:
    """Were the setting not read, state would be kept elsewhere than where its owner has it backed up."""
    asked: list[tuple[str, bool]] = []

    def make(settings: Settings, sole: bool) -> MemoryStore:
        asked.append((settings.store, sole))
        return MemoryStore(clock=lambda: 0)

    other = replace(STORES["sqlite"], forms=("cloud://HOST",), open=make)
    stores = {**STORES, "cloud": other}
    named = settings_of(tmp_path, store="cloud://east")

    assert isinstance(open_store(named, sole=True, stores=stores), MemoryStore)
    assert asked == [("cloud://east", True)]
    assert not isinstance(open_store(settings_of(tmp_path), stores=stores), MemoryStore)
    with pytest.raises(
        SettingsError, match=r"sqlite:///path/to/file, cloud://HOST, not 'sqlit'. Did you mean 'sqlite'"
    ):
        open_store(settings_of(Path("data"), store="sqlit"), stores=stores)


def test_another_carrier_is_one_entry_of_a_table(tmp_path: Path) -> None:
    asked: list[str] = []

    def make(wanted: Wanted) -> Telephony:
        asked.append(wanted.settings.carrier)
        return CARRIERS["simulated"].build(wanted)

    def refuse(settings: Settings) -> None:
        raise SettingsError("no switch")

    carriers = {**CARRIERS, "pigeons": CarrierAdapter(refuse, make)}
    named = settings_of(tmp_path, carrier="pigeons")
    tmp_path.mkdir(exist_ok=True)

    with pytest.raises(SettingsError, match="no switch"):
        carrier_of(named, carriers).check(named)
    floor, clock = SimulatedFloor(Presence(max_age_s=0)), WallPacedClock(speed=1.0)
    build_telephony(named, secret_box(named), floor, clock, "instance", is_default=True, carriers=carriers)
    assert asked == ["pigeons"]
    other = settings_of(tmp_path)
    build_telephony(other, secret_box(named), floor, clock, "instance", is_default=True, carriers=carriers)
    assert asked == ["pigeons"]


def test_a_carrier_that_reaches_people_dials_nobody_before_there_is_a_policy(tmp_path: Path) -> None:
    """Installed in haste, it must not call thousands at night because nobody has said when they may be called."""
    phones = CarrierAdapter(lambda settings: None, CARRIERS["simulated"].build)
    empty = Directory.of(Instance("instance", "", 0, onboarded=True), ())
    with_policy = Directory.of(empty.instance, [CallingPolicy("default", 1, AT_HOME)])
    for carrier, directory, dials in ((phones, empty, False), (phones, with_policy, True), (SIMULATED, empty, True)):
        gate = gate_by(carrier, settings_of(tmp_path), lambda number: 0)(directory)
        assert (gate.trouble(SPRING, 0) is None) is dials


def test_a_carrier_that_reaches_people_keeps_hours_by_the_machines_clock_alone(tmp_path: Path) -> None:
    """In a simulated world it may be any time of day."""
    phones = CarrierAdapter(lambda settings: None, CARRIERS["simulated"].build)
    hours = CallingPolicy("default", 1, AT_HOME + '[[hours]]\nevery_day = "00:00-24:00"\n')
    directory = Directory.of(Instance("instance", "", 0, onboarded=True), [hours])
    now = time.time_ns() // 1000
    for carrier, at, dials in ((phones, now, True), (phones, now - DAY, False), (SIMULATED, now - DAY, True)):
        gate = gate_by(carrier, settings_of(tmp_path), lambda number: 0)(directory)
        assert (gate.trouble(SPRING, at) is None) is dials


def test_a_carrier_that_reaches_people_does_not_start_without_a_policy(tmp_path: Path) -> None:
    """Nor with one that is none, nor with one by which calls may go anywhere; and what somebody has put stays."""
    empty = Directory.of(Instance("instance", "", 0, onboarded=True), ())
    with_policy = Directory.of(empty.instance, [CallingPolicy("default", 1, AT_HOME)])
    file, wrong = tmp_path / "policy.toml", tmp_path / "wrong.toml"
    file.write_text(AT_HOME, encoding="utf-8")
    wrong.write_text("[destinations]\nregion = 1\n", encoding="utf-8")
    with pytest.raises(NoPolicyError, match="--calling-policy"):
        first_policy(empty, "", reaches_people=True, at=7)
    with pytest.raises(SettingsError, match="anywhere"):
        first_policy(empty, "none", reaches_people=True, at=7)
    with pytest.raises(SettingsError, match=r"wrong\.toml: line 2, column 1: region is no key"):
        first_policy(empty, str(wrong), reaches_people=True, at=7)
    assert first_policy(empty, str(file), reaches_people=True, at=7) == CallingPolicy("default", 1, AT_HOME, None, 7)
    assert first_policy(empty, "", reaches_people=False, at=7) is None
    assert first_policy(with_policy, str(wrong), reaches_people=True, at=7) is None, "what was put counts"


def test_whoever_names_another_policy_than_the_one_that_counts_can_be_told(tmp_path: Path) -> None:
    empty = Directory.of(Instance("instance", "", 0, onboarded=True), ())
    with_policy = Directory.of(empty.instance, [CallingPolicy("default", 1, AT_HOME)])
    same, stricter = tmp_path / "policy.toml", tmp_path / "stricter.toml"
    same.write_text(AT_HOME, encoding="utf-8")
    stricter.write_text(AT_HOME + '[[hours]]\nevery_day = "10:00-12:00"\n', encoding="utf-8")
    assert counts_not(with_policy, str(stricter))
    assert counts_not(with_policy, "cautious")
    assert not counts_not(with_policy, str(same))
    assert not counts_not(with_policy, "")
    assert not counts_not(with_policy, str(tmp_path / "gone.toml")), "nobody can tell what it said"
    assert not counts_not(empty, str(stricter)), "it is put at the start"


@pytest.mark.parametrize(
    "store", ["", "memory", "sqlite:", "sqlite://", "sqlite:///", "sqlite://here.db", "sqlite:here.db", "SQLite"]
)
def test_a_store_that_there_is_not_is_refused_with_what_would_be_right(store: str) -> None:
    for ask in (open_store, data_dir_of, maintenance_of_store):
        with pytest.raises(SettingsError, match="must be one of sqlite, sqlite:///path/to/file, not"):
            ask(settings_of(Path("data"), store=store))


def test_a_carrier_that_there_is_not_is_refused_with_what_would_be_right() -> None:
    with pytest.raises(
        SettingsError, match=r"must be one of simulated, ari, not 'simulate'. Did you mean 'simulated'?"
    ):
        carrier_of(settings_of(Path("data"), carrier="simulate"))


def test_every_form_of_a_store_that_is_told_of_is_one() -> None:
    for name, adapter in STORES.items():
        assert isinstance(adapter, StoreAdapter)
        for form in adapter.forms:
            assert form.startswith(name)
            open_store(settings_of(Path("data"), store=form))


# --- a store of one's own place -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    return folder / "centre.db"


@pytest.fixture(scope="module")
def server(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    data_dir = tmp_path_factory.mktemp("adapters") / "data"
    with serving(data_dir, agents=0, store=f"sqlite://{place}") as running:
        yield running


def test_state_is_kept_where_the_setting_says(server: Serving, place: Path) -> None:
    server.client().create_campaign(**server.campaign_arguments("Elsewhere"))
    assert not (server.data_dir / "trunkcall.db").exists()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600, "there are phone numbers in it"

    async def campaigns() -> list[str]:
        async with opened_store(settings_of(server.data_dir, store=f"sqlite://{place}")) as store:
            (instance,) = await store.instances()
            found = await store.campaigns(instance_id=instance.instance_id, after=None, limit=10)
            return [campaign.name for campaign in found]

    assert "Elsewhere" in asyncio.run(campaigns())


def test_every_command_that_opens_the_store_goes_by_the_setting(server: Serving, place: Path, tmp_path: Path) -> None:
    """Else it would say that all is well of a store that nobody uses."""
    commands = (
        ("keys", "list"),
        ("export", "contacts", "--output", str(tmp_path / "contacts.jsonl")),
        ("db", "check"),
        ("db", "backup", str(tmp_path / "backup.db")),
        ("db", "quarantine"),
        ("retention",),
    )
    for command in commands:
        arguments = (*command, "--data-dir", str(server.data_dir))
        server.trunkcall(*arguments, "--store", f"sqlite://{place}")
        server.trunkcall(
            *arguments, "--force" if "backup" in command else "--help", TRUNKCALL_STORE=f"sqlite://{place}"
        )
        astray = server.trunkcall(*arguments, check=False)
        assert astray.returncode == 1, command
        assert "There is no Trunkcall data directory" in astray.stderr
    assert not (server.data_dir / "trunkcall.db").exists(), "a command has made another store"


def test_commands_that_only_talk_to_the_server_need_not_know(server: Serving) -> None:
    server.trunkcall("status", "--data-dir", str(server.data_dir))
    assert "AWS_ACCESS_KEY_ID" in server.trunkcall("env", "--data-dir", str(server.data_dir)).stdout


def test_no_command_writes_over_it(server: Serving, place: Path) -> None:
    for file in (place, place.with_name("centre.db-wal"), place.with_name("centre.db.lock")):
        arguments = ("--data-dir", str(server.data_dir), "--store", f"sqlite://{place}")
        done = server.trunkcall("export", "contacts", "--output", str(file), *arguments, check=False)
        assert done.returncode == 1
        assert "is a file of the data directory itself" in " ".join(done.stderr.split())


def test_a_store_is_served_once_whatever_the_data_directory(server: Serving, place: Path, tmp_path: Path) -> None:
    """Two dialers of one store that each believe to be alone would dial everybody twice."""
    arguments = ("--data-dir", str(tmp_path / "other"), "--store", f"sqlite://{place}")
    for command in (("serve", "--port", "0"), ("db", "migrate")):
        second = server.trunkcall(*command, *arguments, check=False)
        assert second.returncode == 1
        assert f"Another Trunkcall serves the store {place}" in " ".join(second.stderr.split())


@pytest.mark.parametrize("held_first", ["the directory it is in", "the other one"])
def test_a_data_directorys_own_store_is_not_served_from_another_one(tmp_path: Path, held_first: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    one = DataDir(tmp_path / "one")
    other = DataDir(tmp_path / "other", store=tmp_path / "link" / "trunkcall.db")
    first, second = (one, other) if held_first == "the directory it is in" else (other, one)
    first.open()
    with pytest.raises(DataDirInUseError):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_data_directory_may_name_its_own_store(tmp_path: Path) -> None:
    data_dir = DataDir(tmp_path, store=tmp_path / "trunkcall.db")
    data_dir.open()
    with pytest.raises(DataDirMissingError):
        data_dir.check()
    data_dir.close()
    data_dir.open()
    data_dir.close()


def test_a_directory_that_is_not_there_is_answered_in_words(tmp_path: Path, server: Serving) -> None:
    store = f"sqlite://{tmp_path}/none/centre.db"
    done = server.trunkcall("serve", "--data-dir", str(tmp_path / "d"), "--port", "0", "--store", store, check=False)
    assert done.returncode == 1
    assert "cannot be used: No such file or directory. Name a file in a directory" in " ".join(done.stderr.split())
