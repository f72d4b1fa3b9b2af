import pytest

from service.settings import Sources, effective, parse
from tests.support.config_files import MAIN, ConfigFolder

SECRET = "open-sesame"
URL = f"postgresql://me:{SECRET}@db.example/news"


@pytest.fixture
def secret_file(config: ConfigFolder) -> str:
    (config.folder / "store_url").write_text(f"{URL}\n", encoding="utf-8")
    return "store: {url_file: store_url}\n"


def test_a_password_in_the_url_is_used_but_never_shown(config: ConfigFolder) -> None:
    settings = config.load(MAIN, environ={"COMMUNIQUE_STORE__URL": URL})
    assert settings.store.url.reveal() == URL
    shown = [repr(settings), str(settings), str(effective(settings)), settings.model_dump_json()]
    assert SECRET not in "".join(shown)
    assert "postgresql://me:(hidden)@db.example/news" in shown[2]


def test_the_url_may_come_from_a_file_and_is_not_shown_at_all(
    config: ConfigFolder, secret_file: str
) -> None:
    settings = config.load(MAIN + secret_file)
    assert settings.store.url.reveal() == URL
    shown = {key.path: (key.value, key.origin) for key in effective(settings)}
    assert shown["store.url"] == ("(hidden)", "store_url")
    assert "db.example" not in repr(settings)


def test_sources_do_not_print_what_they_hold(config: ConfigFolder, secret_file: str) -> None:
    config.write(MAIN + secret_file)
    sources = config.sources({"COMMUNIQUE_SITE__TITLE": SECRET}, [f"site.rights={SECRET}"])
    assert SECRET not in repr(sources)
    assert SECRET in Sources.from_json(sources.to_json()).environ["COMMUNIQUE_SITE__TITLE"]


@pytest.mark.parametrize(
    "main",
    [
        f"store: {{url: 'mysql://me:{SECRET}@h/d'}}",
        f"store: {{url: [{SECRET}]}}",
        f"store: {{url: {SECRET}}}",
    ],
)
def test_a_fault_does_not_repeat_a_secret(config: ConfigFolder, main: str) -> None:
    (fault,) = config.faults(f"{MAIN}{main}\n")
    assert "expected the URL of a database" in fault
    assert SECRET not in fault


def test_url_and_url_file_contradict_each_other(config: ConfigFolder, secret_file: str) -> None:
    main = MAIN + secret_file.replace("}", ", url: 'sqlite:///x.db'}")
    assert config.faults(main) == [
        "communique.yaml:2:9: store.url_file: store.url is set, too: remove one of them"
    ]


def test_the_default_url_does_not_contradict_a_url_file(
    config: ConfigFolder, secret_file: str
) -> None:
    """The shipped file shows every default; adding a line to it must be enough."""
    default = "url: 'sqlite:///{data_folder}/communique.db', "
    settings = config.load(MAIN + secret_file.replace("{", "{" + default))
    assert settings.store.url.reveal() == URL


def test_the_later_of_url_and_url_file_wins(config: ConfigFolder, secret_file: str) -> None:
    by_file = config.load(MAIN + secret_file, overrides=["store.url=sqlite:///x.db"])
    assert by_file.store.url.reveal() == f"sqlite:///{config.folder}/x.db"
    by_url = config.load(
        MAIN + "store: {url: 'sqlite:///x.db'}\n", overrides=["store.url_file=store_url"]
    )
    assert by_url.store.url.reveal() == URL


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "store_url: no such file (named by store.url_file)"),
        (b"", "store_url:1:1: store.url_file: expected the URL of a database"),
        (b"\xff", "store_url:1:1: byte 0xFF is not UTF-8"),
        (SECRET.encode(), "store_url:1:1: store.url_file: expected the URL of a database"),
    ],
)
def test_a_bad_url_file_is_told(config: ConfigFolder, content: bytes | None, expected: str) -> None:
    if content is not None:
        (config.folder / "store_url").write_bytes(content)
    (fault,) = config.faults(MAIN + "store: {url_file: store_url}\n")
    assert fault.startswith(expected)
    assert SECRET not in fault


def test_the_secret_is_part_of_the_sources(config: ConfigFolder, secret_file: str) -> None:
    """So a changed password is a changed configuration, and a snapshot needs no other file."""
    config.write(MAIN + secret_file)
    before = config.sources()
    (config.folder / "store_url").write_text(URL.replace("news", "other"), encoding="utf-8")
    assert config.sources() != before
    assert parse(before).store.url.reveal() == URL
