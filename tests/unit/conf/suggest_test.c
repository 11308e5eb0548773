/* suggest_test.c - the nearest name, or none when none is near. */
#include "lib/check.h"

#include "conf/suggest.h"

TEST(suggest_nearest)
{
    static const char *const names[] = { "hostname", "port", "protocol", "tls", "crossMesh", "PathPrefix", "matches" };
    static const struct { const char *want, *best; } rows[] = {
        { "hostnme", "hostname" }, { "hostnaem", "hostname" }, { "host-name", "hostname" }, { "prot", "port" },
        { "PORT", "port" }, { "cross_mesh", "crossMesh" }, { "tsl", "tls" }, { "Prefix", "PathPrefix" },
        { "match", "matches" }, { "zebra", NULL }, { "x", NULL }, { "", NULL },
        { "hostnamehostnamehostnamehostnamehostnamehostnamehostname", NULL },
    };

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct suggest s;
        suggest_init(&s, span_str(rows[i].want));
        for (size_t k = 0; k < COUNT(names); k++)
            suggest_offer(&s, names[k]);
        if (rows[i].best == NULL)
            CHECK(s.best == NULL, "%s: %s\n", rows[i].want, s.best);
        else
            CHECK(s.best != NULL && strcmp(s.best, rows[i].best) == 0, "%s: %s\n", rows[i].want, s.best);
    }
}

CHECK_RUN(RUN(suggest_nearest))
