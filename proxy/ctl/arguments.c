/* arguments.c - see arguments.h. */
#include "ctl/arguments.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "conf/suggest.h"
#include "proto/duration.h"

static bool __attribute__((format(printf, 2, 3))) say_wrong(struct arguments *a, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(a->sentence, sizeof(a->sentence), format, args);
    va_end(args);
    return false;
}

bool arguments_list_next(struct span *io_list, struct span *out)
{
    return span_next(io_list, ',', out);
}

/* ---- values ---- */

static bool check_output(struct arguments *a, const char *text)
{
    struct span list = span_str(a->command->outputs), form;
    struct suggest near;
    char name[32];

    suggest_init(&near, span_str(text));
    while (arguments_list_next(&list, &form))
        if (span_is(form, span_str(text)))
            return true;
    list = span_str(a->command->outputs);
    name[0] = 0;
    while (arguments_list_next(&list, &form)) {
        char one[32];

        snprintf(one, sizeof(one), "%.*s", SPAN_FMT(form));
        near.best = NULL;
        suggest_offer(&near, one);
        if (near.best != NULL)
            snprintf(name, sizeof(name), "%s", one);
    }
    if (name[0] != 0)
        return say_wrong(a, "-o %s: did you mean `-o %s`? `%s` prints %s", text, name, a->command->name, a->command->outputs);
    return say_wrong(a, "-o %s: `%s` prints %s", text, a->command->name, a->command->outputs);
}

static bool check_value(struct arguments *a, enum flag_id id, const char *text)
{
    const struct flag_row *flag = &flag_list[id];
    uint64_t n;

    switch (flag->type) {
    case FLAG_TYPE_BOOL:
    case FLAG_TYPE_TEXT:
        return true;
    case FLAG_TYPE_PATH:
    case FLAG_TYPE_DIR:
        return text[0] != 0 || say_wrong(a, "--%s is empty: write the path of %s", flag->name, flag->value);
    case FLAG_TYPE_NUMBER:
        return span_to_u64(span_str(text), &n) || say_wrong(a, "--%s %s: write a number, as in --%s 7", flag->name, text, flag->name);
    case FLAG_TYPE_DURATION:
        return (duration_read(span_str(text), &n) && n > 0) ||
               say_wrong(a, "--%s %s: write a time with its unit, as in 500ms, 10s or 1m30s", flag->name, text);
    case FLAG_TYPE_OUTPUT:
        return check_output(a, text);
    }
    must_not_reach("check_value: unlisted type of flag");
}

static bool take_value(struct arguments *a, enum flag_id id, const char *text)
{
    if (text == NULL)
        return say_wrong(a, "--%s wants a value behind it: --%s %s", flag_list[id].name, flag_list[id].name, flag_list[id].value);
    if (a->values_n == ARGUMENTS_MAX)
        return say_wrong(a, "more than %d flags: put files into a folder and name that", ARGUMENTS_MAX);
    if (!check_value(a, id, text))
        return false;
    if (!flag_list[id].may_repeat && (a->given & FLAG_BIT(id)) != 0)
        return say_wrong(a, "--%s stands there twice: say it once", flag_list[id].name);
    a->given |= FLAG_BIT(id);
    a->values[a->values_n++] = (struct arguments_value){ id, text };
    return true;
}

/* ---- flags and words ---- */

static bool take_unknown(struct arguments *a, const char *dashes, struct span name)
{
    const char *near = a->command != NULL ? flag_suggest(command_flags(a->command), name) : NULL;
    const char *command = a->command != NULL ? a->command->name : "";

    if (near != NULL)
        return say_wrong(a, "`%s` has no flag %s%.*s: did you mean `--%s`?", command, dashes, SPAN_FMT(name), near);
    if (a->command != NULL)
        return say_wrong(a, "`%s` has no flag %s%.*s; `forgectl help %s` lists those it has", command, dashes, SPAN_FMT(name), command);
    return say_wrong(a, "%s%.*s: the command comes first, as in `forgectl check -f DIR`; `forgectl help` lists them", dashes,
                     SPAN_FMT(name));
}

/* "--name", "--name=value"; *io_at is behind what was used. */
static bool take_long(struct arguments *a, int argc, char *const *argv, int *io_at)
{
    struct span name = span_str(argv[*io_at] + 2);
    size_t equals = span_find(name, '=');
    const char *value = equals < name.len ? (const char *)name.at + equals + 1 : NULL;
    enum flag_id id;

    name.len = equals;
    id = flag_find(a->command != NULL ? command_flags(a->command) : FLAGS_ALWAYS, name);
    (*io_at)++;
    if (id == FLAG_N)
        return take_unknown(a, "--", name);
    if (flag_list[id].type != FLAG_TYPE_BOOL)
        return take_value(a, id, value != NULL ? value : *io_at < argc ? argv[(*io_at)++] : NULL);
    if (value != NULL)
        return say_wrong(a, "--%s stands alone: leave `=%s` out", flag_list[id].name, value);
    a->given |= FLAG_BIT(id);
    return true;
}

/* "-x value", "-xvalue", "-ab" of flags that stand alone. */
static bool take_short(struct arguments *a, int argc, char *const *argv, int *io_at)
{
    const char *text = argv[(*io_at)++] + 1;

    for (; *text != 0; text++) {
        enum flag_id id = flag_find_letter(a->command != NULL ? command_flags(a->command) : FLAGS_ALWAYS, *text);

        if (id == FLAG_N)
            return take_unknown(a, "-", span_of(text, 1));
        if (flag_list[id].type != FLAG_TYPE_BOOL)
            return take_value(a, id, text[1] != 0 ? text + 1 : *io_at < argc ? argv[(*io_at)++] : NULL);
        a->given |= FLAG_BIT(id);
    }
    return true;
}

static bool take_word(struct arguments *a, const char *word)
{
    const char *near;

    if (a->command == NULL) {
        a->command = command_find(span_str(word));
        if (a->command != NULL)
            return true;
        near = command_suggest(span_str(word));
        return near != NULL ? say_wrong(a, "there is no command `%s`: did you mean `%s`?", word, near)
                            : say_wrong(a, "there is no command `%s`; `forgectl help` lists them", word);
    }
    if (a->words_n == a->command->words_max && (a->command->flags & FLAG_BIT(FLAG_FILE)) != 0)
        return say_wrong(a, "`%s` does not take `%s` so: files stand behind -f, each behind its own", a->command->name, word);
    if (a->words_n == a->command->words_max)
        return say_wrong(a, "`%s` is too much: `forgectl %s %s`", word, a->command->name, a->command->words);
    a->words[a->words_n++] = word;
    return true;
}

bool arguments_read(struct arguments *a, int argc, char *const *argv)
{
    bool ends = false;

    a->command = NULL;
    a->given = 0;
    a->values_n = a->words_n = 0;
    a->sentence[0] = 0;
    for (int at = 0; at < argc;) {
        const char *text = argv[at];
        bool is_good;

        if (ends || text[0] != '-' || text[1] == 0) {
            is_good = take_word(a, text);
            at++;
        } else if (strcmp(text, "--") == 0) {
            ends = is_good = true;
            at++;
        } else {
            is_good = text[1] == '-' ? take_long(a, argc, argv, &at) : take_short(a, argc, argv, &at);
        }
        if (!is_good)
            return false;
    }
    if (a->command != NULL && a->words_n < a->command->words_min && !arguments_has(a, FLAG_HELP))
        return say_wrong(a, "`%s` wants more: `forgectl %s %s`; `forgectl help %s` says what", a->command->name, a->command->name,
                         a->command->words, a->command->name);
    return true;
}

/* ---- asking ---- */

const char *arguments_text(const struct arguments *a, enum flag_id flag)
{
    for (uint32_t i = a->values_n; i > 0; i--)
        if (a->values[i - 1].flag == flag)
            return a->values[i - 1].text;
    return flag_list[flag].fallback;
}

const char *arguments_next(const struct arguments *a, enum flag_id flag, uint32_t *io_at)
{
    while (*io_at < a->values_n) {
        const struct arguments_value *value = &a->values[(*io_at)++];

        if (value->flag == flag)
            return value->text;
    }
    return NULL;
}

uint64_t arguments_number(const struct arguments *a, enum flag_id flag)
{
    const char *text = arguments_text(a, flag);
    uint64_t n = 0;

    return text != NULL && span_to_u64(span_str(text), &n) ? n : 0;
}

uint64_t arguments_duration_ns(const struct arguments *a, enum flag_id flag)
{
    const char *text = arguments_text(a, flag);
    uint64_t n = 0;

    return text != NULL && duration_read(span_str(text), &n) ? n : 0;
}

bool arguments_output_is(const struct arguments *a, const char *form)
{
    const char *text = arguments_text(a, FLAG_OUTPUT);
    struct span list = span_str(a->command->outputs), first = SPAN_NONE;

    if (text != NULL)
        return strcmp(text, form) == 0;
    return arguments_list_next(&list, &first) && span_is(first, span_str(form));
}
