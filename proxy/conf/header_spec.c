/* header_spec.c - see header_spec.h. */
#include "conf/header_spec.h"

#include "base/limits.h"
#include "conf/snapshot.h"

static const struct enum_row header_types[] = {
    { .name = "Exact", .value = MATCH_EXACT },
    { .name = "Prefix", .value = MATCH_PREFIX },
    { .name = "RegularExpression", .value = MATCH_REGEX },
    { .name = "Present", .value = MATCH_PRESENT },
    { .name = "Absent", .value = MATCH_ABSENT },
    { .name = NULL },
};

static const struct field_row header_rows[] = {
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct value_match_spec, type), .fallback = "Exact",
      .enums = header_types, .doc = "how the value is compared" },
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct value_match_spec, name), .is_required = true,
      .doc = "the header's name in lower case" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct value_match_spec, value), .min = 0, .max = 4096,
      .doc = "what to compare with; none for Present and Absent" },
    { .name = NULL },
};
const struct object_table header_match_table = {
    .name = "header match", .rows = header_rows, .bytes = sizeof(struct value_match_spec),
};

static const struct field_row name_value_rows[] = {
    { .name = "name", .type = TYPE_HEADER_NAME, .offset = offsetof(struct name_value_spec, name), .is_required = true,
      .doc = "the header's name in lower case" },
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct name_value_spec, value), .is_required = true,
      .min = 0, .max = 4096, .doc = "the header's value" },
    { .name = NULL },
};
static const struct object_table name_value_table = {
    .name = "header", .rows = name_value_rows, .bytes = sizeof(struct name_value_spec),
};

static const struct field_row modifier_rows[] = {
    { .name = "set", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, set), .min = 1,
      .max = CONF_HEADER_ACTIONS_MAX, .object = &name_value_table, .doc = "headers to replace or add" },
    { .name = "add", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, add), .min = 1,
      .max = CONF_HEADER_ACTIONS_MAX, .object = &name_value_table, .doc = "headers to add beside what is there" },
    { .name = "remove", .type = TYPE_LIST, .of = TYPE_HEADER_NAME, .offset = offsetof(struct modifier_spec, remove),
      .min = 1, .max = CONF_HEADER_ACTIONS_MAX, .doc = "headers to take out" },
    { .name = NULL },
};
const struct object_table header_modifier_table = {
    .name = "header modifier", .rows = modifier_rows, .bytes = sizeof(struct modifier_spec),
};

static const struct field_row addition_rows[] = {
    { .name = "set", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, set), .min = 1,
      .max = CONF_HEADER_ACTIONS_MAX, .object = &name_value_table, .doc = "headers to replace or add" },
    { .name = "add", .type = TYPE_LIST, .of = TYPE_OBJECT, .offset = offsetof(struct modifier_spec, add), .min = 1,
      .max = CONF_HEADER_ACTIONS_MAX, .object = &name_value_table, .doc = "headers to add beside what is there" },
    { .name = NULL },
};
const struct object_table header_addition_table = {
    .name = "set of headers", .rows = addition_rows, .bytes = sizeof(struct modifier_spec), .doc = "headers to write",
};
