import os

import pytest

from service.settings import ConfigInvalid, Sources, parse
from tests.support.config_files import CATEGORIES, MAIN, ConfigFolder


def test_a_file_that_was_only_touched_is_no_other_source(config: ConfigFolder) -> None:
    config.write()
    before = config.sources()
    os.utime(config.main, ns=(1, 1))
    after = config.sources()
    assert after == before
    assert after.main.mtime_ns == 1


def test_a_change_in_either_file_or_in_the_overrides_is_another_source(
    config: ConfigFolder,
) -> None:
    config.write()
    before = config.sources()
    assert config.sources({"COMMUNIQUE_HUBS": "[]"}) != before
    assert config.sources({}, ["hubs=[]"]) != before
    assert config.sources({"HOME": "/"}) == before
    config.write(MAIN, CATEGORIES + "# one more line\n")
    assert config.sources() != before
    config.categories.unlink()
    assert config.sources() != before


def test_what_was_read_can_be_kept_and_understood_later(config: ConfigFolder) -> None:
    config.write(MAIN + "hubs: [https://h/]\n")
    sources = config.sources({"COMMUNIQUE_SITE__TITLE": "Caf\udce9 ü"}, ["http.port=5"])
    kept = Sources.from_json(sources.to_json())
    assert kept == sources
    config.main.unlink()
    config.categories.unlink()
    sources = config.sources()
    assert Sources.from_json(sources.to_json()) == sources
    with pytest.raises(ConfigInvalid):
        parse(sources)


def test_the_same_sources_give_the_same_settings(config: ConfigFolder) -> None:
    config.write(MAIN + "hubs: [https://h/]\n")
    sources = config.sources()
    settings = parse(sources)
    config.main.unlink()
    assert parse(sources) == settings
    assert [hub.url for hub in settings.hubs] == ["https://h/"]


def test_the_categories_file_can_be_named_from_outside(config: ConfigFolder) -> None:
    config.write(MAIN, "")
    (config.folder / "others.yaml").write_text(
        "categories: [{slug: a, title: A}]\n", encoding="utf-8"
    )
    sources = config.sources({"COMMUNIQUE_CATEGORIES_FILE": "others.yaml"})
    assert sources.categories.path == "others.yaml"
    assert [category.slug for category in parse(sources).categories] == ["a"]


@pytest.mark.parametrize("name", ["[]", "5", '"a\\0b"', ""])
def test_a_categories_file_that_is_no_name_is_a_fault_like_any_other(
    config: ConfigFolder, name: str
) -> None:
    (fault,) = config.faults(MAIN + f"categories_file: {name}\n")
    assert fault.startswith("communique.yaml:2:")
    assert "categories_file: expected a path" in fault
