#!/usr/bin/env bash
# fetch.sh OUT [--locked] - put the archives of deps.lock into OUT/archives, checked, and their sources into OUT/src.
#
# An archive comes from, in this order: OUT/archives (an earlier run), the folder $FORGE_SOURCES (if set), the package
# mirror that this host's own apt is set up to use. apt works in a private state directory below OUT: nothing of the
# host's apt configuration or package lists is read beyond the mirror's address, and nothing is changed.
# apt checks the suite's signature, the index and the archive; we check the archive against the lock file. When the
# mirror carries a newer upstream version, that is used and said in one line; with --locked it is an error.
# In $FORGE_SOURCES the files keep the names they have on the mirror: <package>_<version>.orig.tar.*, or
# <package>_<version>_*.deb for a row of form deb.
set -euo pipefail

out=$1
locked=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
lock=$here/deps.lock
archives=$out/archives
by_hand='put the archives that proxy/deps/deps.lock lists into a folder and set FORGE_SOURCES to it'
apt=$out/apt

die() { printf 'deps: %s\n' "$*" >&2; exit 1; }
say() { printf "deps: %s\n" "$*"; }

# The rows of the lock file without comments.
rows() { grep -Ev '^[[:space:]]*(#|$)' "$lock"; }

# archive_find DIR PACKAGE FORM VERSION: the newest archive of that package in DIR, or nothing; VERSION may be '*'.
archive_find() {
    local dir=$1 package=$2 form=$3 version=$4
    [ -d "$dir" ] || return 0
    case $form in
    orig) set -- "${package}_$version.orig.tar.*" "${package}_$version+*.orig.tar.*" ;;
    deb)  set -- "${package}_$version-*.deb" "${package}_$version+*.deb" ;;
    esac
    find -L "$dir" -maxdepth 1 -type f \( -name "$1" -o -name "$2" \) ! -name '*.asc' | sort -V | tail -n 1
}

# archive_version FILE: upstream's version, as the file name tells it.
archive_version() {
    local name
    name=$(basename "$1")
    name=${name#*_}
    name=${name%%.orig.tar.*}
    case $name in *.deb) name=${name%%-*} ;; esac
    printf '%s\n' "${name%%+*}"
}

# archive_sum FORM FILE: the sum that the lock file holds for it.
archive_sum() {
    case $1 in
    orig) sha256sum <"$2" ;;
    deb)
        local dir
        dir=$(mktemp -d)
        dpkg-deb -x "$2" "$dir"
        (cd "$dir/usr/src/llhttp" && cat src/api.c src/http.c src/llhttp.c include/llhttp.h) | sha256sum
        rm -rf "$dir" ;;
    esac | cut -d' ' -f1
}

# The first mirror in the host's apt sources that carries a Debian suite; both file formats of apt are understood.
host_mirror() {
    local suites='^(bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)$'
    {
        for file in /etc/apt/sources.list.d/*.sources; do
            [ -f "$file" ] || continue
            awk -v suites="$suites" '
                function flush(   n, i, word) {
                    n = split(suite, word, " ")
                    if (types ~ /deb/ && enabled != "no" && uri != "")
                        for (i = 1; i <= n; i++) if (word[i] ~ suites) { print uri; break }
                    types = suite = uri = enabled = ""
                }
                /^[[:space:]]*$/ { flush(); next }
                /^#/             { next }
                tolower($1) == "types:"   { $1 = ""; types = $0 }
                tolower($1) == "suites:"  { $1 = ""; suite = $0 }
                tolower($1) == "uris:"    { uri = $2 }
                tolower($1) == "enabled:" { enabled = tolower($2) }
                END { flush() }' "$file"
        done
        for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
            [ -f "$file" ] || continue
            sed -n 's/^[[:space:]]*deb[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}//p' "$file" |
                awk -v suites="$suites" '$2 ~ suites { print $1 }'
        done
    } | head -n 1
}

apt_private() {
    local tool=$1
    shift
    "$tool" -q -o Dir::State="$apt" -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" \
        -o Dir::Cache="$apt/cache" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null \
        -o Dir::Etc::preferencesparts=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none \
        -o Acquire::Retries=3 "$@"
}

# Write one sources list per suite (so that a package is taken from the suite its row names) and all of them together.
apt_prepare() {
    local mirror keyring suite
    command -v apt-get >/dev/null || die "no apt-get here: $by_hand"
    mirror=$(host_mirror)
    [ -n "$mirror" ] || die "no Debian mirror found in /etc/apt/sources.list or sources.list.d: $by_hand"
    for keyring in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp} ''; do [ -f "$keyring" ] && break; done
    [ -n "$keyring" ] || die 'the package debian-archive-keyring is missing: apt-get install debian-archive-keyring'
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    : >"$apt/all.list"
    for suite in "$@"; do
        printf '%s [signed-by=%s] %s %s main\n' deb-src "$keyring" "$mirror" "$suite" >"$apt/$suite.list"
        # Binary packages are wanted from sid only.
        [ "$suite" != sid ] || sed -i 'p;s/^deb-src/deb/' "$apt/$suite.list"
        cat "$apt/$suite.list" >>"$apt/all.list"
    done
    say "reading the package lists of $* (private copy in ${apt#"$PWD"/})"
    apt_private apt-get -o Dir::Etc::sourcelist="$apt/all.list" update >"$apt/update.log" 2>&1 || {
        tail -n 15 "$apt/update.log" >&2
        die "apt could not read the lists. Not signed? Upgrade debian-archive-keyring. Offline? Then $by_hand"
    }
    ! grep -q '^[WE]:.*\(Failed to fetch\|not signed\|NO_PUBKEY\)' "$apt/update.log" || {
        tail -n 15 "$apt/update.log" >&2
        die 'apt could not read or verify the lists (see above)'
    }
}

# apt_download SUITE FORM PACKAGE...: into OUT/archives.
apt_download() {
    local suite=$1 form=$2 log=$apt/download.log
    shift 2
    [ $# -gt 0 ] || return 0
    say "fetching from $suite: $*"
    (
        cd "$archives"
        case $form in
        orig) set -- source --only-source --download-only --tar-only "$@" ;;
        deb)  set -- download "$@" ;;
        esac
        apt_private apt-get -o Dir::Etc::sourcelist="$apt/$suite.list" "$@"
    ) >"$log" 2>&1 || {
        grep -E '^(E|W|Err)' "$log" >&2 || tail -n 15 "$log" >&2
        say "the mirror did not give all of: $*" >&2
    }
}

# Take what FORGE_SOURCES has; list as "suite form package" what neither it nor an earlier run gave.
missing() {
    local name version suite package form sum file
    while read -r name version suite package form sum _; do
        file=$(archive_find "$archives" "$package" "$form" "$version")
        [ -z "$file" ] || [ "$(archive_sum "$form" "$file")" != "$sum" ] || continue
        [ -z "$file" ] || rm -f "$file"
        if [ -n "${FORGE_SOURCES:-}" ]; then
            file=$(archive_find "$FORGE_SOURCES" "$package" "$form" "$version")
            [ -n "$file" ] || file=$(archive_find "$FORGE_SOURCES" "$package" "$form" '*')
            [ -z "$file" ] || { cp "$file" "$archives/"; continue; }
        fi
        printf '%s %s %s\n' "$suite" "$form" "$package"
    done < <(rows)
}

fetch_missing() {
    local want suites suite form
    want=$(missing)
    [ -n "$want" ] || return 0
    suites=$(cut -d' ' -f1 <<<"$want" | sort -u)
    # shellcheck disable=SC2086 # a list of words
    apt_prepare $suites
    for suite in $suites; do
        for form in orig deb; do
            # shellcheck disable=SC2046 # a list of words
            apt_download "$suite" "$form" $(awk -v s="$suite" -v f="$form" '$1 == s && $2 == f { print $3 }' <<<"$want")
        done
    done
}

# unpack NAME FORM FILE: into OUT/src/NAME, without the parts of wolfSSL that are for other systems.
unpack() {
    local name=$1 form=$2 file=$3 dir=$out/src/$1
    rm -rf "$dir"
    mkdir -p "$dir"
    case $form in
    orig)
        tar -xf "$file" -C "$dir" --strip-components=1 --exclude='*/IDE' --exclude='*/tests' --exclude='*/test' \
            --exclude='*/doc' --exclude='*/third-party' --exclude='*/examples' ;;
    deb)
        dpkg-deb -x "$file" "$dir.deb"
        mv "$dir.deb"/usr/src/llhttp/* "$dir/"
        rm -rf "$dir.deb" ;;
    esac
    printf '%s\n' "$(basename "$file")" >"$dir/.forge-archive"
}

mkdir -p "$archives" "$out/src"
fetch_missing
: >"$out/versions.new"
while read -r name version suite package form sum _; do
    file=$(archive_find "$archives" "$package" "$form" "$version")
    [ -n "$file" ] || file=$(archive_find "$archives" "$package" "$form" '*')
    [ -n "$file" ] || die "$name $version ($package from $suite) was not to be had: $by_hand"
    got_version=$(archive_version "$file")
    got_sum=$(archive_sum "$form" "$file")
    if [ "$got_version" != "$version" ]; then
        [ "$locked" != --locked ] || die "$name: locked is $version, there is $got_version, and --locked was said"
        printf 'forge-note: %s: using %s in place of the locked %s' "$name" "$got_version" "$version"
        printf ' (SHA-256 %s)\n' "$got_sum"
    elif [ "$got_sum" != "$sum" ]; then
        rm -f "$file"
        die "$name $version: $(basename "$file") has SHA-256 $got_sum, the lock file says $sum: removed it"
    fi
    printf '%s %s %s\n' "$name" "$got_version" "$got_sum" >>"$out/versions.new"
    [ "$(cat "$out/src/$name/.forge-archive" 2>/dev/null)" = "$(basename "$file")" ] || unpack "$name" "$form" "$file"
done < <(rows)
mv "$out/versions.new" "$out/versions"
