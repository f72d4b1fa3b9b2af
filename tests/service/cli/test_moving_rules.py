"""The rules for old addresses in ``docs/moving`` are accepted, and answer what stands there."""

import re
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine

PAGES = Path(__file__).parents[3] / "docs" / "moving"

BLOCK = re.compile(r"^```yaml\n(redirects:\n.*?)^```$", re.MULTILINE | re.DOTALL)
#: An address, and what it answers.
ROW = re.compile(r"^\| `([^`]+)` \| (?:(301) `([^`]+)`|(410)|nothing) \|$", re.MULTILINE)

CATEGORIES = "categories:\n  - {slug: tax, title: Tax}\n"


def sections() -> dict[str, str]:
    """What stands below each heading of the page of rules."""
    text = (PAGES / "redirects.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _configure(line: CommandLine, rules: str) -> None:
    line.service.categories.write_text(CATEGORIES + rules, encoding="utf-8")
    checked = line.run("config", "check")
    assert checked.code == 0, checked.talk


@pytest.mark.parametrize("system", sections())
def test_the_rules_for_a_system_answer_as_stated(line: CommandLine, system: str) -> None:
    text = sections()[system]
    [rules] = BLOCK.findall(text)
    _configure(line, rules)
    rows = ROW.findall(text)
    assert len(rows) == text.count("\n| `") >= 3
    for asked, moved, to, gone in rows:
        answer = line.run("--json", "redirects", "check", asked)
        [record] = answer.records
        assert record["status"] == (int(moved or gone) if moved or gone else None), asked
        assert answer.code == (0 if moved or gone else 1)
        location = f"{line.service.base_url}{to}" if to.startswith("/") else to
        assert (record.get("location") or "") == location, asked


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.name)
def test_the_rules_of_each_page_are_accepted(line: CommandLine, page: Path) -> None:
    for rules in BLOCK.findall(page.read_text(encoding="utf-8")):
        _configure(line, rules)
