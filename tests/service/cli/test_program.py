"""The program as a whole: help, global options, exit codes, and what it costs to start."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.cli.call import COMMANDS
from service.cli.manual import commands, manual
from tests.support.command_line import CommandLine, run
from tests.support.running_service import ROOT

EVERY_COMMAND = [
    pytest.param(words.split()[1:], command, id=words) for words, command in commands()
]


def test_all_that_was_agreed_on_is_there() -> None:
    there = {words.removeprefix("communique ") for words, _ in commands()}
    agreed = {
        *("init", "serve", "status", "export", "readers", "alarms", "completion"),
        *(f"alarms {name}" for name in ("test", "check")),
        *(f"release {name}" for name in ("add", "list", "show", "refusals")),
        *(f"release {name}" for name in ("embargoes", "embargo")),
        *(f"release {name}" for name in ("retract", "restore")),
        *(f"import {name}" for name in ("wxr", "feed", "folder", "ghost", "csv")),
        *(f"redirects {name}" for name in ("list", "check", "export")),
        *(f"media {name}" for name in ("add", "list", "remove")),
        *(f"feed {name}" for name in ("list", "render", "check")),
        *(f"hub {name}" for name in ("pings", "retry", "status", "canary")),
        *(f"hub {name}" for name in ("subscriptions", "deliveries", "verify")),
        *(f"hub {name}" for name in ("suspend", "resume", "drop")),
        *(f"token {name}" for name in ("make", "list", "revoke")),
        *(f"upstream {name}" for name in ("list", "show", "poll", "pause", "resume")),
        *(f"user {name}" for name in ("add", "list", "change", "disable", "enable", "reset")),
        *(f"config {name}" for name in ("check", "show", "schema")),
        *(f"store {name}" for name in ("upgrade", "restored", "adopt", "check")),
        *(f"store {name}" for name in ("backup", "restore", "copy", "size")),
    }
    groups = {"release", "import", "media", "feed", "hub", "token", "user", "config", "store"}
    groups |= {"redirects", "upstream"}
    assert there - {"communique"} == agreed | groups


@pytest.mark.parametrize(("words", "command"), EVERY_COMMAND)
def test_every_command_has_help(words: list[str], command: Any) -> None:
    answer = run(*words, "--help")
    assert answer.code == 0
    assert answer.out.startswith(f"Usage: communique {' '.join(words)}".rstrip())
    assert command.help.strip()


@pytest.mark.parametrize(("words", "command"), EVERY_COMMAND)
def test_every_option_says_what_it_is_for(words: list[str], command: Any) -> None:
    assert [param.name for param in command.params if not param.help] == []


@pytest.mark.parametrize(("words", "command"), EVERY_COMMAND)
def test_every_command_takes_set_and_json_behind_it(words: list[str], command: Any) -> None:
    options = {option for param in command.params for option in param.opts}
    assert hasattr(command, "commands") or {"--set", "--json"} <= options


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_says_what_their_own_help_says(name: str) -> None:
    own = dict(commands())[f"communique {name}"].help.strip().splitlines()[0]
    assert COMMANDS[name] == own


def test_no_line_of_help_is_cut_in_the_list_of_its_group() -> None:
    lines = manual().splitlines()
    assert [line for line in lines if line.endswith("...") and not line.startswith("Usage")] == []


def test_the_manual_is_current() -> None:
    """To make it so: python -m service.cli.manual > docs/commands.md."""
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == manual()


def test_the_version_is_told() -> None:
    answer = run("--version")
    assert (answer.code, answer.out) == (0, "communique 0.1.0\n")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["relaese"], id="no such command"),
        pytest.param(["release", "ad"], id="no such command of a group"),
        pytest.param(["status", "--colour"], id="no such option"),
        pytest.param(["release", "add"], id="an argument is missing"),
        pytest.param(["release", "add", "/no/such/file.txt"], id="no such file"),
        pytest.param(["release", "list", "--limit", "0"], id="a number too small"),
        pytest.param(["export"], id="nowhere to export to"),
        pytest.param(["serve", "--only", "nothing"], id="no such choice"),
        pytest.param(["feed", "render", "--format", "atom"], id="a proof of no feed"),
    ],
)
def test_wrong_usage_is_code_2_and_told_beside_the_results(
    line: CommandLine, arguments: list[str]
) -> None:
    answer = line.run(*arguments)
    assert (answer.code, answer.out) == (2, "")
    assert "Error" in answer.talk


def test_help_is_given_for_the_short_option_too() -> None:
    for words in ([], ["release"], ["release", "add"]):
        assert run(*words, "-h") == run(*words, "--help")


def test_without_a_command_there_is_help() -> None:
    answer = run()
    assert "Commands:" in answer.out + answer.talk


def test_set_counts_before_and_behind_the_command_and_the_last_one_wins(line: CommandLine) -> None:
    title = ("--set", "site.title=before"), ("--set", "site.title=behind")
    keys = {key["key"]: key["value"] for key in line.results(*title[0], "config", "show")}
    assert keys["site.title"] == "before"
    keys = {key["key"]: key for key in line.results(*title[0], "config", "show", *title[1])}
    assert keys["site.title"]["value"] == "behind"
    assert keys["site.title"]["origin"] == "--set site.title"


def test_the_environment_names_the_configuration(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMUNIQUE_CONFIG", str(line.service.main))
    answer = run("config", "check")
    assert answer.code == 0, answer.talk
    assert answer.out.startswith(str(line.service.main))


@pytest.mark.parametrize("beside", ["communique.yaml", "config/communique.yaml"])
def test_the_configuration_of_the_working_folder_needs_no_name(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, beside: str
) -> None:
    path = tmp_path / "here" / beside
    path.parent.mkdir(parents=True)
    (path.parent / "categories.yaml").touch()
    path.write_bytes(line.service.main.read_bytes())
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("COMMUNIQUE_CONFIG", raising=False)
    answer = run("config", "check")
    assert (answer.code, answer.talk) == (0, "")
    assert answer.out.startswith(f"{beside}: good")


def test_without_a_configuration_the_ways_to_one_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COMMUNIQUE_CONFIG", raising=False)
    for command in (["serve"], ["status"], ["release", "list"], ["config", "check"]):
        answer = run(*command)
        assert (answer.code, answer.out) == (1, "")
        [said] = answer.talk.splitlines()
        assert said.startswith("communique.yaml: no such file: ")
        for way in ("communique init", "--config", "COMMUNIQUE_CONFIG"):
            assert way in said
    assert list(tmp_path.iterdir()) == []


def test_the_environment_sets_keys(line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMUNIQUE_HTTP__PORT", "eighty")
    answer = line.run("status")
    assert answer.code == 1
    assert answer.talk.startswith("environment COMMUNIQUE_HTTP__PORT: http.port: expected")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["serve"], id="serve"),
        pytest.param(["release", "add", "-"], id="release add"),
        pytest.param(["release", "add", "--dry-run", "-"], id="release add --dry-run"),
        pytest.param(["feed", "list"], id="feed list"),
        pytest.param(["hub", "retry"], id="hub retry"),
        pytest.param(["hub", "drop", "1"], id="hub drop"),
        pytest.param(["hub", "verify"], id="hub verify"),
        pytest.param(["config", "show"], id="config show"),
        pytest.param(["store", "upgrade"], id="store upgrade"),
        pytest.param(["status"], id="status"),
    ],
)
def test_a_bad_configuration_stops_every_command_with_all_its_faults(
    storeless: CommandLine, arguments: list[str]
) -> None:
    storeless.service.write_main({"http": {"port": "eighty"}, "site": {"base_url": "news"}})
    answer = storeless.run(*arguments)
    assert (answer.code, answer.out) == (1, "")
    told = answer.talk.splitlines()
    assert [fault.split(": ")[1] for fault in told] == ["site.base_url", "http.port"]
    assert all(fault.startswith(f"{storeless.service.main}:") for fault in told)
    assert not (storeless.service.folder / "data" / "communique.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["release", "list"], id="release list"),
        pytest.param(["release", "show", "x"], id="release show"),
        pytest.param(["release", "refusals"], id="release refusals"),
        pytest.param(["feed", "list"], id="feed list"),
        pytest.param(["feed", "check"], id="feed check"),
        pytest.param(["feed", "render", "all", "--format", "atom"], id="feed render --format"),
        pytest.param(["export", "/nowhere"], id="export"),
        pytest.param(["hub", "pings"], id="hub pings"),
        pytest.param(["hub", "subscriptions"], id="hub subscriptions"),
        pytest.param(["hub", "deliveries"], id="hub deliveries"),
        pytest.param(["store", "check"], id="store check"),
        pytest.param(["status"], id="status"),
    ],
)
def test_who_only_looks_is_told_that_there_is_no_store_and_makes_none(
    storeless: CommandLine, arguments: list[str]
) -> None:
    answer = storeless.run(*arguments)
    assert (answer.code, answer.out) == (1, "")
    assert answer.talk.startswith("communique: there is no store at ")
    assert not (storeless.service.folder / "data" / "communique.db").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["status"], id="to look"),
        pytest.param(["feed", "render"], id="to write"),
    ],
)
def test_a_store_of_another_version_is_left_alone(
    storeless: CommandLine, arguments: list[str]
) -> None:
    (storeless.service.folder / "data" / "communique.db").touch()
    answer = storeless.run(*arguments)
    assert answer.code == 1
    assert "run 'communique store upgrade'" in answer.talk


def test_what_is_no_database_is_told_in_a_line(line: CommandLine) -> None:
    path = line.service.folder / "data" / "communique.db"
    path.write_bytes(b"This is a letter to my aunt.\n" * 100)
    answer = line.run("status")
    assert answer.code == 1
    assert answer.talk.count("\n") == 1
    assert "cannot be used: file is not a database" in answer.talk


def test_help_loads_neither_database_nor_network() -> None:
    """Help within a tenth of a second is help; a second is a wait."""
    code = (
        "import sys; from service.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'sqlalchemy', 'requests', 'flask', 'pydantic', 'lxml'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == ""


def test_the_end_looks_for_no_garbage_in_what_was_imported() -> None:
    """A fifth of the processor time of a short command."""
    code = (
        "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))\n"
        "import sys; from service.__main__ import main\n"
        "sys.argv = ['communique', '--help']; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert int(ran.stdout.splitlines()[-1]) > 0


def test_the_program_runs_as_a_module_from_any_folder(tmp_path: Path, line: CommandLine) -> None:
    command = [sys.executable, "-m", "service", "--config", str(line.service.main)]
    checked = subprocess.run(
        [*command, "config", "check"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "LC_ALL": "C"},
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_database_that_does_not_answer_is_told(line: CommandLine) -> None:
    for command in (["status"], ["feed", "render"], ["store", "upgrade"]):
        answer = line.run("--set", "store.url=postgresql://press@127.0.0.1:1/news", *command)
        assert (answer.code, answer.out) == (1, "")
        assert answer.talk.startswith("communique: ")
        assert "127.0.0.1" in answer.talk
