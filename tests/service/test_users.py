"""Users come, change and go, and choose their statuses. If these fail, somebody who was dismissed is still rung, a
password is somewhere, or an agent's break counts for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from service.centres import NORTH, ContactCentre
from trunkcall.domain.directory import IdentityManagement
from trunkcall.domain.errors import (
    ConflictError,
    InvalidInputError,
    InvalidStateError,
    NotFoundError,
    QuotaExceededError,
)
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import PhoneConfig
from trunkcall.domain.user_status import UserStatus, UserStatusType
from trunkcall.service.agent_statuses import MAX_STATUSES
from trunkcall.service.users import Identity

ADMIN, AGENT, *_ = security_profiles(NORTH)
NUMBER = "+12025550123"


async def created(centre: ContactCentre, **changes: Any) -> Any:
    profile = await centre.profile(await centre.queue())
    given: dict[str, Any] = {
        "username": "ada",
        "has_password": True,
        "routing_profile_id": profile.routing_profile_id,
        "security_profile_ids": [AGENT],
        "identity": Identity(),
        "phone": PhoneConfig(),
    }
    return await centre.users.create_user(NORTH, **given | changes)


class TestCreation:
    async def test_a_user_is_who_was_hired(self) -> None:
        centre = await ContactCentre().opened()
        desk = PhoneConfig("DESK_PHONE", auto_accept=False, after_contact_work_limit_s=30, desk_phone_number=NUMBER)
        identity = Identity("Ada", "Lovelace", "ada@example.com")
        ada = await created(centre, identity=identity, phone=desk, security_profile_ids=[ADMIN, AGENT, AGENT])
        assert await centre.users.describe_user(NORTH, ada.agent_id) == ada
        assert (ada.first_name, ada.last_name, ada.email) == ("Ada", "Lovelace", "ada@example.com")
        assert (ada.phone, ada.security_profile_ids) == (desk, (ADMIN, AGENT))
        assert "Ada" not in repr(ada)
        assert NUMBER not in repr(ada)

    @pytest.mark.parametrize("profiles", [{"routing_profile_id": "none"}, {"security_profile_ids": [AGENT, "none"]}])
    async def test_the_profiles_must_be_there(self, profiles: dict[str, Any]) -> None:
        centre = await ContactCentre().opened()
        with pytest.raises(NotFoundError, match="profile"):
            await created(centre, **profiles)

    async def test_a_user_name_is_taken_once(self) -> None:
        centre = await ContactCentre().opened()
        profile = await centre.profile(await centre.queue())
        await centre.user(profile, "ada")
        with pytest.raises(ConflictError):
            await centre.user(profile, "ada")

    async def test_a_password_is_needed_where_users_are_kept_and_nowhere_else(self) -> None:
        with pytest.raises(InvalidInputError, match="password is required"):
            await created(await ContactCentre().opened(), has_password=False)
        for kept in (IdentityManagement.SAML, IdentityManagement.EXISTING_DIRECTORY):
            with pytest.raises(InvalidInputError, match="password is not possible"):
                await created(await ContactCentre().opened(kept))
            await created(await ContactCentre().opened(kept), has_password=False)

    async def test_with_saml_names_are_narrow_and_addresses_are_elsewhere(self) -> None:
        saml = IdentityManagement.SAML
        for refused in ({"username": "Ada Lovelace"}, {"username": "a" * 65}, {"identity": Identity(email="a@b.c")}):
            with pytest.raises(InvalidInputError):
                await created(await ContactCentre().opened(saml), has_password=False, **refused)
        await created(await ContactCentre().opened(saml), has_password=False, username="ada@example.com")

    @pytest.mark.parametrize(
        "phone",
        [
            PhoneConfig("DESK_PHONE"),
            PhoneConfig("DESK_PHONE", desk_phone_number="+19"),
            PhoneConfig(after_contact_work_limit_s=2_000_001),
        ],
    )
    async def test_a_phone_that_cannot_be_is_refused(self, phone: PhoneConfig) -> None:
        with pytest.raises(InvalidInputError):
            await created(await ContactCentre().opened(), phone=phone)


class TestChanges:
    async def test_what_is_known_of_a_user_is_changed(self) -> None:
        centre = await ContactCentre().opened()
        profile = await centre.profile(await centre.queue())
        other = await centre.profile(await centre.queue("Service"), name="Servants")
        ada = await centre.user(profile)
        phone = PhoneConfig(persistent_connection=True)
        await centre.users.update_user_routing_profile(NORTH, ada.agent_id, other.routing_profile_id)
        await centre.users.update_user_phone_config(NORTH, ada.agent_id, phone)
        await centre.users.update_user_identity_info(NORTH, ada.agent_id, Identity("Augusta", "King"))
        await centre.users.update_user_security_profiles(NORTH, ada.agent_id, [ADMIN])
        changed = await centre.users.describe_user(NORTH, ada.agent_id)
        assert (changed.routing_profile_id, changed.phone, changed.security_profile_ids) == (
            other.routing_profile_id,
            phone,
            (ADMIN,),
        )
        assert (changed.first_name, changed.last_name, changed.email) == ("Augusta", "King", "")

    async def test_who_is_kept_in_another_directory_is_named_there(self) -> None:
        centre = await ContactCentre().opened(IdentityManagement.EXISTING_DIRECTORY)
        ada = await created(centre, has_password=False)
        with pytest.raises(InvalidInputError, match="directory"):
            await centre.users.update_user_identity_info(NORTH, ada.agent_id, Identity("Augusta"))

    async def test_a_user_goes_and_the_name_is_free(self) -> None:
        centre = await ContactCentre().opened()
        profile = await centre.profile(await centre.queue())
        ada = await centre.user(profile)
        await centre.users.delete_user(NORTH, ada.agent_id)
        with pytest.raises(NotFoundError, match="user"):
            await centre.users.delete_user(NORTH, ada.agent_id)
        await centre.user(profile)

    async def test_a_search_counts_all_that_it_finds(self) -> None:
        centre = await ContactCentre().opened()
        profile = await centre.profile(await centre.queue())
        for name in ("ada", "bea", "cleo"):
            await centre.user(profile, name)
        page = await centre.users.search_users(NORTH, lambda user: user.username != "bea", limit=1)
        assert ([user.username for user in page.items], page.total) == (["ada"], 2)
        page = await centre.users.search_users(NORTH, lambda user: user.username != "bea", after=page.after, limit=1)
        assert ([user.username for user in page.items], page.after) == (["cleo"], None)


class TestStatuses:
    async def test_every_centre_has_some_and_may_have_more(self) -> None:
        centre = await ContactCentre().opened()
        lunch = await centre.statuses.create_agent_status(NORTH, name="Lunch", enabled=True, display_order=4)
        page = await centre.statuses.list_agent_statuses(NORTH, limit=10)
        assert [status.name for status in page.items] == ["Available", "Offline", "Break", "Lunch"]
        page = await centre.statuses.list_agent_statuses(NORTH, [UserStatusType.CUSTOM], limit=10)
        assert [status.name for status in page.items] == ["Break", "Lunch"]
        assert await centre.statuses.describe_agent_status(NORTH, lunch.status_id) == lunch

    async def test_names_are_unique_also_among_those_that_every_centre_has(self) -> None:
        centre = await ContactCentre().opened()
        with pytest.raises(ConflictError):
            await centre.statuses.create_agent_status(NORTH, name="Break", enabled=True)
        lunch = await centre.statuses.create_agent_status(NORTH, name="Lunch", enabled=True)
        with pytest.raises(ConflictError):
            await centre.statuses.update_agent_status(NORTH, lunch.status_id, name="Available")
        pause = await named(centre, "Break")
        await centre.statuses.update_agent_status(NORTH, pause.status_id, name="Pause", display_order=9)
        await centre.statuses.update_agent_status(NORTH, lunch.status_id, name="Break", reset_order=True)
        assert (await named(centre, "Pause")).display_order == 9
        assert (await named(centre, "Break")).display_order is None

    async def test_nobody_can_be_without_a_way_to_begin_and_to_end(self) -> None:
        centre = await ContactCentre().opened()
        for name in ("Available", "Offline"):
            status = await named(centre, name)
            with pytest.raises(InvalidInputError, match="cannot be disabled"):
                await centre.statuses.update_agent_status(NORTH, status.status_id, enabled=False)

    async def test_there_are_not_more_than_documented(self) -> None:
        centre = await ContactCentre().opened()
        for number in range(MAX_STATUSES - 3):
            await centre.statuses.create_agent_status(NORTH, name=f"Status {number}", enabled=True)
        with pytest.raises(QuotaExceededError):
            await centre.statuses.create_agent_status(NORTH, name="One more", enabled=True)

    async def test_an_agent_chooses_what_is_enabled(self) -> None:
        centre = await ContactCentre().opened()
        ada = await centre.user(await centre.profile(await centre.queue()))
        pause = await named(centre, "Break")
        await centre.statuses.put_user_status(NORTH, ada.agent_id, pause.status_id)
        await centre.statuses.update_agent_status(NORTH, pause.status_id, enabled=False)
        with pytest.raises(InvalidInputError, match="disabled"):
            await centre.statuses.put_user_status(NORTH, ada.agent_id, pause.status_id)
        for user, status in ((ada.agent_id, "none"), ("none", pause.status_id)):
            with pytest.raises(NotFoundError):
                await centre.statuses.put_user_status(NORTH, user, status)
        assert centre.floor.heard == [(NORTH, ada.agent_id, pause)]

    async def test_nobody_is_told_where_nobody_dials(self) -> None:
        centre = await ContactCentre().opened(onboarded=False)
        ada = await centre.user(await centre.profile(await centre.queue()))
        available = await named(centre, "Available")
        with pytest.raises(InvalidStateError, match="not onboarded"):
            await centre.statuses.put_user_status(NORTH, ada.agent_id, available.status_id)
        assert not centre.floor.heard


async def named(centre: ContactCentre, name: str) -> UserStatus:
    statuses = (await centre.directory()).user_statuses.values()
    return next(status for status in statuses if status.name == name)
