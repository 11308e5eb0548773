/* kind_example_test.c - the examples of the manual are good documents.
 *
 * Goal:   whoever copies an example gets no sentence but about what is not there yet.
 * Method: each is read; it is a document of its kind, and valid.
 */
#include "conf/kind_example.h"

#include "lib/conf_world.h"

TEST(kind_examples_are_good)
{
    for (uint32_t i = 0; i < KIND_N; i++) {
        const char *text = kind_example(kind_list[i]);
        struct conf_world w;
        if (text == NULL) /* A new kind of ours may come before its example. */
            CHECK(strncmp(kind_list[i]->type, "Forge", 5) == 0, "%s has no example: add one\n", kind_list[i]->type);
        else {
            conf_world_open(&w, span_str(text));
            CHECK(w.diag->errors_n == 0 && w.diag->warnings_n == 0, "%s: %u:%u %s\n", kind_list[i]->type, w.diag->items[0].line,
                  w.diag->items[0].column, w.diag->items[0].text);
            const struct conf_document *doc = conf_world_only(&w);
            CHECK(doc != NULL && doc->kind == kind_list[i] && doc->is_valid, "%s\n", kind_list[i]->type);
            conf_world_close(&w);
        }
    }
}

CHECK_RUN(RUN(kind_examples_are_good))
