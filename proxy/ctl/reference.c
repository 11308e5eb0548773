/* reference.c - see reference.h. */
#include "ctl/reference.h"

#include "conf/conf_arena.h"
#include "conf/manual.h"
#include "conf/schema.h"
#include "ctl/ctl.h"
#include "ctl/resource.h"

static enum command_exit print(struct ctl *ctl, struct span text, const char *end)
{
    if (text.at == NULL) {
        ctl_say(ctl, "there is no memory left");
        return EXIT_REFUSED;
    }
    text_write_span(&ctl->out, text);
    ctl_print(ctl, "%s", end);
    return EXIT_FINE;
}

enum command_exit reference_manual(struct ctl *ctl)
{
    const struct kind *kind;

    if (ctl->arguments.words_n == 0)
        return print(ctl, manual_index(ctl->arena), "");
    kind = resource_kind(ctl, span_str(ctl->arguments.words[0]));
    return kind != NULL ? print(ctl, manual_page(kind, ctl->arena), "") : EXIT_WRONG_USE;
}

enum command_exit reference_schema(struct ctl *ctl)
{
    const struct kind *kind = resource_kind(ctl, span_str(ctl->arguments.words[0]));

    return kind != NULL ? print(ctl, schema_json(kind, ctl->arena), "\n") : EXIT_WRONG_USE;
}
