"""Wraps the data keys under the current key of the keyring, so that older ones can be retired."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from rashpath.audit.envelope import Seal
from rashpath.audit.store import Store
from rashpath.audit.tables import DATA_KEYS

_AT_ONCE = 500


def rewrap(store: Store, seal: Seal) -> int:
    """Wraps each data key under the current key; a row is replaced by a new one, never changed.

    It may run beside servers that record, once all of them have the new key as their current one.

    Args:
        store: the store.
        seal: of a keyring that holds both the older keys and the current one.

    Returns:
        The number of data keys that were wrapped anew.

    Raises:
        KeyUnknownError: the keyring lacks a key that something is wrapped under.
        LedgerDamagedError: a data key is not what was stored.
        StoreUnavailableError: the store cannot be written; what was done so far stands.
    """
    done = 0
    while True:
        with store.write() as connection:
            # INVARIANT: nobody erases meanwhile, or the erased key would come back.
            store.lock_keys(connection)
            rows = connection.execute(
                select(DATA_KEYS).where(DATA_KEYS.c.key_id != seal.current).limit(_AT_ONCE)
            ).all()
            if not rows:
                return done
            for row in rows:
                data_key = seal.unwrap(row.id, {row.key_id: row.wrapped_key})
                connection.execute(
                    insert(DATA_KEYS),
                    {
                        "id": row.id,
                        "key_id": seal.current,
                        "wrapped_key": seal.wrap(row.id, data_key),
                    },
                )
                connection.execute(
                    delete(DATA_KEYS).where(
                        DATA_KEYS.c.id == row.id, DATA_KEYS.c.key_id == row.key_id
                    )
                )
            done += len(rows)
