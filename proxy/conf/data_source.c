/* data_source.c - secrets, files, variables and inline texts.
 *
 * Layer:  conf.
 */
#include "conf/data_source.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "conf/document.h"
#include "conf/kind_secret.h"

struct data_source_secret {
    const struct node *node;
    int64_t     kind;
    struct span name;
};

struct data_source_name {
    const struct node *node;
    struct span name;
};

struct data_source_value {
    const struct node *node;
    struct span value;
};

enum data_source_type { SOURCE_FILE = 0, SOURCE_SECRET, SOURCE_ENV_VAR, SOURCE_INSECURE_INLINE };

static const struct enum_row types[] = {
    { .name = "File", .value = SOURCE_FILE },
    { .name = "Secret", .value = SOURCE_SECRET },
    { .name = "EnvVar", .value = SOURCE_ENV_VAR },
    { .name = "InsecureInline", .value = SOURCE_INSECURE_INLINE },
    { .name = NULL },
};

static const struct enum_row secret_kinds[] = { { .name = "Secret" }, { .name = NULL } };

static const struct field_row secret_rows[] = {
    { .name = "kind", .type = TYPE_ENUM, .offset = offsetof(struct data_source_secret, kind), .fallback = "Secret",
      .enums = secret_kinds, .doc = "always Secret" },
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct data_source_secret, name), .is_required = true,
      .doc = "name of the Secret document" },
    { .name = NULL },
};
static const struct object_table secret_table = {
    .name = "secretRef", .rows = secret_rows, .bytes = sizeof(struct data_source_secret),
};

static const struct field_row name_rows[] = {
    { .name = "name", .type = TYPE_STRING, .offset = offsetof(struct data_source_name, name), .is_required = true,
      .min = 1, .max = 256, .doc = "name of the environment variable" },
    { .name = NULL },
};
static const struct object_table name_table = {
    .name = "envVar", .rows = name_rows, .bytes = sizeof(struct data_source_name),
};

static const struct field_row value_rows[] = {
    { .name = "value", .type = TYPE_STRING, .offset = offsetof(struct data_source_value, value), .is_required = true,
      .max = CONF_SCALAR_BYTES_MAX, .is_secret = true, .doc = "the text itself" },
    { .name = NULL },
};
static const struct object_table value_table = {
    .name = "insecureInline", .rows = value_rows, .bytes = sizeof(struct data_source_value),
};

static const struct field_row rows[] = {
    { .name = "secret", .type = TYPE_NAME, .offset = offsetof(struct data_source, secret),
      .doc = "name of a Secret document" },
    { .name = "file", .type = TYPE_NODE, .offset = offsetof(struct data_source, file),
      .doc = "path of a file, absolute or below the directory of the configuration" },
    { .name = "inline", .type = TYPE_BASE64, .offset = offsetof(struct data_source, inline_data),
      .is_secret = true, .doc = "the text itself, in base64" },
    { .name = "inlineString", .type = TYPE_STRING, .offset = offsetof(struct data_source, inline_string),
      .max = CONF_SCALAR_BYTES_MAX, .is_secret = true, .doc = "the text itself" },
    { .name = "type", .type = TYPE_ENUM, .offset = offsetof(struct data_source, type), .enums = types,
      .doc = "which of the fields holds it" },
    { .name = "secretRef", .type = TYPE_OBJECT, .offset = offsetof(struct data_source, secret_ref),
      .object = &secret_table, .doc = "a Secret document" },
    { .name = "envVar", .type = TYPE_OBJECT, .offset = offsetof(struct data_source, env_var), .object = &name_table,
      .doc = "an environment variable of the gateway" },
    { .name = "insecureInline", .type = TYPE_OBJECT, .offset = offsetof(struct data_source, insecure_inline),
      .object = &value_table, .doc = "the text itself" },
    { .name = NULL },
};

const struct object_table data_source_table = {
    .name = "data source", .rows = rows, .bytes = sizeof(struct data_source), .doc = "where a secret text comes from",
};

/* The path in `file: p` or `file: {path: p}`; SPAN_NONE when neither. */
static struct span source_path(const struct data_source *source)
{
    const struct node *n = source->file;

    if (n != NULL && n->kind == NODE_MAP)
        n = n->children_n == 1 ? node_find(n, "path") : NULL;
    return n != NULL && n->kind == NODE_SCALAR && n->text.len > 0 ? n->text : SPAN_NONE;
}

bool data_source_check(const struct data_source *source, struct diag *diag)
{
    static const char *const by_type[] = { "file", "secretRef", "envVar", "insecureInline" };
    int named_n = (source->secret.at != NULL) + (source->file != NULL) + (source->inline_data.at != NULL) +
                  (source->inline_string.at != NULL) + (source->secret_ref != NULL) + (source->env_var != NULL) +
                  (source->insecure_inline != NULL);

    if (named_n != 1) {
        diag_error(diag, node_place(source->node),
                   "a data source names exactly one of secret, file, inline, inlineString, and this one names %d", named_n);
        return false;
    }
    if (source->type != FIELD_ABSENT && !field_is_written(source, by_type[source->type])) {
        diag_error(diag, field_place(source, "type"), "`type: %s` needs the field `%s`", types[source->type].name,
                   by_type[source->type]);
        return false;
    }
    if (source->file != NULL && source_path(source).at == NULL) {
        diag_error(diag, field_place(source, "file"), "`file` must be a path, or `{path: ...}`");
        return false;
    }
    return true;
}

/* The certificate that the gateway made at its first start. */
static bool read_self_signed(struct conf_set *set, struct diag_place place, struct span *out_bytes)
{
    char path[4096];
    const char *wrong;

    *out_bytes = SPAN_LIT("");
    if (set->state_dir == NULL)
        return true;
    snprintf(path, sizeof(path), "%s/" DATA_SOURCE_SELF_SIGNED_FILE, set->state_dir);
    wrong = conf_file_read(set->scratch, path, CONF_SCALAR_BYTES_MAX, out_bytes);
    if (wrong != NULL)
        diag_error(set->diag, place, "the certificate that the gateway makes at its first start, %s, %s: "
                   "start `forged` once, or name a Secret of your own", path, wrong);
    return wrong == NULL;
}

static bool read_secret(struct conf_set *set, struct diag_place place, struct span mesh, struct span name,
                        struct span *out_bytes)
{
    const struct conf_document *doc = conf_set_find(set, KIND_SECRET, mesh, name);
    const struct secret_spec *spec;

    if (doc == NULL)
        doc = conf_set_find(set, KIND_GLOBAL_SECRET, SPAN_LIT(""), name);
    if (doc == NULL && span_is(name, SPAN_LIT(DATA_SOURCE_SELF_SIGNED)))
        return read_self_signed(set, place, out_bytes);
    if (doc == NULL) {
        diag_error(set->diag, place, "there is no Secret `%.*s` in mesh `%.*s`: write one, or correct the name",
                   SPAN_FMT(name), SPAN_FMT(mesh));
        return false;
    }
    spec = doc->spec;
    *out_bytes = doc->is_valid ? spec->data : SPAN_LIT("");
    return doc->is_valid; /* Else told where the Secret stands. */
}

static bool read_variable(struct conf_set *set, struct diag_place place, struct span name, struct span *out_bytes)
{
    const char *value = getenv((const char *)name.at);

    if (value == NULL) {
        diag_error(set->diag, place, "the environment of the gateway has no variable `%.*s`", SPAN_FMT(name));
        return false;
    }
    *out_bytes = conf_arena_copy(set->scratch, span_str(value));
    return out_bytes->at != NULL;
}

bool data_source_read(struct conf_set *set, struct span mesh, const struct data_source *source, struct span *out_bytes)
{
    if (source->secret.at != NULL)
        return read_secret(set, field_place(source, "secret"), mesh, source->secret, out_bytes);
    if (source->secret_ref != NULL)
        return read_secret(set, field_place(source->secret_ref, "name"), mesh, source->secret_ref->name, out_bytes);
    if (source->file != NULL)
        return conf_set_file(set, field_place(source, "file"), source_path(source), out_bytes);
    if (source->env_var != NULL)
        return read_variable(set, field_place(source->env_var, "name"), source->env_var->name, out_bytes);
    if (source->inline_data.at != NULL)
        *out_bytes = source->inline_data;
    else if (source->inline_string.at != NULL)
        *out_bytes = source->inline_string;
    else
        *out_bytes = source->insecure_inline->value;
    return true;
}
