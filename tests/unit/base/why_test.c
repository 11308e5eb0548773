/* why_test.c - each row of the table is complete and has a name of its own. */
#include "base/why.h"

#include "lib/check.h"

TEST(why_rows_are_complete)
{
    CHECK(strcmp(why_name(WHY_OK), "ok") == 0 && strcmp(why_name(WHY_IO_NO_BUFFERS), "io-no-buffers") == 0, "%s\n",
          why_name(WHY_IO_NO_BUFFERS));
    for (int i = 0; i < WHY_N; i++) {
        enum why    why = (enum why)i;
        const char *sentence = why_sentence(why);
        CHECK(why_name(why)[0] != 0 && sentence != NULL && strlen(sentence) > 8, "%s\n", why_name(why));
        CHECK(sentence[strlen(sentence) - 1] != '.', "%s ends with a stop\n", why_name(why));
        CHECK(why_http(why) == 0 || (why_http(why) >= 400 && why_http(why) <= 599), "%s: %d\n", why_name(why),
              why_http(why));
        for (int k = 0; k < i; k++)
            CHECK(strcmp(why_name(why), why_name((enum why)k)) != 0, "%s twice\n", why_name(why));
    }
    CHECK(why_fault(WHY_IO_REFUSED) == WHY_FAULT_UP && why_may_retry(WHY_IO_REFUSED), "refused\n");
    CHECK(why_fault(WHY_MAILBOX_FULL) == WHY_FAULT_US && !why_may_retry(WHY_MAILBOX_FULL), "mailbox\n");
}

CHECK_RUN(RUN(why_rows_are_complete))
