#!/usr/bin/env bash
# make.sh - made the certificates beside it, which the TLS tests use. No part of the build: run by hand for new ones.
# The keys are for tests only and worth nothing.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
forever=21200101000000Z

key() { # NAME KIND
    case $2 in
    rsa) openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
    ed25519) openssl genpkey -algorithm ED25519 -out "$1.key" ;;
    *) openssl genpkey -algorithm EC -pkeyopt "ec_paramgen_curve:$2" -out "$1.key" ;;
    esac
}

sign() { # NAME END ISSUER-OPTIONS...: sign $work/req with the extensions in $work/ext
    local name=$1 end=$2
    shift 2
    : >"$work/index"
    cat >"$work/ca.cnf" <<EOF
[ca]
default_ca = this
[this]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
EOF
    openssl ca -batch -notext -config "$work/ca.cnf" "$@" -in "$work/req" -extfile "$work/ext" \
        -startdate 20200101000000Z -enddate "$end" -out "$name.pem"
}

authority() { # NAME [ISSUER]
    key "$1" P-256
    printf '%s\n' basicConstraints=critical,CA:TRUE keyUsage=critical,keyCertSign,cRLSign,digitalSignature \
        subjectKeyIdentifier=hash >"$work/ext"
    openssl req -new -key "$1.key" -subj "/CN=Forge test $1" -out "$work/req"
    if [ $# = 2 ]; then
        sign "$1" $forever -cert "$2.pem" -keyfile "$2.key"
    else
        sign "$1" $forever -selfsign -keyfile "$1.key"
    fi
}

leaf() { # NAME KIND ISSUER USE SAN [END]
    key "$1" "$2"
    printf 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=%s\n' "$4" >"$work/ext"
    [ -z "$5" ] || printf 'subjectAltName=%s\n' "$5" >>"$work/ext"
    openssl req -new -key "$1.key" -subj "/CN=$1.example.com" -out "$work/req"
    sign "$1" "${6:-$forever}" -cert "$3.pem" -keyfile "$3.key"
    [ "$3" != middle ] || cat middle.pem >>"$1.pem"
}

names=DNS:localhost,DNS:a.example.com,DNS:*.wild.example.com,DNS:backend,IP:127.0.0.1,IP:::1
authority root
authority other
authority middle root
leaf ecdsa P-256 middle serverAuth "$names"
leaf p384 P-384 root serverAuth "$names"
leaf ed25519 ed25519 root serverAuth "$names"
leaf rsa rsa middle serverAuth "$names"
leaf expired P-256 root serverAuth "$names" 20210101000000Z
leaf nameless P-256 root serverAuth ''
leaf client P-256 middle clientAuth DNS:client.example.com
leaf stranger P-256 other clientAuth DNS:client.example.com

# An OCSP response about ecdsa.pem, by its issuer.
serial=$(openssl x509 -in ecdsa.pem -noout -serial | cut -d= -f2)
printf 'V\t21200101000000Z\t\t%s\tunknown\t/CN=ecdsa.example.com\n' "$serial" >"$work/index"
openssl ocsp -index "$work/index" -rsigner middle.pem -rkey middle.key -CA middle.pem -issuer middle.pem \
    -cert ecdsa.pem -ndays 36500 -respout ecdsa.ocsp
