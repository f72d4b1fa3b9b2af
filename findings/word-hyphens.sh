#!/usr/bin/env bash
# "10-20 million" in a Word document is "1020 million".
#
# Guess: a hyphen that Word keeps on its line (Ctrl+Shift+Hyphen, an element of its own) comes out as a hyphen, as in python-docx,
#        or as U+2011, as in mammoth; a Japanese word with its reading above it stays, with the reading or without.
# True:  six tools, most of which prepare documents for search and language models, drop the hyphen without a warning: 2026-27 is
#        202627, 10-20 million is 1020 million; docx-preview shows a place to break the line where there must be none. Six lose
#        the word together with its reading, among them python-docx and mammoth; the other three write the reading first.
# Seen:  kreuzberg 4.10.4, docx2python 3.7.1, docx2md 1.0.5, officeparser 8.1.1, word-extractor 1.0.4, docx-preview 0.4.1; for
#        readings also python-docx 1.2.0, mammoth 1.13.0, docx-parser-converter 1.0.3; December 2026.
# For us: Word documents are read by mammoth behind a pass of our own, which has tests for both.
. "$(dirname "$0")/lib.sh"
pip_install kreuzberg==4.10.4 docx2md==1.0.5 docx2python==3.7.1 python-docx==1.2.0 mammoth==1.13.0 docx-parser-converter==1.0.3
npm_install officeparser@8.1.1 word-extractor@1.0.4 docx-preview@0.4.1 jsdom@26.1.0

cat >read.py <<'PY'
import subprocess
import sys

import docx
import mammoth
from docx.oxml import parse_xml
from docx2python import docx2python
from docx_parser_converter import docx_to_text
from kreuzberg import extract_file_sync

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
HYPHEN = "<w:noBreakHyphen/>"
READING = "<w:r><w:t>とうきょう</w:t></w:r>"
document = docx.Document()
for inner in (
    f"<w:r><w:t>In 2026</w:t>{HYPHEN}<w:t>27 COVID</w:t>{HYPHEN}<w:t>19 costs 10</w:t>{HYPHEN}<w:t>20 million</w:t></w:r>",
    f"<w:r><w:t>in:</w:t></w:r><w:r><w:ruby><w:rt>{READING}</w:rt><w:rubyBase><w:r><w:t>東京</w:t></w:r></w:rubyBase></w:ruby></w:r>",
):
    document.element.body.insert(-1, parse_xml(f"<w:p {W}>{inner}</w:p>"))
document.save("release.docx")
subprocess.run([sys.executable, "-m", "docx2md", "release.docx", "release.md"], check=True, capture_output=True)


def show(name: str, text: str) -> None:
    print(f"{name:22}", " | ".join(line.strip() for line in text.splitlines() if line.strip()))


show("python-docx", "\n".join(each.text for each in docx.Document("release.docx").paragraphs))
show("mammoth", mammoth.extract_raw_text(open("release.docx", "rb")).value)
show("docx-parser-converter", docx_to_text("release.docx"))
show("kreuzberg", extract_file_sync("release.docx").content)
show("docx2python", docx2python("release.docx").text)
show("docx2md", open("release.md").read())
PY
cat >read.cjs <<'JS'
const fs = require('fs');
const { JSDOM } = require('jsdom');
const show = (name, text) => console.log(name.padEnd(22), text.split('\n').map(line => line.trim()).filter(Boolean).join(' | '));
(async () => {
  const parsed = await (await require('officeparser').parseOffice('release.docx')).to('text');
  show('officeparser', parsed.value ?? parsed);
  show('word-extractor', (await new (require('word-extractor'))().extract('release.docx')).getBody());
  const { window } = new JSDOM('<main></main>');
  for (const name of ['document', 'DOMParser', 'XMLSerializer', 'Node', 'HTMLElement', 'Blob']) globalThis[name] = window[name];
  globalThis.window = window;
  const main = window.document.querySelector('main');
  await require('docx-preview').renderAsync(fs.readFileSync('release.docx'), main, main);
  show('docx-preview', [...main.querySelectorAll('p')].map(each => each.innerHTML.replace(/<(?!wbr)[^>]*>/g, '')).join('\n'));
})();
JS
{
    "$python" -W ignore read.py
    node read.cjs
} >"$seen"
compare <<'END'
python-docx            In 2026-27 COVID-19 costs 10-20 million | in:
mammoth                In 2026‑27 COVID‑19 costs 10‑20 million | in:
docx-parser-converter  In 2026-27 COVID-19 costs 10-20 million | in:
kreuzberg              In 202627 COVID19 costs 1020 million | in:とうきょう東京
docx2python            In 202627 COVID19 costs 1020 million | in:とうきょう東京
docx2md                In 202627 COVID19 costs 1020 million | in:
officeparser           In 202627 COVID19 costs 1020 million | in:
word-extractor         In 202627 COVID19 costs 1020 million | in:とうきょう東京
docx-preview           In 2026<wbr>27 COVID<wbr>19 costs 10<wbr>20 million | in:
END
