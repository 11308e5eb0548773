#!/usr/bin/env bash
# build.sh - the one entry point: everything a person or a machine does with this tree starts here.
# Without arguments it lists what it can do. All output goes below .out/, which "clean" removes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD
out=$root/.out
logs=$out/log

usage() {
    cat <<'EOF'
./build.sh run [DIR]        build and start the gateway in the foreground, with the demo documents (or those in DIR)
./build.sh test [NAME]      everything that must hold: unit, simulation, fuzz corpora, tidy, scenarios, interop, soak;
                            with NAME only the test programs whose name contains it
./build.sh build [--locked] build the release and its bill of materials; --locked insists on proxy/deps/deps.lock
./build.sh tidy             check layers, names, lengths, banned calls, documentation rows
./build.sh bench [...]      measure against nginx and HAProxy (bench/run)
./build.sh fuzz NAME [SEC]  fuzz one parser (tests/fuzz/NAME_fuzz.c) until Ctrl-C or for SEC seconds
./build.sh sim NAME [SEED]  run one simulation (tests/sim/NAME_sim.c), replaying SEED if given
./build.sh clean            remove what was built; fetched archives stay
./build.sh help             this text

It installs the Debian packages it lacks (with sudo when not root). FORGE_SOURCES=DIR takes third-party archives from a
folder in place of the package mirror.
EOF
}

# ---- saying ---------------------------------------------------------------------------------------------------------
if [ -t 1 ]; then
    tty=yes bold=$'\e[1m' red=$'\e[31m' dim=$'\e[2m' plain=$'\e[0m' wipe=$'\r\e[K'
else
    tty='' bold='' red='' dim='' plain='' wipe=''
fi

say() { printf '%s%s%s\n' "$bold" "$*" "$plain"; }
die() { printf '%s%s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

# Ctrl-C ends what we started, each by its own process group, and nothing else.
children=()
stop_children() {
    local pid
    trap '' INT TERM
    for pid in "${children[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
}
trap 'stop_children; printf "%s\n" "${wipe}stopped" >&2; exit 130' INT TERM

# start LOG CMD...: in the background, in a process group of its own; its id is then in $started.
start() {
    local log=$1
    shift
    setsid "$@" >"$log" 2>&1 </dev/null &
    started=$!
    children+=("$started")
}

# Has it ended? Then it also leaves the list of children.
running() { kill -0 "$1" 2>/dev/null; }

forget() {
    local pid left=()
    for pid in "${children[@]}"; do [ "$pid" = "$1" ] || left+=("$pid"); done
    children=("${left[@]}")
}

# The part of a log that says what went wrong: of ninja's, the failed commands' output without the commands.
log_end() {
    if grep -aq '^FAILED: ' "$1"; then
        sed -n '/^FAILED: /,$p' "$1" | grep -avE '^(\[[0-9]+/[0-9]+\] |: && |/\S+ -)' | head -n 40
    else
        tail -n 40 "$1"
    fi
}

log_of() { printf '%s/%s.log\n' "$logs" "$(tr -cs 'a-zA-Z0-9\n' - <<<"$1")"; }

# try LABEL CMD...: run it with its output in a log and show that time passes. Answers what the command answered.
try() {
    local label=$1 log since=$SECONDS told=0 status=0 pid at
    shift
    mkdir -p "$logs"
    log=$(log_of "$label")
    start "$log" "$@"
    pid=$started
    while running "$pid"; do
        at=$((SECONDS - since))
        if [ -n "$tty" ] && [ "$at" -ge 2 ]; then
            printf '%s  %s %s%d s %s%s' "$wipe" "$label" "$dim" "$at" \
                "$(grep -aoE '\[[0-9]+/[0-9]+\]' "$log" | tail -n 1 || true)" "$plain"
        elif [ -z "$tty" ] && [ $((at / 30)) -gt "$told" ]; then
            told=$((at / 30))
            printf '  %s ... %d s\n' "$label" "$at"
        fi
        sleep 0.1
    done
    wait "$pid" || status=$?
    forget "$pid"
    printf '%s' "$wipe"
    sed -n 's/^forge-note: /  /p' "$log"
    [ "$status" -eq 0 ] || return "$status"
    [ $((SECONDS - since)) -lt 2 ] || printf '  %s %s%d s%s\n' "$label" "$dim" $((SECONDS - since)) "$plain"
}

# failed LABEL: show what its log says went wrong, and end.
failed() {
    local log
    log=$(log_of "$1")
    log_end "$log" >&2
    die "failed: $1 (whole log: ${log#"$root"/})"
}

step() { try "$@" || failed "$1"; }

# ---- what the host must have ----------------------------------------------------------------------------------------
# need WHAT:PACKAGE...: install the packages whose WHAT (a command, or a file if it starts with a slash) is missing.
need() {
    local pair what missing=()
    for pair in "$@"; do
        what=${pair%%:*}
        case $what in
        /*) compgen -G "$what" >/dev/null || missing+=("${pair#*:}") ;;
        *)  command -v "$what" >/dev/null || missing+=("${pair#*:}") ;;
        esac
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

# as_root LABEL CMD...: sudo may ask for a password, so it keeps the terminal and runs in the foreground.
as_root() {
    local label=$1 log
    shift
    if [ "$(id -u)" -eq 0 ]; then
        try "$label" env DEBIAN_FRONTEND=noninteractive "$@"
        return
    fi
    printf '  %s (sudo)\n' "$label"
    mkdir -p "$logs"
    log=$(log_of "$label")
    sudo env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1
}

install_packages() {
    local label="installing $*"
    command -v apt-get >/dev/null || die "This host has no apt. Please install what these Debian packages hold: $*"
    [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null || die "Packages are missing. As root: apt-get install $*"
    # An index that knows the packages saves the update; an old one names files that the mirror no longer has.
    if apt-cache show --no-all-versions "$@" >/dev/null 2>&1 &&
        as_root "$label" apt-get -q -y --no-install-recommends install "$@"; then
        return
    fi
    as_root 'reading package lists' apt-get -q update || failed 'reading package lists'
    as_root "$label" apt-get -q -y --no-install-recommends install "$@" || failed "$label"
}

need_build() {
    need gcc:gcc /usr/include/x86_64-linux-gnu/sys/types.h:libc6-dev cmake:cmake ninja:ninja-build make:make \
        xz:xz-utils "/usr/lib/*/libpcre2-8.a:libpcre2-dev" "/usr/lib/*/libz.a:zlib1g-dev" \
        "/usr/share/keyrings/debian-archive-keyring.*:debian-archive-keyring"
}
need_tests() { need git:git /usr/include/cmocka.h:libcmocka-dev python3:python3; }
need_clang() { need clang:clang "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-x86_64.a:libclang-rt-dev"; }

# A suite may ask for packages of its own: tests/<suite>/packages, one what:package a line.
need_suite() {
    local pairs
    [ -f "tests/$1/packages" ] || return 0
    mapfile -t pairs < <(grep -Ev '^[[:space:]]*(#|$)' "tests/$1/packages")
    [ ${#pairs[@]} -eq 0 ] || need "${pairs[@]}"
}

# ---- building -------------------------------------------------------------------------------------------------------
deps() { step 'third-party libraries' proxy/deps/make.sh "$out/deps" "$@"; }

# compile PRESET [TARGET...]: ninja configures again by itself when a rule or the set of files has changed.
compile() {
    local preset=$1 dir=$out/$1
    shift
    if ! grep -qs "^CMAKE_HOME_DIRECTORY:INTERNAL=$root\$" "$dir/CMakeCache.txt" || [ ! -f "$dir/build.ninja" ]; then
        rm -rf "$dir"
        step "configuring $preset" cmake --preset "$preset"
    fi
    step "compiling $preset" ninja -C "$dir" "$@"
}

build_release() {
    need_build
    deps "$@"
    compile release programs
}

verb_build() {
    say 'Building the release'
    build_release "$@"
    proxy/deps/sbom.sh "$out" >"$out/release/forged.cdx.json"
    say "Built: .out/release/forged, bill of materials in .out/release/forged.cdx.json"
}

verb_run() {
    local config=${1:-proxy/demo}
    [ -d "$config" ] || die "no folder $config"
    say "Starting the gateway with the documents in $config (Ctrl-C ends it)"
    build_release
    mkdir -p "$out/run"
    printf "look and change: .out/release/forgectl help\n"
    exec "$out/release/forged" --config "$config" --state "$out/run"
}

verb_tidy() {
    need_build
    need_tests
    deps
    exec python3 tests/tidy/tidy.py
}

verb_bench() {
    say 'Measuring against nginx and HAProxy'
    build_release
    compile release bench_routes
    exec bench/run "$@"
}

# names_of KIND: what stands in tests/KIND, without the ending that all share.
names_of() {
    find "tests/$1" -maxdepth 1 -name "*_$1.c" -printf '%f\n' 2>/dev/null | sed "s/_$1\.c\$//" | sort | xargs
}

verb_fuzz() {
    local name=${1:-} seconds=${2:-0}
    [ -f "tests/fuzz/${name}_fuzz.c" ] ||
        die "fuzz NAME, one of: $(names_of fuzz)"
    say "Fuzzing $name; new inputs go to .out/fuzz-corpus/$name, inputs that break it to .out/fuzz-found/"
    need_build
    need_clang
    deps
    compile fuzz "${name}_fuzz"
    mkdir -p "$out/fuzz-corpus/$name" "$out/fuzz-found" "tests/fuzz/corpus/$name"
    exec "$out/fuzz/${name}_fuzz" -max_total_time="$seconds" -artifact_prefix="$out/fuzz-found/$name-" -timeout=10 \
        "$out/fuzz-corpus/$name" "tests/fuzz/corpus/$name"
}

verb_sim() {
    local name=${1:-} seed=${2:-}
    [ -f "tests/sim/${name}_sim.c" ] ||
        die "sim NAME, one of: $(names_of sim)"
    say "Simulating $name${seed:+, seed $seed}"
    need_build
    need_tests
    deps
    compile asan "${name}_sim"
    [ -z "$seed" ] || export FORGE_SEED=$seed
    exec "$out/asan/${name}_sim"
}

verb_clean() {
    say 'Removing what was built (archives in .out/deps/archives stay)'
    [ -d "$out" ] || return 0
    find "$out" -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +
    [ ! -d "$out/deps" ] || find "$out/deps" -mindepth 1 -maxdepth 1 ! -name archives -exec rm -rf {} +
}

# ---- the verdict ----------------------------------------------------------------------------------------------------
# A suite is a program that prints "ok NAME", "not ok NAME: reason" or "skip NAME: reason" lines; anything else that it
# prints is detail. Two lanes run beside each other: one keeps the processor busy, the other mostly waits.
suite_programs() { tests/run.sh "$out/asan" - "$name_part"; }
suite_threads() { tests/run.sh "$out/tsan" tests/threads.txt "$name_part"; }
suite_tidy() { python3 tests/tidy/tidy.py --suite; }
suite_scenario() { tests/scenario/run; }
suite_interop() { tests/interop/run; }
suite_soak() { tests/soak/run; }

# lane SUITE...: one after the other, the lines of each into .out/test/SUITE.
lane() {
    local suite status
    for suite in "$@"; do
        status=0
        # Appending, because programs beside each other write to it.
        "suite_$suite" >>"$out/test/$suite" 2>"$out/test/$suite.err" || status=$?
        if [ "$status" -ne 0 ] && ! grep -aq '^not ok ' "$out/test/$suite"; then
            printf 'not ok %s: ended with status %d: %s\n' "$suite" "$status" \
                "$(tail -n 1 "$out/test/$suite.err" | tr -d '\000-\010')" >>"$out/test/$suite"
        elif ! grep -aqE '^(ok|not ok|skip) ' "$out/test/$suite" && [ -z "$name_part" ]; then
            printf 'not ok %s: it reported no test at all\n' "$suite" >>"$out/test/$suite"
        fi
    done
}

# count_lines PATTERN [SUITE]: how many lines of all suites, or of one, look so.
count_lines() { cat "$out"/test/${2:-*} 2>/dev/null | grep -acE "$1" || true; }

verb_test() {
    local pid pids=() work=(programs) wait_for=() programs threads
    local suite since=$SECONDS told=0 passed failed skipped line
    name_part=${1:-}
    say "Testing${name_part:+ the programs named *$name_part*}"
    need_build
    need_tests
    deps
    if [ -z "$name_part" ]; then
        work=(tidy programs)
        need_clang
        for suite in scenario interop soak; do
            [ ! -x "tests/$suite/run" ] || { need_suite "$suite"; wait_for+=("$suite"); }
        done
    fi
    # The list of programs is known once the build is configured; with a name only those are compiled.
    compile asan build.ninja
    mapfile -t programs < <(tests/run.sh --targets "$out/asan" - "$name_part")
    mapfile -t threads < <(tests/run.sh --targets "$out/asan" tests/threads.txt "$name_part")
    [ ${#programs[@]} -gt 0 ] || die "no test program is called *$name_part*"
    if [ -n "$name_part" ]; then compile asan "${programs[@]}"; else compile asan; fi
    if [ ${#threads[@]} -gt 0 ]; then
        compile tsan "${threads[@]}"
        work+=(threads)
    fi
    [ ${#wait_for[@]} -eq 0 ] || compile release programs
    rm -rf "$out/test"
    mkdir -p "$out/test"
    # What the suites may lean on: the program under the sanitizers, and the release for what is timed.
    export FORGED=$out/asan/forged FORGED_RELEASE=$out/release/forged FORGE_OUT=$out
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    export -f lane $(compgen -A function suite_)
    export out name_part
    start "$out/test.work.log" bash -c 'lane "$@"' lane "${work[@]}"
    pids+=("$started")
    if [ ${#wait_for[@]} -gt 0 ]; then
        start "$out/test.wait.log" bash -c 'lane "$@"' lane "${wait_for[@]}"
        pids+=("$started")
    fi
    for pid in "${pids[@]}"; do
        while running "$pid"; do
            line="$(count_lines '^ok ') passed, $(count_lines '^not ok ') failed so far"
            if [ -n "$tty" ]; then
                printf '%s  %s %s%d s%s' "$wipe" "$line" "$dim" $((SECONDS - since)) "$plain"
            elif [ $(((SECONDS - since) / 30)) -gt "$told" ]; then
                told=$(((SECONDS - since) / 30))
                printf '  %s, %d s\n' "$line" $((SECONDS - since))
            fi
            sleep 0.5
        done
        wait "$pid" || true
        forget "$pid"
    done
    printf '%s' "$wipe"
    cat "$out"/test.{work,wait}.log 2>/dev/null || true
    for suite in "${work[@]}" "${wait_for[@]}"; do
        printf '  %-9s %d passed, %d failed, %d skipped\n' "$suite" "$(count_lines '^ok ' "$suite")" \
            "$(count_lines '^not ok ' "$suite")" "$(count_lines '^skip ' "$suite")"
    done
    grep -ahE '^(not ok|skip) ' "$out"/test/* || true
    passed=$(count_lines '^ok ') failed=$(count_lines '^not ok ') skipped=$(count_lines '^skip ')
    [ "$failed" -eq 0 ] || printf 'details: .out/test/ and .out/test-logs/\n'
    printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" -eq 0 ] || printf ', %d skipped' "$skipped")"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}

verb=${1:-help}
[ $# -eq 0 ] || shift
case $verb in
run | test | build | tidy | bench | fuzz | sim | clean) "verb_$verb" "$@" ;;
help | -h | --help) usage ;;
*) usage >&2; die "no such verb: $verb" ;;
esac
