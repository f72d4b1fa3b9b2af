"""Folders of Hugo and Jekyll. Addresses and ids are those that the generators themselves made.

The expected ones were written by Jekyll 4.3.1 with jekyll-feed 0.17.0, and by Hugo 0.111.3, of the
same files.
"""

from datetime import UTC, datetime
from functools import partial

import pytest

from feeds.errors import DocumentRefused
from feeds.imports.folder import read_folder
from feeds.imports.items import IdFormat, ImportedItem, Item, ItemState, LeftOut, Reason
from feeds.imports.static_sites import FolderFile, Generator, IdRule, StaticSite, read_site

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
JEKYLL_CONFIG = """
title: J
url: https://j.example
baseurl: /blog
timezone: America/New_York
"""
HUGO_CONFIG = """
baseURL = "https://h.example/site/"
title = "H"
languageCode = "en-gb"
defaultContentLanguage = "en"
[permalinks]
news = "/:year/:month/:slug/"
"""


def files(texts: dict[str, str]) -> list[FolderFile]:
    return [FolderFile(path, partial(bytes, text, "utf-8")) for path, text in texts.items()]


def read(texts: dict[str, str], given: StaticSite | None = None) -> list[Item]:
    folder = files(texts)
    _, items = read_folder(folder, site=read_site(folder, given or StaticSite()), now=NOW)
    return list(items)


def one(
    path: str, text: str, config: dict[str, str], given: StaticSite | None = None
) -> ImportedItem:
    [item] = read({**config, path: text}, given)
    assert isinstance(item, ImportedItem), item
    return item


def jekyll(path: str, matter: str, body: str = "Text", more: str = "") -> ImportedItem:
    return one(path, f"---\n{matter}\n---\n{body}\n", {"_config.yml": JEKYLL_CONFIG + more})


def hugo(path: str, matter: str, body: str = "Text", more: str = "") -> ImportedItem:
    config = HUGO_CONFIG.replace("[permalinks]", f"{more}\n[permalinks]")
    return one(path, f"---\n{matter}\n---\n{body}\n", {"hugo.toml": config})


# Addresses and ids.


@pytest.mark.parametrize(
    ("path", "matter", "style", "link", "known"),
    [
        pytest.param(
            "_posts/2019-05-21-Hello-World_x.md",
            "title: Hello\ncategories: A b",
            "",
            "/a/b/2019/05/21/Hello-World_x.html",
            "/a/b/2019/05/21/Hello-World_x",
            id="categories in a text",
        ),
        pytest.param(
            "_posts/2019-05-22-late.md",
            'title: Late\ndate: 2019-05-22 02:30:00 +0000\ncategory: "My Cat"',
            "",
            "/my%20cat/2019/05/21/late.html",
            "/my%20cat/2019/05/21/late",
            id="the day in the zone of the site",
        ),
        pytest.param(
            "_posts/2019-05-23-slugged.md",
            "title: Slugged\nslug: other Slug",
            "",
            "/2019/05/23/other-Slug.html",
            "/2019/05/23/other%20Slug",
            id="slug",
        ),
        pytest.param(
            "_posts/2019-05-24-perma.md",
            "title: Perma\npermalink: /special/page/",
            "",
            "/special/page/",
            "/special/perma",
            id="permalink",
        ),
        pytest.param(
            "news/_posts/2019-05-25-innews.html",
            'title: In news\ncategories: ["Öl & Gas", c]',
            "",
            "/news/%C3%B6l%20&%20gas/c/2019/05/25/innews.html",
            "/news/%C3%B6l%20&%20gas/c/2019/05/25/innews",
            id="folder as a category",
        ),
        pytest.param(
            "_posts/2019-05-26-über-uns.md",
            "title: Ü",
            "permalink: pretty",
            "/2019/05/26/%C3%BCber-uns/",
            "/2019/05/26/%C3%BCber-uns",
            id="pretty",
        ),
    ],
)
def test_jekyll(path: str, matter: str, style: str, link: str, known: str) -> None:
    item = jekyll(path, matter, more=style)
    assert item.link == f"https://j.example/blog{link}"
    assert item.known_id is not None
    assert item.known_id.value == f"https://j.example/blog{known}"
    assert item.known_id.format is IdFormat.ATOM


@pytest.mark.parametrize(
    ("path", "matter", "more", "link"),
    [
        ("posts/My_First Post.md", "date: 2020-01-02T03:04:05+02:00", "", "/posts/my_first-post/"),
        ("posts/bundle/index.md", "date: 2020-01-03", "", "/posts/bundle/"),
        ("posts/a.md", 'slug: "New Slug"\ndate: 2020-01-04', "", "/posts/new-slug/"),
        ("posts/a.md", "slug: New\ndate: 2020-01-04", "uglyURLs = true", "/posts/new.html"),
        ("posts/urled.md", "url: /special.html\ndate: 2020-01-05", "", "/special.html"),
        ("posts/deutsch.de.md", "date: 2020-01-06", "", "/de/posts/deutsch/"),
        ("posts/C++ & (x).md", "date: 2020-01-09", "", "/posts/c++-x/"),
        ("news/a.md", "title: Größe & 5\ndate: 2020-02-07", "", "/2020/02/gr%C3%B6%C3%9Fe-5/"),
        ("news/sub/deep.md", "date: 2020-02-08\nslug: Deep-Slug", "", "/2020/02/deep-slug/"),
        ("about.md", "date: 2020-03-01", "", "/about/"),
    ],
)  # fmt: skip
def test_hugo(path: str, matter: str, more: str, link: str) -> None:
    item = hugo(
        f"content/{path}", matter if "title" in matter else f"title: T\n{matter}", more=more
    )
    assert item.link == f"https://h.example/site{link}"
    assert item.known_id is not None
    assert (item.known_id.value, item.known_id.is_permalink) == (item.link, None)


def test_the_rule_of_ids_can_be_chosen() -> None:
    text = "---\ntitle: T\ndate: 2020-01-01\nguid: http://old.example/?p=12\n---\nx\n"
    config = {"hugo.toml": HUGO_CONFIG}
    path = "content/posts/a.md"

    def known(rule: IdRule) -> str | None:
        item = one(path, text, config, StaticSite(ids=rule))
        return item.known_id.value if item.known_id else None

    assert known(IdRule.AUTO) == known(IdRule.GUID) == "http://old.example/?p=12"
    assert known(IdRule.HUGO) == known(IdRule.LINK) == "https://h.example/site/posts/a/"
    assert known(IdRule.NONE) is None


def test_a_site_without_configuration_needs_its_address_given() -> None:
    text = "---\ntitle: T\n---\nx\n"
    assert one("_posts/2020-01-02-a.md", text, {}).link is None
    given = StaticSite(url="https://x.example", permalinks={"": "/:year/:title.html"})
    item = one("_posts/2020-01-02-a.md", text, {}, given)
    assert item.link == "https://x.example/2020/a.html"


def test_old_addresses() -> None:
    item = hugo(
        "content/posts/a.md", 'title: T\ndate: 2020-01-01\naliases: ["/old/one/", two, ../three]'
    )
    assert item.old_addresses == (
        "https://h.example/site/old/one/",
        "https://h.example/site/posts/two",
        "https://h.example/site/three",
    )
    moved = jekyll("_posts/2020-01-01-a.md", "title: T\nredirect_from: /2019/b/")
    assert moved.old_addresses == ("https://j.example/blog/2019/b/",)


# What is taken.


@pytest.mark.parametrize(
    ("path", "matter", "expected"),
    [
        ("_posts/2020-01-01-a.md", "draft: true", (Reason.DRAFT, "")),
        ("_posts/2020-01-01-a.md", "published: false", (Reason.DRAFT, "")),
        ("_drafts/a.md", "x: y", (Reason.DRAFT, "in _drafts")),
        ("about.md", "x: y", (Reason.NOT_A_RELEASE, "a page outside _posts")),
    ],
)
def test_what_jekyll_does_not_publish(path: str, matter: str, expected: tuple[Reason, str]) -> None:
    [left] = read({"_config.yml": JEKYLL_CONFIG, path: f"---\ntitle: T\n{matter}\n---\nx\n"})
    assert isinstance(left, LeftOut)
    assert (left.reason, left.detail) == expected


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("_index.md", "---\ntitle: T\n---\n", (Reason.NOT_A_RELEASE, "the page of a section")),
        ("a.md", "---\ntitle: T\n---\n", (Reason.NOT_A_RELEASE, "a page without a date")),
        ("a.md", "Only text", (Reason.NOT_A_RELEASE, "a file without front matter")),
        ("a.md", "---\n---\nx", (Reason.NOT_A_RELEASE, "a file without front matter")),
        ("a.adoc", "= T", (Reason.UNREADABLE, ".adoc files are not read")),
        (
            "a.md",
            "---\ndate: 2020-01-01\nexpiryDate: 2021-01-01\n---\n",
            (Reason.DELETED, "its expiryDate is past"),
        ),
        ("a.md", "---\ntitle: 'x\n---\n", (Reason.UNREADABLE, "the front matter is not YAML")),
    ],
)  # fmt: skip
def test_what_hugo_does_not_publish(path: str, text: str, expected: tuple[Reason, str]) -> None:
    [left] = read({"hugo.toml": HUGO_CONFIG, f"content/{path}": text})
    assert isinstance(left, LeftOut)
    assert left.reason is expected[0]
    assert left.detail.startswith(expected[1])


def test_a_file_that_cannot_be_read_hides_no_other() -> None:
    def fails() -> bytes:
        raise PermissionError(13, "Permission denied")

    good = files({"content/b.md": "---\ntitle: B\ndate: 2020-01-01\n---\nx\n"})
    folder = [FolderFile("content/a.md", fails), *good]
    _, items = read_folder(folder, site=StaticSite(generator=Generator.HUGO), now=NOW)
    first, second = items
    assert first == LeftOut(
        reason=Reason.UNREADABLE, detail="Permission denied", example="content/a.md"
    )
    assert isinstance(second, ImportedItem)


def test_a_configuration_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(DocumentRefused, match=r"_config.yml: the front matter is not YAML"):
        read({"_config.yml": "a: [", "_posts/2020-01-01-a.md": "---\ntitle: T\n---\n"})


def test_later_dates_are_scheduled() -> None:
    later = hugo("content/a.md", "title: T\ndate: 2026-01-01\npublishDate: 2027-01-01T09:00:00Z")
    assert later.state is ItemState.SCHEDULED
    assert later.record.fields["published"] == "2027-01-01T09:00:00+00:00"
    assert hugo("content/a.md", "title: T\ndate: 2026-01-01").state is ItemState.PUBLISHED


# Fields.


_YAML = """---
title: 'T & U'
date: 2020-01-02T03:04:05+02:00
lastmod: 2020-02-03
description: D
tags: [a, b]
categories: [c]
author: Ann
images: [cover.png]
---
"""
_TOML = """+++
title = "T & U"
date = 2020-01-02T03:04:05+02:00
lastmod = 2020-02-03
description = "D"
tags = ["a", "b"]
categories = ["c"]
author = "Ann"
images = ["cover.png"]
+++
"""
_JSON = """{
"title": "T & U", "date": "2020-01-02T03:04:05+02:00", "lastmod": "2020-02-03",
"description": "D", "tags": ["a", "b"], "categories": ["c"], "author": "Ann",
"images": ["cover.png"]
}
"""


def test_fields_in_yaml_toml_and_json() -> None:
    matters = [_YAML, _TOML, _JSON]
    for matter in matters:
        item = one(
            "content/posts/a/index.md", f"{matter}*x* ![P](p.png)\n", {"hugo.toml": HUGO_CONFIG}
        )
        assert item.record.fields == {
            "title": "T & U",
            "body": '<p><em>x</em> <img src="https://h.example/site/posts/a/p.png" alt="P"></p>\n',
            "body_format": "html",
            "summary": "D",
            "published": "2020-01-02T03:04:05+02:00",
            "updated": "2020-02-03T00:00:00+00:00",
            "url": "https://h.example/site/posts/a/",
            "language": "en",
            "authors": [{"name": "Ann"}],
            "categories": ["c", "a", "b"],
            "enclosures": [{"url": "https://h.example/site/posts/a/cover.png"}],
        }


def test_authors_of_the_data_folder_and_titles_of_names() -> None:
    [item] = read(
        {
            "_config.yml": JEKYLL_CONFIG,
            "_data/authors.yml": "ann:\n  name: Ann Lee\n  email: ann@j.example\n",
            "_posts/2020-01-02-the-big-day.md": "---\nauthors: [ann, Bob]\n---\nx\n",
        }
    )
    assert isinstance(item, ImportedItem)
    assert item.record.fields["authors"] == [
        {"name": "Ann Lee", "email": "ann@j.example"},
        {"name": "Bob"},
    ]
    assert item.record.fields["title"] == "The Big Day"
    # as jekyll-feed dates it, and not at the time of day of this newsroom
    assert item.record.fields["published"] == "2020-01-02T00:00:00-05:00"
    assert "title: not stated; made of the name of the file" in item.record.warnings


def test_the_text_before_more_is_the_summary() -> None:
    item = hugo("content/a.md", "title: T\ndate: 2020-01-01", "First *part*.\n<!--more-->\nRest.")
    assert item.record.fields["summary"] == "First part."


# Marks of generators.


@pytest.mark.parametrize(
    ("written", "expected", "left_out"),
    [
        (
            '{{< figure src="a.png" caption="C" >}}',
            '/a/a.png" alt="C"><figcaption>C</figcaption></figure>',
            (),
        ),
        ("{{< youtube abc >}}", "https://www.youtube.com/watch?v=abc", ()),
        ('[b]({{< ref "b.md" >}})', 'href="https://h.example/site/b/"', ()),
        ('[b]({{< relref "/b" >}})', 'href="https://h.example/site/b/"', ()),
        ("{{< highlight go >}}\na()\n{{< /highlight >}}", '<code class="language-go">a()', ()),
        ("{{% box x %}}Inside{{% /box %}}", "Inside", ("the shortcode '{{% box x %}}'",)),
        ("{{</* figure */>}} {{ .Title }}", "{{&lt; figure &gt;}} {{ .Title }}", ()),
    ],
)  # fmt: skip
def test_shortcodes(written: str, expected: str, left_out: tuple[str, ...]) -> None:
    item, _ = read(
        {
            "hugo.toml": HUGO_CONFIG,
            "content/a.md": f"---\ntitle: T\ndate: 2020-01-01\n---\n{written}\n",
            "content/b.md": "---\ntitle: B\ndate: 2020-01-01\n---\nb\n",
        }
    )
    assert isinstance(item, ImportedItem)
    assert expected in str(item.record.fields["body"])
    assert item.record.left_out == left_out
    assert "{{<" not in str(item.record.fields["body"])


@pytest.mark.parametrize(
    ("written", "expected", "left_out"),
    [
        ("[x]({{ site.url }}{{ site.baseurl }}/x)", 'href="https://j.example/blog/x"', ()),
        ("[x]({{ site.baseurl }}/x)", 'href="https://j.example/blog/x"', ()),
        ("[x]({{ '/x' | relative_url }})", 'href="https://j.example/blog/x"', ()),
        ("[x]({% post_url 2020-01-02-b %})", "/blog/2020/01/02/b.html", ()),
        ("[x]({% link _posts/2020-01-02-b.md %})", "/blog/2020/01/02/b.html", ()),
        ("{% highlight ruby linenos %}\nputs\n{% endhighlight %}", '"language-ruby">puts', ()),
        ("{% raw %}{{ kept }}{% endraw %}", "{{ kept }}", ()),
        ("a {% include form.html id=1 %}b", "a b", ("the mark '{% include form.html id=1 %}'",)),
        ("Lead{: .lead}\n\n{: .note}\nb", "<p>Lead</p>\n<p>b</p>", ()),
    ],
)  # fmt: skip
def test_liquid(written: str, expected: str, left_out: tuple[str, ...]) -> None:
    item, _ = read(
        {
            "_config.yml": JEKYLL_CONFIG,
            "_posts/2020-01-01-a.md": f"---\ntitle: T\n---\n{written}\n",
            "_posts/2020-01-02-b.md": "---\ntitle: B\n---\nb\n",
        }
    )
    assert isinstance(item, ImportedItem)
    assert expected in str(item.record.fields["body"])
    assert item.record.left_out == left_out
