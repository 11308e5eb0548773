#!/usr/bin/env bash
# make.sh OUT [--locked] - third-party libraries into OUT/lib, their headers into OUT/include. Does nothing when the
# lock file, the rules of this folder and the compiler are those of the last run.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
locked=${2:-}

# What the result depends on, as one hash.
inputs_hash() {
    {
        (cd "$here" && find . -type f ! -name sbom.sh -print0 | sort -z | xargs -0 sha256sum)
        "${CC:-cc}" --version | head -n 1
    } | sha256sum | cut -d' ' -f1
}

headers_install() {
    local src=$out/src new=$out/include.new
    rm -rf "$new"
    mkdir -p "$new/nghttp2" "$new/cbor"
    cp "$here/wolfssl/user_settings.h" "$new/"
    cp -r "$src/wolfssl/wolfssl" "$new/"
    cp "$src"/nghttp2/lib/includes/nghttp2/*.h "$new/nghttp2/"
    cp -r "$src"/liburing/src/include/. "$new/"
    cp "$src"/llhttp/include/llhttp.h "$src"/yyjson/src/yyjson.h "$src"/libyaml/include/yaml.h "$new/"
    cp "$src"/lmdb/libraries/liblmdb/lmdb.h "$new/"
    cp "$src"/libcbor/src/cbor.h "$new/"
    cp -r "$src"/libcbor/src/cbor/. "$here"/libcbor/cbor/. "$new/cbor/"
    # Headers that did not change keep their time, so that nothing of ours is compiled again for them.
    mkdir -p "$out/include"
    (cd "$new" && find . -type f) | while read -r file; do
        cmp -s "$new/$file" "$out/include/$file" || install -D -m 644 "$new/$file" "$out/include/$file"
    done
    rm -rf "$new"
}

# One maker at a time: two builds started together wait for each other.
exec 9>"$out/.lock"
flock 9
hash=$(inputs_hash)
stamp=$out/.stamp
if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && [ -z "$locked" ]; then
    exit 0
fi

"$here/fetch.sh" "$out" $locked
if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && cmp -s "$out/versions" "$out/versions.made"; then
    exit 0
fi
if [ ! -f "$out/src/liburing/config-host.h" ]; then
    (cd "$out/src/liburing" && ./configure --use-libc --cc="${CC:-cc}" --cxx=false)
fi
printf 'deps: compiling %s\n' "$(awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }' "$out/versions")"
# A tree that was moved starts anew.
grep -qs "^CMAKE_HOME_DIRECTORY:INTERNAL=$here\$" "$out/build/CMakeCache.txt" || rm -rf "$out/build"
cmake -S "$here" -B "$out/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSRC="$out/src" -DLIB="$out/lib"
ninja -C "$out/build"
headers_install
cp "$out/versions" "$out/versions.made"
printf '%s\n' "$hash" >"$stamp"
