#!/usr/bin/env bash
# A comma in an author's name makes two authors of one, in RSS only.
#
# Guess: one dc:creator is one author, whatever its name; several stand in several elements (RSS profile).
# True:  reader splits what feedparser gives it at every comma, and of several dc:creator elements it sees the last one: a
#        ministry called "Environment, Food & Rural Affairs" is two authors. In Atom and JSON Feed the same name stays whole.
# Seen:  reader 3.26 over feedparser 6.0.14, November 2026.
# For us: several authors are one dc:creator, so none is lost; names with commas are whole in Atom and JSON Feed.
. "$(dirname "$0")/lib.sh"
pip_install reader==3.26 feedparser==6.0.14 sgmllib3k==1.0.0

"$python" -W ignore - >"$seen" <<'PY'
from pathlib import Path

from reader import make_reader

CHANNEL = "<title>N</title><link>https://e.test/</link><description>d</description>"


def rss(creators: str) -> str:
    item = f"<item><guid isPermaLink='false'>urn:1</guid><title>T</title>{creators}</item>"
    dc = "xmlns:dc='http://purl.org/dc/elements/1.1/'"
    return f"<rss version='2.0' {dc}><channel>{CHANNEL}{item}</channel></rss>"


ONE = "<dc:creator>Environment, Food &amp; Rural Affairs</dc:creator>"
TWO = "<dc:creator>Anna</dc:creator><dc:creator>Carl</dc:creator>"
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>N</title><updated>2026-01-01T00:00:00Z</updated>
<entry><id>urn:1</id><title>T</title><updated>2026-01-01T00:00:00Z</updated>
<author><name>Environment, Food &amp; Rural Affairs</name></author></entry></feed>"""
for name, text in (("rss one", rss(ONE)), ("rss two", rss(TWO)), ("atom one", ATOM)):
    Path("feed.xml").write_text(text)
    library = make_reader(":memory:", feed_root=str(Path.cwd()))
    library.add_feed("feed.xml")
    library.update_feed("feed.xml")
    [entry] = library.get_entries()
    print(name, [each.name for each in entry.authors])
PY
compare <<'END'
rss one ['Environment', 'Food & Rural Affairs']
rss two ['Carl']
atom one ['Environment, Food & Rural Affairs']
END
