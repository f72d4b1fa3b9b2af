"""Logging: one line an event, as text for a person or as JSON for a machine.

structlog formats the lines and the standard library's logging carries them, so the messages of
uvicorn, APScheduler, requests and SQLAlchemy have the same form. Importing configures nothing.
"""

import contextlib
import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from types import ModuleType
from typing import Any, Literal, TextIO, TypeAlias, cast


@contextlib.contextmanager
def _unavailable(name: str) -> Iterator[None]:
    """Makes imports of a module fail in the block; see "The module cache" in Python's reference."""
    known = sys.modules.get(name)
    sys.modules[name] = cast("ModuleType", None)
    try:
        yield
    finally:
        del sys.modules[name]
        if known is not None:
            sys.modules[name] = known


# structlog imports rich where it finds it, for tracebacks that are not used here: 4 MiB.
with _unavailable("rich"):
    import structlog
    from structlog.dev import (
        Column,
        ConsoleRenderer,
        KeyValueColumnFormatter,
        LogLevelColumnFormatter,
        plain_traceback,
    )
    from structlog.typing import Processor

Logger: TypeAlias = structlog.stdlib.BoundLogger
Level: TypeAlias = Literal["debug", "info", "warning", "error"]
Format: TypeAlias = Literal["text", "json", "auto"]

#: Libraries that log every step at info. They are logged from warning up, or fully at debug.
_CHATTY = ("alembic", "apscheduler", "sqlalchemy", "urllib3", "watchfiles")

_OWN = ("service", "feeds")
_HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(
    r"secret|passw|token|credential|authori[sz]ation|cookie|api_?key|private_?key", re.IGNORECASE
)
_USER_IN_URL = re.compile(r"://[^/?#\s\"'@]*@")

_Event: TypeAlias = MutableMapping[str, Any]


def get_logger(name: str) -> Logger:
    """Returns the logger of a module. It may be created before `configure` is called.

    In ``log.info("ping accepted", topic=topic)`` the event is a fixed phrase that can be searched
    for: everything that varies goes into the keys.
    """
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, *_COMMON, _FOR_FORMATTER],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast("Logger", logger)


def configure(level: Level = "info", format: Format = "auto", stream: TextIO | None = None) -> None:  # noqa: A002
    """Sends all lines, our own and those of libraries, to one stream. May be called again.

    Args:
        level: The lowest level that is logged; verbose libraries are logged from warning up.
        format: ``text`` for a person, ``json`` for one object a line; ``auto`` is text on a
            terminal and json elsewhere. Colours are for terminals only.
        stream: Where to write; standard error by default.
    """
    stream = stream or sys.stderr
    handler = _Handler(stream)
    is_text = format == "text" or (format == "auto" and stream.isatty())
    handler.setFormatter(_text(colours=stream.isatty()) if is_text else _json())
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if isinstance(each, _Handler)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.captureWarnings(capture=True)


class _Handler(logging.StreamHandler[TextIO]):
    """The service's handler: a class of its own, to tell it from handlers that others added."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Writes where the line was lost, if the stream can be written.

        The library's own version would print the arguments of the line before secrets are hidden.
        """
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            return  # the stream is gone, or its disk is full
        with contextlib.suppress(OSError, ValueError):
            where = f"{record.pathname}:{record.lineno}"
            self.stream.write(f"log line lost  where={where} reason={type(error).__name__}\n")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        # Last of all, because a traceback or a library's message may hold a URL too.
        return _USER_IN_URL.sub(f"://{_HIDDEN}@", super().format(record))


def _json() -> _Formatter:
    return _formatter(
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        _in_order,
        structlog.processors.JSONRenderer(default=str),
    )


def _text(*, colours: bool) -> _Formatter:
    return _formatter(
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True, key="time"),
        _without_own_name,
        _on_one_line,
        # Plain tracebacks: structlog's rich ones show local variables, secrets included.
        ConsoleRenderer(
            columns=_columns(colours=colours),
            exception_formatter=plain_traceback,
            sort_keys=False,
        ),
    )


def _formatter(*processors: Processor) -> _Formatter:
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return _Formatter(
        foreign_pre_chain=_COMMON, processors=[without_meta, _without_secrets, *processors]
    )


def _columns(*, colours: bool) -> list[Column]:
    styles = ConsoleRenderer.get_default_level_styles(colors=colours)
    dim, bold, cyan, reset = ("\x1b[2m", "\x1b[1m", "\x1b[36m", "\x1b[0m") if colours else [""] * 4
    level = LogLevelColumnFormatter(styles, reset_style=reset, width=7)
    pair = KeyValueColumnFormatter(cyan, "", reset, value_repr=_value)
    return [
        Column("time", KeyValueColumnFormatter(None, dim, reset, value_repr=str)),
        Column("level", level),
        Column("event", KeyValueColumnFormatter(None, bold, reset, value_repr=str, postfix=" ")),
        Column("", pair),
    ]


def _value(value: object) -> str:
    text = str(value)
    is_plain = text and not any(c in ' ="' for c in text)
    return text if is_plain else '"' + text.replace('"', '\\"') + '"'


def _without_secrets(_logger: object, _method: str, event: _Event) -> _Event:
    """Hides values whose keys name a secret. Users in URLs are hidden by `_Formatter`."""
    for key in event:
        if _SECRET_NAME.search(key):
            event[key] = _HIDDEN
    return event


def _without_own_name(_logger: object, _method: str, event: _Event) -> _Event:
    """Removes the logger's name from our own events; it is useful for libraries only."""
    if str(event.get("logger", "")).partition(".")[0] in _OWN:
        del event["logger"]
    return event


def _on_one_line(_logger: object, _method: str, event: _Event) -> _Event:
    """Escapes control characters, so that a title cannot forge a line or control the terminal."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
    return event


def _in_order(_logger: object, _method: str, event: _Event) -> _Event:
    """Puts the keys that every line has first."""
    first = {key: event[key] for key in ("time", "level", "event", "logger") if key in event}
    return {**first, **event}


#: Adds what every line has beside its event.
_COMMON: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
_FOR_FORMATTER = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
