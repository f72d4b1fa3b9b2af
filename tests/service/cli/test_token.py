"""``communique token``: shown once, kept as a hash, for some things and some time."""

import sqlite3

import pytest

from service.tokens import hash_of
from tests.support.command_line import CommandLine
from tests.support.running_service import Service


def test_a_token_is_shown_once_and_kept_as_a_hash(line: CommandLine, service: Service) -> None:
    made = line.run("token", "make", "desk", "--action", "publish", "--action", "read")
    assert made.code == 0, made
    (token,) = made.lines
    assert token.startswith("cq_")
    assert len(token) == 46
    stored = b"".join(path.read_bytes() for path in (service.folder / "data").glob("*.db*"))
    assert token.encode() not in stored
    with sqlite3.connect(service.folder / "data" / "communique.db") as store:
        rows = store.execute("SELECT name, hash FROM tokens").fetchall()
    store.close()
    assert rows == [("desk", hash_of(token))]
    assert token not in line.run("token", "list").out


def test_a_list_tells_what_each_is_for_and_whether_it_is_good(line: CommandLine) -> None:
    line.run("token", "make", "desk", "--action", "read", "--category", "finance")
    line.run("token", "make", "ops", "--action", "retract", "--expires", "never")
    line.run("token", "revoke", "desk")
    desk, ops = line.run("token", "list").columns
    assert desk[:4] == ["desk", "revoked", "read", "finance"]
    assert ops == ["ops", "good", "retract", "all", "never"]
    records = line.results("token", "list")
    assert [record["state"] for record in records] == ["revoked", "good"]
    assert records[0]["categories"] == ["finance"]


def test_a_token_lives_a_year_unless_told_otherwise(line: CommandLine) -> None:
    (record,) = line.results("token", "make", "desk", "--action", "read")
    made, ends = int(record["made_at"][:4]), int(record["expires_at"][:4])
    assert ends - made in {0, 1}
    (short,) = line.results("token", "make", "short", "--action", "read", "--expires", "12h")
    assert short["expires_at"] < record["expires_at"]
    assert short["token"] != record["token"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("make", "desk"), 2, id="for nothing"),
        pytest.param(("make", "The Desk", "--action", "read"), 2, id="a name with spaces"),
        pytest.param(("make", "desk", "--action", "rule"), 2, id="an action that is none"),
        pytest.param(
            ("make", "desk", "--action", "read", "--category", "financ"), 2, id="no category"
        ),
        pytest.param(("make", "desk", "--action", "read", "--expires", "soon"), 2, id="no life"),
        pytest.param(("revoke", "nobody"), 1, id="of nobody"),
        pytest.param(("make", "taken", "--action", "read"), 1, id="a name that is taken"),
    ],
)
def test_a_slip_of_the_pen_makes_no_token(
    line: CommandLine, arguments: tuple[str, ...], code: int
) -> None:
    line.run("token", "make", "taken", "--action", "read")
    assert line.run("token", *arguments).code == code
    assert [record["name"] for record in line.results("token", "list")] == ["taken"]
