/* conf_text.c - see conf_text.h.
 *
 * Layer:  conf.
 */
#include "conf/conf_text.h"

#include "base/must.h"
#include "conf/conf_arena.h"

enum { ALIGN_BYTES = 16 };

/* Where the arena gives its next bytes. */
static size_t next_at(const struct conf_arena *arena)
{
    return (arena->bytes + ALIGN_BYTES - 1) & ~(size_t)(ALIGN_BYTES - 1);
}

void conf_text_open(struct conf_text *t, struct conf_arena *arena)
{
    size_t at = next_at(arena), room = 0;

    if (!arena->is_full && at + 1 < arena->bytes_max)
        room = arena->bytes_max - at - 1; /* The zero. */
    if (room > UINT32_MAX)
        room = UINT32_MAX;
    t->_arena = arena;
    text_write_init(&t->out, (char *)arena + at, (uint32_t)room);
}

struct span conf_text_close(struct conf_text *t)
{
    size_t at = next_at(t->_arena), bytes = text_write_length(&t->out);
    const uint8_t *text;

    if (t->out.is_full) {
        t->_arena->is_full = true;
        return SPAN_NONE;
    }
    text = conf_arena_take(t->_arena, bytes + 1);
    MUST(text == NULL || text == (const uint8_t *)t->_arena + at); /* Else somebody took while we wrote. */
    return text != NULL ? span_of(text, bytes) : SPAN_NONE;
}
