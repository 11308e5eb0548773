/* try_fuzz.c - requests to try of any bytes: as they are typed, and through the whole dry run.
 *
 * Goal:   no request breaks it, and what it says is JSON without control bytes.
 * Method: the first line is the request as typed, each further line a header; the first byte picks client, port and body.
 * Replay: try_fuzz FILE
 */
#include <stdlib.h>

#include <yyjson.h>

#include "base/must.h"
#include "conf/diag.h"
#include "conf/load.h"
#include "engine/try.h"
#include "proto/text_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DOCUMENTS                                                                                                      \
    "{type: MeshGateway, name: edge, conf: {listeners: [{port: 8080, protocol: HTTP, hostname: '*.example'}]}}\n"      \
    "---\n{type: MeshExternalService, name: one, spec: {match: {port: 80, protocol: http}, endpoints: [{address: 127.0.0.1, port: 9001}]}}\n" \
    "---\n{type: ForgeListener, name: l, spec: {targetRef: {kind: Mesh}, forwarded: {trustedHops: 2}}}\n"              \
    "---\n{type: ForgeBodyCap, name: cap, spec: {bytes: 100}}\n"                                                       \
    "---\n{type: ForgeTestPolicies, name: p, spec: {pedant: true, chopSeed: 7}}\n"                                     \
    "---\n{type: MeshHTTPRoute, name: shop, spec: {to: [{targetRef: {kind: Mesh}, rules: ["                            \
    "{matches: [{path: {type: PathPrefix, value: /cart}, headers: [{name: x-v, type: RegularExpression, value: '[0-9]+'}]}], default: {filters: " \
    "[{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: x-shop, value: a}]}}, {type: URLRewrite, urlRewrite: {path: "     \
    "{type: ReplacePrefixMatch, replacePrefixMatch: /v2}}}], backendRefs: [{kind: MeshExternalService, name: one}]}},"                    \
    "{matches: [{queryParams: [{name: q, type: Exact, value: '1'}]}], default: {filters: [{type: RequestRedirect, requestRedirect: {}}]}}"   \
    "]}]}}\n"

static void check_json(const struct try_result *r, const struct snapshot *snapshot)
{
    static char text[TRY_TEXT_BYTES_MAX];
    struct text_write w;
    yyjson_doc *doc;

    text_write_init(&w, text, sizeof(text));
    try_json(r, snapshot, &w);
    MUST(!w.is_full);
    doc = yyjson_read(text, text_write_length(&w), 0);
    MUST(doc != NULL);
    yyjson_doc_free(doc);
    text_write_init(&w, text, sizeof(text));
    try_text(r, snapshot, &w);
    MUST(!w.is_full);
    for (uint32_t i = 0; i < text_write_length(&w); i++)
        MUST((uint8_t)text[i] >= ' ' || text[i] == '\n');
}

static void fuzz_request(struct try *t, const struct snapshot *snapshot, uint8_t kind, struct span rest)
{
    struct try_header headers[TRY_HEADERS_MAX];
    struct try_request request = { .headers = headers, .port = (kind & 1) != 0 ? 8080 : 0, .body_bytes = (kind & 6) != 0 ? kind : 0,
                                   .is_chunked = (kind & 4) != 0, .client = (kind & 8) != 0 ? SPAN_LIT("2001:db8::1") : SPAN_NONE };
    struct span line;

    if (!span_next(&rest, '\n', &line) || try_read_line(line, &request) != NULL)
        return;
    while (request.headers_n < TRY_HEADERS_MAX && span_next(&rest, '\n', &line))
        if (try_read_header(line, &headers[request.headers_n]) == NULL)
            request.headers_n++;
    if (try_check(&request) == NULL)
        check_json(try_run(t, snapshot, &request), snapshot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag *diag = malloc(sizeof(*diag));
    struct snapshot *snapshot = NULL;
    struct try *t = try_open();

    diag_init(diag);
    MUST(t != NULL && conf_load_text("t.yaml", SPAN_LIT(DOCUMENTS), diag, &snapshot) == WHY_OK);
    if (size > 0)
        fuzz_request(t, snapshot, data[0], span_of(data + 1, size - 1));
    try_close(t);
    conf_free(snapshot);
    free(diag);
    return 0;
}
