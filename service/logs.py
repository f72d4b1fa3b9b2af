"""What the service says of itself: one line an event, for a person or for a machine.

structlog makes the lines and the standard library carries them, so what uvicorn, APScheduler,
requests or SQLAlchemy have to say comes out in the same form. Importing configures nothing.
"""

import contextlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal, TextIO, TypeAlias, cast

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

#: Libraries that tell their every step at info: heard from warning up, or in full at debug.
_CHATTY = ("alembic", "apscheduler", "sqlalchemy", "urllib3", "watchfiles")

_OWN = ("service", "feeds")
_HIDDEN = "(hidden)"
_SECRET_NAME = re.compile(
    r"secret|passw|token|credential|authori[sz]ation|cookie|api_?key|private_?key", re.IGNORECASE
)
_USER_IN_URL = re.compile(r"://[^/?#\s\"'@]*@")

_Event: TypeAlias = MutableMapping[str, Any]


def get_logger(name: str) -> Logger:
    """Return the logger of a module; it may be made before `configure` was called.

    In ``log.info("ping accepted", topic=topic)`` the event is a fixed phrase: all that varies goes
    into the keys, so that it can be searched for.
    """
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[structlog.stdlib.filter_by_level, *_ABOUT, _FOR_FORMATTER],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast("Logger", logger)


def configure(level: Level = "info", format: Format = "auto", stream: TextIO | None = None) -> None:  # noqa: A002
    """Send all lines, our own and those of libraries, to one stream. May be called again.

    Args:
        level: From here up; libraries that talk too much are heard from warning up.
        format: ``text`` for a person, ``json`` for one object a line; ``auto`` is text on a
            terminal and json elsewhere. Colours are for terminals only.
        stream: Standard error, unless given.
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
    """Ours, to be found again among handlers that others added."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say where it broke, if anything can be said at all.

        The library's own form would print the arguments of the line, before secrets are hidden.
        """
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            return  # the stream is gone, or its disk is full
        with contextlib.suppress(OSError, ValueError):
            where = f"{record.pathname}:{record.lineno}"
            self.stream.write(f"log line lost  where={where} reason={type(error).__name__}\n")


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        # At the very end, because a traceback or a library's message may hold a URL too.
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
        # The plain form: structlog's other one, by rich, shows local variables, secrets included.
        ConsoleRenderer(
            columns=_columns(colours=colours),
            exception_formatter=plain_traceback,
            sort_keys=False,
        ),
    )


def _formatter(*processors: Processor) -> _Formatter:
    without_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return _Formatter(
        foreign_pre_chain=_ABOUT, processors=[without_meta, _without_secrets, *processors]
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
    """Hide what a key calls a secret; what is hidden in a URL is found later."""
    for key in event:
        if _SECRET_NAME.search(key):
            event[key] = _HIDDEN
    return event


def _without_own_name(_logger: object, _method: str, event: _Event) -> _Event:
    """Keep the logger's name only where a library speaks; our own events speak for themselves."""
    if str(event.get("logger", "")).partition(".")[0] in _OWN:
        del event["logger"]
    return event


def _on_one_line(_logger: object, _method: str, event: _Event) -> _Event:
    """Escape control characters: nobody forges a line, or repaints the terminal, by a title."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[key] = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)
    return event


def _in_order(_logger: object, _method: str, event: _Event) -> _Event:
    """What every line has comes first."""
    first = {key: event[key] for key in ("time", "level", "event", "logger") if key in event}
    return {**first, **event}


#: What every line tells beside its event.
_ABOUT: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
_FOR_FORMATTER = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
