"""The real command line over a real store, run in this process."""

import json
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner

from service.cli.app import app
from tests.support.running_service import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    talk: str  #: what went to standard error

    @property
    def lines(self) -> list[str]:
        """The results, one a line."""
        return self.out.splitlines()

    @property
    def columns(self) -> list[list[str]]:
        """The results, split where two spaces or more stand."""
        return [[cell.strip() for cell in line.split("  ") if cell] for line in self.lines]

    @property
    def records(self) -> list[dict[str, Any]]:
        """The results of ``--json``."""
        return [json.loads(line) for line in self.lines]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """``communique`` with the configuration of a service that need not run."""

    service: Service

    def run(self, *arguments: str, typed: bytes = b"") -> Answer:
        """Run a command; *typed* is its standard input."""
        return run("--config", str(self.service.main), *arguments, typed=typed)

    def results(self, *arguments: str) -> list[dict[str, Any]]:
        """The results of a command that succeeds, as objects."""
        answer = self.run("--json", *arguments)
        assert answer.code == 0, answer
        return answer.records


def run(*arguments: str, typed: bytes = b"") -> Answer:
    """Run ``communique`` with these arguments; a bug flies."""
    ran = CliRunner().invoke(app, arguments, prog_name="communique", input=typed)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Answer(code=ran.exit_code, out=ran.stdout, talk=ran.stderr)
