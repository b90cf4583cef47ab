"""`trunkcall asterisk-config`: the whole configuration of an Asterisk, printed or written.

Decides where the files go and who may read them, and that a configuration of somebody else's is left alone. It must not
know what is in them.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from trunkcall.cli.asterisk.files import HEADER, MUSIC, configuration, without_secrets
from trunkcall.cli.asterisk.password_hash import ALPHABET, SALT_LENGTH, sha512_crypt
from trunkcall.cli.asterisk.plan import PlannedTrunk, SwitchPlan
from trunkcall.cli.files import OutputError, open_output
from trunkcall.cli.options import with_settings
from trunkcall.cli.tables import counted
from trunkcall.compose.asterisk import INBOUND, SHOWN_VARIABLES, dialplan, hold_music, needed_password, trunk_endpoint
from trunkcall.settings import Settings
from trunkcall.settings.switch import networks_of, ports_of

OUR_MUSIC = "trunkcall.ulaw"
GROUP = "asterisk"
"""The group that Debian's Asterisk runs as."""
PRINTED_FOR = Path("/etc/asterisk")

_OUTPUT = typer.Option(
    metavar="DIR",
    help="Write the files into this directory, which should have nothing else in it. Without: print them, with … for "
    "each password.",
)
_FORCE = typer.Option("--force", help="Replace files of these names that this command has not written.")


@with_settings(
    *("data_dir", "ari_url", "ari_user", "ari_password_file", "ari_plain_http", "sip_address", "sip_port"),
    *("sip_external_address", "rtp_ports", "phone_networks"),
)
def asterisk_config(
    settings: Settings,
    output: Annotated[Path | None, _OUTPUT] = None,
    force: Annotated[bool, _FORCE] = False,
) -> None:
    """Write the configuration of the Asterisk that makes real calls (`serve --carrier ari`).

    Trunks are those of the settings file that have a table `sip`. Agents' phones are not in it: the server tells
    Asterisk of them while it runs.
    """
    plan = _plan(settings, PRINTED_FOR if output is None else Path(os.path.abspath(output)))
    files = configuration(plan)
    if output is None:
        for name, text in without_secrets(files, plan).items():
            typer.echo(f";;;; {name}\n{text}")
        return
    _write(output, files, force=force)
    _say(
        f"Wrote {len(files)} files into {output}, with {counted(len(plan.trunks), 'trunk')}."
        f" Asterisk reads them where it is started by `asterisk -C {plan.etc}/asterisk.conf`."
    )


def _plan(settings: Settings, etc: Path) -> SwitchPlan:
    trunks = []
    password = needed_password(settings)
    for table in settings.trunks:
        name = table.trunk.trunk_id
        if table.sip is None:
            _say(f"The trunk {name} has no table [trunks.sip], so Asterisk is told nothing of it.")
        else:
            trunks.append(PlannedTrunk(name, trunk_endpoint(name, password), table.sip, table.sip.password()))
    if not settings.trunks:
        _say("The settings name no trunks, so nobody can be dialed. --config names the file that does.")
    salt = "".join(secrets.choice(ALPHABET) for _ in range(SALT_LENGTH))
    return SwitchPlan(
        etc=etc,
        ari_url=settings.ari_url,
        ari_user=settings.ari_user,
        ari_password_hash=sha512_crypt(password, salt),
        shown_variables=SHOWN_VARIABLES,
        dialplan=dialplan(),
        inbound=INBOUND,
        trunks=trunks,
        phone_networks=networks_of(settings.phone_networks),
        sip_address=settings.sip_address,
        sip_port=settings.sip_port,
        external_address=settings.sip_external_address,
        rtp_ports=ports_of(settings.rtp_ports),
    )


def _write(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name in files:
        path = folder / name
        if not force and path.exists() and not path.read_text("utf-8", "replace").startswith(HEADER):
            raise OutputError(
                f"{path} was not written by this command, and it would be lost. Name a directory of its own with "
                "--output, or say --force."
            )
    theirs = _give(folder, 0o750)
    for name, text in files.items():
        with open_output("--output", folder / name, private=True) as file:
            file.write(text)
        _give(folder / name, 0o640)
    keep_music(folder)
    if not theirs:
        _say(
            "Nobody but you can read these files. Asterisk has to: run this as root where there is the group "
            f"{GROUP}, or give them to whom it runs as."
        )


def keep_music(folder: Path) -> None:
    """Have something heard on hold: what is there already, or else what comes with Trunkcall."""
    music = folder / MUSIC
    music.mkdir(mode=0o750, exist_ok=True)
    _give(music, 0o750)
    ours = music / OUR_MUSIC
    if any(path != ours for path in music.iterdir()):
        ours.unlink(missing_ok=True)
    else:
        ours.write_bytes(hold_music())
        _give(ours, 0o640)


def _give(path: Path, mode: int) -> bool:
    """Have Asterisk's group read it; whether that could be done."""
    try:
        shutil.chown(path, group=GROUP)
        path.chmod(mode)
    except (LookupError, PermissionError):
        return False
    return True


def _say(text: str) -> None:
    typer.echo(text, err=True)
