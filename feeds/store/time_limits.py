"""How long PostgreSQL may take, and how a network is found out that has swallowed it.

A database that vanishes without a word, as when its machine loses its power or a firewall forgets
a connection, is not told from one that is slow: Linux waits for it for two hours
(tcp_keepalive_time, tcp(7)), or for a quarter of an hour with something unsent. Here it is
noticed within seconds; and no lock, no question and no transaction that somebody has forgotten
keeps all others waiting for good.

All of it is the operator's to set in another way, in the store's URL
(``?tcp_user_timeout=20000&options=-c%20statement_timeout%3D0``) or, for the limits of a session, on
the server: ``ALTER ROLE … SET``, ``ALTER DATABASE … SET``, ``postgresql.conf``.
"""

from collections.abc import Mapping
from typing import Any

#: How the connection itself is watched (libpq, "Parameter Key Words"): seconds, and milliseconds
#: for ``tcp_user_timeout``. What is not acknowledged for so long is lost, probes too.
CONNECTION: Mapping[str, int] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 4,
    "tcp_user_timeout": 6_000,
}

#: What a session is held to (PostgreSQL, "Client Connection Defaults"). The longest statement is
#: one that moves a large feed to another slug, the longest pause one between two rows of a file.
SESSION: Mapping[str, str] = {
    "lock_timeout": "20s",
    "statement_timeout": "120s",
    "idle_in_transaction_session_timeout": "60s",
}

#: How the server watches the same connection (PostgreSQL, "TCP Settings"). A machine that loses its
#: network within a transaction would hold its locks, and with them up all other machines, until the
#: server's kernel finds out: by default after two hours. ``idle_in_transaction_session_timeout``
#: does not count between two messages of a pipeline, by which psycopg sends what it sends many of.
SERVER: Mapping[str, str] = {
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "1",
    "tcp_keepalives_count": "4",
    "tcp_user_timeout": "6000",
}

#: How long a thread waits for a connection that others use, in seconds.
POOL_TIMEOUT_S = 10

# Where nothing says otherwise, and nobody did: not in the URL, nor for the role or the database.
# By statement and not by the ``options`` of a connection, which a pooler may refuse to pass on.
_LIMIT = (
    "SELECT set_config(name, %s, false) FROM pg_catalog.pg_settings"
    " WHERE name = %s AND source = 'default'"
)


def of_connection(given: Mapping[str, Any]) -> dict[str, int]:
    """What to connect with, beside what the URL gives."""
    return {key: value for key, value in CONNECTION.items() if key not in given}


def limit_session(connection: Any, _record: object) -> None:
    """Hold a new connection of the driver's to the limits."""
    with connection.cursor() as cursor:
        limits = [*SESSION.items(), *SERVER.items()]
        cursor.executemany(_LIMIT, [(value, name) for name, value in limits])
    connection.commit()  # what is set in a transaction goes with it when that is rolled back
