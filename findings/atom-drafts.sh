#!/usr/bin/env bash
# A blog that moves by its Atom export has its drafts published, and its readers' comments as posts.
#
# Guess: whoever imports Atom leaves out an entry that says it is a draft (app:draft, RFC 5023 13.1.1; Blogger's exports had it for
#        years), and an importer for Blogger reads the form in which Blogger exports today (blogger:type, blogger:status).
# True:  pelican-import --feed publishes the drafts of both forms, and the comments of the present one. blogger2hugo leaves out
#        drafts of the former form; of the present one it makes a post of everything, with "draft: false". Only pelican-import
#        --blogger, with the former form, knows a draft.
# Seen:  Pelican 4.12.0 with feedparser 6.0.14, blogger2hugo 0.1.0, December 2026.
# For us: mended: we published the drafts of both forms, and pages and comments; they are left out and counted.
. "$(dirname "$0")/lib.sh"
pip_install pelican==4.12.0 feedparser==6.0.14 beautifulsoup4==4.15.0 lxml==6.1.3 pypandoc_binary==1.17 blogger2hugo==0.1.0

cat >exports.py <<'PY'
from pathlib import Path

AUTHOR = "<author><name>Press office</name></author>"
DATES = "<published>2026-11-05T09:00:00Z</published><updated>2026-11-05T09:00:00Z</updated>"


def written(number, title, marks, page):
    return (
        f"<entry><id>tag:blogger.com,1999:blog-1.post-{number}</id>{AUTHOR}{DATES}{marks}<title type='text'>{title}</title>"
        f"<content type='html'>&lt;p&gt;Words.&lt;/p&gt;</content>"
        f"<link rel='alternate' type='text/html' href='https://press.example/2026/11/{page}.html'/></entry>"
    )


def kind(name):
    scheme = "http://schemas.google.com/g/2005#kind"
    return f"<category scheme='{scheme}' term='http://schemas.google.com/blogger/2008/kind#{name}'/>"


def state(kind, status):
    return f"<blogger:type>{kind}</blogger:type><blogger:status>{status}</blogger:status>"


def export(name, namespaces, *entries):
    Path(name).write_text(
        f"<?xml version='1.0' encoding='utf-8'?><feed xmlns='http://www.w3.org/2005/Atom' {namespaces}>"
        f"<id>tag:blogger.com,1999:blog-1</id><title>Press</title><updated>2026-11-05T10:00:00Z</updated>{AUTHOR}"
        f"{''.join(entries)}</feed>"
    )


draft = "<app:control><app:draft>yes</app:draft></app:control>"
export(
    "former.xml",
    "xmlns:app='http://www.w3.org/2007/app'",
    written(1, "A post", kind("post"), "post"),
    written(2, "A draft", draft + kind("post"), "draft"),
)
export(
    "present.xml",
    "xmlns:blogger='http://schemas.google.com/blogger/2018'",
    written(1, "A post", state("POST", "LIVE"), "post"),
    written(2, "A draft", state("POST", "DRAFT"), "draft"),
    written(3, "A comment", state("COMMENT", "LIVE"), "post"),
)
PY
python3 exports.py
PATH=$(echo "$work"/venv/lib/python3*/site-packages/pypandoc/files):$PATH

# shown NAME FILE COMMAND…: what the command wrote below "out" that is published.
shown() {
    local name=$1 file=$2
    shift 2
    rm -rf out && mkdir out
    "$@" >"$work/import.log" 2>&1
    grep -rhiE '^(title|status|draft):' out | tr -d '"' | paste -sd' ' |
        sed 's/[Tt]itle: /\n/g' | sed '/^$/d' | grep -viE 'status: draft|draft: true' | sed 's/ \(Status\|draft\):.*//; s/ *$//' |
        LC_ALL=C sort | paste -sd, | sed "s/^/$name  ${file%.xml}  /; s/,/, /g"
}
{
    for file in former.xml present.xml; do
        shown "pelican-import --feed   " $file "$work/venv/bin/pelican-import" --feed -o out -m markdown $file
        shown "blogger2hugo            " $file "$work/venv/bin/blogger2hugo" --out out $file
    done
    shown "pelican-import --blogger" former.xml "$work/venv/bin/pelican-import" --blogger -o out -m markdown former.xml
} >"$seen"
compare <<'END'
pelican-import --feed     former  A draft, A post
blogger2hugo              former  A post
pelican-import --feed     present  A comment, A draft, A post
blogger2hugo              present  A comment, A draft, A post
pelican-import --blogger  former  A post
END
