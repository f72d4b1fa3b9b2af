#!/usr/bin/env bash
# A footnote of one word is gone: its mark becomes a link to that word.
#
# Guess: a reader of Markdown without footnotes shows "[^1]" and "[^1]: provisional" as they were written; with them, a note.
# True:  "[^1]: provisional" is a link reference definition, and is not shown; "[^1]" becomes a link with the text "^1" to an
#        address "provisional". A note of two words stays as text, so a document with both loses only the short ones, without
#        a warning. mistune has footnotes where nobody asked for them; its notes stay.
# Seen:  markdown-it-py 4.3.0 (CommonMark and "gfm-like"), commonmark 0.9.2, Markdown 3.11.3, marked 18.2.1, markdown-it 15.0.3;
#        not mistune 3.4.0; November 2026.
# For us: the footnotes of mdit-py-plugins are switched on for every document.
. "$(dirname "$0")/lib.sh"
pip_install markdown-it-py==4.3.0 commonmark==0.9.2 Markdown==3.11.3 mistune==3.4.0
npm_install marked@18.2.1 markdown-it@15.0.3

printf '%s\n' 'Sales[^1] grew[^2].' '' '[^1]: provisional' '[^2]: without taxes' >release.md
cat >read.cjs <<'JS'
const text = require('fs').readFileSync('release.md', 'utf8');
const show = (name, html) => console.log(name.padEnd(16) + html.replaceAll('\n', ''));
show('marked', require('marked').marked(text));
show('markdown-it', require('markdown-it')().render(text));
JS
{
    "$python" - <<'PY'
import commonmark
import markdown
import mistune
from markdown_it import MarkdownIt

text = open("release.md").read()
for name, read in (
    ("markdown-it-py", MarkdownIt().render),
    ("gfm-like", MarkdownIt("gfm-like", {"linkify": False}).render),
    ("commonmark", commonmark.commonmark),
    ("Markdown", markdown.markdown),
):
    print(f"{name:16}{read(text)}".replace("\n", ""))
print(f"{'mistune':16}keeps the note: {'provisional<a' in mistune.html(text)}")
PY
    node read.cjs
} >"$seen"
compare <<'END'
markdown-it-py  <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
gfm-like        <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
commonmark      <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
Markdown        <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
mistune         keeps the note: True
marked          <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
markdown-it     <p>Sales<a href="provisional">^1</a> grew[^2].</p><p>[^2]: without taxes</p>
END
