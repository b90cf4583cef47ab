"""Everything that can go wrong in the domain, in words for the person who will read them.

The docstring of a class is its default message. A message that speaks of fields leaves their names to its reader: each
``{}`` of it stands for one. A message never holds a phone number, an attribute or a secret.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trunkcall.domain.contact import Damage
from trunkcall.domain.fields import Field, worded


class TrunkcallError(Exception):
    """Something went wrong inside Trunkcall."""

    def __init__(self, message: str | None = None, *fields: Field) -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))
        self.fields = fields

    def __str__(self) -> str:
        return self.message

    @property
    def message(self) -> str:
        """With fields by the names that they have in the domain."""
        return self.worded({})

    def worded(self, names: Mapping[Field, str]) -> str:
        """The message with fields by their reader's names."""
        return worded(self.args[0], self.fields, names)


class NotFoundError(TrunkcallError):
    """The specified resource does not exist."""


class ConflictError(TrunkcallError):
    """The request could not be processed because of conflict in the current state of the resource."""


class InUseError(TrunkcallError):
    """The resource is in use. Take away first whatever refers to it."""


class OnboardedError(InUseError):
    """The instance is onboarded for outbound campaigns. Offboard it first."""


class InvalidCampaignStateError(TrunkcallError):
    """The campaign is in a state in which this is not possible."""

    def __init__(self, state: str, message: str | None = None) -> None:
        super().__init__(message)
        self.state = state


class InvalidStateError(TrunkcallError):
    """The instance is in a state in which this is not possible."""


class InvalidInputError(TrunkcallError):
    """The input fails to satisfy the constraints of the operation."""


class EmptyImportError(InvalidInputError):
    """There is no number in this import, so it was not put on its list: a list that holds nobody back would look as new
    as the date of the import. Look at the file; whatever is to take the place of what is on a list holds one number at
    least."""


class QuotaExceededError(TrunkcallError):
    """A quota of this instance has been reached. Raise it in the settings or remove what is no longer needed."""


class IllegalTransitionError(TrunkcallError):
    """This event cannot happen in the present state. Nothing was changed."""


class StoreError(TrunkcallError):
    """The store could not do what was asked."""


class StoreUnavailableError(StoreError):
    """The store cannot be written at the moment. Nothing that was accepted is lost; try again shortly."""


class StoreDamagedError(StoreUnavailableError):
    """The store file is damaged. Run `trunkcall db check` on the server, and restore a backup if it finds anything."""


class RowRefusedError(StoreError):
    """The store refused a row that contradicts what it holds. Nothing was changed."""


class ContactDamagedError(StoreError):
    """The stored contact is damaged. It is set aside: `trunkcall db quarantine` on the server shows and ends it."""

    def __init__(self, damage: Damage = Damage.UNREADABLE) -> None:
        super().__init__()
        self.damage = damage


class StoreFullError(StoreUnavailableError):
    """The disk of this server is nearly full, so nothing new is taken. Nothing that was accepted is lost."""


class SchemaMismatchError(StoreError):
    """The store was written by another version of Trunkcall."""


class LeaseLostError(StoreError):
    """Another process owns this instance now. This process stops dialing for it."""


class LeaseExpiredError(LeaseLostError):
    """The lease ran out before it was renewed: this process was stopped, or the store took too long. It is taken
    anew."""


class SettingsError(TrunkcallError):
    """A setting has a value that cannot be used."""


MIN_BEGINNING = 3
"""Letters with which a name may be begun and left for its reader to end."""


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """A question that follows a refusal, with a space before it, if one of the names that there are comes close."""
    import difflib  # is of use to those alone who mistyped

    names = {name.casefold(): name for name in known}
    longer = [name for name in names if len(given) >= MIN_BEGINNING and name.startswith(given.casefold())]
    close = sorted(longer, key=len) or difflib.get_close_matches(given.casefold(), names, n=1)
    return f" Did you mean {names[close[0]]!r}?" if close else ""
