"""`trunkcall db quarantine`: damaged contacts, while the server runs or not.

Decides how they are named and chosen, and what is said of them: never a number, an attribute or a client token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from trunkcall.aws.contact_records import to_quarantine_record
from trunkcall.compose.store import data_dir_of, opened_store
from trunkcall.domain.contact import Damage, QuarantinedContact
from trunkcall.domain.errors import NotFoundError
from trunkcall.service.wall_paced_clock import WallPacedClock
from trunkcall.settings import Settings
from trunkcall.storage.ports.quarantine import Quarantine

ALL = "all"
TOLD = {
    Damage.NOT_AS_ACCEPTED: "not what was accepted",
    Damage.UNREADABLE: "holds what was never written",
    Damage.MISPLACED: "not where the indexes have it",
    Damage.NOT_TAKEN_OVER: "no other dialer could take it over",
}


def quarantine(
    settings: Settings,
    end: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONTACT",
            help="End this one, by its id or its number in the list; `all` ends every one. Repeatable.",
        ),
    ] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="With --end: erase number, attributes and client token in any case.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show contacts that are damaged on disk and set aside, or end them. Works beside a running server."""
    if erase and not end:
        raise typer.BadParameter("--erase goes with --end")
    data_dir_of(settings).check()
    chosen, ended = asyncio.run(_work(settings, end or [], erase=erase))
    if json:
        typer.echo(
            msgspec.json.format(
                msgspec.json.encode([to_quarantine_record(contact) for contact in chosen]), indent=2
            ).decode()
        )
        return
    if not chosen:
        typer.echo("No contact is set aside.")
        return
    rows = [("NUMBER", "CONTACT", "CAMPAIGN", "WAS", "WHAT IS WRONG")]
    for contact in chosen:
        was = contact.state.value if contact.state is not None else "-"
        rows.append((str(contact.sequence), contact.contact_id, contact.campaign_id or "-", was, TOLD[contact.damage]))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        typer.echo("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]))
    contacts = "1 contact is" if len(chosen) == 1 else f"{len(chosen):,} contacts are"
    if ended is None:
        typer.echo(f"{contacts} set aside. `trunkcall db quarantine --end all` ends them.")
    else:
        typer.echo(f"{contacts} ended, and in exports again. What could not be believed of them is erased.")


async def _work(
    settings: Settings, end: Sequence[str], *, erase: bool
) -> tuple[Sequence[QuarantinedContact], int | None]:
    """What is set aside, or of that what was ended, and how many that were."""
    async with opened_store(settings) as store:
        return await _deal_with(store, end, erase=erase)


async def _deal_with(
    quarantine: Quarantine, end: Sequence[str], *, erase: bool
) -> tuple[Sequence[QuarantinedContact], int | None]:
    found = await quarantine.quarantined()
    named = {name for contact in found for name in (contact.contact_id, str(contact.sequence))}
    if not end or not named.issuperset(end):
        # Looking at all takes as long as an export.
        await quarantine.quarantine_damaged()
        found = await quarantine.quarantined()
    if not end:
        return found, None
    chosen = _choose(found, end)
    sequences = [contact.sequence for contact in chosen]
    return chosen, await quarantine.end_quarantined(sequences, at=WallPacedClock().now(), erase=erase)


def _choose(found: Sequence[QuarantinedContact], names: Sequence[str]) -> Sequence[QuarantinedContact]:
    if ALL in names:
        return found
    for name in names:
        if not any(_is_called(contact, name) for contact in found):
            raise NotFoundError(f"No contact {name} is set aside. `trunkcall db quarantine` shows those that are.")
    return [contact for contact in found if any(_is_called(contact, name) for name in names)]


def _is_called(contact: QuarantinedContact, name: str) -> bool:
    return name in (contact.contact_id, str(contact.sequence))
