#!/usr/bin/env bash
# Who searches Hindi for "donation" finds "day": vowel signs are no part of a word.
#
# Guess: FTS5's unicode61 keeps the words of every script that has blanks between them; remove_diacritics is about Latin.
# True:  a word consists of letters, numbers and private characters; combining marks of other scripts are separators. Hindi,
#        Bengali, Tamil and Burmese words fall into their consonants, and words that differ in their vowels are the same phrase.
#        Arabic and Hebrew with vowel marks fall apart, too, and never meet the plain spelling. "categories 'L* N* Co M*'" keeps
#        words whole. (trigram finds neither Tokyo nor any other word of two characters.)
# Seen:  SQLite 3.40.1 (Debian 12; Python 3.11), November 2026.
# For us: whoever searches a copy of the releases in SQLite sets the categories. PostgreSQL keeps these words.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || missing "python3"

python3 - >"$seen" <<'PY'
import sqlite3

DAYS = ("दान", "दिन", "दीन")  # donation, day, poor
store = sqlite3.connect(":memory:")
for name, tokenize in (("plain", "unicode61"), ("marked", "unicode61 categories 'L* N* Co M*'"), ("trigram", "trigram")):
    store.execute(f'CREATE VIRTUAL TABLE {name} USING fts5 (text, tokenize = "{tokenize}")')
    store.execute(f"CREATE VIRTUAL TABLE {name}_words USING fts5vocab ({name}, 'row')")
    store.executemany(f"INSERT INTO {name} VALUES (?)", [(word,) for word in (*DAYS, "東京")])
    for word in ("दान", "東京"):
        found = store.execute(f"SELECT text FROM {name} WHERE {name} MATCH ?", (f'"{word}"',)).fetchall()
        print(name, word, "finds", *(text for (text,) in found))
for text in ("हिन्दी", "বাংলা", "தமிழ்", "مُحَمَّد", "שָׁלוֹם"):
    for name in ("plain", "marked"):
        store.execute(f"DELETE FROM {name}")
        store.execute(f"INSERT INTO {name} VALUES (?)", (text,))
    counts = [store.execute(f"SELECT sum(cnt) FROM {name}_words").fetchone()[0] for name in ("plain", "marked")]
    print(text, "is", *counts, "words")
PY
compare <<'END'
plain दान finds दान दिन दीन
plain 東京 finds 東京
marked दान finds दान
marked 東京 finds 東京
trigram दान finds दान
trigram 東京 finds
हिन्दी is 3 1 words
বাংলা is 2 1 words
தமிழ் is 2 1 words
مُحَمَّد is 4 1 words
שָׁלוֹם is 3 1 words
END
