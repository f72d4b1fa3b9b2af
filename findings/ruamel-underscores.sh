#!/usr/bin/env bash
# ruamel.yaml writes "slug: 2026_11" back as "20_26_11".
#
# Guess: round-trip mode is made to give back what it read; numbers with underscores keep theirs.
# True:  it remembers only how many digits stood behind the last underscore, and puts one wherever so many digits end:
#        2026_11 comes back as 20_26_11, while 2026_1105 comes back whole. As numbers they are equal; as a slug or a file
#        name they are not, and a diff shows lines that nobody touched.
# Seen:  ruamel.yaml 0.19.1, November 2026.
# For us: headers of documents are read and never written back; what looks like a number and is a name is taken from the text.
. "$(dirname "$0")/lib.sh"
pip_install ruamel.yaml==0.19.1

"$python" - >"$seen" <<'PY'
import io

from ruamel.yaml import YAML

for line in ("slug: 2026_11", "slug: 2026_1105", "size: 1_000_000", "slug: 12_5"):
    yaml, written = YAML(), io.StringIO()
    yaml.dump(yaml.load(line), written)
    print(f"{line} -> {written.getvalue().strip()}")
PY
compare <<'END'
slug: 2026_11 -> slug: 20_26_11
slug: 2026_1105 -> slug: 2026_1105
size: 1_000_000 -> size: 1_000_000
slug: 12_5 -> slug: 1_2_5
END
