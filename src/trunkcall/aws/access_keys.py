"""Access keys with the names that IAM has for them.

Decides names and forms. It must not know where keys are kept, nor who reads them.
"""

from __future__ import annotations

from trunkcall.domain.directory import AccessKey
from trunkcall.domain.instants import to_record_time


def to_access_key(key: AccessKey, secret: str | None = None) -> dict[str, object]:
    """One key; with its secret, if that is given. RevokeDate is a field of our own."""
    members: dict[str, object] = {
        "AccessKeyId": key.access_key_id,
        "Status": "Active" if key.revoked_at is None else "Inactive",
        "CreateDate": to_record_time(key.created_at),
        "RevokeDate": to_record_time(key.revoked_at) if key.revoked_at is not None else None,
        "PolicyDocument": key.policy,
    }
    return members if secret is None else {**members, "SecretAccessKey": secret}
