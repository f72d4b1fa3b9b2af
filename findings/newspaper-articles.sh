#!/usr/bin/env bash
# A news crawler finds no article in an Atom feed, none with a short title in any, and none whose title has the site's own name.
#
# Guess: a source's feeds are its best list of articles, in whatever format; each entry's link is an article.
# True:  newspaper4k erases all tags from a feed and takes what looks like an address in the rest. Atom's links are attributes,
#        so nothing is left. What is left of RSS and JSON Feed must look like an article: at least five hyphens in the last part of
#        the path, or a date or a number in it. A title that has the domain's name as a word is "a company link": on un.org this
#        drops every French title with the article "un", on who.int every English one with "who".
# Seen:  newspaper4k 0.9.6, November 2026.
# For us: nothing in an address helps a short title; whoever crawls so takes the links of the RSS feed or the sitemap as they are.
. "$(dirname "$0")/lib.sh"
pip_install newspaper4k==0.9.6 lxml_html_clean==0.4.6

"$python" -W ignore - >"$seen" 2>/dev/null <<'PY'
import json

import newspaper
from newspaper.source import Feed


def slugs(feed: str, host: str) -> list[str]:
    source = newspaper.Source(f"https://{host}/", memorize_articles=False)
    source.feeds = [Feed(url=f"https://{host}/feeds/all", rss=feed)]
    return [article.url.rsplit("/", 1)[1] for article in source.feeds_to_articles()]


def shown(host: str, *titles: str) -> None:
    links = [f"https://{host}/releases/{title}" for title in titles]
    atom = "".join(
        f'<entry><id>tag:{host},2026:{n}</id><title>T</title><updated>2026-11-30T10:00:00Z</updated>'
        f'<link rel="alternate" type="text/html" href="{link}"/></entry>'
        for n, link in enumerate(links)
    )
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>All</title>{atom}</feed>'
    rss = "".join(f'<item><title>T</title><link>{link}</link></item>' for link in links)
    rss = f'<rss version="2.0"><channel><title>All</title>{rss}</channel></rss>'
    items = [{"id": str(n), "url": link, "content_text": "T"} for n, link in enumerate(links)]
    document = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "All", "items": items})
    for kind, text in (("Atom", atom), ("RSS", rss), ("JSON Feed", document)):
        print(host, kind, *slugs(text, host), sep=" | ")


shown(
    "press.example.org",
    "council-adopts-the-budget-for-next-year",
    "council-adopts-the-budget",
    "council-adopts-budget-2027",
    "%D8%A7%D9%84%D9%85%D8%AC%D9%84%D8%B3",
)
shown("press.un.org", "le-conseil-adopte-un-budget-pour-2027-hier", "le-conseil-adopte-le-budget-pour-2027-hier")
PY
compare <<'END'
press.example.org | Atom
press.example.org | RSS | council-adopts-the-budget-for-next-year | council-adopts-budget-2027
press.example.org | JSON Feed | council-adopts-the-budget-for-next-year | council-adopts-budget-2027
press.un.org | Atom
press.un.org | RSS | le-conseil-adopte-le-budget-pour-2027-hier
press.un.org | JSON Feed | le-conseil-adopte-le-budget-pour-2027-hier
END
