#!/usr/bin/env bash
# python-frontmatter reads Hugo's TOML headers as text, and says nothing.
#
# Guess: its documentation names YAML, JSON and TOML, and Python has had tomllib since 3.11, so "+++" is read.
# True:  the TOML handler exists only where the package toml (last released in 2020) happens to be installed, which is no
#        dependency. Without it the metadata are empty and the whole header is the first paragraph of the text: no error.
#        With it, installed later for something else, the same call reads the header.
# Seen:  python-frontmatter 1.3.0, toml 0.10.2, Python 3.11, November 2026.
# For us: the reader of Markdown exports splits the header itself and uses tomllib; a header that is not read is an error.
. "$(dirname "$0")/lib.sh"
pip_install python-frontmatter==1.3.0

cat >read.py <<'PY'
import frontmatter

post = frontmatter.loads('+++\ntitle = "Price cut"\ndate = 2026-11-05T09:00:00+02:00\n+++\nBody.\n')
print("title", repr(post.metadata.get("title")), "- text begins with", repr(post.content[:3]))
PY
{
    echo "as installed:"
    "$python" read.py
    pip_install toml==0.10.2 >/dev/null
    echo "with toml 0.10.2 besides:"
    "$python" read.py
} >"$seen"
compare <<'END'
as installed:
title None - text begins with '+++'
with toml 0.10.2 besides:
title 'Price cut' - text begins with 'Bod'
END
