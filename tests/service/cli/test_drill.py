"""The drill of docs/backup.md, line by line."""

import os
import re
import shlex
from pathlib import Path

import pytest

from tests.support import command_line
from tests.support.command_line import CommandLine
from tests.support.running_service import ROOT

_DRILL = re.compile(r"## The drill.*?```sh\n(.*?)```", re.DOTALL)


def test_the_drill_is_good(
    line: CommandLine, seed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert line.run("store", "upgrade").code == 0
    assert line.run("release", "add", str(seed)).code == 0
    expected = line.run("release", "list").out
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PWD", str(tmp_path))
    monkeypatch.setenv("COMMUNIQUE_CONFIG", str(line.service.main))
    found = _DRILL.search((ROOT / "docs" / "backup.md").read_text("utf-8"))
    assert found is not None
    answers = []
    for command in found[1].splitlines():
        program, *arguments = shlex.split(os.path.expandvars(command))
        assert program == "communique"
        answers.append(command_line.run(*arguments))
        assert answers[-1].code == 0, (command, answers[-1])
    assert len(answers) == 4
    assert answers[-1].out == expected
