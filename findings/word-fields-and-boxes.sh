#!/usr/bin/env bash
# Of what Word shows within the text, a date that it keeps up to date is gone, or the lead, or the paragraph beside a text box.
#
# Guess: what Word shows within the text is text to whoever reads the file: a field's last result, a content control's content, a
#        paragraph with a text box in it; an equation is left out, or written 1/2.
# True:  mammoth, and markitdown with it, lose the result of a simple field: "Berlin, : The" for "Berlin, 5 November 2026: The". So
#        do docx2md, python-docx, docx-parser-converter and docx-preview; of these the first three lose content controls, too,
#        of which templates consist. kreuzberg has a text box's text, and loses the paragraph that it stands in. "1/2" is 12 in
#        docx2python and word-extractor, and stands in front of its sentence in kreuzberg. No error, no warning.
# Seen:  mammoth 1.13.0, markitdown 0.1.9, kreuzberg 4.10.4, docx2md 1.0.5, docx2python 3.7.1, python-docx 1.2.0,
#        docx-parser-converter 1.0.3 (PyPI), officeparser 8.1.1, word-extractor 1.0.4, docx-preview 0.4.1 (npm), December 2026.
# For us: a pass of our own writes what mammoth would not see as plain runs before mammoth reads.
. "$(dirname "$0")/lib.sh"
pip_install kreuzberg==4.10.4 docx2md==1.0.5 docx2python==3.7.1 python-docx==1.2.0 mammoth==1.13.0 docx-parser-converter==1.0.3 \
    'markitdown[docx]==0.1.9'
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
from markitdown import MarkItDown

NAMESPACES = " ".join(
    f'xmlns:{prefix}="http://schemas.{name}"'
    for prefix, name in {
        "w": "openxmlformats.org/wordprocessingml/2006/main",
        "mc": "openxmlformats.org/markup-compatibility/2006",
        "wp": "openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "a": "openxmlformats.org/drawingml/2006/main",
        "m": "openxmlformats.org/officeDocument/2006/math",
        "wps": "microsoft.com/office/word/2010/wordprocessingShape",
    }.items()
) + ' xmlns:v="urn:schemas-microsoft-com:vml"'


def text(words: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{words}</w:t></w:r>'


BOX = f"<w:txbxContent><w:p>{text('Box.')}</w:p></w:txbxContent>"
SHAPE = "http://schemas.microsoft.com/office/word/2010/wordprocessingShape"
PARTS = {
    "field": f"""<w:p {NAMESPACES}>{text("Berlin, ")}<w:fldSimple w:instr=' DATE \\@ "d MMMM yyyy" '>{text("5 November 2026")}</w:fldSimple>
        {text(": The")}</w:p>""",
    "control": f"""<w:sdt {NAMESPACES}><w:sdtPr><w:alias w:val="Lead"/></w:sdtPr><w:sdtContent><w:p>{text("Lead of a template.")}</w:p>
        </w:sdtContent></w:sdt>""",
    "inline control": f"""<w:p {NAMESPACES}>{text("By ")}<w:sdt><w:sdtPr><w:alias w:val="Author"/></w:sdtPr><w:sdtContent>{text("Ann")}
        </w:sdtContent></w:sdt>{text(" for us")}</w:p>""",
    "box": f"""<w:p {NAMESPACES}>{text("Beside ")}<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing>
        <wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="1905000" cy="952500"/><wp:docPr id="1" name="Text Box 1"/>
        <a:graphic><a:graphicData uri="{SHAPE}"><wps:wsp><wps:cNvSpPr txBox="1"/><wps:spPr/><wps:txbx>{BOX}</wps:txbx><wps:bodyPr/>
        </wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>{BOX}
        </v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>{text("the box")}</w:p>""",
    "fraction": f"""<w:p {NAMESPACES}>{text("Up by ")}<m:oMath><m:f><m:num><m:r><m:t>1</m:t></m:r></m:num>
        <m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath>{text(" percent")}</w:p>""",
}
for name, part in PARTS.items():
    document = docx.Document()
    document.add_paragraph("First.")
    document.element.body.insert(-1, parse_xml(part))
    path = f"{name}.docx"
    document.save(path)
    subprocess.run([sys.executable, "-m", "docx2md", path, "out.md"], check=True, capture_output=True)
    for library, got in {
        "mammoth": mammoth.extract_raw_text(open(path, "rb")).value,
        "markitdown": MarkItDown().convert(path).text_content,
        "kreuzberg": extract_file_sync(path).content,
        "docx2md": open("out.md").read(),
        "docx2python": docx2python(path).text,
        "python-docx": "\n".join(each.text for each in docx.Document(path).paragraphs),
        "docx-parser-converter": docx_to_text(path),
    }.items():
        print(f"{name:15} {library:22}", " ".join(got.split()))
PY
cat >read.cjs <<'JS'
const fs = require('fs');
const { JSDOM } = require('jsdom');
const names = ['field', 'control', 'inline control', 'box', 'fraction'];
const show = (name, library, text) => console.log(name.padEnd(15), library.padEnd(22), text.split(/\s+/).filter(Boolean).join(' '));
(async () => {
  for (const name of names) {
    const parsed = await (await require('officeparser').parseOffice(`${name}.docx`)).to('text');
    show(name, 'officeparser', parsed.value ?? parsed);
    const word = await new (require('word-extractor'))().extract(`${name}.docx`);
    show(name, 'word-extractor', `${word.getBody()} ${word.getTextboxes()}`);
  }
  const { window } = new JSDOM('<main></main>', { pretendToBeVisual: true });
  for (const name of ['document', 'DOMParser', 'XMLSerializer', 'Node', 'HTMLElement', 'Blob', 'requestAnimationFrame'])
    globalThis[name] = window[name];
  globalThis.window = window;
  for (const name of names.filter(each => each !== 'fraction')) { // formulas need more of a browser than jsdom has
    const main = window.document.createElement('main');
    await require('docx-preview').renderAsync(fs.readFileSync(`${name}.docx`), main, main);
    show(name, 'docx-preview', [...main.querySelectorAll('section')].map(each => each.innerHTML.replace(/<[^>]+>/g, ' ')).join(' '));
  }
  process.exit();
})();
JS
{
    "$python" -W ignore read.py
    node read.cjs
} | LC_ALL=C sort -s -k1,1 >"$seen"
compare <<'END'
box             mammoth                First. Beside the box Box.
box             markitdown             First. Beside the box Box.
box             kreuzberg              First. Box.
box             docx2md                First. Beside the box
box             docx2python            First. Box. Box. Beside the box
box             python-docx            First. Beside the box
box             docx-parser-converter  First. Beside the box
box             officeparser           First. Beside the box Box.
box             word-extractor         First. Beside the box Box.
box             docx-preview           First. Beside Box. the box
control         mammoth                First. Lead of a template.
control         markitdown             First. Lead of a template.
control         kreuzberg              First. Lead of a template.
control         docx2md                First.
control         docx2python            First. Lead of a template.
control         python-docx            First.
control         docx-parser-converter  First.
control         officeparser           First. Lead of a template.
control         word-extractor         First. Lead of a template.
control         docx-preview           First. Lead of a template.
field           mammoth                First. Berlin, : The
field           markitdown             First. Berlin, : The
field           kreuzberg              First. Berlin, 5 November 2026: The
field           docx2md                First. Berlin, : The
field           docx2python            First. Berlin, 5 November 2026: The
field           python-docx            First. Berlin, : The
field           docx-parser-converter  First. Berlin, : The
field           officeparser           First. Berlin, 5 November 2026: The
field           word-extractor         First. Berlin, 5 November 2026: The
field           docx-preview           First. Berlin, : The
fraction        mammoth                First. Up by percent
fraction        markitdown             First. Up by percent
fraction        kreuzberg              First. \frac{1}{2} Up by percent
fraction        docx2md                First. Up by percent
fraction        docx2python            First. Up by <latex>12</latex> percent
fraction        python-docx            First. Up by percent
fraction        docx-parser-converter  First. Up by percent
fraction        officeparser           First. Up by \frac12 percent
fraction        word-extractor         First. Up by 12 percent
inline control  mammoth                First. By Ann for us
inline control  markitdown             First. By Ann for us
inline control  kreuzberg              First. By Ann for us
inline control  docx2md                First. By for us
inline control  docx2python            First. By Ann for us
inline control  python-docx            First. By for us
inline control  docx-parser-converter  First. By for us
inline control  officeparser           First. By Ann for us
inline control  word-extractor         First. By Ann for us
inline control  docx-preview           First. By Ann for us
END
