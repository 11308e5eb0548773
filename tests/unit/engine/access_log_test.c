/* access_log_test.c - one record is one line, whatever is in it.
 *
 * Goal:   both styles say what they should, values cannot forge lines or end fields, a line always fits a record's
 *         room.
 * Method: rows of format and line; the worst values that a head can hold; yyjson reads the JSON back.
 */
#include "unit/engine/access_world.h"

#include <yyjson.h>

TEST(json_default_keys)
{
    static const char want[] =
        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"id\":\"id-1\",\"client\":\"203.0.113.9\",\"method\":\"GET\","
        "\"scheme\":\"https\",\"host\":\"api.example\",\"target\":\"/as/written?q=1\",\"protocol\":\"HTTP/1.1\","
        "\"user_agent\":\"curl/8\",\"status\":200,\"why\":\"ok\",\"listener\":\"edge:8443\",\"route\":\"orders\","
        "\"upstream\":\"orders-up\",\"endpoint\":\"192.0.2.1:80\",\"tries\":1,\"received\":5,\"sent\":1234,"
        "\"duration_ms\":12.345,\"upstream_ms\":7.000,\"tls\":\"TLSv1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\"}\n";
    struct world w;

    world_open(&w);
    CHECK(compile(&w, "", true), "refused\n");
    struct span line = line_of(&w);
    CHECK(span_is(line, SPAN_LIT(want)), "%.*s", SPAN_FMT(line));
    w.record.shadow_why = WHY_POLICY_BODY_CAP;
    w.record.shadow_route = SPAN_LIT("can\"ary");
    line = line_of(&w);
    CHECK(strstr(w.out, "\"cipher\":\"TLS_AES_128_GCM_SHA256\",\"shadow\":\"policy-body-cap\",\"shadow_route\":\"can\\\"ary\"}\n") != NULL,
          "%.*s", SPAN_FMT(line));
    w.record = (struct access_record){ .why = WHY_URI_FORM, .stamps = &w.stamps };
    line = line_of(&w);
    CHECK(line.len > 0 && strstr(w.out, "\"status\":0,\"why\":\"uri-form\"") != NULL, "%.*s", SPAN_FMT(line));
    world_close(&w);
}

TEST(operators)
{
    static const struct {
        const char *format, *line;
    } rows[] = {
        { "%START_TIME%", "2023-11-14T22:13:20.123Z" },
        { "%REQ(:METHOD)% %REQ(:PATH)% %REQ(:AUTHORITY)% %REQ(:SCHEME)% %REQ(:NONE)%",
          "GET /as/sent api.example https -" },
        { "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%", "/as/written?q=1" },
        { "%REQ(USER-AGENT)% %REQ(user-agent)% %REQ(absent)%", "curl/8 curl/8 -" },
        { "%REQ(ABSENT?USER-AGENT)% %REQ(USER-AGENT?ABSENT)% %REQ(A?B)%", "curl/8 curl/8 -" },
        { "%REQ(USER-AGENT):4% %REQ(USER-AGENT):6% %REQ(USER-AGENT):7%", "curl curl/8 curl/8" },
        { "%RESP(CONTENT-TYPE)% %RESP(A?content-type)% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
          "text/plain text/plain 7" },
        { "%PROTOCOL% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %RESPONSE_FLAGS%", "HTTP/1.1 200 ok -" },
        { "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESPONSE_DURATION%", "5 1234 12 7" },
        { "%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %UPSTREAM_REQUEST_ATTEMPT_COUNT%", "192.0.2.1:80 orders-up 1" },
        { "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%",
          "203.0.113.9:4711 203.0.113.9 4711" },
        { "%DOWNSTREAM_TLS_VERSION% %DOWNSTREAM_TLS_CIPHER%", "TLSv1.3 TLS_AES_128_GCM_SHA256" },
        { "%ROUTE_NAME% %REQ(X-REQUEST-ID)% %STREAM_ID%", "orders id-1 id-1" },
        { "%KUMA_MESH% %KUMA_ZONE% %KUMA_WORKLOAD% %KUMA_SOURCE_SERVICE% %KUMA_DESTINATION_SERVICE%",
          "default - - edge:8443 orders-up" },
        { "%KUMA_SOURCE_ADDRESS% %KUMA_SOURCE_ADDRESS_WITHOUT_PORT% %KUMA_TRAFFIC_DIRECTION%",
          "203.0.113.9:4711 203.0.113.9 UNSPECIFIED" },
        { "%FORGE_SHADOW% %FORGE_SHADOW_ROUTE%", "- -" },
        { "100%% %% %%%PROTOCOL%%%\n", "100% % %HTTP/1.1%" }, { "plain", "plain" }, { "a\tb", "a\tb" },
        { "", "[2023-11-14T22:13:20.123Z] default \"GET /as/written?q=1 HTTP/1.1\" 200 - 5 1234 12 7 \"203.0.113.9\" "
              "\"curl/8\" \"-\" \"id-1\" \"api.example\" \"edge:8443\" \"orders-up\" \"203.0.113.9\" "
              "\"192.0.2.1:80\"" },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world w;
        world_open(&w);
        CHECK(compile(&w, rows[i].format, false), "%s: %s\n", rows[i].format, w.diag.items[0].text);
        struct span line = line_of(&w);
        CHECK(line.len > 0 && line.at[line.len - 1] == '\n', "%s: no line feed\n", rows[i].format);
        line.len--;
        CHECK(span_is(line, span_str(rows[i].line)), "%s: %.*s\n", rows[i].format, SPAN_FMT(line));
        world_close(&w);
    }
}

TEST(operators_without_a_value)
{
    struct world w;

    world_open(&w);
    CHECK(compile(&w,
                  "%REQ(:METHOD)% %REQ(A)% %RESP(A)% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% %PROTOCOL% %UPSTREAM_HOST% "
                      "%DOWNSTREAM_TLS_VERSION% %ROUTE_NAME% %RESPONSE_FLAGS% %DOWNSTREAM_REMOTE_ADDRESS%", false),
                      "refused\n");
    w.record = (struct access_record){ .why = WHY_ROUTE_NO_MATCH, .client = SPAN_LIT("2001:db8::1"),
                                       .stamps = &w.stamps };
    struct span line = line_of(&w);
    CHECK(span_is(line, SPAN_LIT("- - - - - - - - NR [2001:db8::1]:0\n")), "%.*s", SPAN_FMT(line));
    world_close(&w);
}

/* Every text of the record as long and as bad as a head can hold. */
static void fill_with(struct world *w, struct span worst)
{
    struct access_record *r = &w->record;

    r->request_id = r->method = r->scheme = r->authority = r->target = worst;
    r->listener = r->route = r->upstream = r->endpoint = worst;
    r->began_wall_ns = r->duration_ns = r->up_head_ns = r->bytes_in = r->bytes_out = UINT64_MAX;
    r->tries_n = UINT32_MAX;
    r->client = SPAN_LIT("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    head_init(&w->request, &w->arena);
    CHECK(head_add_static(&w->request, FIELD_USER_AGENT, SPAN_LIT("user-agent"), worst), "field\n");
}

TEST(lines_fit_and_cannot_be_forged)
{
    static const uint8_t bytes[] = { 0, '\n', '\r', '"', '\\', 0x1b, 0x7f, 0xff, 'x' };

    for (size_t i = 0; i < COUNT(bytes); i++)
        for (int style = 0; style < 3; style++) {
            char worst[HEAD_LINE_BYTES_MAX], format[ACCESS_FORMAT_BYTES_MAX + 1] = "";
            struct world w;
            world_open(&w);
            memset(worst, bytes[i], sizeof(worst));
            fill_with(&w, span_of(worst, sizeof(worst)));
            for (size_t k = 0, used = 0; style == 2 && k < ACCESS_OPS_MAX; k++)
                used += (size_t)snprintf(format + used, sizeof(format) - used, k % 2 == 0 ? "%%ROUTE_NAME%%"
                                         : "%%STREAM_ID%%");
            CHECK(compile(&w, format, style == 0), "style %d\n", style);
            struct span line = line_of(&w);
            CHECK(line.len > 0, "byte %d style %d: does not fit\n", bytes[i], style);
            for (size_t k = 0; k + 1 < line.len; k++)
                CHECK(line.at[k] >= ' ' && line.at[k] != 0x7f, "byte %d style %d: %d at %zu\n", bytes[i], style,
                      line.at[k], k);
            CHECK(line.at[line.len - 1] == '\n', "byte %d style %d: no line feed\n", bytes[i], style);
            if (style == 0) {
                yyjson_doc *doc = yyjson_read(w.out, line.len, 0);
                CHECK(doc != NULL && yyjson_obj_size(yyjson_doc_get_root(doc)) == 22, "byte %d: not JSON\n", bytes[i]);
                yyjson_doc_free(doc);
            }
            world_close(&w);
        }
}

TEST(json_template_escapes)
{
    struct world w;

    world_open(&w);
    CHECK(compile(&w, "{\"ua\":\"%REQ(USER-AGENT)%\",\"code\":%RESPONSE_CODE%}", true), "refused\n");
    CHECK(head_set(&w.request, SPAN_LIT("user-agent"), SPAN_LIT("a\",\"code\":1,\"x\":\"\\")), "set\n");
    struct span line = line_of(&w);
    CHECK(span_is(line, SPAN_LIT("{\"ua\":\"a\\\",\\\"code\\\":1,\\\"x\\\":\\\"\\\\\",\"code\":200}\n")), "%.*s",
          SPAN_FMT(line));
    world_close(&w);
}

TEST(small_room_is_no_overrun)
{
    struct world w;

    world_open(&w);
    CHECK(compile(&w, "", true), "refused\n");
    for (uint32_t room = 0; room < 700; room++) {
        memset(w.out, '#', sizeof(w.out));
        uint32_t n = access_log_format(&w.format, &w.record, w.out, room);
        CHECK(n <= room, "room %u: %u\n", room, n);
        for (uint32_t i = room; i < 720; i++)
            CHECK(w.out[i] == '#', "room %u: byte %u\n", room, i);
    }
    world_close(&w);
}

TEST(flags_of_endings)
{
    CHECK(strcmp(access_log_flags(WHY_OK), "-") == 0, "ok\n");
    CHECK(strcmp(access_log_flags(WHY_UP_NO_ENDPOINT), "UH") == 0, "no endpoint\n");
    CHECK(strcmp(access_log_flags(WHY_IO_REFUSED), "UF") == 0, "refused\n");
    CHECK(strcmp(access_log_flags(WHY_UP_RESET_LATE), "UC") == 0, "reset\n");
    CHECK(strcmp(access_log_flags(WHY_H2_UP_PROTOCOL), "UPE") == 0, "bad answer\n");
    CHECK(strcmp(access_log_flags(WHY_URI_FORM), "DPE") == 0, "bad request\n");
    CHECK(strcmp(access_log_flags(WHY_POLICY_BODY_CAP), "-") == 0, "policy\n");
    for (int why = 0; why < WHY_N; why++)
        CHECK(access_log_flags((enum why)why)[0] != 0, "%s has none\n", why_name((enum why)why));
}

/* As compile_access_log.c writes them. */
TEST(fields_are_an_object)
{
    static const struct {
        const char *format, *line;
        bool omits_empty;
    } rows[] = {
        { "\x01\"a\"\x02%REQ(:METHOD)% it\x01\"b\"\x03%RESPONSE_CODE%\x01\"c\"\x02%REQ(X-NONE)%\x04",
          "{\"a\":\"GET it\",\"b\":200,\"c\":\"-\"}\n", false },
        { "\x01\"c\"\x02%REQ(X-NONE)%%KUMA_ZONE%\x01\"b\"\x03%DURATION%\x01\"d\"\x02%RESPONSE_FLAGS%\x01\"e\"\x02text\x04",
          "{\"b\":12,\"e\":\"text\"}\n", true },
        { "\x01\"c\"\x02%REQ(X-NONE)%\x04", "{}\n", true },
        { "\x01\"c\"\x02\x04", "{}\n", true },
        { "\x01\"c\"\x02\x04", "{\"c\":\"\"}\n", false },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct access_log conf = { .is_on = true, .is_json = true, .has_fields = true, .omits_empty = rows[i].omits_empty,
                                   .format = span_str(rows[i].format) };
        struct world w;
        world_open(&w);
        CHECK(access_format_compile(&w.format, &conf, SPAN_LIT("m"), (struct diag_place){ 0 }, &w.diag), "%zu\n", i);
        struct span line = line_of(&w);
        CHECK(span_is(line, span_str(rows[i].line)), "%zu: %.*s", i, SPAN_FMT(line));
        world_close(&w);
    }
}

TEST(empty_values_are_left_out_of_texts)
{
    struct access_log conf = { .is_on = true, .omits_empty = true, .format = SPAN_LIT("[%REQ(X-NONE)%] %KUMA_ZONE%|%KUMA_MESH%") };
    struct world w;

    world_open(&w);
    CHECK(access_format_compile(&w.format, &conf, SPAN_LIT("m"), (struct diag_place){ 0 }, &w.diag), "format\n");
    struct span line = line_of(&w);
    CHECK(span_is(line, SPAN_LIT("[] |m\n")), "%.*s", SPAN_FMT(line));
    world_close(&w);
}

CHECK_RUN(RUN(fields_are_an_object), RUN(empty_values_are_left_out_of_texts),
          RUN(json_default_keys), RUN(operators), RUN(operators_without_a_value), RUN(lines_fit_and_cannot_be_forged),
          RUN(json_template_escapes), RUN(small_room_is_no_overrun), RUN(flags_of_endings))
