"""The web process: ``python -m service.web_process FILE PARENT [PIPE]``; see ``supervisor``.

With `service.wire`, the only importer of uvicorn. Its workers are processes of their own; see
`service.web_worker`. What these are made of is only named here: the process that looks after them
needs half their memory, and is up in a third of their time. Why uvicorn, and what else was
measured, is in ``docs/decisions/http-layer.md``.
"""

import logging
import os
import signal
import sys
from pathlib import Path

from uvicorn import Config
from uvicorn.supervisors import Multiprocess

from service import logs
from service.accepted import ConfigurationWatch, active_configuration
from service.address import ListeningAddress
from service.heartbeat import beating
from service.liveness import Liveness

#: How uvicorn's workers are told of the file: they are started by name, without arguments.
#: It does not begin with ``COMMUNIQUE_``, which would make it a setting.
ACCEPTED_VARIABLE = "ACCEPTED_COMMUNIQUE_CONFIGURATION"
PARENT_VARIABLE = "PARENT_OF_COMMUNIQUE_WORKERS"

#: glibc keeps memory apart for each thread that asks for some, and what one has given back another
#: does not get: the workers once had 45 MiB more of it than they used. Others ignore the variable.
ARENAS_VARIABLE, ARENAS = "MALLOC_ARENA_MAX", "2"

#: What a stopping worker may take to finish the answers it is at.
STOP_WITHIN_S = 10

#: A worker that says nothing for so long is replaced. Its answer to "are you there" comes from a
#: thread of its own, so it takes more than a busy machine.
HUNG_AFTER_S = 30

#: How a worker makes its application, and who reads what comes over the wire.
APPLICATION, WIRE = "service.web_worker:application", "service.wire:HttpProtocol"

#: For how long uvicorn keeps a connection that nobody uses: `service.wire` sees to that itself.
KEEP_ALIVE_S = 75

#: Where uvicorn says all that it says, not only errors.
SERVER_LOG = "uvicorn.error"


def serve(path: Path, *, parent: int, pipe: int | None) -> None:
    """Serve until told to stop by a signal, or until *parent*, a process id, is gone."""
    settings = active_configuration(path)
    logs.configure(settings.log.level, settings.log.format)
    os.environ[ACCEPTED_VARIABLE] = str(path)
    os.environ[PARENT_VARIABLE] = str(os.getpid())
    os.environ.setdefault(ARENAS_VARIABLE, ARENAS)
    logging.getLogger(SERVER_LOG).addFilter(_is_news)
    config = Config(
        APPLICATION,
        factory=True,
        interface="asgi3",
        http=WIRE,
        ws="none",
        lifespan="off",
        loop="uvloop",
        host=settings.http.host,
        port=settings.http.port,
        workers=settings.http.workers,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
        timeout_worker_healthcheck=HUNG_AFTER_S,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    ListeningAddress(config.host, config.port, data_folder=settings.data_folder).web.take()
    listener = config.bind_socket()

    def orphaned() -> None:
        _stop()
        # Workers let go of it when they begin to end, and then wait for who reads slowly: the next
        # service need not.
        listener.close()

    ConfigurationWatch(path, parent=parent, on_change=lambda _: None, on_orphaned=orphaned).start()
    # The workers are looked after by this process, and this one by the supervisor.
    with beating(pipe, Liveness()):
        # Also for one worker: should it die, another one takes over the socket, and with it who
        # waits.
        Multiprocess(config, sockets=[listener]).run()


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out what uvicorn tells of its every step, but for the death of a worker."""
    return record.levelno >= logging.WARNING or "died" in record.getMessage()


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    pipe = int(sys.argv[3]) if len(sys.argv) > 3 else None
    serve(Path(sys.argv[1]), parent=int(sys.argv[2]), pipe=pipe)
