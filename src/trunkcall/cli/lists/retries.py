"""An export as a list: who was not answered, to be submitted again.

Decides whom to try again, and why others are passed over. Whether and when somebody may be tried again is for people to
know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from trunkcall.aws.contact_records import CONTACT_ID, read_record
from trunkcall.cli.lists.rows import BadRow, Duplicate, Lead, LeadListError, ListItem, PassedOver, WrongEncodingError
from trunkcall.cli.lists.source import Line, Source, lines
from trunkcall.cli.lists.tokens import Tokens, fingerprint
from trunkcall.domain.contact import UNANSWERED_DISPOSITIONS, Disposition

_WHAT_IS_WANTED = "Give a file that `trunkcall export contacts --format jsonl` wrote."


class RetryList:
    """The contacts of an export (jsonl). The token under which one is tried again is made from the contact's id, so
    that a retry given twice dials nobody twice. Raises LeadListError."""

    names: Sequence[str] = (CONTACT_ID, "phone")
    is_plain = True

    def __init__(self, path: Path) -> None:
        self.source = Source(path)

    def items(self, tokens: Tokens) -> Iterator[ListItem]:
        """Every record once, as what is to be done about it."""
        seen: set[int] = set()
        first = True
        for line in self._lines():
            if not line.text.strip() and line.whole:
                continue
            try:
                item = _item(line, tokens)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                if first:
                    raise LeadListError(
                        f"Line {line.number} of {self.source.path} is no contact record. {_WHAT_IS_WANTED}"
                    ) from error
                item = BadRow((), f"line {line.number}: it is no contact record")
            first = False
            if isinstance(item, Lead):
                contact = fingerprint(item.client_token)
                if contact in seen:
                    item = Duplicate()
                seen.add(contact)
            yield item

    def _lines(self) -> Iterator[Line]:
        try:
            yield from lines(self.source, None)
        except WrongEncodingError as error:
            # No encoding can be given for an export, which is in UTF-8 always.
            raise LeadListError(f"{self.source.path} holds no contact records. {_WHAT_IS_WANTED}") from error


def _item(line: Line, tokens: Tokens) -> ListItem:
    contact = read_record(json.loads(line.text))
    if contact.disposition not in UNANSWERED_DISPOSITIONS:
        return PassedOver(_why_not(contact.disposition))
    if contact.phone_number is None:
        return PassedOver("the number was erased")
    token = tokens.of_retry(contact.contact_id)
    cells = (contact.contact_id, contact.phone_number)
    return Lead(cells, f"line {line.number}", token, contact.phone_number, contact.attributes)


def _why_not(disposition: str | None) -> str:
    if disposition is None:
        return "not over yet"
    if disposition == Disposition.INVALID_NUMBER:
        return "the number is invalid"
    return f"ended as {disposition}"
