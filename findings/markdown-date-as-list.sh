#!/usr/bin/env bash
# "5. November 2026" at the start of a paragraph becomes "1. November 2026".
#
# Guess: a converter from HTML escapes the dot, as it would begin a list; a reader of Markdown keeps a list's first number.
# True:  markdownify escapes neither numbers nor "+", "-" and "#" unless it is asked to (escape_misc, off by default), while
#        turndown does. CommonMark's readers begin the list at 5; Python-Markdown, and so Pelican and MkDocs, begin it at 1:
#        a German, Danish, Norwegian, Czech or Finnish release with its date in front gets another date, without a warning.
#        The extension sane_lists keeps the number; lazy_ol=False, once the option for it, has no effect any more.
# Seen:  markdownify 1.2.3, Markdown 3.11.3, mistune 3.4.0, markdown-it-py 4.3.0, turndown 7.2.5, November 2026.
# For us: the full stop of a date at the beginning of a line is escaped before Markdown is read.
. "$(dirname "$0")/lib.sh"
pip_install markdownify==1.2.3 Markdown==3.11.3 mistune==3.4.0 markdown-it-py==4.3.0
npm_install turndown@7.2.5

cat >release.html <<'HTML'
<p>5. November 2026: Der Minister tagt.</p><p>+ 4 % Umsatz</p><p># 7 der Liste</p>
HTML
cat >write.cjs <<'JS'
const Turndown = require('turndown');
const markdown = new Turndown().turndown(require('fs').readFileSync('release.html', 'utf8'));
console.log('turndown       ', JSON.stringify(markdown));
JS
{
    "$python" - <<'PY'
import json
import markdown
import mistune
from markdown_it import MarkdownIt
from markdownify import markdownify

text = markdownify(open("release.html").read())
print("markdownify    ", json.dumps(text.strip()))
first = text.strip().split("\n")[0]
for name, read in (
    ("Markdown", markdown.markdown),
    ("lazy_ol=False", lambda source: markdown.markdown(source, lazy_ol=False)),
    ("sane_lists", lambda source: markdown.markdown(source, extensions=["sane_lists"])),
    ("mistune", mistune.html),
    ("markdown-it-py", MarkdownIt().render),
):
    print(f"{name:15}", read(first).replace("\n", ""))
PY
    node write.cjs
} >"$seen"
compare <<'END'
markdownify     "5. November 2026: Der Minister tagt.\n\n+ 4 % Umsatz\n\n# 7 der Liste"
Markdown        <ol><li>November 2026: Der Minister tagt.</li></ol>
lazy_ol=False   <ol><li>November 2026: Der Minister tagt.</li></ol>
sane_lists      <ol start="5"><li>November 2026: Der Minister tagt.</li></ol>
mistune         <ol start="5"><li>November 2026: Der Minister tagt.</li></ol>
markdown-it-py  <ol start="5"><li>November 2026: Der Minister tagt.</li></ol>
turndown        "5\\. November 2026: Der Minister tagt.\n\n\\+ 4 % Umsatz\n\n\\# 7 der Liste"
END
