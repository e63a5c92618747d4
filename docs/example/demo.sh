#!/bin/sh
# Starts a server on a free port of this machine, asks it about a real case, and stops it.
# `make demo` runs it; by hand: sh docs/example/demo.sh, with `rashpath` on the PATH.
set -eu

case=$(dirname "$0")/spreading.yaml
folder=$(mktemp -d)
server=

finish() {
    code=$?
    trap - EXIT
    if [ -n "$server" ]; then
        kill -TERM "$server" 2>/dev/null || true
        wait "$server" || true
    fi
    [ "$code" -eq 0 ] || { echo "the demo failed; the server's log:" >&2; cat "$folder/log" >&2; }
    rm -rf "$folder"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

show() {
    printf '\n$ %s\n' "$*"
    "$@"
}

# What the reader has set for a server of his own has no part in this.
for name in $(env | sed -n 's/^\(RASHPATH_[A-Za-z0-9_]*\)=.*/\1/p'); do
    unset "$name"
done

: >"$folder/log"
printf '$ rashpath serve --address 127.0.0.1:0 &\n'
rashpath serve --address 127.0.0.1:0 --ready-file "$folder/address" \
    --audit-url "sqlite:///$folder/audit.db" 2>>"$folder/log" &
server=$!

tries=0
until [ -s "$folder/address" ]; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || { echo "error: the server was not ready within 30 seconds" >&2; exit 1; }
    kill -0 "$server" 2>/dev/null || { echo "error: the server did not start" >&2; exit 1; }
    sleep 0.1
done
RASHPATH_ADDRESS=$(cat "$folder/address")
export RASHPATH_ADDRESS
echo "serving on $RASHPATH_ADDRESS"

show rashpath evaluate "$case"
show rashpath explain "$case" --why start_foscarnet --why-not acyclovir_oral_hiv_zoster

printf '\n$ kill -TERM the server\n'
kill -TERM "$server"
stopped=0
wait "$server" || stopped=$?
server=
[ "$stopped" -eq 0 ] || { echo "error: the server ended with exit code $stopped" >&2; exit 1; }
echo "it let its calls finish and ended with exit code 0"
