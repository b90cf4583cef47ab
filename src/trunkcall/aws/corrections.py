"""What is corrected of the service models, and why.

Decides nothing else: a shape that is not here is as its model has it. Services are named as botocore names them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trunkcall.aws.shapes import Holds


@dataclass(frozen=True, slots=True)
class Patch:
    """Another pattern for a string shape: a regular expression, or whether a string matches.

    It accepts exactly the same strings as the model's, or those that are plainly meant where no client could send any
    other. ``reviewed`` is the model's pattern for which that was checked; with any other the model is refused, so that
    the patch is looked at again.
    """

    reviewed: str
    pattern: str | Holds
    reason: str


def _without_others(most: int) -> Patch:
    """1 to ``most`` characters, none of them of Unicode's category Other, but for CR, LF and TAB."""
    # What is not printable is of the category Other or Separator; a space is.
    spaces = dict.fromkeys(map(ord, "\r\n\t\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"), " ")
    spaces |= dict.fromkeys(range(0x2000, 0x200B), " ")
    return Patch(
        reviewed=rf"^[\P{{C}}\r\n\t]{{1,{most}}}$",
        pattern=lambda text: 1 <= len(text) <= most and text.translate(spaces).isprintable(),
        reason="Python has no \\P, and knows what is printable",
    )


PATCHES: Mapping[tuple[str, str], Patch] = MappingProxyType(
    {
        ("connectcampaignsv2", "Arn"): Patch(
            reviewed=(
                r"arn:[a-zA-Z0-9-]+:[a-zA-Z0-9-]+:[a-z]{2}-[a-z]+-\d{1,2}:[a-zA-Z0-9-]+:"
                r"[^:]+(?:/[^:]+)*(?:/[^:]+)?(?:\:[^:]+)?"
            ),
            pattern=(r"arn:[a-zA-Z0-9-]+:[a-zA-Z0-9-]+:[a-z]{2}-[a-z]+-\d{1,2}:[a-zA-Z0-9-]+:[^:]+(?::[^:]+)?"),
            reason="the slashes can be divided among the groups in exponentially many ways; [^:]+ takes them all",
        ),
        ("connectcampaignsv2", "EmailAddress"): Patch(
            reviewed=r".*[^\s@]+@[^\s@]+\.[^\s@]+.*",
            pattern=r".*[^\s@]@[^\s@]+\.[^\s@].*",
            reason="next to .* one character says the same as one or more, without the choice",
        ),
        ("connect", "CommonHumanReadableDescription"): _without_others(250),
        ("connect", "CommonHumanReadableName"): _without_others(127),
        ("connect", "Password"): Patch(
            reviewed=r"/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/",
            pattern=r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)\S{8,64}",
            reason="the slashes are a quotation of JavaScript's, and no part of a password",
        ),
        ("connect", "PhoneNumber"): Patch(
            reviewed=r"\\+[1-9]\\d{1,14}$",
            pattern=r"\+[1-9]\d{1,14}",
            reason="the backslashes are there twice, which would ask for them in the number",
        ),
        ("connect", "PhoneNumberPrefix"): Patch(
            reviewed=r"\\+?[0-9]{1,11}",
            pattern=r"\+?[0-9]{1,11}",
            reason="the backslash is there twice, which would ask for one in the prefix",
        ),
        ("connect", "TagKey"): Patch(
            reviewed=r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
            pattern=(r"(?!aws:)(?u:[\w.:/=+\-@ \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*)"),
            reason="Python has no \\p: letters, numbers and _ are \\w, and the separators are these",
        ),
    }
)
"""Patterns that take too long on hostile input, that Python can't read, or that are not what is meant, by service and
shape."""


PERSONAL: Collection[tuple[str, str]] = frozenset({("connect", "AgentUsername"), ("connect", "PhoneNumber")})
"""Shapes of personal data that their model does not call sensitive: a user's name and mobile number are among them."""
