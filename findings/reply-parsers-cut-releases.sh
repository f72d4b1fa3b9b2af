#!/usr/bin/env bash
# What strips quotations from mails takes the end of press releases that quote nobody's mail.
#
# Guess: a mail without quoted lines and without a signature comes out whole.
# True:  "On 5 November 2026 the minister wrote:" ends the text in all three, with everything behind it; a release's own head
#        ("From: … Date: … Subject: …") does in both of PyPI's. A list with a dash and no blank is a signature to
#        email_reply_parser, and so is a line of underscores before the notes. With German switched on, mail-parser-reply stops
#        at "schrieb der Minister:". Nothing tells that something is missing.
# Seen:  email_reply_parser 0.5.12, mail-parser-reply 1.36, npm's email-reply-parser 2.3.9, November 2026.
# For us: mails are never read through such a parser; a signature is cut at "-- " alone, if at all.
. "$(dirname "$0")/lib.sh"
pip_install email_reply_parser==0.5.12 mail-parser-reply==1.36
npm_install email-reply-parser@2.3.9

cat >releases.json <<'JSON'
{"list": "The plan.\n\nThree points:\n\n-First point\n-Second point\n-LAST\n",
 "letter": "The plan.\n\nOn 5 November 2026 the minister wrote:\n\"We shall act.\"\n\nThe letter is public. LAST\n",
 "head": "Press release\n\nFrom: Ministry of Finance\nDate: 5 November 2026\nSubject: Budget\n\nThe budget rises. LAST\n",
 "notes": "The plan.\n\n__________\nNotes to editors\n\n1. LAST\n",
 "German": "Der Plan.\n\nAm 5. November 2026 schrieb der Minister:\n\nWir handeln. LAST\n"}
JSON
cat >read.py <<'PY'
import json

from email_reply_parser import EmailReplyParser
from mailparser_reply import EmailReplyParser as Mail

READERS = {
    "email_reply_parser": EmailReplyParser.parse_reply,
    "mail-parser-reply": lambda text: Mail(languages=["en", "de"]).parse_reply(text=text),
}
for reader, read in READERS.items():
    for name, text in json.load(open("releases.json")).items():
        left = read(text)
        print(f"{reader:20} {name:6}", "whole" if "LAST" in left else json.dumps(left))
PY
cat >read.mjs <<'JS'
import fs from 'fs';
import Parser from 'email-reply-parser';
for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync('releases.json')))) {
  const left = new Parser().parseReply(text);
  console.log('npm'.padEnd(20), name.padEnd(6), left.includes('LAST') ? 'whole' : JSON.stringify(left));
}
JS
{
    "$python" read.py
    node read.mjs
} >"$seen"
compare <<'END'
email_reply_parser   list   "The plan.\n\nThree points:"
email_reply_parser   letter "The plan."
email_reply_parser   head   "Press release"
email_reply_parser   notes  "The plan."
email_reply_parser   German whole
mail-parser-reply    list   whole
mail-parser-reply    letter "The plan."
mail-parser-reply    head   "Press release"
mail-parser-reply    notes  whole
mail-parser-reply    German "Der Plan."
npm                  list   whole
npm                  letter "The plan.\n"
npm                  head   whole
npm                  notes  whole
npm                  German whole
END
