import os
from datetime import time
from pathlib import Path

import pytest

from service.settings import ConfigInvalid, load
from service.settings.loading import _IF_MISSING
from service.settings.sources import MAX_FILE_BYTES
from tests.support.config_files import ConfigFolder

SITE = "site: {base_url: https://news.example}\n"


def test_a_base_url_is_all_that_is_needed(config: ConfigFolder) -> None:
    settings = config.load(SITE, "")
    assert settings.site.base_url == "https://news.example"
    assert settings.site.title == "Newsroom"
    assert settings.intake.time_of_day == time(9, 0)
    assert settings.hubs == ()
    assert settings.categories == ()


def test_a_section_whose_keys_are_all_commented_out_has_its_defaults(config: ConfigFolder) -> None:
    settings = config.load(SITE + "http:\n  # port: 80\nlog:\n", "all:\ncategories: []\n")
    assert settings.http.port == 8000
    assert settings.log.level == "info"


def test_paths_count_from_the_folder_that_they_belong_to(config: ConfigFolder) -> None:
    settings = config.load(
        SITE
        + "data_folder: var\nintake: {folders: [inbox, /srv/in]}\noutbound: {ca_file: ca.pem}\n"
    )
    assert settings.data_folder == config.folder / "var"
    assert settings.intake.folders == (config.folder / "var/inbox", Path("/srv/in"))
    assert settings.store.url.reveal() == f"sqlite:///{config.folder}/var/communique.db"
    assert settings.categories_file == config.folder / "categories.yaml"
    assert settings.outbound.ca_file == config.folder / "ca.pem"


@pytest.mark.parametrize("start", [".", "config", "elsewhere"])
def test_paths_are_relative_to_the_file_whatever_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    for name in ("config", "elsewhere"):
        (tmp_path / name).mkdir()
    main = tmp_path / "config/communique.yaml"
    main.write_text(f"{SITE}data_folder: ../var\n", encoding="utf-8")
    (tmp_path / "config/categories.yaml").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path / start)
    named = Path(os.path.relpath(main))
    assert load(named, environ={}).data_folder == tmp_path / "var"
    assert load(named, environ={}).categories_file == tmp_path / "config/categories.yaml"
    # Wherever they are set: by the environment, and on the command line.
    variables = {"COMMUNIQUE_DATA_FOLDER": "set", "COMMUNIQUE_STORE__URL": "sqlite:///a/b.db"}
    settings = load(named, environ=variables)
    assert settings.data_folder == tmp_path / "config/set"
    assert settings.store.url.reveal() == f"sqlite:///{tmp_path}/config/a/b.db"
    settings = load(named, environ={}, overrides=["data_folder=over", "store.url=sqlite:////c.db"])
    assert settings.data_folder == tmp_path / "config/over"
    assert settings.store.url.reveal() == "sqlite:////c.db"


def test_a_missing_file_tells_how_to_make_or_name_one(config: ConfigFolder) -> None:
    [fault] = config.faults_as_found()
    assert fault.startswith("communique.yaml: no such file: ")
    assert all(word in fault for word in ("communique init", "--config", "COMMUNIQUE_CONFIG"))


def test_all_faults_of_both_files_are_told_at_once_in_reading_order(config: ConfigFolder) -> None:
    main = """\
site:
  title: 2024
  auhtor: {name: Desk}
hub: []
http: {port: "8000"}
"""
    categories = """\
categories:
  - slug: tax
    title: Tax
    window: {entries: 0}
  - title: Fraud
"""
    expected = """\
communique.yaml:1:1: site.base_url: is missing: the public address of the site.
communique.yaml:2:10: site.title: expected text, got the number 2024 (put it in quotes)
communique.yaml:3:3: site.auhtor: no such key; did you mean author?
communique.yaml:4:1: hub: no such key; did you mean hubs?
communique.yaml:5:14: http.port: expected a whole number, got '8000' (write 8000, without quotes)
categories.yaml:4:23: categories.0.window.entries: expected at least 1, got the number 0
categories.yaml:5:5: categories.1.slug: is missing: Key of the category in addresses and feeds
"""
    for fault, start in zip(config.faults(main, categories), expected.splitlines(), strict=True):
        assert fault.startswith(start)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("title: x", "2:1: title: no such key; did you mean site.title?", id="deeper"),
        pytest.param("feeds: {days: 3}", "*did you mean window.days?", id="deeper in its section"),
        pytest.param("log: {url: x}", "*did you mean store.url?", id="in another section"),
        pytest.param("log: {zzz: 1}", "*no such key here; known are level, format", id="nowhere"),
        pytest.param("http: 8000", "*expected a section: *, got the number 8000", id="section"),
        pytest.param("hubs: https://h/", "*expected a list*, got 'https://h/'", id="list"),
        pytest.param("hubs: [a, https://h/]", "2:8: hubs.0: *WebSub hub*, got 'a'", id="hub"),
        pytest.param("hubs: [https://h/, https://h/]", "2:20: hubs.1: *twice", id="hub twice"),
        pytest.param("hubs:", "*expected a list*, got nothing", id="nothing"),
        pytest.param("http: {port: 0}", "2:14: http.port: expected at least 1, got *0", id="low"),
        pytest.param("http: {port: 65536}", "*at most 65,535, got the number 65536", id="high"),
        pytest.param("http: {port: 80.5}", "*a whole number, got the number 80.5", id="fraction"),
        pytest.param("http: {port: true}", "*a whole number, got true", id="boolean"),
        pytest.param("http: {port: 80_00}", "*got '80_00' (write 8000, *", id="underscore"),
        pytest.param("http: {host: }", "*http.host: expected text, got nothing", id="no text"),
        pytest.param(
            "log: {level: warn}", "*or 'error', got 'warn'; did you mean warning?", id="1"
        ),
        pytest.param("intake: {time_zone: EST5}", "*IANA*", id="time zone"),
        pytest.param("intake: {time_of_day: 9}", "*HH:MM*got the number 9", id="time of day"),
        pytest.param("intake: {folders: ['']}", "*intake.folders.0: expected a path*", id="path"),
        pytest.param("feeds: {window: {bytes: 9000000}}", "*at most 512,000*", id="too many bytes"),
        pytest.param("feeds: {window: {days: 0}}", "*feeds.window.days: *at least 1*", id="0 days"),
        pytest.param("feeds: {ttl_minutes: 0}", "*at least 1*", id="ttl"),
        pytest.param("websub: {topic_fields: []}", "*one item, got an empty list", id="no field"),
        pytest.param("schedule: {scan_seconds: 0}", "*at least 0.05*", id="no pause"),
        pytest.param("outbound: {allow_networks: [10.0.0.1/8]}", "*'10.0.0.0/8'*", id="network"),
        pytest.param(
            "websub: {first_retry_seconds: 7, longest_retry_seconds: 5}",
            "*at least first_retry_seconds (7), got 5",
            id="pauses that shrink",
        ),
        pytest.param("log: {level: " + "x" * 99 + "}", "*got '" + "x" * 59 + "…'", id="long"),
    ],
)
def test_a_wrong_key_is_told_with_what_was_expected(
    config: ConfigFolder, line: str, expected: str
) -> None:
    (fault,) = config.faults(f"{SITE}{line}\n")
    assert fault.startswith("communique.yaml:2:")
    start, *parts = expected.split("*")
    assert fault.startswith(f"communique.yaml:{start}")
    assert all(part in fault for part in parts)
    if not expected.endswith("*"):
        assert fault.endswith(parts[-1] if parts else start)


def test_broken_syntax_in_one_file_does_not_hide_the_faults_of_the_other(
    config: ConfigFolder,
) -> None:
    faults = config.faults("site: [", "categories: 5\n")
    assert [fault.split(":")[0] for fault in faults] == ["communique.yaml", "categories.yaml"]


def test_broken_syntax_brings_no_other_faults_of_that_file(config: ConfigFolder) -> None:
    (fault,) = config.faults("sit: {base_url: x\n")
    assert "not YAML" in fault


def test_a_file_that_is_a_list_is_told_so(config: ConfigFolder) -> None:
    (fault,) = config.faults("- site\n")
    assert fault.startswith("communique.yaml:1:1: expected a section")


def test_a_repeated_key_is_a_fault(config: ConfigFolder) -> None:
    (fault,) = config.faults(SITE + "log: {level: info}\nlog: {level: debug}\n")
    assert fault == "communique.yaml:3:1: log: appears twice; first on line 2"


def test_a_missing_file_is_told_with_who_asked_for_it(config: ConfigFolder) -> None:
    config.main.write_text(SITE + "categories_file: cats.yaml\n", encoding="utf-8")
    assert config.faults_as_found() == [
        "cats.yaml: no such file (named by categories_file, communique.yaml:2:18)"
    ]
    config.main.unlink()
    assert config.faults_as_found() == [f"communique.yaml: no such file{_IF_MISSING}"]


def test_a_folder_in_the_place_of_a_file_is_told(config: ConfigFolder) -> None:
    config.main.mkdir()
    assert "communique.yaml: cannot be read: Is a directory" in config.faults_as_found()


def test_bytes_that_are_not_utf_8_are_told_with_their_place(config: ConfigFolder) -> None:
    config.write()
    config.main.write_bytes(SITE.encode() + "log:\n  é: ".encode() + b"caf\xe9\n")
    assert config.faults_as_found() == [
        "communique.yaml:3:9: byte 0xE9 is not UTF-8: save the file as UTF-8"
    ]


def test_a_byte_order_mark_is_no_fault(config: ConfigFolder) -> None:
    config.write()
    config.main.write_bytes(b"\xef\xbb\xbf" + SITE.encode())
    assert config.faults_as_found() == []


def test_an_enormous_file_is_refused_before_it_is_parsed(config: ConfigFolder) -> None:
    (fault,) = config.faults("#" * (MAX_FILE_BYTES + 1))
    assert fault == "communique.yaml: is larger than 2,097,152 bytes"


def test_the_error_holds_the_faults_for_machines(config: ConfigFolder) -> None:
    config.write("hub: []\n" + SITE)
    with pytest.raises(ConfigInvalid) as invalid:
        load(config.main, environ={})
    (fault,) = invalid.value.faults
    assert (fault.file, fault.line, fault.column) == (str(config.main), 1, 1)
    assert (fault.path, fault.suggestion) == ("hub", "hubs")


def test_a_thousand_categories_load_in_a_moment(config: ConfigFolder) -> None:
    described = "".join(
        f"  - slug: c{i}\n    title: Category {i}\n    names: [n{i}, m{i}]\n" for i in range(1000)
    )
    assert len(config.load(SITE, f"categories:\n{described}").categories) == 1000
