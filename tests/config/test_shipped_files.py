"""The shipped configuration shows every key, with its default and its line of help."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.settings import SCHEMAS, catalogue, json_schema, load, schema_text
from service.settings.categories_file import (
    AllSettings,
    CategoriesFile,
    CategorySettings,
    FeedSettings,
    RedirectSettings,
    UnionSettings,
)
from service.settings.communique_file import CommuniqueFile, LinkSettings
from service.settings.faults import KeyPath
from service.settings.section import Section, fields_of, item_section_type, leaves
from service.settings.shared_keys import HubSettings
from service.settings.upstream_keys import UpstreamSettings
from service.settings.yaml_reader import YamlDocument, read_yaml

CONFIG = Path(__file__).parents[2] / "config"
SAMPLES = CONFIG / "samples"
MAIN = (CONFIG / "communique.yaml").read_text(encoding="utf-8")
CATEGORIES = (CONFIG / "categories.yaml").read_text(encoding="utf-8")

#: What the sample newsroom sets for itself.
SET_HERE = {"site.title", "site.subtitle", "site.base_url", "site.rights", "data_folder"}


def uncommented(text: str) -> YamlDocument:
    """The file with every ``#key:`` that has no default set to its example."""
    return read_yaml(re.sub(r"(?m)^( *)#(?=[a-z_]+:)", r"\1", text), file="uncommented")


def help_of(text: str, line: int) -> str:
    """The comment above a line (1 for the first), as one line of text."""
    lines = text.splitlines()[: line - 1]
    comment: list[str] = []
    while lines and (found := re.fullmatch(r" *# (.*)", lines[-1])):
        comment.insert(0, found[1])
        lines.pop()
    return " ".join(comment)


def shown(document: YamlDocument, start: KeyPath = ()) -> set[str]:
    """The keys below *start* that stand in a file; items of lists are not entered."""
    below = (path[len(start) :] for path in document.keys if path[: len(start)] == start)
    return {".".join(map(str, path)) for path in below if path and int not in map(type, path)}


def known(section: type[Section]) -> set[str]:
    return {".".join(map(str, path)) for path, _ in fields_of(section)}


def test_the_main_file_shows_every_key_and_no_other() -> None:
    document = uncommented(MAIN)
    assert document.faults == []
    assert shown(document) == known(CommuniqueFile)


def test_every_default_in_the_main_file_is_the_default() -> None:
    written = read_yaml(MAIN, file="communique.yaml")
    defaults = CommuniqueFile.model_validate({"site": {"base_url": "https://a.example"}})
    dumped = defaults.model_dump(mode="json")
    for key in sorted(set(leaves(CommuniqueFile)) - SET_HERE):
        default: Any = dumped
        for part in key.split("."):
            default = default[part]
        assert written.at(*key.split(".")) == default, key
        is_written = tuple(key.split(".")) in written.keys
        assert is_written is (default is not None), f"{key}: comment out what has no default"


def test_every_key_of_the_main_file_has_its_help_above_it() -> None:
    document = uncommented(MAIN)
    for path, field in fields_of(CommuniqueFile):
        line = document.keys[path].line or 0
        assert field.description, path
        assert help_of(MAIN, line) == field.description, path


def test_the_examples_in_the_main_file_are_right() -> None:
    examples = uncommented(MAIN).data
    CommuniqueFile.model_validate(examples)


def test_the_categories_file_shows_every_key_and_no_other() -> None:
    document = uncommented(CATEGORIES)
    assert document.faults == []
    assert {key.partition(".")[0] for key in shown(document)} == set(CategoriesFile.model_fields)
    assert shown(document, ("all",)) == known(AllSettings)
    own = {"description", "group"}  # of every feed; shown under `all`, used here too
    for name, section in (("categories", CategorySettings), ("unions", UnionSettings)):
        expected = known(section) - known(FeedSettings)
        assert shown(document, (name, 0)) - own == expected


@pytest.mark.parametrize(
    ("start", "section"),
    [
        ((), CategoriesFile),
        (("all",), AllSettings),
        (("categories", 0), CategorySettings),
        (("unions", 0), UnionSettings),
    ],
)
def test_every_key_of_the_categories_file_has_its_help_above_it(
    start: KeyPath, section: type[Section]
) -> None:
    document = uncommented(CATEGORIES)
    helped = set(section.model_fields) - set(FeedSettings.model_fields)
    for path, field in fields_of(section):
        if section is AllSettings or path[0] in helped:
            line = document.keys[(*start, *path)].line or 0
            if not (section is CategoriesFile and len(path) > 1):
                assert help_of(CATEGORIES, line) == field.description, path


def test_every_key_of_a_redirect_is_shown_with_its_help() -> None:
    document = read_yaml(CATEGORIES, file="categories.yaml")
    for key, field in RedirectSettings.model_fields.items():
        lines = [place.line or 0 for path, place in document.keys.items()
                 if path[0] == "redirects" and path[-1] == key]  # fmt: skip
        assert help_of(CATEGORIES, min(lines)) == field.description, key


def test_the_examples_in_the_categories_file_are_right() -> None:
    CategoriesFile.model_validate(uncommented(CATEGORIES).data)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_the_shipped_schema_is_the_one_of_this_version(name: str) -> None:
    """When it is not: `communique config schema` writes them anew."""
    assert (CONFIG / name).read_text(encoding="utf-8") == schema_text(SCHEMAS[name])


@pytest.mark.parametrize("name", ["communique", "categories"])
def test_an_editor_finds_the_schema_and_no_fault(name: str) -> None:
    text = (CONFIG / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={name}.schema.json\n")
    validator = Draft202012Validator(json_schema(SCHEMAS[f"{name}.schema.json"]))
    assert list(validator.iter_errors(read_yaml(text, file=name).data)) == []


def sample_names() -> list[str]:
    names: list[str] = []
    for file in sorted(SAMPLES.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            names.extend(json.loads(line)["categories"])
    return names


def test_the_sample_newsroom_files_what_it_ships_but_not_everything() -> None:
    newsroom = catalogue(load(CONFIG / "communique.yaml", environ={}))
    matches = newsroom.match_all(sample_names())
    assert set(newsroom.categories) - set(matches.categories) == {"international-cooperation"}
    assert {"Developers", "Xfce", "Bankruptcy"} <= set(matches.unclaimed)
    assert newsroom.match("securities, commodities, & INVESTMENT fraud") == ("financial-fraud",)


def test_the_seed_document_has_its_category() -> None:
    newsroom = catalogue(load(CONFIG / "communique.yaml", environ={}))
    (seed,) = SAMPLES.glob("*.txt")
    (cell,) = seed.read_text(encoding="utf-8").rstrip("|\n").splitlines()[-1].split("|")[1:]
    assert newsroom.match(cell) == ("international-cooperation",)
    feed = newsroom.feeds["international-cooperation"]
    assert feed.title == "International, regional, and subregional cooperation"


def test_every_feed_has_a_group_but_all() -> None:
    newsroom = catalogue(load(CONFIG / "communique.yaml", environ={}))
    assert [slug for slug, feed in newsroom.feeds.items() if feed.group is None] == ["all"]
    assert len(newsroom.feeds) > len(newsroom.categories) + 2


#: The lists of sections in the main file, whose items are shown in comments.
LISTS: dict[str, type[Section]] = {
    "hubs": HubSettings,
    "site.links": LinkSettings,
    "upstreams": UpstreamSettings,
}


def test_no_section_is_forgotten() -> None:
    """A list of sections in the main file would escape the tests above; of these see below."""
    for path, field in fields_of(CommuniqueFile):
        assert ".".join(map(str, path)) in LISTS or item_section_type(field.annotation) is None


@pytest.mark.parametrize("key", LISTS)
def test_every_key_of_an_item_is_shown_with_its_help(key: str) -> None:
    name = key.rpartition(".")[2]
    example = re.search(rf"(?m)^ *{name}: \[\]\n((?: *#.*\n)+)\n", MAIN)
    assert example is not None
    lines = [re.sub("^ *#", "  ", line) for line in example[1].splitlines()]
    first = next(iter(LISTS[key].model_fields))
    text = f"{name}:\n" + "\n".join(lines).replace("- # ", "# ").replace(
        f"    {first}:", f"  - {first}:"
    )
    document = read_yaml(text, file="example")
    assert document.faults == []
    for path, field in fields_of(LISTS[key]):
        assert help_of(text, document.keys[(name, 0, *path)].line or 0) == field.description
    LISTS[key].model_validate(document.at(name, 0))
