#!/usr/bin/env bash
# Python's email takes the worse of two file names.
#
# Guess: with filename="fallback.pdf" and filename*=utf-8''Änderung.pdf, the starred one wins, as RFC 6266 4.3 says for HTTP
#        and mail programs do.
# True:  Python's email, and mail-parser upon it, give fallback.pdf, and the other name is not to be had from them; npm's
#        mailparser and postal-mime give Änderung.pdf. (Beside it: mail-parser counts a part of text/markdown neither among
#        the texts nor the attachments but in text_not_managed, which its examples do not mention.)
# Seen:  mail-parser 4.8.0, Python 3.11, npm mailparser 3.14.2, postal-mime 4.0.0, November 2026.
# For us: names of attachments are read from the raw header; every part is walked by hand, and one that is not read is named.
. "$(dirname "$0")/lib.sh"
pip_install mail-parser==4.8.0
npm_install mailparser@3.14.2 postal-mime@4.0.0

cat >mail.py <<'PY'
parts = (
    "Content-Type: text/plain; charset=utf-8\n\nCover note.\n",
    "Content-Type: text/markdown; charset=utf-8\n\n# Price cut\n",
    "Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"fallback.pdf\"; filename*=utf-8''%C3%84nderung.pdf\n\nPDF\n",
)
head = "From: Ann <ann@example.com>\nTo: desk@example.org\nSubject: Price cut\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
with open("mail.eml", "wb") as file:
    file.write((head + "".join(f"--b\n{part}" for part in parts) + "--b--\n").replace("\n", "\r\n").encode())
PY
"$python" mail.py
cat >read.py <<'PY'
import email
import email.policy
import logging

import mailparser

logging.disable()
raw = open("mail.eml", "rb").read()
message = email.message_from_bytes(raw, policy=email.policy.default)
print("email           ", [part.get_filename() for part in message.iter_attachments()])
parsed = mailparser.parse_from_bytes(raw)
print("mail-parser     ", [each["filename"] for each in parsed.attachments], f"texts {len(parsed.text_plain)}, not managed {len(parsed.text_not_managed)}")
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
const raw = fs.readFileSync('mail.eml');
for (const [name, message] of [['mailparser (npm)', await simpleParser(raw)], ['postal-mime     ', await PostalMime.parse(raw)]])
  console.log(name, JSON.stringify(message.attachments.map(each => each.filename ?? each.contentType ?? each.mimeType)));
JS
{
    "$python" read.py 2>/dev/null
    node read.mjs
} >"$seen"
compare <<'END'
email            [None, 'fallback.pdf']
mail-parser      ['fallback.pdf'] texts 1, not managed 1
mailparser (npm) ["text/markdown","Änderung.pdf"]
postal-mime      ["text/markdown","Änderung.pdf"]
END
