#!/usr/bin/env bash
# Below a line that begins with "5. November", the items "1." and "2." of a list are shown as 6 and 7.
#
# Guess: the line with the date is a list of one item (see markdown-date-as-list.sh), and the list below, which begins with 1
#        after a blank line, is a list of its own.
# True:  it is the same list, because only the number of the first item counts, and a blank line ends no list. "Item 1" of
#        the text is 6 to the reader, and every reference to it is wrong. Where the date becomes 1., the items are 2 and 3.
# Seen:  markdown-it-py 4.3.0, commonmark 0.9.2, mistune 3.4.0, Markdown 3.11.3, marked 18.2.1, November 2026.
# For us: the full stop of a date at the beginning of a line is escaped before the text is read.
. "$(dirname "$0")/lib.sh"
pip_install markdown-it-py==4.3.0 commonmark==0.9.2 Markdown==3.11.3 mistune==3.4.0
npm_install marked@18.2.1

printf '%s\n' '5. November 2026: Der Rat tagt.' '' '1. Haushalt' '2. Verkehr' >release.md
cat >read.cjs <<'JS'
const text = require('fs').readFileSync('release.md', 'utf8');
console.log('marked          ' + require('marked').marked(text).replaceAll('\n', ''));
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
    ("commonmark", commonmark.commonmark),
    ("mistune", mistune.html),
    ("Markdown", markdown.markdown),
):
    print(f"{name:16}{read(text)}".replace("\n", ""))
PY
    node read.cjs
} >"$seen"
compare <<'END'
markdown-it-py  <ol start="5"><li><p>November 2026: Der Rat tagt.</p></li><li><p>Haushalt</p></li><li><p>Verkehr</p></li></ol>
commonmark      <ol start="5"><li><p>November 2026: Der Rat tagt.</p></li><li><p>Haushalt</p></li><li><p>Verkehr</p></li></ol>
mistune         <ol start="5"><li><p>November 2026: Der Rat tagt.</p></li><li><p>Haushalt</p></li><li><p>Verkehr</p></li></ol>
Markdown        <ol><li><p>November 2026: Der Rat tagt.</p></li><li><p>Haushalt</p></li><li>Verkehr</li></ol>
marked          <ol start="5"><li><p>November 2026: Der Rat tagt.</p></li><li><p>Haushalt</p></li><li><p>Verkehr</p></li></ol>
END
