#!/usr/bin/env bash
# inscriptis, which lays HTML out "as a browser does", lets <section>s run together, and <center>, <details>.
#
# Guess: every element that HTML's own style sheet displays as a block begins a line, as <article> and <aside> do.
# True:  its style sheet lacks these: "First.Second." The other half of HTML's sections is there.
#        Of other kept writers turbohtml lacks <center> and <dialog>, html-to-text (npm) <details> too.
# Seen:  inscriptis 2.7.6, turbohtml 1.15.4, html-to-text 10.0.1, November 2026.
# For us: words that run together are not found again; our writer has a test for each block of HTML.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check inscriptis==2.7.6 turbohtml==1.15.4
venv/bin/pip freeze --disable-pip-version-check 2>/dev/null | grep -E 'html2text|inscriptis|turbohtml' || true
echo '{"private": true}' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts html-to-text@10.0.1
echo "html-to-text@10.0.1"

cat >read.py <<'PY'
import inscriptis, turbohtml

names = "article aside section center details dialog".split()
for library, read in (
    ("inscriptis", inscriptis.get_text),
    ("turbohtml", lambda html: turbohtml.parse(html).to_text()),
):
    joined = [name for name in names if "ab" in read(f"<div><{name} open>a</{name}><{name} open>b</{name}></div>")]
    print(library, "joins:", *joined)
PY
cat >read.js <<'JS'
const { convert } = require('html-to-text');
const names = ['article', 'aside', 'section', 'center', 'details', 'dialog'];
const joined = names.filter(name => convert(`<div><${name} open>a</${name}><${name} open>b</${name}></div>`).includes('ab'));
console.log('html-to-text joins:', ...joined);
JS
{
    venv/bin/python read.py
    node read.js
} >seen
cat >expected <<'END'
inscriptis joins: section center details dialog
turbohtml joins: center dialog
html-to-text joins: center details dialog
END
cat seen
diff -u expected seen || { echo "changed: the behaviour is no longer as described" >&2; exit 1; }
echo "as described"
