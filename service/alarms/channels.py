"""The ways in which operators are told: mail, webhook, command; and what they are told.

The message is text for people, and JSON for programs.
"""

import base64
import binascii
import hmac
import json
import os
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Any, Protocol

from feeds.model.alarm import Alarm, AlarmEvent
from service.errors import ServiceError
from service.outbound import HttpClient, OutboundFailed, SmtpClient

#: Longest subject of a mail, in characters (RFC 5322 section 2.1.1 asks for lines of 78).
MAX_SUBJECT_CHARS = 120

_EVENT_WORDS = {
    AlarmEvent.BEGUN: "began",
    AlarmEvent.AGAIN: "lasts",
    AlarmEvent.OVER: "is over",
}

_SUBJECT_WORDS = {AlarmEvent.BEGUN: "", AlarmEvent.AGAIN: "still: ", AlarmEvent.OVER: "over: "}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmMessage:
    """Events of alarms, told together."""

    id: str  #: the same when the same events are sent again
    site: str  #: title of the newsroom
    url: str  #: its address
    at: datetime
    alarms: tuple[Alarm, ...]  #: empty for a test

    @property
    def subject(self) -> str:
        """Returns the message in one line."""
        if not self.alarms:
            return f"[{self.site}] test of alarms"
        first, more = self.alarms[0], len(self.alarms) - 1
        others = f" (and {more} more)" if more else ""
        event = _SUBJECT_WORDS[first.event]
        line = " ".join(f"[{self.site}] {event}{first.condition.words}".split())
        room = MAX_SUBJECT_CHARS - len(others)
        return (line if len(line) <= room else f"{line[: room - 1]}…") + others

    @property
    def text(self) -> str:
        """Returns the message as plain text."""
        return "\n".join(self._lines()) + "\n"

    def to_json(self) -> bytes:
        """Returns the message as a JSON object; see ``docs/alarms.md``."""
        content = {
            "version": 1,
            "id": self.id,
            "site": {"title": self.site, "url": self.url},
            "sent_at": _moment(self.at),
            "is_test": not self.alarms,
            "alarms": [_record(alarm) for alarm in self.alarms],
        }
        return json.dumps(content, ensure_ascii=False).encode()

    def _lines(self) -> Iterator[str]:
        if not self.alarms:
            yield f"This is a test of alarms of {self.site}, {self.url}/."
            yield "Nothing is wrong."
            return
        counted = Counter(alarm.event for alarm in self.alarms)
        counts = ", ".join(f"{counted[event]} {event}" for event in AlarmEvent if counted[event])
        yield f"{self.site}, {self.url}/: {counts}."
        for alarm in self.alarms:
            words = " ".join(alarm.condition.words.split())
            yield ""
            yield f"* {words}"
            yield f"  {alarm.condition.kind} {_EVENT_WORDS[alarm.event]}; {_times(alarm)}"
        yield ""
        yield "See: communique alarms; communique status"


def _times(alarm: Alarm) -> str:
    since = f"since {_moment(alarm.condition.since)}"
    return since if alarm.over_at is None else f"{since}, until {_moment(alarm.over_at)}"


def _record(alarm: Alarm) -> Mapping[str, Any]:
    condition = alarm.condition
    return {
        "kind": condition.kind.value,
        "subject": condition.subject,
        "event": alarm.event.value,
        "words": condition.words,
        "since": _moment(condition.since),
        "event_at": _moment(alarm.event_at),
        "over_at": None if alarm.over_at is None else _moment(alarm.over_at),
    }


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


#: Longest result that is stored and shown, in characters.
MAX_RESULT_CHARS = 200

#: How much of a command's error output is read, in bytes.
_STDERR_BYTES = 1000

#: Variables that a command does not get: they may hold secrets.
_OWN_VARIABLES = "COMMUNIQUE_"


class ChannelFailed(ServiceError):
    """A channel did not take a message; the text says why, without a secret."""


class Channel(Protocol):
    """A way in which operators are told. Its failure does not concern the others."""

    @property
    def name(self) -> str:
        """Its name in the store and in ``communique alarms``."""
        ...

    def send(self, message: AlarmMessage) -> str:
        """Sends a message; returns what the other side said.

        Raises:
            ChannelFailed: It was not taken.
        """
        ...


class MailChannel:
    """Alarms by e-mail."""

    name = "mail"

    def __init__(self, client: SmtpClient, *, sender: str, to: Sequence[str]) -> None:
        """Sets the addresses.

        Args:
            client: The SMTP server.
            sender: The address in ``From``.
            to: The addresses that get each mail.
        """
        self._client = client
        self._sender = sender
        self._to = tuple(to)

    def send(self, message: AlarmMessage) -> str:
        """Sends a mail to all addresses."""
        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._to)
        mail["Date"] = format_datetime(message.at)
        mail["Message-ID"] = f"<{message.id}@{self._sender.rpartition('@')[2]}>"
        # RFC 3834 section 5: no vacation notice answers it.
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        try:
            return _short(self._client.send(mail))
        except OutboundFailed as error:
            raise ChannelFailed(_short(error.reason)) from error


class WebhookChannel:
    """Alarms as JSON by POST, signed by the rules of Standard Webhooks.

    Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """

    name = "webhook"

    def __init__(
        self, client: HttpClient, *, url: str, secret: str, now: Callable[[], datetime]
    ) -> None:
        """Sets the address and the key.

        Args:
            client: Sends the request.
            url: Where to.
            secret: The key: after ``whsec_`` in base64, else the text itself.
            now: The clock, for the time stamp.
        """
        self._client = client
        self._url = url
        self._key = key_of(secret)
        self._now = now

    def send(self, message: AlarmMessage) -> str:
        """Posts a message. Any status but 2xx is a failure."""
        body = message.to_json()
        timestamp = int(self._now().timestamp())
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._key, message.id, timestamp, body),
        }
        try:
            answer = self._client.post(self._url, body, headers=headers)
        except OutboundFailed as error:
            raise ChannelFailed(_short(error.reason)) from error
        words = _short(f"{answer.status} {answer.reason}")
        if not answer.is_success:
            raise ChannelFailed(words)
        return words


def key_of(secret: str) -> bytes:
    """Returns the key that a secret is written for."""
    if secret.startswith("whsec_"):
        with suppress(binascii.Error, ValueError):
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Returns the value of ``webhook-signature``: HMAC-SHA256 over id, time stamp and body."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key, signed, sha256)).decode()


class CommandChannel:
    """Alarms to a program on this machine: JSON on standard input, and a time limit."""

    name = "command"

    def __init__(self, argv: Sequence[str], *, timeout_s: float) -> None:
        """Sets the program.

        Args:
            argv: The program and its arguments. No shell reads them.
            timeout_s: After this long the program is killed, with all that it started.
        """
        self._argv = tuple(argv)
        self._timeout_s = timeout_s

    def send(self, message: AlarmMessage) -> str:
        """Runs the program. Any exit code but 0 is a failure."""
        environ = {
            name: text for name, text in os.environ.items() if not name.startswith(_OWN_VARIABLES)
        }
        # To a file: a program that writes without end, or leaves a child that holds a pipe open,
        # would keep a reader waiting.
        with tempfile.TemporaryFile() as errors:
            try:
                process = subprocess.Popen(  # noqa: S603  # what the operator configured
                    self._argv,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    env=environ,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                raise ChannelFailed(_short(f"cannot be run: {reason}")) from error
            with process:
                self._feed(process, message.to_json())
            errors.seek(0)
            said = errors.read(_STDERR_BYTES).decode("utf-8", errors="replace")
        if process.returncode:
            code = process.returncode
            how = f"exit code {code}" if code > 0 else f"killed by signal {-code}"
            raise ChannelFailed(_short(f"{how}: {said}" if said.strip() else how))
        return "exit code 0"

    def _feed(self, process: subprocess.Popen[bytes], content: bytes) -> None:
        try:
            process.communicate(content, timeout=self._timeout_s)
        except subprocess.TimeoutExpired as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise ChannelFailed(f"did not end within {self._timeout_s:g} s") from error


def _short(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_RESULT_CHARS else f"{line[: MAX_RESULT_CHARS - 1]}…"
