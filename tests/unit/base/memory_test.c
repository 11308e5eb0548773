/* memory_test.c - zeroed when mapped, gone when unmapped, nothing for nothing. */
#include "base/memory.h"

#include "lib/check.h"

TEST(memory_is_zeroed_and_given_back)
{
    enum { BYTES = 3 << 20 };
    unsigned char *at = memory_map(BYTES);

    CHECK(at != NULL, "no memory\n");
    for (size_t i = 0; i < BYTES; i += 4096)
        CHECK(at[i] == 0, "byte %zu is %d\n", i, at[i]);
    memset(at, 1, BYTES);
    memory_unmap(at, BYTES);
    memory_unmap(NULL, 0);
}

CHECK_RUN(RUN(memory_is_zeroed_and_given_back))
