"""The keys of alarms: what a channel needs, and secrets that stand in no YAML file."""

from typing import get_args

import pytest

from feeds.model.alarm import AlarmKind
from service.settings import Sources, effective, parse
from service.settings.communique_file import AlarmKindName
from tests.support.config_files import MAIN, ConfigFolder

SECRET = "open-sesame"
MAIL = "to: [ops@example.org], sender: news@example.org, username: newsroom"


def alarms(**sections: str) -> str:
    inner = ", ".join(f"{name}: {{{keys}}}" for name, keys in sections.items())
    return f"{MAIN}alarms: {{{inner}}}\n"


def test_every_kind_of_alarm_can_be_switched_off() -> None:
    assert set(get_args(AlarmKindName)) == set(AlarmKind)


def test_a_password_comes_from_a_file_or_a_variable_and_is_never_shown(
    config: ConfigFolder,
) -> None:
    (config.folder / "mail_password").write_text(f"{SECRET}\n", encoding="utf-8")
    by_file = config.load(alarms(mail=f"{MAIL}, password_file: mail_password"))
    variable = {"COMMUNIQUE_ALARMS__MAIL__PASSWORD": SECRET}
    by_variable = config.load(alarms(mail=MAIL), environ=variable)
    both = config.load(alarms(mail=f"{MAIL}, password_file: none_there"), environ=variable)
    for settings in (by_file, by_variable, both):
        assert settings.alarms.mail.password is not None
        assert settings.alarms.mail.password.reveal() == SECRET
        shown = [repr(settings), str(effective(settings)), settings.model_dump_json()]
        assert SECRET not in "".join(shown)
    origins = {key.path: (key.value, key.origin) for key in effective(by_file)}
    assert origins["alarms.mail.password"] == ("(hidden)", "mail_password")


def test_the_secret_of_the_webhook_is_part_of_the_sources(config: ConfigFolder) -> None:
    (config.folder / "secret").write_text(SECRET, encoding="utf-8")
    config.write(alarms(webhook="url: 'https://ops.example/', secret_file: secret"))
    sources = config.sources()
    assert SECRET not in repr(sources)
    kept = Sources.from_json(sources.to_json())
    (config.folder / "secret").unlink()
    secret = parse(kept).alarms.webhook.secret
    assert secret is not None
    assert secret.reveal() == SECRET


@pytest.mark.parametrize(
    ("main", "expected"),
    [
        (
            alarms(mail="to: [ops@example.org]"),
            "alarms.mail.to: alarms.mail.sender is missing",
        ),
        (
            alarms(mail=MAIL),
            "alarms.mail.username: alarms.mail.password or alarms.mail.password_file is missing",
        ),
        (
            alarms(mail=f"{MAIL}, password: {SECRET}"),
            (
                "alarms.mail.password: expected no secret here: set alarms.mail.password_file, or "
                "COMMUNIQUE_ALARMS__MAIL__PASSWORD"
            ),
        ),
        (
            alarms(webhook="url: 'https://ops.example/'"),
            "alarms.webhook.url: alarms.webhook.secret or alarms.webhook.secret_file is missing",
        ),
        (
            alarms(webhook=f"url: 'https://ops.example/', secret: {SECRET}"),
            (
                "alarms.webhook.secret: expected no secret here: set "
                "alarms.webhook.secret_file, or COMMUNIQUE_ALARMS__WEBHOOK__SECRET"
            ),
        ),
        (
            f"{MAIN}alarms: {{off: [document_refusd]}}\n",
            "alarms.off.0: expected 'store_away', 'jobs_idle'",
        ),
    ],
)
def test_what_a_channel_lacks_is_told(config: ConfigFolder, main: str, expected: str) -> None:
    [fault] = config.faults(main)
    assert expected in fault
    assert SECRET not in fault


def test_a_password_is_not_sent_unencrypted(config: ConfigFolder) -> None:
    main = alarms(mail=f"{MAIL}, security: none")
    variable = {"COMMUNIQUE_ALARMS__MAIL__PASSWORD": SECRET}
    [fault] = config.faults(main, environ=variable)
    assert "alarms.mail.security: expected starttls or tls" in fault


def test_a_file_that_is_missing_is_told(config: ConfigFolder) -> None:
    [fault] = config.faults(alarms(mail=f"{MAIL}, password_file: none_there"))
    assert fault.startswith("none_there: no such file (named by alarms.mail.password_file")
