#!/usr/bin/env bash
# A feed as Markdown has no addresses: nobody can tell where an entry is from.
#
# Guess: a converter that knows RSS and Atom keeps of each entry its title, link, date and text.
# True:  markitdown keeps title, date and text. Links, ids, authors, categories and enclosures are left out of both forms, and
#        of Atom's two dates the one of publication. The description stands before the content as if it were its first
#        paragraph. JSON Feed is not known: it stays JSON.
# Seen:  markitdown 0.1.9, November 2026. Programs that feed language models read feeds with it.
# For us: the text of an entry has to say for itself who publishes it; links inside of texts survive.
. "$(dirname "$0")/lib.sh"
pip_install markitdown==0.1.9

"$python" -W ignore - >"$seen" <<'PY'
from pathlib import Path

from markitdown import MarkItDown

TEXT = '<![CDATA[<p>Text and <a href="https://e.example/law">link</a></p>]]>'
NAMESPACES = 'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
RSS = f"""<?xml version="1.0"?><rss version="2.0" {NAMESPACES}><channel><title>News</title><link>https://e.example/</link>
<description>All news</description><item><title>Title</title><guid isPermaLink="false">urn:1</guid><link>https://e.example/1</link>
<pubDate>Sun, 01 Nov 2026 10:00:00 GMT</pubDate><dc:creator>Anna Berg</dc:creator><description>Summary</description>
<content:encoded>{TEXT}</content:encoded><enclosure url="https://e.example/a.pdf" length="3" type="application/pdf"/></item>
</channel></rss>"""
ATOM = f"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><id>urn:f</id><title>News</title>
<updated>2026-11-05T10:00:00Z</updated><entry><id>urn:1</id><title>Title</title><link href="https://e.example/1"/>
<published>2026-11-01T10:00:00Z</published><updated>2026-11-05T10:00:00Z</updated><author><name>Anna Berg</name></author>
<summary>Summary</summary><content type="html">{TEXT}</content></entry></feed>"""
JSON = '{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [{"id": "1", "content_text": "Text"}]}'
for name, text in (("feed.rss", RSS), ("feed.atom", ATOM), ("feed.json", JSON)):
    Path(name).write_text(text)
    print(name, repr(MarkItDown().convert(name).text_content))
PY
compare <<'END'
feed.rss '# News\nAll news\n\n## Title\nPublished on: Sun, 01 Nov 2026 10:00:00 GMT\nSummary\n\nText and [link](https://e.example/law)'
feed.atom '# News\n\n## Title\nUpdated on: 2026-11-05T10:00:00Z\nSummary\n\nText and [link](https://e.example/law)'
feed.json '{"version": "https://jsonfeed.org/version/1.1", "title": "News", "items": [{"id": "1", "content_text": "Text"}]}'
END
