"""What `service.processes.http_server` relies on in uvicorn, which promises none of it."""

import asyncio
import inspect
import re
from contextlib import closing
from pathlib import Path

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from service.processes.http_server import HttpProtocol

ROOT = Path(__file__).parents[2]

#: The minor version that all of this was tested with. To take another one: run
#: ``tests/service/test_wire.py`` with it, read what has changed in the two classes, and write it
#: here and into pyproject.toml.
TESTED = "0.54"

#: Of a connection: what `HttpProtocol` overrides.
OVERRIDDEN = {
    "connection_made": ["transport"],
    "connection_lost": ["exc"],
    "data_received": ["data"],
    "shutdown": [],
    "send_400_response": ["msg"],
    "on_message_begin": [],
    "on_url": ["url"],
    "on_header": ["name", "value"],
    "on_headers_complete": [],
    "on_body": ["body"],
    "on_message_complete": [],
}

#: And what it reads, or sets.
OF_A_CONNECTION = {"app", "cycle", "flow", "loop", "parser", "server_state", "transport"}
OF_A_CYCLE = {"keep_alive", "more_body", "response_complete"}
OF_A_STATE = {"connections", "default_headers", "tasks"}


def test_it_is_the_version_that_was_tested() -> None:
    installed = ".".join(uvicorn.__version__.split(".")[:2])
    assert installed == TESTED, (
        f"uvicorn {uvicorn.__version__} is installed, and service/processes/http_server.py "
        f"overrides private parts of it that were tested with {TESTED}: see TESTED in this file"
    )


def test_no_other_one_is_asked_for() -> None:
    major, minor = TESTED.split(".")
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"uvicorn>={TESTED},<{major}.{int(minor) + 1}"' in declared


def test_what_is_overridden_is_there_and_called_alike() -> None:
    found = {
        name: list(inspect.signature(getattr(HttpToolsProtocol, name)).parameters)[1:]
        for name in OVERRIDDEN
    }
    assert found == OVERRIDDEN
    ours = {
        name for name in vars(HttpProtocol) if hasattr(HttpToolsProtocol, name) and name[:2] != "__"
    }
    assert ours == set(OVERRIDDEN)


def test_what_is_read_is_there() -> None:
    state = ServerState()
    assert set(vars(state)) >= OF_A_STATE
    config = Config(lambda: None, log_config=None)
    with closing(asyncio.new_event_loop()) as loop:
        protocol = HttpToolsProtocol(config=config, server_state=state, app_state={}, _loop=loop)
    assert set(vars(protocol)) >= OF_A_CONNECTION
    assert set(_set_in(RequestResponseCycle)) >= OF_A_CYCLE


def _set_in(kind: type) -> list[str]:
    return re.findall(r"self\.(\w+) = ", inspect.getsource(kind))
