"""``communique config``: the configuration, checked and shown."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.command_line import CommandLine, run
from tests.support.running_service import ROOT


def test_the_shipped_configuration_is_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    answer = run("config", "check")
    assert (answer.code, answer.talk) == (0, "")
    assert answer.out.startswith("config/communique.yaml: good: ")


def test_a_good_one_is_counted(line: CommandLine) -> None:
    answer = line.run("config", "check", "--set", "hubs=[https://hub.example.org/]")
    assert answer.out == (
        f"{line.service.main}: good: 2 categories, 3 feeds, 1 hub, 1 watched folder\n"
    )


def test_all_faults_of_both_files_are_told_at_once(line: CommandLine) -> None:
    line.service.write_main({"http": {"port": "eighty", "prot": 80}})
    line.service.categories.write_text("categories:\n  - slug: a\n    title: A\n  - slug: a\n")
    answer = line.run("config", "check")
    assert (answer.code, answer.out) == (1, "")
    faults = answer.talk.splitlines()
    assert [fault.split(": ")[1] for fault in faults][:2] == ["http.port", "http.prot"]
    assert "did you mean port?" in faults[1]
    assert all(fault.startswith(f"{line.service.categories}:") for fault in faults[2:])
    assert len(faults) >= 4


def test_faults_are_results_for_a_program(line: CommandLine) -> None:
    line.service.write_main({"http": {"prot": 80}})
    answer = line.run("config", "check", "--json")
    [fault] = answer.records
    assert answer.code == 1
    assert (fault["file"], fault["key"]) == (str(line.service.main), "http.prot")
    assert fault["line"] > 1
    assert fault["suggestion"] == "port"


def test_every_key_is_shown_with_its_origin(line: CommandLine) -> None:
    keys = {key["key"]: key for key in line.results("config", "show", "--set", "http.port=81")}
    assert keys["http.port"] == {"key": "http.port", "value": 81, "origin": "--set http.port"}
    assert keys["log.level"]["origin"] == "default"
    assert keys["site.title"]["origin"].startswith(f"{line.service.main}:")
    assert ["log.level", "default", '"info"'] in line.run("config", "show").columns


def test_secrets_are_not_shown(line: CommandLine) -> None:
    url = "store.url=postgresql://press:swordfish@db.example.org/news"
    for option in ([], ["--json"]):
        answer = line.run("config", "show", "--set", url, *option)
        assert "db.example.org" in answer.out
        assert "swordfish" not in answer.out + answer.talk


@pytest.mark.parametrize("name", ["communique", "categories"])
def test_a_schema_is_printed_as_it_is_shipped(name: str) -> None:
    printed = run("config", "schema", name)
    shipped = ROOT / "config" / f"{name}.schema.json"
    assert printed.out == shipped.read_text(encoding="utf-8")
    [record] = run("--json", "config", "schema", name).records
    assert record == json.loads(printed.out)
    jsonschema.Draft202012Validator.check_schema(record)


def test_schemas_are_written_beside_the_configuration(line: CommandLine) -> None:
    answer = line.run("config", "schema", "--write")
    written = [line.service.folder / f"{name}.schema.json" for name in ("communique", "categories")]
    assert [Path(path) for path in answer.lines] == written
    assert all(json.loads(path.read_text(encoding="utf-8")) for path in written)


def test_a_folder_that_cannot_be_written_is_told(line: CommandLine) -> None:
    (line.service.folder / "communique.schema.json").mkdir()
    answer = line.run("config", "schema", "--write")
    assert (answer.code, answer.out) == (1, "")
    assert "cannot be written: Is a directory" in answer.talk


def test_feeds_that_end_are_named_with_their_dates(line: CommandLine) -> None:
    text = "categories:\n  - {slug: a, title: A, ended: {on: 2030-12-31, words: Over}}\n"
    line.service.categories.write_text(text)
    answer = line.run("config", "check")
    assert answer.columns[1:] == [["a", "ends 2030-12-31T09:00:00Z", "gone 2031-03-31T09:00:00Z"]]
    [good] = line.results("config", "check", "--json")
    assert good["ends"] == [
        {"feed": "a", "on": "2030-12-31T09:00:00Z", "gone_at": "2031-03-31T09:00:00Z"}
    ]
