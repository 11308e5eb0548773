# tools.sh - install from the host's packages what a bench script lacks. Sourced by run and profile.

# bench_need COMMAND PACKAGE: afterwards COMMAND is there, or we say what to do and stop.
bench_need() {
    if command -v "$1" >/dev/null 2>&1; then
        return 0
    fi
    echo "bench: installing $2 ($1 is missing)"
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        as=(sudo)
    fi
    if ! "${as[@]}" apt-get install -y -q --no-install-recommends "$2" >/dev/null; then
        echo "bench: $1 is missing and package $2 could not be installed; install it by hand" >&2
        exit 2
    fi
}
