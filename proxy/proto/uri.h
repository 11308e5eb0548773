/* uri.h - request targets and hosts: what is admitted, and the one spelling that is both matched and forwarded.
 *
 * Spec:   RFC 9112 s3.2 (forms of the target), RFC 3986 s2 (characters), s3.2 (authority), s5.2.4 (dot segments),
 *         s6.2.2 (normalisation), RFC 9110 s7.1, RFC 1123 s2.1 (names of hosts).
 * Layer:  proto. Pure: no clock, no I/O; the arena is the caller's.
 * Owner:  answers are views into the argument or into the arena.
 * Bounds: HEAD_LINE_BYTES_MAX for a target, URI_HOST_BYTES_MAX for a host.
 *
 * The principle: a path means one thing to every server behind us, or it is refused here with a name. A rule of the
 * configuration looks at the bytes that go upstream, never at another reading of them.
 *
 *   what came                       what we do                the attack it answers
 *   %41 (unreserved, encoded)       decoded                   /%61dmin passes a rule for /admin, the origin decodes it
 *   %2f..%3a etc., %e9, %25         kept, hex in upper case   one spelling for rules and cache keys; %252e stays %252e:
 *                                                             decoded once, never twice (double decoding)
 *   . and .. also as %2e            resolved before matching  /public/%2e%2e/admin (Apache CVE-2021-41773)
 *   .. above the root               refused                   no client sends it; servers disagree about what is left
 *   ..;x and .;x                    refused                   Java servers take ;x off after the rules, then resolve ..
 *   %2f, %5c                        refused                   one server's separator is another's letter: /admin%2fx
 *   \ (raw)                         refused by the check      the same on Windows
 *   // (empty inner segment)        refused, never merged     many origins merge: //admin passes a rule for /admin
 *   %00, %01..%1f, %7f              refused                   truncation by C code; CR LF into a log or a redirect
 *   overlong UTF-8 (%c0%ae)         refused                   lenient decoders read a dot or a slash
 *   raw bytes above 7e, controls,   refused by the check      not a URI (RFC 3986 s2); parsers differ, logs forge
 *   blank, " < > \ ^ ` { | }
 *   # (fragment)                    refused by the check      rule sees /a.png#, origin serves /a
 *                                                             (HAProxy CVE-2023-45539)
 *
 * The query is checked for its characters and goes on byte for byte: it has no structure that servers agree on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/must.h"
#include "base/span.h"
#include "base/why.h"

enum {
    URI_HOST_BYTES_MAX = 255, /* RFC 1035 s2.3.4; longer names cannot be in DNS or a certificate */
};

/* Is target a path with optional query, or "*": each byte allowed, each % followed by two hex digits.
 * Errors: WHY_URI_FORM, WHY_URI_BYTE, WHY_URI_FRAGMENT, WHY_URI_PERCENT, WHY_URI_TOO_LONG. */
MUST_CHECK enum why uri_check_target(struct span target);

/* Is authority host[:port] with a host name, IPv4 address or bracketed IPv6 address, and a port of 1..65535.
 * Narrower than RFC 3986: names are letters, digits, - . _ ~ in non-empty labels (one dot may end them); %XX and
 * sub-delimiters, which no DNS name has, are refused: a comma is two hosts to some, $ ( ' have meanings elsewhere. So
 * are user information, an empty host, "host:" and a port with leading zeros.
 * Errors: WHY_URI_HOST, WHY_URI_PORT, WHY_URI_USERINFO. */
MUST_CHECK enum why uri_check_authority(struct span authority);

/* Cut an absolute http or https target (RFC 9112 s3.2.2) into scheme ("http" or "https", a literal), authority and
 * origin form; an empty path is answered as "/". Nothing is checked beyond the cuts: pass authority and origin to the
 * checks. false: another scheme, no authority, or a query right behind the authority (http://h?q: none sends it). */
bool uri_split_absolute(struct span target, struct span *out_scheme, struct span *out_authority,
                        struct span *out_origin);

/* The spelling of a path (no query) to match and to forward, as the table above says; "*" stays "*".
 * Pre: none; an unchecked path is refused, too. Post: *out_path is path itself when there was nothing to change.
 * Errors: WHY_URI_FORM, WHY_URI_PERCENT, WHY_URI_PATH_*, WHY_URI_TOO_LONG, WHY_ARENA_FULL. */
MUST_CHECK enum why uri_normalise_path(struct span path, struct arena *arena, struct span *out_path);

/* The same for one who has no arena: out has room for path.len bytes. */
MUST_CHECK enum why uri_normalise_path_into(struct span path, uint8_t *out, uint32_t *out_bytes);

/* Host (an IPv6 address keeps its brackets) and port (0: none) of an authority; false when the check fails. */
bool uri_split_host_port(struct span authority, struct span *out_host, uint16_t *out_port);

/* Next name=value of a query (without '?'), raw; pairs are cut at &, names at the first =, empty pairs skipped. Start
 * with *io_query as the whole; false when it is used up. A name without = has an empty value. */
bool uri_query_next(struct span *io_query, struct span *out_name, struct span *out_value);
/* Text of a raw name or value: + is a blank, %XX its byte, a stray % stays (WHATWG URL s5.1). May hold any byte.
 * Errors: WHY_ARENA_FULL. */
MUST_CHECK enum why uri_query_decode(struct span raw, struct arena *arena, struct span *out_text);
