"""``communique init``: a folder that works."""

from pathlib import Path

import pytest

from service.settings import SCHEMAS, load
from service.settings.starter import checked, shipped, starter_files
from tests.support.command_line import Answer, run

NAMES = ["communique.yaml", "categories.yaml", *SCHEMAS, ".gitignore"]


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMMUNIQUE_CONFIG", raising=False)


def init(folder: Path, *options: str, title: str = "Acme: “news”") -> Answer:
    """Make a newsroom, as a script does."""
    values = {"title": title, "base-url": "http://localhost:8123/", "time-zone": "Europe/Paris"}
    given = [word for name, value in values.items() for word in (f"--{name}", value)]
    return run("init", str(folder), *given, *options)


def test_the_files_say_what_was_asked_for_and_have_no_fault(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "newsroom"
    answer = init(folder)
    assert answer.code == 0, answer
    paths = [
        *(folder / name for name in NAMES),
        folder / "data/inbox",
        folder / "data/communique.db",
    ]
    assert answer.columns == [["made", str(path)] for path in paths]
    assert all(path.exists() for path in paths)
    settings = load(folder / "communique.yaml", environ={})
    assert settings.site.title == "Acme: “news”"
    assert settings.site.base_url == "http://localhost:8123"
    assert settings.http.port == 8123
    assert settings.site.time_zone == settings.intake.time_zone == "Europe/Paris"
    assert settings.intake.folders == (folder / "data/inbox",)
    assert [category.slug for category in settings.categories] == ["news"]
    assert (settings.groups, settings.unions) == ((), ())


def test_the_next_steps_are_the_commands_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = init(Path("my news")).talk.splitlines()
    assert told[told.index("Next:") + 1 :][:2] == ["  cd 'my news'", "  communique serve"]
    assert "  http://localhost:8123/feeds/all.atom" in told
    assert "cd" not in init(Path()).talk.split()


def test_a_release_can_be_added_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init(tmp_path)
    (tmp_path / "a.txt").write_text("A\n\nB.\n\n2026-01-05T09:00:00Z|News|\n", encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    answer = run("--config", "../communique.yaml", "release", "add", "../a.txt")
    assert answer.columns == [["new", "a.txt", "news", "announced: 2 feeds"]]
    assert f"store: sqlite:///{tmp_path}/data/communique.db" in answer.talk
    monkeypatch.chdir(tmp_path)
    assert "A" in run("release", "list").out


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    init(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in NAMES}
    (tmp_path / "categories.yaml").unlink()
    answer = init(tmp_path, "--json", title="Another")
    made = {record["path"]: record["made"] for record in answer.records}
    assert [path for path, is_new in made.items() if is_new] == [str(tmp_path / "categories.yaml")]
    assert {name: (tmp_path / name).read_bytes() for name in NAMES} == before
    again = run("init", str(tmp_path))
    assert again.code == 0, "nothing is asked for that is written already"
    assert {columns[0] for columns in again.columns} == {"left"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        pytest.param([], "--title", id="nothing, and no terminal"),
        pytest.param(["--title", "A"], "--base-url", id="no address"),
        pytest.param(["--title", " "], "expected some text", id="no title"),
        pytest.param(["--title", "A", "--base-url", "news"], "public address", id="no URL"),
        pytest.param(["--time-zone", "Europe/Pariss"], "'Europe/Paris'", id="no time zone"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, options: list[str], told: str
) -> None:
    answer = run("init", str(tmp_path / "newsroom"), *options)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.talk
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    answer = init(tmp_path / "file")
    assert (answer.code, answer.talk.count("\n")) == (1, 1)
    assert answer.talk.startswith(f"communique: {tmp_path}/file: ")


def test_every_line_of_help_of_the_shipped_file_is_kept() -> None:
    made = starter_files(title="A", base_url="https://a.example", time_zone="UTC")
    former, new = shipped("communique.yaml").splitlines(), made["communique.yaml"].splitlines()
    assert len(former) == len(new)
    changed = [
        old.split(":")[0].strip() for old, now in zip(former, new, strict=True) if old != now
    ]
    assert changed == [
        "title",
        "subtitle",
        "base_url",
        "rights",
        "time_zone",
        "data_folder",
        "time_zone",
    ]


def test_an_address_of_this_machine_sets_the_port_and_others_do_not() -> None:
    def port(address: str) -> str:
        made = starter_files(title="A", base_url=address, time_zone="UTC")["communique.yaml"]
        [line] = [line for line in made.splitlines() if line.startswith("  port:")]
        return line.split()[1]

    assert port("http://127.0.0.1:8055") == "8055"
    assert port("https://localhost:8443") == "8000"
    assert port("https://news.example.org") == "8000"


def test_a_value_is_checked_as_the_configuration_does() -> None:
    assert checked("site.title", "  Two   words ") == "Two words"
    with pytest.raises(ValueError, match="expected a time zone"):
        checked("intake.time_zone", "Mars")
