"""Marks of site generators in the text of a page: Hugo's shortcodes, and Jekyll's Liquid.

What they mean is written where that is simple. All others are taken out and told: published raw,
they would be words of the release.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Protocol
from urllib.parse import urlsplit

from feeds.imports.static_sites import Generator
from feeds.ingest.characters import shown


class Pages(Protocol):
    """The pages of the site, by the names under which texts refer to them."""

    def address(self, name: str) -> str | None:
        """Returns the address of the page that a text calls *name*."""


_SHORTCODE = re.compile(r"\{\{(?P<kind>[<%])\s*(?P<inside>(?!/\*).*?)\s*[>%]\}\}", re.DOTALL)
#: ``{{</* figure */>}}`` shows the shortcode itself.
_SHOWN = re.compile(r"\{\{([<%])/\*\s*(.*?)\s*\*/([>%])\}\}", re.DOTALL)
_HUGO_CODE = re.compile(
    r"\{\{[<%]\s*highlight\s+([\w+-]+)[^}]*?[>%]\}\}\n?(.*?)\n?\{\{[<%]\s*/\s*highlight\s*[>%]\}\}",
    re.DOTALL,
)
_ARGUMENT = re.compile(r'(?:([\w-]+)\s*=\s*)?(?:"((?:[^"\\]|\\.)*)"|`([^`]*)`|([^\s"`=]+))')
_LIQUID = re.compile(r"\{%-?\s*(?P<tag>.*?)\s*-?%\}|\{\{-?\s*(?P<value>.*?)\s*-?\}\}", re.DOTALL)
_RAW = re.compile(r"\{%-?\s*raw\s*-?%\}(.*?)\{%-?\s*endraw\s*-?%\}", re.DOTALL)
_HIGHLIGHT = re.compile(
    r"\{%-?\s*highlight\s+(\S+?)(?:\s[^%]*)?-?%\}\n?(.*?)\{%-?\s*endhighlight\s*-?%\}", re.DOTALL
)
#: kramdown's attribute lists: ``{: .note}``
_ATTRIBUTES = re.compile(r"^[ ]{0,3}\{:[^}\n]*\}[ \t]*$\n?|\{:[^}\n]*\}", re.MULTILINE)
_FILMS = {
    "youtube": "https://www.youtube.com/watch?v=",
    "vimeo": "https://vimeo.com/",
    "gist": "https://gist.github.com/",
    "tweet": "https://twitter.com/i/web/status/",
    "instagram": "https://www.instagram.com/p/",
}


def without_marks(
    text: str, *, generator: Generator, pages: Pages, site_url: str, left_out: list[str]
) -> str:
    """Returns the text of a page with what its marks mean.

    Args:
        text: Markdown or HTML.
        generator: Whose marks are read. Of an unknown one, only those that nothing else looks like.
        pages: The pages that it may refer to.
        site_url: The site's address, without a slash at the end; "" if it is not known.
        left_out: Receives what was taken out, as sentences.
    """
    if generator is not Generator.HUGO and ("{%" in text or "{{" in text):
        text = _without_liquid(
            text, pages, site_url, left_out, has_values=generator is Generator.JEKYLL
        )
    if generator is not Generator.JEKYLL and ("{{<" in text or "{{%" in text):
        reader = _Shortcodes(pages, left_out)
        text = _HUGO_CODE.sub(r"\n```\1\n\2\n```\n", text)
        text = _SHORTCODE.sub(reader.replaced, text)
        text = _SHOWN.sub(r"{{\1 \2 \3}}", text)
    return _ATTRIBUTES.sub("", text) if generator is Generator.JEKYLL and "{:" in text else text


class _Shortcodes:
    def __init__(self, pages: Pages, left_out: list[str]) -> None:
        self._pages = pages
        self._left_out = left_out

    def replaced(self, found: re.Match[str]) -> str:
        inside = found["inside"].strip()
        if inside.startswith("/"):
            return ""  # the end of one: what stands between stays
        name, _, rest = inside.rstrip("/").partition(" ")
        named: dict[str, str] = {}
        positional: list[str] = []
        for key, quoted, raw, bare in _ARGUMENT.findall(rest):
            value = quoted.replace('\\"', '"') or raw or bare
            if key:
                named[key] = value
            else:
                positional.append(value)
        return self._meaning(name, named, positional, found[0])

    def _meaning(
        self, name: str, named: Mapping[str, str], positional: list[str], written: str
    ) -> str:
        first = positional[0] if positional else named.get("path") or named.get("id") or ""
        if name in ("ref", "relref"):
            address = self._pages.address(first)
            if address is not None:
                return address
        if name in ("figure", "img", "legacy-img") and (source := named.get("src")):
            return _figure(source, named)
        if name in _FILMS and first:
            address = _FILMS[name] + "/".join(positional if name == "gist" else [first])
            return f'<p><a href="{escape(address)}">{escape(address)}</a></p>'
        self._left_out.append(f"the shortcode {shown(written)}")
        return ""


def _figure(source: str, named: Mapping[str, str]) -> str:
    alt = escape(named.get("alt") or named.get("caption") or named.get("title") or "")
    picture = f'<img src="{escape(source)}" alt="{alt}">'
    if link := named.get("link"):
        picture = f'<a href="{escape(link)}">{picture}</a>'
    words = [escape(each) for each in (named.get("title"), named.get("caption")) if each]
    caption = f"<figcaption>{' '.join(words)}</figcaption>" if words else ""
    return f"<figure>{picture}{caption}</figure>"


_LITERAL = re.compile(r"""["'](.*?)["']\s*(?:\|\s*(relative_url|absolute_url|prepend:.*)\s*)?\Z""")


def _without_liquid(
    text: str, pages: Pages, site_url: str, left_out: list[str], *, has_values: bool
) -> str:
    kept: list[str] = []
    parts = urlsplit(site_url)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def keep(content: str) -> str:
        kept.append(content)
        return f"\x00{len(kept) - 1}\x00"

    text = text.replace("\x00", "")
    text = _RAW.sub(lambda found: keep(found[1]), text)
    text = _HIGHLIGHT.sub(lambda found: keep(f"\n```{found[1]}\n{found[2]}\n```\n"), text)

    def meaning(found: re.Match[str]) -> str:
        tag, value = found["tag"], found["value"]
        if value is not None and not has_values:
            return found[0]
        if tag is not None and tag.startswith(("post_url ", "link ")):
            address = pages.address(tag.partition(" ")[2].strip())
            if address is not None:
                return address
        if tag is not None and (tag.startswith("comment") or tag == "endcomment"):
            return ""
        if value in ("site.url", "site.baseurl"):
            return origin if value == "site.url" else site_url.removeprefix(origin)
        if value is not None and (literal := _LITERAL.match(value)):
            return f"{site_url}/{literal[1].lstrip('/')}" if literal[2] else literal[1]
        left_out.append(f"the mark {shown(found[0])}")
        return ""

    text = _LIQUID.sub(meaning, text)
    return re.sub("\x00(\\d+)\x00", lambda found: kept[int(found[1])], text)
