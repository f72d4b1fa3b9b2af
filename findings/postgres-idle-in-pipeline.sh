#!/usr/bin/env bash
# PostgreSQL's limit for idle transactions does not count within a pipeline.
#
# Guess: idle_in_transaction_session_timeout ends every session that is silent in a transaction for so long.
# True:  only one whose last words were a Sync. Within a pipeline, where libpq sends Sync at the end alone, a client that
#        says nothing more keeps its transaction and its locks for ever; neither statement_timeout nor lock_timeout counts.
#        psycopg's executemany() is such a pipeline.
# Seen:  PostgreSQL 15 (Debian 12), psycopg 3.3.9, November 2026.
# For us: each session has the server watch its connection (tcp_keepalives_idle, tcp_user_timeout).
. "$(dirname "$0")/lib.sh"
programs=/usr/lib/postgresql/15/bin
[ -x "$programs/initdb" ] || missing "PostgreSQL 15 (apt-get install postgresql)"
pip_install psycopg-binary==3.3.9 psycopg==3.3.9

as=() && [ "$(id -u)" = 0 ] && as=(runuser -u postgres --) && chown postgres "$work"
"${as[@]}" "$programs/initdb" -D "$work/data" -A trust -U finder --no-sync >/dev/null
port=$(free_port)
background "${as[@]}" "$programs/postgres" -D "$work/data" -k "$work" -p "$port" -c listen_addresses=127.0.0.1
wait_for "$port"

"$python" - "$port" >"$seen" <<'PY'
import sys
import time

import psycopg

url = f"postgresql://finder@127.0.0.1:{sys.argv[1]}/postgres"
LIMITS = "-c idle_in_transaction_session_timeout=1s -c statement_timeout=1s -c lock_timeout=1s"
HELD = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


def held(look: psycopg.Connection) -> str:
    return "holds its lock" if look.execute(HELD).fetchone()[0] else "is ended"


with psycopg.connect(url, autocommit=True) as look:
    silent = psycopg.connect(url, options=LIMITS)
    silent.execute("SELECT pg_advisory_xact_lock(1)")
    time.sleep(4)
    print("after a statement, silent for 4 s:", held(look))

    silent = psycopg.connect(url, options=LIMITS)
    silent.pgconn.enter_pipeline_mode()
    for statement in (b"BEGIN", b"SELECT pg_advisory_xact_lock(1)"):
        silent.pgconn.send_query_params(statement, None)
    silent.pgconn.send_flush_request()
    silent.pgconn.flush()
    time.sleep(4)
    print("within a pipeline, silent for 4 s:", held(look))
    silent.pgconn.finish()
PY
compare <<'END'
after a statement, silent for 4 s: is ended
within a pipeline, silent for 4 s: holds its lock
END
