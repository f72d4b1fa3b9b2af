#!/usr/bin/env bash
# "Growth was <2 % in 2026 and >3 % in 2027" is read as "Growth was 3 % in 2027".
#
# Guess: a sign of less-than that is escaped as its format asks for is text, and comes back; at worst it comes back escaped.
# True:  feed-extractor undoes one escaping too many and then takes out what looks like a tag: from one sign to the other all
#        words go, in RSS and in Atom as text and as HTML, with CDATA or without, and an address of mail in angle brackets.
#        Of JSON Feed it takes content_text before content_html, as HTML; content_html alone keeps the words, escaped.
#        rss-parser does it in contentSnippet where Atom says type="text", and is right where it says type="html".
#        feed-parser undoes one too many as well and takes nothing out: what was text is markup in the HTML that it gives.
# Seen:  @extractus/feed-extractor 8.0.3, rss-parser 3.13.0, @rowanmanning/feed-parser 2.1.5; right in feedsmith 3.0.1 and
#        npm's feedparser 2.6.0, which give content as it is written, November 2026.
# For us: nothing in our form helps the first and the last, as there are plain summaries and content_text; content is
#        type="html", which helps the second. A press office writes "less than 2 %" in a title and in a first sentence.
. "$(dirname "$0")/lib.sh"
npm_install @extractus/feed-extractor@8.0.3 rss-parser@3.13.0 @rowanmanning/feed-parser@2.1.5

cat >read.mjs <<'JS'
import { extractFromJson, extractFromXml } from '@extractus/feed-extractor';
import { parseFeed } from '@rowanmanning/feed-parser';
import Parser from 'rss-parser';
const TEXT = 'Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.';
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
const html = `<p>${escaped(TEXT)}</p>`;
const atom = (content) => `<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><id>urn:example:feed</id>
<updated>2026-11-05T10:00:00Z</updated><author><name>N</name></author><link href="https://example.com/"/><entry><id>urn:example:1</id>
<title>T</title><updated>2026-11-05T10:00:00Z</updated><link href="https://example.com/1"/>${content}</entry></feed>`;
const rss = (content) => `<rss version="2.0"><channel><title>News</title><link>https://example.com/</link><description>N</description>
<item><title>T</title><link>https://example.com/1</link>${content}</item></channel></rss>`;
const json = (content) => ({ version: 'https://jsonfeed.org/version/1.1', title: 'News',
    items: [{ id: '1', url: 'https://example.com/1', title: 'T', ...content }] });
const documents = {
    'Atom, text': atom(`<content type="text">${escaped(TEXT)}</content>`),
    'Atom, html': atom(`<content type="html">${escaped(html)}</content>`),
    'RSS': rss(`<description>${escaped(html)}</description>`),
    'RSS, CDATA': rss(`<description><![CDATA[${html}]]></description>`),
    'JSON, html': json({ content_html: html }),
    'JSON, both': json({ content_html: html, content_text: TEXT }),
};
for (const [name, document] of Object.entries(documents)) {
    const read = name.startsWith('JSON') ? extractFromJson : extractFromXml;
    console.log(`feed-extractor  ${name.padEnd(10)}  ${read(document, { descriptionMaxLen: 0 }).entries[0].description}`);
    if (name.startsWith('JSON')) continue;
    const [item] = (await new Parser().parseString(document)).items;
    console.log(`rss-parser      ${name.padEnd(10)}  ${item.contentSnippet.replace(/\s+/g, ' ')}`);
    const [other] = parseFeed(document).items;
    console.log(`feed-parser     ${name.padEnd(10)}  ${other.content ?? other.description}`);
}
JS
node read.mjs >"$seen"
compare <<'END'
feed-extractor  Atom, text  Growth was 3 % in 2027. Write to .
rss-parser      Atom, text  Growth was 3 % in 2027. Write to .
feed-parser     Atom, text  Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.
feed-extractor  Atom, html  Growth was 3 % in 2027. Write to .
rss-parser      Atom, html  Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.
feed-parser     Atom, html  <p>Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.</p>
feed-extractor  RSS         Growth was 3 % in 2027. Write to .
rss-parser      RSS         Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.
feed-parser     RSS         <p>Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.</p>
feed-extractor  RSS, CDATA  Growth was 3 % in 2027. Write to .
rss-parser      RSS, CDATA  Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.
feed-parser     RSS, CDATA  <p>Growth was <2 % in 2026 and >3 % in 2027. Write to <press@city.example>.</p>
feed-extractor  JSON, html  Growth was &lt;2 % in 2026 and &gt;3 % in 2027. Write to &lt;press@city.example&gt;.
feed-extractor  JSON, both  Growth was 3 % in 2027. Write to .
END
