from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from service.settings import json_schema, schema_text, write_schemas
from service.settings.categories_file import CategoriesFile
from service.settings.communique_file import CommuniqueFile
from service.settings.yaml_reader import read_yaml

SITE = "site: {base_url: https://news.example}\n"


def is_valid(section: Any, text: str) -> bool:
    return Draft202012Validator(json_schema(section)).is_valid(read_yaml(text, file="f").data)


@pytest.mark.parametrize("section", [CommuniqueFile, CategoriesFile])
def test_a_schema_is_a_json_schema(section: Any) -> None:
    Draft202012Validator.check_schema(json_schema(section))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(SITE, True, id="the least"),
        pytest.param("http: {port: 1}\n", False, id="no base URL"),
        pytest.param(SITE + "hub: []\n", False, id="unknown key"),
        pytest.param(SITE + "http:\n", True, id="all commented out"),
        pytest.param(SITE + "http: {port: '1'}\n", False, id="wrong type"),
        pytest.param(SITE + "hubs: [hub.example]\n", False, id="no URL"),
        pytest.param(SITE + "hubs: [https://a/, {url: https://b/}]\n", True, id="hubs"),
        pytest.param(SITE + "hubs: [{url: https://b/, topic: x}]\n", False, id="key of a hub"),
        pytest.param(SITE + "hubs: [{topics_at_once: 2}]\n", False, id="hub without a URL"),
        pytest.param(SITE + "intake: {time_of_day: 09:00}\n", True, id="time of day"),
        pytest.param(SITE + "intake: {time_of_day: 9}\n", False, id="no time of day"),
        pytest.param(SITE + "store: {url: mysql://h/d}\n", False, id="no database of ours"),
        pytest.param(SITE + "outbound: {allow_networks: [10.0.0.0/8]}\n", True, id="network"),
    ],
)
def test_an_editor_sees_the_same_faults(text: str, expected: bool) -> None:
    assert is_valid(CommuniqueFile, text) is expected


def test_an_editor_sees_the_faults_of_categories() -> None:
    assert is_valid(CategoriesFile, "categories: [{slug: a-b, title: A, hubs: null}]\n")
    assert not is_valid(CategoriesFile, "categories: [{slug: A_b, title: A}]\n")
    assert not is_valid(CategoriesFile, "unions: [{slug: a, title: A, any_of: []}]\n")


def test_help_and_defaults_stand_in_the_schema_as_one_would_write_them() -> None:
    schema = json_schema(CommuniqueFile)
    intake = schema["$defs"]["IntakeSettings"]["properties"]
    assert intake["time_of_day"]["default"] == "09:00"
    assert intake["folders"]["description"].startswith("Folders that are watched")
    store = schema["$defs"]["StoreSettings"]["properties"]
    assert store["url"]["default"] == "sqlite:///{data_folder}/communique.db"


def test_both_schemas_are_written_where_the_shipped_files_look_for_them(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    written = (tmp_path / "categories.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(CategoriesFile)
    assert (tmp_path / "communique.schema.json").is_file()
