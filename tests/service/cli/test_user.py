"""``communique user``: people at the desk, whose passwords are never an argument."""

import sqlite3

import pytest

from tests.support.command_line import CommandLine

PASSWORD = b"correct horse battery\n"


def add(line: CommandLine, name: str, *options: str) -> None:
    answer = line.run("user", "add", name, "--stdin", *options, typed=PASSWORD)
    assert answer.code == 0, answer
    assert PASSWORD.strip().decode() not in answer.out + answer.talk


def test_a_password_comes_from_standard_input_and_is_stored_as_a_hash(line: CommandLine) -> None:
    add(line, "Anna", "--role", "publish", "--role", "write", "--category", "finance")
    with sqlite3.connect(line.service.folder / "data" / "communique.db") as store:
        [(name, stored)] = store.execute("SELECT name, password FROM users").fetchall()
    store.close()
    assert name == "anna"
    assert stored.startswith("$argon2id$")
    [row] = line.run("user", "list").columns
    assert row[:4] == ["anna", "enabled", "write, publish", "finance"]


def test_a_made_password_is_shown_once(line: CommandLine) -> None:
    made = line.run("user", "add", "anna", "--role", "write", "--generate")
    [password] = made.lines
    assert len(password) == 24
    assert password not in line.run("user", "list").out
    [again] = line.results("user", "reset", "anna", "--generate")
    assert again["name"] == "anna"
    assert again["password"] != password


def test_rights_change_and_accounts_are_disabled_and_enabled(line: CommandLine) -> None:
    add(line, "anna", "--role", "write")
    for arguments, expected in (
        (("change", "anna", "--role", "publish"), ("enabled", ["publish"], None)),
        (("change", "anna", "--category", "finance"), ("enabled", ["publish"], ["finance"])),
        (("disable", "anna"), ("disabled", ["publish"], ["finance"])),
        (("disable", "anna"), ("disabled", ["publish"], ["finance"])),
        (("enable", "anna"), ("enabled", ["publish"], ["finance"])),
        (("change", "anna", "--all-categories"), ("enabled", ["publish"], None)),
    ):
        assert line.run("user", *arguments).code == 0
        [record] = line.results("user", "list")
        assert (record["state"], record["roles"], record["categories"]) == expected, arguments
    with sqlite3.connect(line.service.folder / "data" / "communique.db") as store:
        acts = [
            row[0] for row in store.execute("SELECT deed FROM acts WHERE subject = 'user:anna'")
        ]
    store.close()
    assert acts == [
        "user added", "user changed", "user changed", "user disabled", "user enabled",
        "user changed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        pytest.param(("add", "x", "--stdin"), PASSWORD, 2, id="for nothing"),
        pytest.param(("add", "a b", "--role", "write", "--stdin"), PASSWORD, 2, id="no name"),
        pytest.param(("add", "x", "--role", "write", "--stdin"), b"short\n", 1, id="too short"),
        pytest.param(("add", "x", "--role", "write", "--stdin"), b"", 1, id="no password"),
        pytest.param(("add", "x", "--role", "write"), b"", 1, id="no terminal"),
        pytest.param(("add", "x", "--role", "rule", "--stdin"), PASSWORD, 2, id="no role"),
        pytest.param(("add", "anna", "--role", "write", "--stdin"), PASSWORD, 1, id="taken"),
        pytest.param(
            ("add", "x", "--role", "write", "--category", "financ", "--stdin"), PASSWORD, 2,
            id="no category",
        ),
        pytest.param(("reset", "nobody", "--stdin"), PASSWORD, 1, id="reset nobody"),
        pytest.param(("disable", "nobody"), b"", 1, id="disable nobody"),
        pytest.param(("change", "nobody", "--role", "write"), b"", 1, id="change nobody"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen_makes_and_changes_no_account(
    line: CommandLine, arguments: tuple[str, ...], typed: bytes, code: int
) -> None:
    add(line, "anna", "--role", "write")
    answer = line.run("user", *arguments, typed=typed)
    assert answer.code == code, answer
    assert [record["name"] for record in line.results("user", "list")] == ["anna"]
