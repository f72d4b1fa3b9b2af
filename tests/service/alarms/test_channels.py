"""Mail, webhook and command, each to a real server or program."""

import base64
import hmac
import json
import ssl
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

import pytest
import trustme

from feeds.model.alarm import Alarm, AlarmEvent, AlarmKind, Condition
from service.alarms import AlarmMessage, Channel, CommandChannel, MailChannel, WebhookChannel
from service.alarms.channels import ChannelFailed
from service.outbound import Credentials, HttpClient, SmtpClient
from service.outbound.smtp_client import Security
from tests.support.mail_server import MailServer, running_mail_server
from tests.support.newsrooms import NOON, later
from tests.support.webhook_server import WebhookServer, running_webhook

STALE = Alarm(
    condition=Condition(
        kind=AlarmKind.FEED_STALE,
        subject="santé",
        since=NOON,
        words="feed 'santé' has waited for its next edition since 2026-03-02 12:00:00 UTC",
        detail="no channel may get this",
    ),
    event=AlarmEvent.BEGUN,
    event_at=later(minutes=11),
    event_seq=7,
)
OVER = Alarm(
    condition=Condition(
        kind=AlarmKind.HUB_MUTE, subject="https://hub.example/", since=NOON, words="hub is mute"
    ),
    event=AlarmEvent.OVER,
    event_at=later(minutes=12),
    event_seq=8,
    over_at=later(minutes=12),
)


def message(*alarms: Alarm) -> AlarmMessage:
    return AlarmMessage(
        id="alarms-8-1",
        site="Example News",
        url="https://news.example.org",
        at=later(minutes=13),
        alarms=alarms,
    )


def fails(channel: Channel, *, because: str) -> str:
    """What is told of a channel that does not take a message."""
    with pytest.raises(ChannelFailed, match=because) as failed:
        channel.send(message(STALE))
    return str(failed.value)


# Mail.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def mail_channel(
    server: MailServer,
    *,
    to: Sequence[str] = ("ops@example.org",),
    security: Security = "none",
    login: tuple[str, str] | None = None,
    ca_file: Path | None = None,
    timeout_s: float = 10.0,
) -> MailChannel:
    client = SmtpClient(
        "localhost",
        server.port,
        security=security,
        timeout_s=timeout_s,
        credentials=None if login is None else Credentials(*login),
        ca_file=ca_file,
    )
    return MailChannel(client, sender="news@example.org", to=to)


def test_a_mail_tells_all_alarms_and_nothing_of_their_details() -> None:
    with running_mail_server() as server:
        channel = mail_channel(server, to=["a@example.org", "b@example.org"])
        assert channel.send(message(STALE, OVER)).startswith("250")
    [mail] = server.mails
    assert server.recipients == ["a@example.org", "b@example.org"]
    assert mail["Subject"] == (
        "[Example News] feed 'santé' has waited for its next edition since "
        "2026-03-02 12:00:00 UTC (and 1 more)"
    )
    assert (mail["From"], mail["Auto-Submitted"]) == ("news@example.org", "auto-generated")
    assert mail["Date"].datetime == later(minutes=13)
    assert mail["Message-ID"] == "<alarms-8-1@example.org>"
    text = mail.get_content()
    assert "Example News, https://news.example.org/: 1 begun, 1 over." in text
    assert "* feed 'santé' has waited" in text
    assert "hub_mute is over; since 2026-03-02T12:00:00Z, until 2026-03-02T12:12:00Z" in text
    assert "no channel may get this" not in mail.as_string()


def test_a_test_says_that_it_is_one() -> None:
    with running_mail_server() as server:
        mail_channel(server).send(message())
    assert server.mails[0]["Subject"] == "[Example News] test of alarms"
    assert "Nothing is wrong." in server.mails[0].get_content()


def test_a_login_goes_through_starttls_to_a_server_whose_certificate_is_good(
    tls: ssl.SSLContext, ca_file: Path
) -> None:
    login = ("newsroom", "open-sesame")
    with running_mail_server(MailServer(tls=tls, login=login)) as server:
        channel = mail_channel(server, security="starttls", login=login, ca_file=ca_file)
        channel.send(message(STALE))
    assert server.was_encrypted == [True]


def test_a_certificate_of_an_unknown_authority_is_refused(tls: ssl.SSLContext) -> None:
    login = ("newsroom", "open-sesame")
    with running_mail_server(MailServer(tls=tls, login=login)) as server:
        fails(mail_channel(server, security="starttls", login=login), because="certificate refused")
    assert not any("AUTH" in command for command in server.commands)


def test_a_certificate_of_another_name_is_refused(authority: trustme.CA, ca_file: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    with running_mail_server(MailServer(tls=context)) as server:
        fails(
            mail_channel(server, security="starttls", ca_file=ca_file),
            because="certificate refused",
        )


def test_a_server_without_starttls_gets_no_password(ca_file: Path) -> None:
    login = ("newsroom", "open-sesame")
    with running_mail_server(MailServer(login=login)) as server:
        fails(
            mail_channel(server, security="starttls", login=login, ca_file=ca_file),
            because="STARTTLS",
        )
    assert not any("AUTH" in command for command in server.commands)


def test_a_wrong_password_is_told_and_not_repeated(tls: ssl.SSLContext, ca_file: Path) -> None:
    with running_mail_server(MailServer(tls=tls, login=("newsroom", "right"))) as server:
        channel = mail_channel(
            server, security="starttls", login=("newsroom", "open-sesame"), ca_file=ca_file
        )
        with pytest.raises(ChannelFailed, match=r"535 5\.7\.8 wrong user or password") as failed:
            channel.send(message(STALE))
    assert "open-sesame" not in str(failed.value)


def test_what_a_server_refuses_is_a_failure() -> None:
    server = MailServer(refused={"b@example.org": "550 5.1.1 no such user"})
    with running_mail_server(server):
        fails(
            mail_channel(server, to=["a@example.org", "b@example.org"]),
            because=r"refused for b@example\.org",
        )
        fails(
            mail_channel(server, to=["b@example.org"]),
            because=r"b@example\.org: 550 5\.1\.1 no such user",
        )
        server.answer_to_data = "451 4.3.0 later"
        fails(mail_channel(server), because=r"451 4\.3\.0 later")
    with pytest.raises(ChannelFailed, match="Connection refused"):
        mail_channel(server).send(message(STALE))


def test_a_server_that_drips_is_cut_off() -> None:
    with running_mail_server(MailServer(is_dripping=True)) as server:
        fails(mail_channel(server, timeout_s=0.2), because=r"no answer within 0\.2 s")


# Webhook.


@pytest.fixture
def hook() -> Iterator[WebhookServer]:
    with running_webhook() as hook:
        yield hook


def webhook_channel(hook: WebhookServer, secret: str = "a secret") -> WebhookChannel:
    client = HttpClient([ip_network("127.0.0.1/32")], 10.0, 1000, "communique-test")
    return WebhookChannel(client, url=hook.url, secret=secret, now=lambda: later(minutes=14))


def test_a_webhook_is_signed_as_its_receiver_expects(hook: WebhookServer) -> None:
    """The check is written as the documentation of Standard Webhooks has it."""
    assert webhook_channel(hook).send(message(STALE, OVER)) == "204 No Content"
    [headers], [body] = hook.headers, hook.bodies
    assert headers["content-type"] == "application/json"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"a secret", signed, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == later(minutes=14).timestamp()
    assert json.loads(body) == {
        "version": 1,
        "id": "alarms-8-1",
        "site": {"title": "Example News", "url": "https://news.example.org"},
        "sent_at": "2026-03-02T12:13:00Z",
        "is_test": False,
        "alarms": [
            {
                "kind": "feed_stale",
                "subject": "santé",
                "event": "begun",
                "words": STALE.condition.words,
                "since": "2026-03-02T12:00:00Z",
                "event_at": "2026-03-02T12:11:00Z",
                "over_at": None,
            },
            {
                "kind": "hub_mute",
                "subject": "https://hub.example/",
                "event": "over",
                "words": "hub is mute",
                "since": "2026-03-02T12:00:00Z",
                "event_at": "2026-03-02T12:12:00Z",
                "over_at": "2026-03-02T12:12:00Z",
            },
        ],
    }


def test_a_secret_in_base64_is_the_key_that_it_stands_for(hook: WebhookServer) -> None:
    written = "whsec_" + base64.b64encode(b"a secret").decode()
    webhook_channel(hook, written).send(message())
    webhook_channel(hook).send(message())
    first, second = (one["webhook-signature"] for one in hook.headers)
    assert first == second


def test_any_status_but_success_is_a_failure(hook: WebhookServer) -> None:
    hook.status = 503
    with pytest.raises(ChannelFailed, match="503 Service Unavailable"):
        webhook_channel(hook).send(message(STALE))


def test_a_private_address_is_not_asked_unless_it_is_allowed(hook: WebhookServer) -> None:
    client = HttpClient([], 10.0, 1000, "communique-test")
    channel = WebhookChannel(client, url=hook.url, secret="s", now=lambda: NOON)
    with pytest.raises(ChannelFailed):
        channel.send(message(STALE))
    assert hook.bodies == []


# Command.

_SAVE = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_bytes(sys.stdin.buffer.read())"


def test_a_command_gets_what_a_webhook_gets(tmp_path: Path) -> None:
    target = tmp_path / "it's $HOME; a name"
    channel = CommandChannel([sys.executable, "-c", _SAVE, str(target)], timeout_s=30)
    assert channel.send(message(STALE)) == "exit code 0"
    assert target.read_bytes() == message(STALE).to_json()


def test_a_command_sees_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMUNIQUE_ALARMS__MAIL__PASSWORD", "open-sesame")
    target = tmp_path / "environment"
    code = "import os, sys, pathlib; pathlib.Path(sys.argv[1]).write_text(str(dict(os.environ)))"
    CommandChannel([sys.executable, "-c", code, str(target)], timeout_s=30).send(message())
    assert "PATH" in target.read_text()
    assert "open-sesame" not in target.read_text()


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["/does/not/exist"], "cannot be run: No such file or directory"),
        (["sh", "-c", "echo no route >&2; exit 3"], "exit code 3: no route"),
        (["sh", "-c", "kill -9 $$"], "killed by signal 9"),
        (["false"], "exit code 1"),
    ],
)
def test_a_command_that_fails_is_told(argv: list[str], reason: str) -> None:
    with pytest.raises(ChannelFailed, match=f"^{reason}$"):
        CommandChannel(argv, timeout_s=30).send(message(STALE))


def test_a_command_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    script = f"(sleep 0.5; touch {alive}) & sleep 60"
    with pytest.raises(ChannelFailed, match=r"did not end within 0\.1 s"):
        CommandChannel(["sh", "-c", script], timeout_s=0.1).send(message(STALE))
    # Its child has the pipe open no more.
    channel = CommandChannel(["sh", "-c", f"sleep 0.6; test ! -e {alive}"], timeout_s=30)
    assert channel.send(message()) == "exit code 0"


def test_a_command_that_reads_nothing_is_no_failure() -> None:
    many = [STALE] * 100
    assert CommandChannel(["true"], timeout_s=30).send(message(*many)) == "exit code 0"


def test_long_words_are_cut_in_a_subject() -> None:
    long = Alarm(
        condition=Condition(kind=AlarmKind.HUB_MUTE, subject="x", since=NOON, words="word\n" * 100),
        event=AlarmEvent.BEGUN,
        event_at=NOON + timedelta(minutes=1),
    )
    assert len(message(long, OVER).subject) == 120
    assert message(long, OVER).subject.endswith("… (and 1 more)")
    assert "\n" not in message(long).subject


def test_a_subject_says_whether_it_begins_lasts_or_is_over() -> None:
    events = (AlarmEvent.BEGUN, AlarmEvent.AGAIN, AlarmEvent.OVER)
    subjects = [message(replace(OVER, event=event)).subject for event in events]
    assert subjects == [
        "[Example News] hub is mute",
        "[Example News] still: hub is mute",
        "[Example News] over: hub is mute",
    ]
