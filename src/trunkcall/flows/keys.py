"""How keys are gathered that somebody is asked for.

Decides when the keys are all there, what of them counts, and how long the next one is waited for. It must not know what
becomes of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trunkcall.domain.instants import SECOND, Duration
from trunkcall.flows import language
from trunkcall.flows.values import Values, whole_number

_BETWEEN_S: Final = 5
"""Between two keys, where nothing else is said; and what ends them, as Amazon Connect has both."""
_END: Final = "#"
_MAX_KEYS: Final = 100


@dataclass(frozen=True, slots=True)
class Keying:
    """Gathering keys: ``first`` and ``between`` are how long the first and the next one are waited for."""

    stores: bool
    first: Duration
    between: Duration
    end: str
    most: int
    cancels: bool
    is_number: bool
    country: str | None

    def with_key(self, keys: str, key: str) -> str:
        """The keys with one more; * takes them all back where it cancels."""
        return "" if key == "*" and self.cancels and not (keys + key).endswith(self.end) else keys + key

    def is_whole(self, keys: str) -> bool:
        """Whether no further key is waited for."""
        return bool(keys) and (keys.endswith(self.end) or len(keys) >= self.most)

    def entered(self, keys: str) -> str:
        """What counts of the keys: what ends them does not."""
        return keys.removesuffix(self.end)


def keying_of(parameters: Mapping[str, Any], values: Values) -> Keying:
    """What the parameters of GetParticipantInput say. A reference without a number counts as if nothing was said."""
    validation, dtmf = parameters.get(language.VALIDATION, {}), parameters.get("DTMFConfiguration", {})
    number, custom = validation.get("PhoneNumberValidation"), validation.get("CustomValidation", {})
    first = int(parameters.get("InputTimeLimitSeconds", parameters.get("InputTimeoutSeconds", _BETWEEN_S)))
    local = number is not None and number.get("NumberFormat") == "Local"
    return Keying(
        stores=language.is_yes(parameters.get(language.STORE)),
        first=first * SECOND,
        between=(whole_number(values.whole(dtmf.get("InterdigitTimeLimitSeconds")), 1, 20) or _BETWEEN_S) * SECOND,
        end=dtmf.get("InputTerminationSequence", _END),
        most=whole_number(values.whole(custom.get("MaximumLength")), 1, _MAX_KEYS) or _MAX_KEYS,
        cancels=dtmf.get("DisableCancelKey") != language.YES,
        is_number=number is not None,
        country=number.get("CountryCode") if local and number is not None else None,
    )
