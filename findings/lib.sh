# Shared by the findings; sourced, never run. Everything happens in a temporary folder that is removed at the end.
#
# Exit codes of a finding: 0 the behaviour is as described, 1 it has changed, 2 something it needs is missing.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
export PYTHONPATH=$here  # origin.py
seen=$work/seen      # what the program printed; compare() reads it
root=$work/root      # where Debian packages are unpacked
started=()           # process ids of what background() started

cleanup() {
    local id
    for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done
    for id in "${started[@]}"; do wait "$id" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT
chmod 755 "$work"    # some servers give up root's rights and must still find their files
cd "$work"

missing() {
    echo "missing: $*" >&2
    exit 2
}

# pip_install PACKAGE==VERSION…: into a virtual environment of its own; $python runs in it.
pip_install() {
    command -v python3 >/dev/null || missing "python3"
    python=$work/venv/bin/python
    [ -x "$python" ] || python3 -m venv "$work/venv"
    "$python" -m pip install --quiet --disable-pip-version-check "$@" 2>"$work/pip.log" ||
        missing "$* ($(tail -n 1 "$work/pip.log"))"
    "$python" -m pip freeze --disable-pip-version-check 2>/dev/null | grep -iF "$(printf '%s\n' "$@")" || true
}

# npm_install PACKAGE@VERSION…: into $work; programs for node are written there too.
npm_install() {
    command -v npm >/dev/null || missing "node and npm"
    echo '{"private": true}' >"$work/package.json"
    npm install --silent --no-audit --no-fund --ignore-scripts "$@" >"$work/npm.log" 2>&1 || missing "$*"
    printf '%s\n' "$@"
}

# debian PACKAGE=VERSION…: unpacked into $root, not installed. Without a version: whatever apt offers.
debian() {
    command -v apt-get >/dev/null || missing "Debian 12's apt-get, for $*"
    mkdir -p "$work/debs" "$root"
    (cd "$work/debs" && rm -f ./*.deb && apt-get download -qq "$@" >/dev/null 2>"$work/apt.log") ||
        missing "$* (apt-get update, on Debian 12; $(tail -n 1 "$work/apt.log"))"
    local file
    for file in "$work"/debs/*.deb; do dpkg -x "$file" "$root"; done
    printf '%s\n' "$@" | grep = || true
    libraries=$(find "$root" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)
}

# unpacked COMMAND…: runs it with the libraries of the unpacked packages.
unpacked() { LD_LIBRARY_PATH=$libraries "$@"; }

# background COMMAND…: starts it; cleanup() ends it.
background() {
    "$@" >>"$work/background.log" 2>&1 &
    started+=($!)
}

free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# wait_for PORT: until something listens there.
wait_for() {
    local try
    for try in $(seq 150); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        sleep 0.1
    done
    cat "$work/background.log" >&2
    missing "nothing listens on port $1"
}

# compare: shows what was seen, and fails if it is not what stands on standard input.
compare() {
    cat >"$work/expected"
    cat "$seen"
    if ! diff -u --label 'as described' "$work/expected" --label 'seen now' "$seen" >&2; then
        echo "changed: the behaviour is no longer as described" >&2
        exit 1
    fi
    echo "as described"
}
