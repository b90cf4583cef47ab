"""The default instance: made in an empty store, and written down for those who look for it.

Decides what a start that was cut short is finished with. It must not know what is served or dialed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

from trunkcall.aws.iam import ALL_ACTIONS_POLICY
from trunkcall.domain.clock import Clock
from trunkcall.domain.directory import AccessKey, Directory
from trunkcall.domain.errors import SettingsError
from trunkcall.service.access_keys import new_access_key_id, new_secret
from trunkcall.service.installation import SOURCE_PHONE_NUMBER, first_installation
from trunkcall.settings import Settings
from trunkcall.storage.data_dir import INSTANCE_ID, DataDir
from trunkcall.storage.secret_box import SecretBox
from trunkcall.storage.store import Store


async def first_directory(
    store: Store, settings: Settings, data_dir: DataDir, box: SecretBox, clock: Clock, url: str
) -> Directory:
    """The default instance's directory, made on the first start; ``config`` names it from then on. A first start that
    was cut short before it had written the shared files is finished by the next. ``config`` follows the settings at
    each start, and what is in the directory: nothing, where all of a kind was removed. Raises SettingsError where the
    secret key is another than that of all access keys: nobody could ask for anything."""
    instances = await store.instances()
    if not instances:
        first = first_installation(
            now=clock.now(),
            new_id=lambda: str(uuid4()),
            access_key_id=new_access_key_id(),
            secret=new_secret(),
            policy=ALL_ACTIONS_POLICY,
            seal=box.seal,
        )
        await store.create_instance(first.directory, first.access_key)
        instances = await store.instances()
    ids = [each.instance_id for each in instances]
    # Which of several is the oldest goes by a wall clock that may have been set back before the next was made. Another
    # server of this store, with a default instance of its own, may have deleted this one's.
    directory = await store.directory(data_dir.instance_id if data_dir.instance_id in ids else ids[0])
    assert directory is not None
    keys = [key for key in await store.access_keys() if key.revoked_at is None]
    if keys or not data_dir.has_config:
        usable = _first_usable_key(keys, box)
        if not data_dir.has_config:
            data_dir.write_credentials(usable)
    data_dir.write_config(
        {
            "region": settings.region,
            "endpoint_url": url,
            INSTANCE_ID: directory.instance.instance_id,
            "trunkcall_queue_id": next(iter(directory.queues), ""),
            "trunkcall_contact_flow_id": next(iter(directory.contact_flows), ""),
            "trunkcall_source_phone_number": SOURCE_PHONE_NUMBER,
        }
    )
    return directory


def _first_usable_key(keys: Sequence[AccessKey], box: SecretBox) -> dict[str, str]:
    """The oldest access key of this secret key. A store that came without its secret key has only keys made since."""
    for key in keys:
        with suppress(SettingsError):
            secret = box.open(key.encrypted_secret, key.access_key_id)
            return {"aws_access_key_id": key.access_key_id, "aws_secret_access_key": secret}
    raise SettingsError(
        "None of the store's access keys can be used: they were encrypted with another secret key. Put the secret.key "
        "of the store's former server into this data directory. If it is lost, revoke them (`trunkcall keys list`, "
        "`trunkcall keys revoke`) and make another with `trunkcall keys create`."
    )
