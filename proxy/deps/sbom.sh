#!/usr/bin/env bash
# sbom.sh OUT - print the bill of materials of forged as CycloneDX 1.5 JSON: what deps.lock lists, in the versions that
# were really compiled (OUT/deps/versions), and what is linked from the host's own packages.
set -euo pipefail

out=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
version=$(sed -n 's/^project(api-forge VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
commit=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)
# The commit's time, not the build's: the same source gives the same file.
when=$(TZ=UTC git -C "$root" log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null) ||
    when=1970-01-01T00:00:00Z

# component NAME VERSION LICENCE USED-IN [SHA256]: one JSON object. Licences that are expressions are given as such.
component() {
    local licence
    case $3 in
    *' '*) licence="{\"expression\": \"$3\"}" ;;
    *)     licence="{\"license\": {\"id\": \"$3\"}}" ;;
    esac
    printf '    {\n      "type": "library",\n      "bom-ref": "%s@%s",\n' "$1" "$2"
    printf '      "name": "%s",\n      "version": "%s",\n' "$1" "$2"
    [ -z "${5:-}" ] || printf '      "hashes": [{"alg": "SHA-256", "content": "%s"}],\n' "$5"
    printf '      "licenses": [%s],\n      "purl": "pkg:generic/%s@%s",\n' "$licence" "$1" "$2"
    printf '      "properties": [{"name": "forge:used-in", "value": "%s"}]\n    }' "$4"
}

# host_component PACKAGE NAME LICENCE USED-IN: a library linked from a package of this host.
host_component() {
    local found
    # shellcheck disable=SC2016 # dpkg-query's own format
    found=$(dpkg-query -W -f '${source:Upstream-Version}\n' "$1" 2>/dev/null | head -n 1)
    component "$2" "${found:-unknown}" "$3" "$4"
}

components() {
    local name locked suite package form sum licence where got got_sum first=yes
    while read -r name locked suite package form sum licence where; do
        read -r _ got got_sum < <(grep "^$name " "$out/deps/versions")
        [ -n "$first" ] || printf ',\n'
        first=''
        component "$name" "$got" "$licence" "$where" "$got_sum"
    done < <(grep -Ev '^[[:space:]]*(#|$)' "$here/deps.lock")
    printf ',\n'
    host_component libpcre2-dev pcre2 BSD-3-Clause 'proxy/proto/regex*, static'
    printf ',\n'
    host_component libc6-dev glibc LGPL-2.1-or-later 'everywhere, dynamic'
    printf '\n'
}

body=$(components)
# A UUID that is a function of the content (RFC 9562 s5.8: version 8).
serial=$(printf '%s%s%s' "$version" "$commit" "$body" | sha256sum |
    sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/\1-\2-8\3-8\4-\5/')
cat <<EOF
{
  "bomFormat": "CycloneDX",
  "specVersion": "1.5",
  "serialNumber": "urn:uuid:$serial",
  "version": 1,
  "metadata": {
    "timestamp": "$when",
    "component": {
      "type": "application",
      "bom-ref": "forged@$version",
      "name": "forged",
      "version": "$version",
      "licenses": [{"license": {"id": "GPL-3.0-or-later"}}],
      "properties": [{"name": "forge:commit", "value": "$commit"}]
    }
  },
  "components": [
$body
  ],
  "dependencies": [
    {"ref": "forged@$version", "dependsOn": [$(sed -n 's/^ *"bom-ref": \("[^"]*"\),$/\1/p' <<<"$body" | paste -sd, -)]}
  ]
}
EOF
