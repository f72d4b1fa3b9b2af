#!/usr/bin/env bash
# "10-20 million" is 1020 million where a line of a PDF ends at the hyphen.
#
# Guess: tools that join words that were divided at the end of a line do so between letters; "2025-" and "2026" stay apart, or keep
#        their hyphen, as do "EU-" before a capital and names such as "Baden-Baden".
# True:  pdftotext, as it is without options, and PyMuPDF4LLM take away any hyphen at the end of a line: "20252026", "1020 million",
#        "BadenBaden", a telephone number without its hyphen. kreuzberg spares digits; with Markdown it joins names, in plain text it
#        keeps all hyphens, divided words' too. pdf-oxide spares digits and capitals in plain text, and keeps all hyphens in
#        Markdown. pypdf, pdfplumber, markitdown and unpdf leave lines as they are; so do pdftotext -layout and PyMuPDF's get_text().
# Seen:  pdftotext 22.12.0 (Debian 12), PyMuPDF4LLM 2.0, kreuzberg 4.10.4, pdf-oxide 0.3.78, pypdf 7.1.1, pdfplumber 0.11.10,
#        markitdown 0.1.9, unpdf 1.7.0 (npm), December 2026.
# For us: PDFs are attachments; no text is taken from them. Who does takes the lines as they are, and asks where a digit follows.
. "$(dirname "$0")/lib.sh"
pip_install reportlab==5.1.0 pymupdf4llm==2.0 pymupdf==2.0 kreuzberg==4.10.4 pdf-oxide==0.3.78 pypdf==7.1.1 pdfplumber==0.11.10 \
    'markitdown[pdf]==0.1.9'
npm_install unpdf@1.7.0
debian poppler-utils=22.12.0-2+deb12u3 libpoppler126=22.12.0-2+deb12u3 libfontconfig1 libfreetype6 libjpeg62-turbo liblcms2-2 \
    libnspr4 libnss3 libopenjp2-7 libpng16-16 libtiff6

"$python" - <<'PY'
from reportlab.pdfgen.canvas import Canvas

page = Canvas("release.pdf", invariant=True)
for number, line in enumerate(
    (
        "The budget for 2025-",
        "2026 grows by 10-",
        "20 million euros. The EU-",
        "Kommission meets in Baden-",
        "Baden, says the min-",
        "ister; telephone 030-",
        "123456.",
    )
):
    page.drawString(72, 780 - 14 * number, line)
page.save()
PY
cat >read.py <<'PY'
import warnings

import kreuzberg
import pdf_oxide
import pdfplumber
import pymupdf
import pymupdf4llm
import pypdf
from markitdown import MarkItDown

warnings.simplefilter("ignore")
path = "release.pdf"
markdown = kreuzberg.ExtractionConfig(output_format="markdown")
for name, text in {
    "PyMuPDF4LLM": pymupdf4llm.to_markdown(path),
    "PyMuPDF": pymupdf.open(path)[0].get_text(),
    "kreuzberg": kreuzberg.extract_file_sync(path).content,
    "kreuzberg, Markdown": kreuzberg.extract_file_sync(path, config=markdown).content,
    "pdf-oxide": pdf_oxide.PdfDocument(path).extract_text(0),
    "pdf-oxide, Markdown": pdf_oxide.PdfDocument(path).to_markdown(0),
    "pypdf": pypdf.PdfReader(path).pages[0].extract_text(),
    "pdfplumber": pdfplumber.open(path).pages[0].extract_text(),
    "markitdown": MarkItDown().convert(path).text_content,
}.items():
    print(f"{name}: {' / '.join(text.splitlines()).strip(' /')}")
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import { extractText, getDocumentProxy } from 'unpdf';
const document = await getDocumentProxy(new Uint8Array(fs.readFileSync('release.pdf')));
const { text } = await extractText(document, { mergePages: true });
console.log(`unpdf: ${text.trim().split('\n').join(' / ')}`);
JS
{
    for option in "" -layout; do
        # shellcheck disable=SC2086
        unpacked "$root/usr/bin/pdftotext" $option release.pdf text.txt || missing "libraries of pdftotext"
        echo "pdftotext $option: $(tr -d '\f' <text.txt | sed 's/^ *//' | grep . | paste -sd '|' | sed 's,|, / ,g')" | sed 's/ : /: /;s/pdftotext :/pdftotext:/'
    done
    "$python" -W ignore read.py 2>/dev/null | grep '^[a-zA-Z0-9, -]*: ' | grep -v ^Warning
    node read.mjs
} >"$seen"
compare <<'END'
pdftotext: The budget for 20252026 grows by 1020 million euros. The EUKommission meets in BadenBaden, says the minister; telephone 030123456.
pdftotext -layout: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
PyMuPDF4LLM: The budget for 20252026 grows by 1020 million euros. The EUKommission meets in BadenBaden, says the minister; telephone 030123456.
PyMuPDF: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
kreuzberg: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU-Kommission meets in Baden-Baden, says the min-ister; telephone 030- / 123456.
kreuzberg, Markdown: The budget for 2025- 2026 grows by 10- 20 million euros. The EUKommission meets in BadenBaden, says the minister; telephone 030- 123456.
pdf-oxide: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the minister; telephone 030- / 123456.
pdf-oxide, Markdown: The budget for 2025-2026 grows by 10-20 million euros. The EU-Kommission meets in Baden-Baden, says the min-ister; telephone 030-123456.
pypdf: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
pdfplumber: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
markitdown: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
unpdf: The budget for 2025- / 2026 grows by 10- / 20 million euros. The EU- / Kommission meets in Baden- / Baden, says the min- / ister; telephone 030- / 123456.
END
