#!/usr/bin/env bash
# Every ZIP file is a Word document: a plain archive of pictures, an Excel sheet, a presentation and an
# OpenDocument text get Word's media type. An MP4 of the DASH brands is nothing at all.
# puremagic 1.30. Guess: the members' names, or the ZIP's own type, decide.
source "$(dirname "$0")/lib.sh"

pip_install puremagic==1.30
cat >try.py <<'EOF'
import io
import struct
import zipfile

import puremagic


def zipped(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


brands = b"ftypiso6\0\0\0\0iso6dash"
for what, content in {
    "pictures": zipped("a.jpg", "b.jpg"),
    "docx": zipped("[Content_Types].xml", "word/document.xml"),
    "xlsx": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "dash": struct.pack(">I", len(brands) + 4) + brands + bytes(64),
}.items():
    try:
        print(what, puremagic.from_string(content, mime=True).rpartition(".")[2])
    except puremagic.PureError as error:
        print(what, type(error).__name__)
EOF
"$python" try.py >"$seen"
compare <<'EOF'
pictures document
docx document
xlsx document
dash PureError
EOF
