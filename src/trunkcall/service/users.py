"""Use cases about users, who are an instance's agents: create, describe, list, search, change, delete.

Decides what an agent must have, which depends on where the instance's users are kept. A password is looked for and
neither kept nor passed on. It must not know what an agent is doing, nor the wire's names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trunkcall.domain.directory import CentreUse, Directory, Fact, FactRemoved, IdentityManagement, Instance
from trunkcall.domain.errors import InvalidInputError
from trunkcall.domain.fact_kind import FactKind
from trunkcall.domain.identifiers import ResourceKind
from trunkcall.domain.security_profile import security_profiles
from trunkcall.domain.user import DESK_PHONE, Agent, PhoneConfig
from trunkcall.service.centre import Centre, PageOf, Position, page_of
from trunkcall.service.numbers import NotDialableError, to_e164
from trunkcall.service.searching import Criterion, everything

MAX_AFTER_CONTACT_WORK_S = 2_000_000
"""As documented: 24 days and some hours."""

_SAML_USERNAME = re.compile(r"[a-zA-Z0-9_.\\@-]{1,64}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a user is."""

    first_name: str = field(default="", repr=False)
    last_name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)


class Users:
    """Use cases about users."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    async def create_user(
        self,
        instance: str,
        *,
        username: str,
        has_password: bool,
        routing_profile_id: str,
        security_profile_ids: Sequence[str],
        identity: Identity,
        phone: PhoneConfig,
        tags: Mapping[str, str] | None = None,
    ) -> Agent:
        """Create a user, who is offline until a status is chosen. Raises NotFoundError for an instance or a profile
        that is not there, ConflictError for a name that is taken, InvalidInputError for a password where users are kept
        elsewhere, for none where they are kept here, and for what no user may have."""
        agent_id = self._centre.new_id()
        checked = _checked(phone)

        def decide(directory: Directory, _: CentreUse) -> list[Fact]:
            _check_kept(directory.instance, username, identity, has_password=has_password)
            user = Agent(
                agent_id,
                username,
                self._routing_profile_id(directory, routing_profile_id),
                security_profile_ids=self._security_profile_ids(directory, security_profile_ids),
                phone=checked,
                tags=dict(tags or {}),
            )
            return [_named(user, identity)]

        return (await self._centre.change(instance, decide)).agents[agent_id]

    async def describe_user(self, instance: str, user: str) -> Agent:
        """The user. Raises NotFoundError."""
        return self._user(await self._centre.directory(instance), user)

    async def list_users(self, instance: str, *, after: Position | None = None, limit: int) -> PageOf[Agent]:
        """Users in the order of creation. Raises NotFoundError."""
        return await self.search_users(instance, after=after, limit=limit)

    async def search_users(
        self, instance: str, criterion: Criterion[Agent] = everything, *, after: Position | None = None, limit: int
    ) -> PageOf[Agent]:
        """Users who meet the criterion, in the order of creation. Raises NotFoundError."""
        directory = await self._centre.directory(instance)
        found = [agent for agent in directory.agents.values() if criterion(agent)]
        return page_of(found, lambda agent: agent.agent_id, after, limit)

    async def update_user_routing_profile(self, instance: str, user: str, routing_profile_id: str) -> None:
        """Have the user serve what another routing profile says. Raises NotFoundError."""
        await self._edit(
            instance,
            user,
            lambda directory, found: replace(
                found, routing_profile_id=self._routing_profile_id(directory, routing_profile_id)
            ),
        )

    async def update_user_phone_config(self, instance: str, user: str, phone: PhoneConfig) -> None:
        """Give the user another phone. Raises NotFoundError, InvalidInputError."""
        checked = _checked(phone)
        await self._edit(instance, user, lambda _, found: replace(found, phone=checked))

    async def update_user_identity_info(self, instance: str, user: str, identity: Identity) -> None:
        """Tell who the user is. Raises NotFoundError, InvalidInputError where a directory elsewhere says it."""

        def edit(directory: Directory, found: Agent) -> Agent:
            if directory.instance.identity_management is IdentityManagement.EXISTING_DIRECTORY:
                raise InvalidInputError("The directory that the instance's users are kept in says who they are.")
            _check_email(directory.instance, identity)
            return _named(found, identity)

        await self._edit(instance, user, edit)

    async def update_user_security_profiles(
        self, instance: str, user: str, security_profile_ids: Sequence[str]
    ) -> None:
        """Give the user these security profiles in place of those before. Raises NotFoundError."""
        await self._edit(
            instance,
            user,
            lambda directory, found: replace(
                found, security_profile_ids=self._security_profile_ids(directory, security_profile_ids)
            ),
        )

    async def delete_user(self, instance: str, user: str) -> None:
        """Delete the user. Whoever is in a contact finishes it. Raises NotFoundError."""

        def decide(directory: Directory, _: CentreUse) -> list[FactRemoved]:
            return [self._centre.removal(directory, FactKind.AGENT, self._user(directory, user).agent_id)]

        await self._centre.change(instance, decide)

    async def _edit(self, instance: str, user: str, edit: Callable[[Directory, Agent], Agent]) -> None:
        await self._centre.change(instance, lambda directory, _: [edit(directory, self._user(directory, user))])

    def _user(self, directory: Directory, user: str) -> Agent:
        return self._centre.one(directory, ResourceKind.AGENT, directory.agents, user)

    def _routing_profile_id(self, directory: Directory, profile: str) -> str:
        profiles = directory.routing_profiles
        return self._centre.one(directory, ResourceKind.ROUTING_PROFILE, profiles, profile).routing_profile_id

    def _security_profile_ids(self, directory: Directory, profiles: Sequence[str]) -> tuple[str, ...]:
        there = security_profiles(directory.instance.instance_id)
        found = (self._centre.one(directory, ResourceKind.SECURITY_PROFILE, there, profile) for profile in profiles)
        return tuple(dict.fromkeys(profile.security_profile_id for profile in found))


def _named(user: Agent, identity: Identity) -> Agent:
    return replace(user, first_name=identity.first_name, last_name=identity.last_name, email=identity.email)


def _check_kept(instance: Instance, username: str, identity: Identity, *, has_password: bool) -> None:
    """What depends on where the instance's users are kept."""
    kept_here = instance.identity_management is IdentityManagement.CONNECT_MANAGED
    if kept_here and not has_password:
        raise InvalidInputError("A password is required: the instance's users are kept in it.")
    if has_password and not kept_here:
        raise InvalidInputError("A password is not possible: the instance's users are kept elsewhere.")
    if instance.identity_management is IdentityManagement.SAML and _SAML_USERNAME.fullmatch(username) is None:
        raise InvalidInputError(
            "A user name of an instance with SAML has up to 64 letters from a to z, digits, and _ - . \\ @."
        )
    _check_email(instance, identity)


def _check_email(instance: Instance, identity: Identity) -> None:
    if instance.identity_management is IdentityManagement.SAML and identity.email:
        raise InvalidInputError("An e-mail address is not possible in an instance with SAML.")


def _checked(phone: PhoneConfig) -> PhoneConfig:
    if phone.after_contact_work_limit_s > MAX_AFTER_CONTACT_WORK_S:
        raise InvalidInputError(f"Work after a contact can be limited to {MAX_AFTER_CONTACT_WORK_S:,} s at most.")
    number = phone.desk_phone_number
    if number is None:
        if phone.phone_type == DESK_PHONE:
            raise InvalidInputError("A desk phone needs a number.")
        return phone
    try:
        return replace(phone, desk_phone_number=to_e164(number))
    except NotDialableError:
        raise InvalidInputError("The number of the desk phone cannot be dialed.") from None
