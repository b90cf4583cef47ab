"""`trunkcall keys`: access keys and what each of them may do, while the server runs or not.

Decides what is printed of a key. A secret is printed by the command that makes it, and never again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer

from trunkcall.aws.access_keys import to_access_key
from trunkcall.aws.admission import needs_of
from trunkcall.aws.connect import offered
from trunkcall.aws.iam import ALL_ACTIONS_POLICY, InvalidPolicyError, allows_any, parse_policy, summary
from trunkcall.aws.model import CAMPAIGNS_V1, CONNECT, TRUNKCALL, load_service
from trunkcall.cli.help import examples
from trunkcall.cli.options import with_settings
from trunkcall.compose.store import data_dir_of, opened_store
from trunkcall.domain.directory import AccessKey
from trunkcall.domain.errors import SettingsError
from trunkcall.domain.instants import to_record_time
from trunkcall.service.access_keys import AccessKeys, NewAccessKey
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import KEY_FILE, DataDir
from trunkcall.storage.secret_box import SecretBox, load_secret_key

T = TypeVar("T")
Seal = Callable[[str, str], bytes]

app = typer.Typer(help="Access keys, each with an IAM policy document.", no_args_is_help=True)

_JSON = typer.Option("--json", help="Print JSON.")


def create(
    settings: Settings,
    policy: Annotated[
        Path | None,
        typer.Option(help="File with the key's IAM policy document; the key may do everything if left out."),
    ] = None,
    json: Annotated[bool, _JSON] = False,
) -> None:
    """Make an access key and print it as export lines. This is the only time that its secret is shown."""
    document = ALL_ACTIONS_POLICY if policy is None else _read(policy)
    box = _secret_box(settings)

    async def make(keys: AccessKeys) -> NewAccessKey:
        _check_box(box, [key for key in await keys.list_access_keys() if key.revoked_at is None])
        return await keys.create_access_key(document)

    made = _with_keys(settings, make, box.seal)
    if json:
        _echo_json(to_access_key(made.access_key, made.secret))
    else:
        typer.echo(f"export AWS_ACCESS_KEY_ID={made.access_key.access_key_id}")
        typer.echo(f"export AWS_SECRET_ACCESS_KEY={made.secret}")


def list_keys(settings: Settings, json: Annotated[bool, _JSON] = False) -> None:
    """List every access key: its id, when it was made and revoked, and what it may do."""
    keys = _with_keys(settings, lambda keys: keys.list_access_keys())
    if json:
        _echo_json([to_access_key(key) for key in keys])
        return
    rows = [("ACCESS KEY ID", "CREATED", "REVOKED", "POLICY")]
    for key in keys:
        revoked = to_record_time(key.revoked_at) if key.revoked_at is not None else "-"
        rows.append((key.access_key_id, to_record_time(key.created_at), revoked, _summary(key.policy)))
    for key_id, created, revoked, may in rows:
        typer.echo(f"{key_id:<20}  {created:<20}  {revoked:<20}  {may}")


def revoke(
    settings: Settings, access_key_id: Annotated[str, typer.Argument(metavar="ID", help="The access key's id.")]
) -> None:
    """Make an access key useless, for good. A running server refuses it within a second."""
    key = _with_keys(settings, lambda keys: keys.revoke_access_key(access_key_id))
    assert key.revoked_at is not None
    typer.echo(f"{key.access_key_id} is revoked since {to_record_time(key.revoked_at)}")
    if DataDir(settings.data_dir).shared_files().get("aws_access_key_id") == key.access_key_id:
        typer.echo(
            f"It is the key that `trunkcall env` prints, from {settings.data_dir / 'credentials'}. "
            "Make another with `trunkcall keys create`, and write it there.",
            err=True,
        )


app.command("create", epilog=examples("trunkcall keys create --policy loader.json", 'eval "$(trunkcall keys create)"'))(
    with_settings("data_dir", "store", "secret_key_file")(create)
)
app.command("list", epilog=examples("trunkcall keys list", "trunkcall keys list --json"))(
    with_settings("data_dir", "store")(list_keys)
)
app.command("revoke", epilog=examples("trunkcall keys revoke AKIAIOSFODNN7EXAMPLE"))(
    with_settings("data_dir", "store")(revoke)
)


def _with_keys(settings: Settings, deed: Callable[[AccessKeys], Awaitable[T]], seal: Seal | None = None) -> T:
    data_dir_of(settings).check()

    async def run() -> T:
        async with opened_store(settings) as store:
            return await deed(
                AccessKeys(
                    store,
                    seal=seal or _cannot_seal,
                    check_policy=parse_policy,
                    now=lambda: time.time_ns() // 1000,
                )
            )

    return asyncio.run(run())


def _cannot_seal(secret: str, bound_to: str) -> bytes:
    raise AssertionError("only creating a key encrypts a secret")


def _secret_box(settings: Settings) -> SecretBox:
    """The server's secret box. Unlike the server this makes no key file: it would be of use to nobody."""
    data_dir_of(settings).check()
    path = Path(settings.secret_key_file) if settings.secret_key_file else settings.data_dir / KEY_FILE
    if not path.exists():
        raise SettingsError(
            f"There is no secret key file {path}. Name the one that the server uses with --secret-key-file."
        )
    return SecretBox(load_secret_key(path))


def _check_box(box: SecretBox, keys: Sequence[AccessKey]) -> None:
    """The server could not read a secret that was encrypted with any other key than its own. Raises SettingsError."""
    refused: SettingsError | None = None
    for key in keys:
        try:
            box.open(key.encrypted_secret, key.access_key_id)
        except SettingsError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise SettingsError(f"{refused.message} If that one is lost, revoke them first: they are of no use to anybody.")


def _read(policy: Path) -> str:
    """The document, checked here so that what is wrong with it is said with the file's name."""
    try:
        document = policy.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"The policy file {policy} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The policy file {policy} is not text in UTF-8.") from error
    try:
        read = parse_policy(document)
    except InvalidPolicyError as error:
        raise InvalidPolicyError(f"{policy}: {error.message}") from error
    actions = [needs.action for name in (CAMPAIGNS_V1, TRUNKCALL) for needs in needs_of(load_service(name)).values()]
    actions += [f"{CONNECT}:{name}" for name in offered()]
    if not allows_any(read, actions):
        raise InvalidPolicyError(
            f"{policy}: the policy allows no action that there is here, so the key would be of no use. An action here "
            'is as "connect-campaigns:DescribeCampaign", "connect-campaigns:*" or "connect:*".'
        )
    return document


def _summary(document: str) -> str:
    try:
        return summary(parse_policy(document))
    except InvalidPolicyError as error:
        return f"nothing: {error.message}"


def _echo_json(value: object) -> None:
    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
