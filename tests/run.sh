#!/usr/bin/env bash
# run.sh BUILD LIST [NAME] - run the test programs of a build folder, as many at a time as there are processors.
# run.sh --targets BUILD LIST [NAME] - only print the names of the programs.
#
# LIST is "-" for all programs of BUILD/tests.list, or a file whose lines start with the name of a program (what follows
# is the reason it is listed). With NAME, only programs whose name contains it. Prints one line a test: "ok NAME",
# "not ok NAME: reason" or "skip NAME: reason". What a program itself said is in .out/test-logs/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Print the lines of tests.list that are asked for.
picked() {
    local build=$1 list=$2 part=${3:-}
    if [ "$list" = - ]; then
        cat "$build/tests.list"
    else
        awk 'NR == FNR { if ($1 !~ /^#/) want[$1] = 1; next } $2 in want' "$list" "$build/tests.list"
    fi | awk -v part="$part" 'NF >= 2 && (part == "" || index($2, part))'
}

# run_one BUILD KIND NAME ARGS...: one program; its lines at once, so that programs beside each other do not mix.
run_one() {
    local build=$1 kind=$2 name=$3 log status=0 prefix lines
    shift 3
    prefix=$(basename "$build")
    log=.out/test-logs/$prefix-$name.log
    mkdir -p .out/test-logs
    CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${TEST_SECONDS_MAX:-300}" "$build/$name" "$@" >"$log.out" 2>"$log" \
        </dev/null || status=$?
    lines=$(
        # cmocka 1.1.5 writes "not ok 3 # SKIP name" for a skipped test, later versions "ok 3 # SKIP name".
        sed -nE -e "s|^(not )?ok [0-9]+ # SKIP (.*)|skip $prefix/$name/\2: it said so|p;t" \
            -e "s|^ok [0-9]+ - (.*)|ok $prefix/$name/\1|p;t" \
            -e "s|^not ok [0-9]+ - (.*)|not ok $prefix/$name/\1: see $log|p" "$log.out"
        if [ "$kind" = fuzz ] && [ "$status" -eq 0 ]; then
            printf 'ok %s/%s\n' "$prefix" "$name"
        elif [ "$status" -ge 124 ] || { [ "$status" -ne 0 ] && ! grep -q '^not ok [0-9]* - ' "$log.out"; }; then
            printf 'not ok %s/%s: ended with status %d: %s\n' "$prefix" "$name" "$status" \
                "$(grep -aE 'ERROR:|WARNING:|runtime error|must|not true' "$log" | head -n 1 | cut -c1-200)"
        elif [ "$status" -eq 0 ] && ! grep -qE '^(not )?ok ' "$log.out"; then
            printf 'not ok %s/%s: it reported no test at all\n' "$prefix" "$name"
        fi
    )
    # One write, which nobody can come between.
    [ -z "$lines" ] || printf '%s\n' "$lines"
    cat "$log.out" >>"$log"
    rm -f "$log.out"
}

if [ "$1" = --targets ]; then
    shift
    picked "$@" | awk '{ print $2 }'
    exit 0
fi
build=$1
export -f run_one
picked "$@" | xargs -r -P "$(nproc)" -I{} bash -c 'run_one "$1" $2' run_one "$build" {}
