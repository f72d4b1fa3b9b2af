#!/usr/bin/env bash
# A release from "Stuttgart/München" is not found by "München".
#
# Guess: a slash parts words as blanks and dashes do; at most "and/or" is kept as a whole beside its parts.
# True:  PostgreSQL's text search takes words with a slash for the name of a file, which has no parts, and ends it at the first
#        letter beyond ASCII: "Stuttgart/München" is "stuttgart/m" and "ünchen", "Bund/Länder" is "bund/l" and "änder",
#        "SPD/Grüne/FDP" has no word of the three. "Berlin/Bonn" and "and/or" are one word each. Likewise a hyphen before digits
#        makes a negative number: "COVID-19" is found by "-19", not by "19", and a date by its year alone.
# Seen:  PostgreSQL 15 (Debian 12), configuration "simple"; the parser is the same in all languages, November 2026.
# For us: whoever searches a copy of the releases puts blanks for slashes, and for hyphens before digits, in text and query.
. "$(dirname "$0")/lib.sh"
programs=/usr/lib/postgresql/15/bin
[ -x "$programs/initdb" ] || missing "PostgreSQL 15 (apt-get install postgresql)"

as=() && [ "$(id -u)" = 0 ] && as=(runuser -u postgres --) && chown postgres "$work"
"${as[@]}" "$programs/initdb" -D "$work/data" -A trust -U finder -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
"${as[@]}" "$programs/postgres" --single -D "$work/data" postgres >"$work/single.txt" 2>"$work/single.log" <<'SQL' || true
SELECT text || '  ' || to_tsvector('simple', text)::text AS seen FROM (VALUES ('Stuttgart/München'), ('Bund/Länder'), ('SPD/Grüne/FDP'), ('Berlin/Bonn'), ('Bonn / Berlin'), ('COVID-19'), ('2026-11-05')) AS texts (text)
SELECT count(*)::text AS seen FROM (VALUES ('Stuttgart/München'), ('München'), ('Bern/Basel')) AS texts (text) WHERE to_tsvector('german', text) @@ websearch_to_tsquery('german', 'München')
SQL
sed -n 's/^.*: seen = "\(.*\)"[[:space:]]*(typeid.*$/\1/p' "$work/single.txt" >"$seen"
compare <<'END'
Stuttgart/München  'stuttgart/m':1 'ünchen':2
Bund/Länder  'bund/l':1 'änder':2
SPD/Grüne/FDP  '/fdp':3 'spd/gr':1 'üne':2
Berlin/Bonn  'berlin/bonn':1
Bonn / Berlin  'berlin':2 'bonn':1
COVID-19  '-19':2 'covid':1
2026-11-05  '-05':3 '-11':2 '2026':1
1
END
