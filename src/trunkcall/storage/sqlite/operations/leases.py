"""Leases in an SQLite store: who owns an instance.

Decides which owner is let in and which is refused. It must not know threads, when it is committed, nor what owners do.
"""

from __future__ import annotations

from trunkcall.domain.errors import LeaseExpiredError, LeaseLostError, StoreDamagedError
from trunkcall.domain.instants import Duration, Instant
from trunkcall.storage.ports.ownership import Lease
from trunkcall.storage.sqlite.transaction import WriteTransaction


def acquire_lease(
    transaction: WriteTransaction, instance_id: str, owner: str, ttl: Duration, now: Instant, *, sole: bool
) -> Lease | None:
    transaction.require_instance(instance_id)
    token = 1
    last = transaction.row("lease", instance_id=instance_id)
    if last is not None:
        if type(last.token) is not int:
            # Nobody could tell a former owner from the next one.
            raise StoreDamagedError
        if not sole and last.owner not in (None, owner) and last.expires_at > now:
            return None
        token = last.token + 1
    transaction.execute("put_lease", instance_id=instance_id, token=token, owner=owner, expires_at=now + ttl)
    return Lease(instance_id, owner, token)


def renew_lease(transaction: WriteTransaction, lease: Lease, ttl: Duration, now: Instant) -> None:
    renewed = transaction.execute(
        "renew_lease", instance_id=lease.instance_id, token=lease.token, owner=lease.owner, expires_at=now + ttl
    )
    if not renewed:
        raise LeaseLostError


def release_lease(transaction: WriteTransaction, lease: Lease) -> None:
    transaction.execute("release_lease", instance_id=lease.instance_id, token=lease.token, owner=lease.owner)


def check_lease(transaction: WriteTransaction, lease: Lease, now: Instant) -> None:
    """Raise LeaseLostError unless the lease is still its owner's, LeaseExpiredError unless it has time left.

    A lease that ran out is refused even before anybody else has taken it: its owner must renew first, and learns there
    whether it may go on.
    """
    row = transaction.row("lease", instance_id=lease.instance_id)
    if row is None or (row.token, row.owner) != (lease.token, lease.owner):
        raise LeaseLostError
    if row.expires_at <= now:
        raise LeaseExpiredError
