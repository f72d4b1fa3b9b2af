"""Markdown with front matter; docs/sending-a-release.md, "Markdown"."""

from datetime import UTC, datetime

import pytest

from tests.feeds.ingest.intake import accepted, refused, retraction

YAML = """---
title: "Budget for 2027: it grows"
date: 2026-11-05 09:00:00 +0200
lastmod: 2026-11-06T09:00:00+02:00
description: It grows by 2 percent.
categories: [Finance, "State, federal"]
tags: [ignored]
lang: de
author: [Office of Finance]
contacts:
  - name: Jane Doe
    email: press@example.org
slug: budget
id: 0114
permalink: /news/budget/
correction: "minor; a comma"
draft: false
---
"""
TOML = """+++
title = "Budget for 2027: it grows"
date = 2026-11-05T09:00:00+02:00
updated = 2026-11-06T09:00:00+02:00
summary = "It grows by 2 percent."
categories = ["Finance", "State, federal"]
language = "de"
authors = ["Office of Finance"]
id = "0114"
[[contacts]]
name = "Jane Doe"
email = "press@example.org"
+++
"""
JSON = """{
  "title": "Budget for 2027: it grows", "date": "2026-11-05T09:00:00+02:00",
  "updated": "2026-11-06T09:00:00+02:00", "summary": "It grows by 2 percent.",
  "categories": ["Finance", "State, federal"], "language": "de", "author": "Office of Finance",
  "id": "0114", "contacts": [{"name": "Jane Doe", "email": "press@example.org"}]
}
"""


@pytest.mark.parametrize("matter", [YAML, TOML, JSON], ids=["yaml", "toml", "json"])
def test_front_matter_says_what_json_says(matter: str) -> None:
    draft = accepted(f"{matter}\nThe *budget* grows.\n", "budget.md")
    content = draft.content
    assert content.title == "Budget for 2027: it grows"
    assert content.published == datetime(2026, 11, 5, 7, tzinfo=UTC)
    assert content.updated == datetime(2026, 11, 6, 7, tzinfo=UTC)
    assert (content.summary, content.language) == ("It grows by 2 percent.", "de")
    assert content.category_names == ("Finance", "State, federal")
    assert [one.name for one in content.authors] == ["Office of Finance"]
    assert [one.email for one in content.details.contacts] == ["press@example.org"]
    assert (draft.source_key, content.url) == ("id:0114", None)
    assert content.body == "<p>The <em>budget</em> grows.</p>"


def test_the_text_means_what_markdown_means() -> None:
    text = (
        "# Bridge\n\n5. November 2026: it opens.\n\n1. one\n2. two\n\n~~90~~ "
        "See www.example.org, "
        "[here](https://example.org/x) or `https://example.org`[^1].\n\n"
        "[^1]: provisional\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "<sup>1</sup> <script>alert(1)</script>\n"
    )
    draft = accepted(text, "bridge.md")
    body = draft.content.body
    assert draft.content.title == "Bridge"
    assert "<h1>" not in body
    assert "<p>5. November 2026: it opens.</p>" in body
    assert "<ol>\n<li>one</li>\n<li>two</li>\n</ol>" in body
    assert '<s>90</s> See <a href="https://www.example.org">www.example.org</a>,' in body
    assert '<a href="https://example.org/x">here</a>' in body
    assert "<code>https://example.org</code>" in body
    assert "<td>2</td>" in body
    assert ">[1]</a></sup>." in body
    assert "<p>provisional</p>" in body
    assert "<sup>1</sup>" in body
    assert "script" not in body
    assert (draft.source_key, draft.is_dated) == ("file:bridge.md", False)


def test_a_head_block_does_without_front_matter() -> None:
    draft = accepted("Embargo: 2030-05-21\nCategory: Finance\n\n# Budget\n\nIt grows.\n", "b.md")
    assert draft.embargoed_until is not None
    assert (draft.content.title, draft.content.body) == ("Budget", "<p>It grows.</p>")
    words = accepted("---\ntitle: B\nembargo: 21 May 2030, 17:00 UTC\n---\nIt grows.", "b.md")
    assert words.embargoed_until == datetime(2030, 5, 21, 17, tzinfo=UTC)
    assert retraction("---\nretract: budget.md\nreason: Wrong.\n---\n", "r.md").reason == "Wrong."


def test_faults_are_told_by_line_field_and_remedy() -> None:
    faults = {
        "---\ntitle: Budget: 2027\n---\nText": (2, None, "in quotes"),
        "---\ntitle: B\ndraft: true\n---\nText": (3, "draft", "remove the line"),
        "---\ntitle: B\npublished: false\n---\nText": (3, "published", "remove the line"),
        "---\ntitle: B\ndate: 2026-11-05T09:00:00\n---\nText": (3, "published", "offset"),
        "---\ntitle: B\nembargo: soon\n---\nText": (3, "embargoed_until", "write day"),
        "---\ntitle: B\nembargo_ends: 2030-01-01\n---\nText": (None, "embargoed_until", "rename"),
        "---\na: &a [x]\nb: *a\n---\nText": (1, None, "in quotes"),
        "---\n- a\n---\nText": (1, None, "on each line"),
        "+++\ntitle = B\n+++\nText": (1, None, "mend it"),
        "{\n  title\n}\nText": (1, None, "mend it"),
        "Only a text.": (None, "title", "Heading 1"),
    }
    for text, (line, field, remedy) in faults.items():
        refusal = refused(text, "budget.md")
        assert (refusal.origin.line, refusal.field) == (line, field), text
        assert remedy in refusal.remedy, text
