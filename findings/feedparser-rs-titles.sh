#!/usr/bin/env bash
# A plain title comes back escaped, and right-to-left text loses its direction.
#
# Guess: "drop-in replacement for feedparser" gives what feedparser gives: decoded titles, content with lang and dir.
# True:  feedparser-rs takes the title of an RSS item and of a JSON Feed item for HTML and escapes it again ("Oil &amp; gas");
#        in Atom, type="text" keeps it from that. From content it takes lang and dir, and adds rel to each link.
# Seen:  feedparser-rs 0.7.1 beside feedparser 6.0.14, November 2026.
# For us: Atom says type="text"; for the rest no form helps. Whoever shows Arabic with it has to set the direction by xml:lang.
. "$(dirname "$0")/lib.sh"
pip_install feedparser-rs==0.7.1 feedparser==6.0.14

"$python" - >"$seen" <<'PY'
import json

import feedparser
import feedparser_rs

BODY = '<p lang="ar" dir="rtl"><a href="https://e.test/">x</a></p>'
TITLE = "Oil &amp; gas"
CONTENT = "xmlns:content='http://purl.org/rss/1.0/modules/content/'"
RSS = f"""<rss version="2.0" {CONTENT}><channel><title>N</title><link>https://e.test/</link><description>d</description>
<item><title>{TITLE}</title><content:encoded><![CDATA[{BODY}]]></content:encoded></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>N</title><updated>2026-01-01T00:00:00Z</updated>
<entry><id>urn:1</id><title type="text">{TITLE}</title><updated>2026-01-01T00:00:00Z</updated>
<content type="html"><![CDATA[{BODY}]]></content></entry></feed>"""
ITEM = {"id": "1", "title": "Oil & gas", "content_html": BODY}
JSON = json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "N", "items": [ITEM]})
for name, text in (("rss", RSS), ("atom", ATOM), ("json", JSON)):
    for library in (feedparser, feedparser_rs):
        if (name, library) == ("json", feedparser):
            continue
        [entry] = library.parse(text).entries
        print(name, library.__name__, entry.title, entry.content[0].value)
PY
compare <<'END'
rss feedparser Oil & gas <p dir="rtl" lang="ar"><a href="https://e.test/">x</a></p>
rss feedparser_rs Oil &amp; gas <p><a href="https://e.test/" rel="nofollow noopener noreferrer">x</a></p>
atom feedparser Oil & gas <p dir="rtl" lang="ar"><a href="https://e.test/">x</a></p>
atom feedparser_rs Oil & gas <p><a href="https://e.test/" rel="nofollow noopener noreferrer">x</a></p>
json feedparser_rs Oil &amp; gas <p><a href="https://e.test/" rel="nofollow noopener noreferrer">x</a></p>
END
