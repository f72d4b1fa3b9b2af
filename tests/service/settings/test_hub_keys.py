import pytest

from service.settings import Sources, catalogue, effective, parse
from tests.support.config_files import MAIN, ConfigFolder

SECRET = "open-sesame"

HUB = """\
hubs:
  - https://a.example/
  - url: https://b.example/
    topics_at_once: 20
    topic_fields: [hub.url, hub.topic]
    extra_fields: {source: newsroom}
    username: me
    password_file: password
"""


@pytest.fixture
def password(config: ConfigFolder) -> None:
    (config.folder / "password").write_text(f"{SECRET}\n", encoding="utf-8")


def hubs(text: str) -> str:
    return f"{MAIN}hubs:\n  - {text}\n"


@pytest.mark.usefixtures("password")
def test_a_hub_is_a_url_or_a_section(config: ConfigFolder) -> None:
    settings = config.load(MAIN + HUB)
    plain, other = settings.hubs
    assert (plain.url, plain.topics_at_once, plain.topic_fields) == ("https://a.example/", 1, None)
    assert other.url == "https://b.example/"
    assert (other.topics_at_once, other.extra_fields) == (20, {"source": "newsroom"})
    assert settings.hub_passwords[other.url].reveal() == SECRET
    own, *named = catalogue(settings).feeds["all"].hubs
    assert own == "https://news.example/hub"
    assert named == ["https://a.example/", "https://b.example/"]


@pytest.mark.usefixtures("password")
def test_a_password_is_never_shown(config: ConfigFolder) -> None:
    settings = config.load(MAIN + HUB)
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(effective(settings))]
    shown.append(str(settings.hub_passwords))
    assert SECRET not in "".join(shown)
    assert "(hidden)" in shown[-1]
    assert SECRET not in repr(config.sources())


@pytest.mark.usefixtures("password")
def test_what_is_accepted_holds_the_password_and_another_one_is_another_configuration(
    config: ConfigFolder,
) -> None:
    config.write(MAIN + HUB)
    sources = config.sources()
    kept = Sources.from_json(sources.to_json())
    assert kept == sources
    assert parse(kept).hub_passwords["https://b.example/"].reveal() == SECRET
    (config.folder / "password").write_text("another", encoding="utf-8")
    assert config.sources() != sources


@pytest.mark.usefixtures("password")
def test_what_is_given_is_shown_with_its_place(config: ConfigFolder) -> None:
    keys = [key for key in effective(config.load(MAIN + HUB)) if key.path.startswith("hubs")]
    assert [(key.path, key.value, key.origin) for key in keys] == [
        ("hubs.0", "https://a.example/", "communique.yaml:3"),
        ("hubs.1.url", "https://b.example/", "communique.yaml:4"),
        ("hubs.1.topics_at_once", 20, "communique.yaml:5"),
        ("hubs.1.topic_fields", ["hub.url", "hub.topic"], "communique.yaml:6"),
        ("hubs.1.extra_fields", {"source": "newsroom"}, "communique.yaml:7"),
        ("hubs.1.username", "me", "communique.yaml:8"),
        ("hubs.1.password_file", "password", "communique.yaml:9"),
    ]


def test_urls_alone_are_shown_as_one_list(config: ConfigFolder) -> None:
    settings = config.load(MAIN + "hubs: [https://a.example/, https://b.example/]\n")
    [key] = [key for key in effective(settings) if key.path.startswith("hubs")]
    assert (key.path, key.value) == ("hubs", ["https://a.example/", "https://b.example/"])


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "hub.example",
            "3:5: hubs.0: expected the URL of a WebSub hub, such as 'https://hub.example.org/', "
            "got 'hub.example'",
            id="no URL",
        ),
        pytest.param(
            "8000",
            "3:5: hubs.0: expected the URL of a WebSub hub, or a section with its url, got the "
            "number 8000",
            id="a number",
        ),
        pytest.param(
            "",
            "3:4: hubs.0: expected the URL of a WebSub hub, or a section with its url, got nothing",
            id="nothing",
        ),
        pytest.param(
            "url: hub.example",
            "3:10: hubs.0.url: expected the URL of a WebSub hub, such as "
            "'https://hub.example.org/', got 'hub.example'",
            id="no URL in a section",
        ),
        pytest.param(
            "topics_at_once: 2",
            "3:5: hubs.0.url: is missing: the hub's URL, which is pinged, and which "
            "documents name.",
            id="no URL at all",
        ),
        pytest.param(
            "{url: https://h/, topic_at_once: 2}",
            "3:23: hubs.0.topic_at_once: no such key; did you mean topics_at_once?",
            id="a slip",
        ),
        pytest.param(
            "{url: https://h/, topics_at_once: many}",
            "3:39: hubs.0.topics_at_once: expected a whole number, got 'many'",
            id="no number",
        ),
        pytest.param(
            "{url: https://h/, topics_at_once: 0}",
            "3:39: hubs.0.topics_at_once: expected at least 1, got the number 0",
            id="none at once",
        ),
        pytest.param(
            "{url: https://h/, topic_fields: []}",
            "3:37: hubs.0.topic_fields: expected at least one item, got an empty list",
            id="no field",
        ),
        pytest.param(
            "{url: https://h/, extra_fields: {v: 2}}",
            "3:41: hubs.0.extra_fields.v: expected text, got the number 2 (put it in quotes)",
            id="a field that is no text",
        ),
        pytest.param(
            "{url: https://h/, extra_fields: [v]}",
            "3:37: hubs.0.extra_fields: expected lines of 'name: text', indented, got a list",
            id="fields that are a list",
        ),
        pytest.param(
            "{url: https://h/, username: me}",
            "3:23: hubs.0.username: password_file is missing: set both or neither",
            id="a name alone",
        ),
        pytest.param(
            "{url: https://h/, password_file: password}",
            "3:23: hubs.0.password_file: username is missing: set both or neither",
            id="a password alone",
        ),
        pytest.param(
            "{url: https://h/, username: 'a:b', password_file: password}",
            "3:33: hubs.0.username: expected a user name without a colon, got 'a:b'",
            id="a colon",
        ),
        pytest.param(
            "{url: https://h/, username: me, password_file: other}",
            "other: no such file (named by hubs.0.password_file, communique.yaml:3:52)",
            id="no such file",
        ),
        pytest.param(
            "https://h/\n  - url: https://h/",
            "4:10: hubs.1.url: hub 'https://h/' appears twice",
            id="twice",
        ),
        pytest.param(
            "https://me:x@h/",
            "3:5: hubs.0: expected a hub without a user name: its URL is public in feeds, "
            "got 'https://me:(hidden)@h/'",
            id="a user in the URL",
        ),
    ],
)
def test_a_fault_is_told_once_and_where_it_is(config: ConfigFolder, text: str, fault: str) -> None:
    where = "" if fault.startswith("other:") else "communique.yaml:"
    assert config.faults(hubs(text)) == [f"{where}{fault}"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "password:1:1: hubs.1.password_file: expected a password on", id="empty"),
        pytest.param(b"\n", "password:1:1: hubs.1.password_file: expected a password", id="a line"),
        pytest.param(f"{SECRET}\nx\n".encode(), "password:1:1: hubs.1.password_file", id="two"),
        pytest.param(f"{SECRET}\0".encode(), "password:1:1: hubs.1.password_file", id="NUL"),
        pytest.param(
            f"{SECRET}\xff".encode("latin-1"), "password:1:12: byte 0xFF is not UTF-8", id="latin"
        ),
    ],
)
def test_a_file_with_anything_but_a_password_is_a_fault_that_does_not_repeat_it(
    config: ConfigFolder, content: bytes, message: str
) -> None:
    (config.folder / "password").write_bytes(content)
    (fault,) = config.faults(MAIN + HUB)
    assert fault.startswith(message)
    assert SECRET not in fault


@pytest.mark.parametrize(
    ("content", "password"),
    [(b" a b \r\n", " a b "), ("gr\u00fc\u00dfe".encode(), "gr\u00fc\u00dfe")],
)
def test_a_password_is_the_line_without_its_end(
    config: ConfigFolder, content: bytes, password: str
) -> None:
    (config.folder / "password").write_bytes(content)
    passwords = config.load(MAIN + HUB).hub_passwords
    assert passwords["https://b.example/"].reveal() == password


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param(
            "{ping_url: https://c/ping}",
            "2:12: rsscloud.ping_url: rsscloud.register_url is",
            id="a",
        ),
        pytest.param(
            "{register_url: https://c/r}",
            "2:12: rsscloud.register_url: rsscloud.ping_url is",
            id="b",
        ),
    ],
)
def test_another_rsscloud_server_is_named_and_told(
    config: ConfigFolder, text: str, fault: str
) -> None:
    (told,) = config.faults(f"{MAIN}rsscloud: {text}\n")
    assert told.startswith(f"communique.yaml:{fault}")


def test_an_rsscloud_server_is_no_hub_too(config: ConfigFolder) -> None:
    main = (
        f"{MAIN}hubs: [https://c/ping]\n"
        "rsscloud: {register_url: https://c/r, ping_url: https://c/ping}\n"
    )
    (fault,) = config.faults(main)
    told = "rsscloud.ping_url: 'https://c/ping' is in hubs, too: remove one of them"
    assert fault == f"communique.yaml:3:49: {told}"
