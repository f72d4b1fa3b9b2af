#!/usr/bin/env bash
# A sentence that was moved in Word is published at both places, or nowhere.
#
# Guess: what leaves out deleted text and has inserted text treats a move, which is a deletion and an insertion, likewise: the
#        sentence stands at its new place.
# True:  kreuzberg and word-extractor leave out deletions and have both the place that the sentence was moved from and its new
#        one: the sentence is announced twice. docx2md and docx-preview have insertions and lose moved sentences altogether;
#        python-docx and docx-parser-converter lose insertions, too. No warning. (Deleted words have an element of their own in
#        Word's file; those that were moved away are text like any other.)
# Seen:  kreuzberg 4.10.4, word-extractor 1.0.4, docx2md 1.0.5, docx-preview 0.4.1, python-docx 1.2.0, docx-parser-converter 1.0.3;
#        right in mammoth 1.13.0 and officeparser 8.1.1; December 2026.
# For us: a pass of our own drops what was moved away before mammoth reads, and the sender is told of tracked changes.
. "$(dirname "$0")/lib.sh"
pip_install kreuzberg==4.10.4 docx2md==1.0.5 python-docx==1.2.0 mammoth==1.13.0 docx-parser-converter==1.0.3
npm_install officeparser@8.1.1 word-extractor@1.0.4 docx-preview@0.4.1 jsdom@26.1.0

cat >read.py <<'PY'
import subprocess
import sys

import docx
import mammoth
from docx.oxml import parse_xml
from docx_parser_converter import docx_to_text
from kreuzberg import extract_file_sync

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BY = 'w:author="Ann" w:date="2026-12-01T09:00:00Z"'


def text(words: str, element: str = "t") -> str:
    return f'<w:r><w:{element} xml:space="preserve">{words}</w:{element}></w:r>'


document = docx.Document()
for inner in (
    text("1.")
    + f'<w:moveFromRangeStart w:id="1" w:name="move1" {BY}/><w:moveFrom w:id="2" {BY}>{text(" Moved.")}</w:moveFrom><w:moveFromRangeEnd w:id="1"/>',
    text("2.") + f'<w:del w:id="3" {BY}>{text(" Deleted.", "delText")}</w:del><w:ins w:id="4" {BY}>{text(" Inserted.")}</w:ins>',
    text("3.")
    + f'<w:moveToRangeStart w:id="5" w:name="move1" {BY}/><w:moveTo w:id="6" {BY}>{text(" Moved.")}</w:moveTo><w:moveToRangeEnd w:id="5"/>',
):
    document.element.body.insert(-1, parse_xml(f"<w:p {W}>{inner}</w:p>"))
document.save("release.docx")
subprocess.run([sys.executable, "-m", "docx2md", "release.docx", "release.md"], check=True, capture_output=True)


def show(name: str, text: str) -> None:
    print(f"{name:22}", " ".join(text.split()))


show("mammoth", mammoth.extract_raw_text(open("release.docx", "rb")).value)
show("kreuzberg", extract_file_sync("release.docx").content)
show("docx2md", open("release.md").read())
show("python-docx", "\n".join(each.text for each in docx.Document("release.docx").paragraphs))
show("docx-parser-converter", docx_to_text("release.docx"))
PY
cat >read.cjs <<'JS'
const fs = require('fs');
const { JSDOM } = require('jsdom');
const show = (name, text) => console.log(name.padEnd(22), text.split(/\s+/).filter(Boolean).join(' '));
(async () => {
  const parsed = await (await require('officeparser').parseOffice('release.docx')).to('text');
  show('officeparser', parsed.value ?? parsed);
  const { window } = new JSDOM('<main></main>');
  for (const name of ['document', 'DOMParser', 'XMLSerializer', 'Node', 'HTMLElement', 'Blob']) globalThis[name] = window[name];
  globalThis.window = window;
  const main = window.document.querySelector('main');
  await require('docx-preview').renderAsync(fs.readFileSync('release.docx'), main, main);
  show('docx-preview', [...main.querySelectorAll('p')].map(each => each.textContent).join('\n'));
  show('word-extractor', (await new (require('word-extractor'))().extract('release.docx')).getBody());
})();
JS
{
    "$python" -W ignore read.py
    node read.cjs
} >"$seen"
compare <<'END'
mammoth                1. 2. Inserted. 3. Moved.
kreuzberg              1. Moved. 2. Inserted. 3. Moved.
docx2md                1. 2. Inserted. 3.
python-docx            1. 2. 3.
docx-parser-converter  1. 2. 3.
officeparser           1. 2. Inserted. 3. Moved.
docx-preview           1. 2. Inserted. 3.
word-extractor         1. Moved. 2. Inserted. 3. Moved.
END
