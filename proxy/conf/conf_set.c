/* conf_set.c - envelopes, both of Kuma's forms, and the register of documents.
 *
 * Spec:   kuma-dialect.md 3.2.
 * Layer:  conf.
 */
#include "conf/conf_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/gateway_api.h"
#include "conf/policy_spec.h"

/* What stands around a spec, whichever form it has. */
struct envelope {
    const struct node *node;
    struct span type, mesh, name, api_version, secret_type;
    struct list labels, annotations;
    const struct node *spec, *data;
    const struct envelope *metadata;
};

#define SERVER_SET "set by servers; without meaning here"

static const struct field_row universal_rows[] = {
    { .name = "type", .type = TYPE_STRING, .offset = offsetof(struct envelope, type), .is_required = true,
      .doc = "the document's kind" },
    { .name = "mesh", .type = TYPE_NAME, .offset = offsetof(struct envelope, mesh), .fallback = "default",
      .doc = "the mesh it belongs to" },
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct envelope, name), .is_required = true,
      .doc = "give the document a name" },
    { .name = "labels", .type = TYPE_MAP, .offset = offsetof(struct envelope, labels), .doc = "labels" },
    { .name = "creationTime", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "modificationTime", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "kri", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "status", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "spec", .type = TYPE_NODE, .offset = offsetof(struct envelope, spec), .doc = "the kind's own fields" },
    { .name = NULL },
};
const struct object_table conf_envelope_table = {
    .name = "document", .rows = universal_rows, .bytes = sizeof(struct envelope),
};

static const struct field_row metadata_rows[] = {
    { .name = "name", .type = TYPE_NAME, .offset = offsetof(struct envelope, name), .is_required = true,
      .doc = "give the document a name" },
    { .name = "labels", .type = TYPE_MAP, .offset = offsetof(struct envelope, labels), .doc = "labels" },
    { .name = "annotations", .type = TYPE_MAP, .offset = offsetof(struct envelope, annotations), .doc = "annotations" },
    { .name = "namespace", .type = TYPE_IGNORED, .doc = "there are no namespaces here" },
    { .name = "creationTimestamp", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "generation", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "resourceVersion", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "uid", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "managedFields", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "ownerReferences", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = "finalizers", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = NULL },
};
static const struct object_table metadata_table = {
    .name = "document's metadata", .rows = metadata_rows, .bytes = sizeof(struct envelope),
};

static const struct field_row kubernetes_rows[] = {
    { .name = "apiVersion", .type = TYPE_STRING, .offset = offsetof(struct envelope, api_version), .is_required = true,
      .doc = "write `apiVersion: kuma.io/v1alpha1`" },
    { .name = "kind", .type = TYPE_STRING, .offset = offsetof(struct envelope, type), .is_required = true,
      .doc = "the document's kind" },
    { .name = "mesh", .type = TYPE_NAME, .offset = offsetof(struct envelope, mesh), .doc = "the mesh it belongs to" },
    { .name = "metadata", .type = TYPE_OBJECT, .offset = offsetof(struct envelope, metadata), .is_required = true,
      .object = &metadata_table, .doc = "write `metadata:` with `name:` below it" },
    { .name = "type", .type = TYPE_STRING, .offset = offsetof(struct envelope, secret_type),
      .doc = "of a Secret: system.kuma.io/secret, or system.kuma.io/global-secret" },
    { .name = "data", .type = TYPE_NODE, .offset = offsetof(struct envelope, data), .doc = "of a Secret: `value`" },
    { .name = "spec", .type = TYPE_NODE, .offset = offsetof(struct envelope, spec), .doc = "the kind's own fields" },
    { .name = "status", .type = TYPE_IGNORED, .doc = SERVER_SET },
    { .name = NULL },
};
static const struct object_table kubernetes_table = {
    .name = "document", .rows = kubernetes_rows, .bytes = sizeof(struct envelope),
};

static bool full(struct conf_set *set, const struct node *n)
{
    diag_error(set->diag, node_place(n), "the configuration does not fit into memory: leave some of it out");
    return false;
}

static bool is_envelope_key(struct span key)
{
    for (const struct field_row *row = universal_rows; row->name != NULL; row++)
        if (span_is(key, span_str(row->name)) && !span_is(key, SPAN_LIT("spec")))
            return true;
    return false;
}

/* root split in two maps by whether the envelope knows the key: nodes are copied, their children shared. */
static bool split(struct conf_set *set, const struct node *root, struct node *out_envelope, struct node *out_fields)
{
    struct node **envelope_at = &out_envelope->first, **fields_at = &out_fields->first;

    *out_envelope = *out_fields = *root;
    out_envelope->first = out_fields->first = NULL;
    out_envelope->children_n = out_fields->children_n = 0;
    for (const struct node *child = root->first; child != NULL; child = child->next) {
        struct node *copy = conf_arena_take(set->scratch, sizeof(*copy));
        if (copy == NULL)
            return full(set, child);
        *copy = *child;
        copy->next = NULL;
        if (is_envelope_key(child->key)) {
            *envelope_at = copy;
            envelope_at = &copy->next;
            out_envelope->children_n++;
        } else {
            *fields_at = copy;
            fields_at = &copy->next;
            out_fields->children_n++;
        }
    }
    return true;
}

static uint32_t hash(enum kind_id kind, struct span mesh, struct span name)
{
    uint32_t h = 2166136261u ^ (uint32_t)kind;

    for (size_t i = 0; i < mesh.len; i++)
        h = (h ^ mesh.at[i]) * 16777619u;
    h = (h ^ '/') * 16777619u;
    for (size_t i = 0; i < name.len; i++)
        h = (h ^ name.at[i]) * 16777619u;
    return h ^ h >> 15;
}

/* Slot of that document, or the free one where it belongs. */
static struct conf_document **find_slot(const struct conf_set *set, enum kind_id kind, struct span mesh, struct span name)
{
    for (uint32_t i = hash(kind, mesh, name) & (set->_slots_n - 1);; i = (i + 1) & (set->_slots_n - 1)) {
        const struct conf_document *d = set->_slots[i];
        if (d == NULL || (d->kind == kind_list[kind] && span_is(d->mesh, mesh) && span_is(d->name, name)))
            return &set->_slots[i];
    }
}

struct conf_document *conf_set_find(const struct conf_set *set, enum kind_id kind, struct span mesh, struct span name)
{
    struct conf_document *doc = *find_slot(set, kind, mesh, name);

    return doc != NULL && !doc->is_left_out ? doc : NULL;
}

void conf_set_leave_out(struct conf_set *set, struct conf_document *doc)
{
    struct conf_document *before = NULL;
    uint32_t kind = 0;

    MUST(!doc->is_left_out);
    while (kind_list[kind] != doc->kind)
        kind++;
    for (struct conf_document *d = set->first[kind]; d != doc; d = d->next)
        before = d;
    if (before == NULL)
        set->first[kind] = doc->next;
    else
        before->next = doc->next;
    if (set->last[kind] == doc)
        set->last[kind] = before;
    doc->next = NULL;
    set->n[kind]--;
    set->documents_n--;
    doc->is_left_out = true; /* It keeps its slot, for a namesake. */
}

/* Room in the register for so many documents more. */
static bool grow(struct conf_set *set, uint32_t more_n)
{
    struct conf_document **old = set->_slots;
    uint32_t old_n = set->_slots_n, slots_n = old_n > 0 ? old_n : 16;

    set->_documents_n += more_n;
    while (slots_n < set->_documents_n * 2)
        slots_n *= 2;
    if (slots_n == old_n)
        return true;
    set->_slots = conf_arena_array(set->scratch, slots_n, sizeof(struct conf_document *));
    if (set->_slots == NULL)
        return false;
    set->_slots_n = slots_n;
    for (uint32_t i = 0; i < old_n; i++)
        if (old[i] != NULL)
            *find_slot(set, kind_find(span_str(old[i]->kind->type)), old[i]->mesh, old[i]->name) = old[i];
    return true;
}

/* Into the register and the list of its kind. */
static bool enroll(struct conf_set *set, enum kind_id kind, struct conf_document *doc)
{
    struct conf_document **slot = find_slot(set, kind, doc->mesh, doc->name);

    if (*slot != NULL && !(*slot)->is_left_out) {
        diag_error(set->diag, doc->place, "there is a %s `%.*s` already, in %s line %u: give one of them another name",
                   doc->kind->type, SPAN_FMT(doc->name), (*slot)->place.file, (*slot)->place.line);
        return false;
    }
    *slot = doc;
    if (set->last[kind] == NULL)
        set->first[kind] = doc;
    else
        set->last[kind]->next = doc;
    set->last[kind] = doc;
    set->n[kind]++;
    return true;
}

static void says_kind(struct conf_set *set, const struct node *root, struct span type)
{
    const struct node *at = node_find(root, "apiVersion") != NULL ? node_find(root, "kind") : node_find(root, "type");
    const char *refusal = kind_refusal(type), *near = kind_suggest(type);
    struct diag_place place = node_place(at != NULL ? at : root);

    if (refusal != NULL)
        diag_error(set->diag, place, "%.*s is not taken: %s", SPAN_FMT(type), refusal);
    else if (near != NULL)
        diag_error(set->diag, place, "there is no kind `%.*s`: did you mean `%s`?", SPAN_FMT(type), near);
    else
        diag_error(set->diag, place, "there is no kind `%.*s`", SPAN_FMT(type));
}

/* The kind's own fields, in doc->spec. */
static bool fill_spec(struct conf_set *set, struct conf_document *doc, const struct node *fields)
{
    struct field_env env = { set->scratch, set->diag };
    void *spec = conf_arena_take(set->scratch, doc->kind->table->bytes);

    if (spec == NULL)
        return full(set, doc->root);
    doc->spec = spec;
    if (fields == NULL) {
        diag_error(set->diag, doc->place, "this %s has no `spec`: put its fields below `spec:`", doc->kind->type);
        return false;
    }
    if (fields->kind != NODE_MAP) {
        if (fields->kind != NODE_REFUSED)
            diag_error(set->diag, node_place(fields), "`spec` must be a group of fields, and is %s", node_kind_name(fields));
        return false;
    }
    return field_fill(&env, doc->kind->table, fields, spec) &&
           (doc->kind->check == NULL || doc->kind->check(doc, set->diag));
}

static bool check_envelope(struct conf_set *set, const struct conf_document *doc)
{
    struct span effect = field_map_find(&doc->labels, "kuma.io/effect");
    bool is_good = true;

    if (doc->kind->is_global && node_find(doc->root, "mesh") != NULL) {
        diag_error(set->diag, node_key_place(node_find(doc->root, "mesh")), "a %s belongs to no mesh: take `mesh` out",
                   doc->kind->type);
        is_good = false;
    }
    if (doc->kind->name_is_label && !value_is_label(doc->name)) {
        diag_error(set->diag, doc->place, "the name of a %s has lower-case letters, digits and `-` only, starts with a "
                   "letter and is at most 63 long", doc->kind->type);
        is_good = false;
    }
    if (effect.at != NULL && !doc->is_shadow) {
        diag_error(set->diag, doc->place, "the label `kuma.io/effect` can be `shadow`, and is \"%.*s\": take it out to enforce "
                   "the document", SPAN_FMT(effect));
        is_good = false;
    }
    return is_good;
}

static void add(struct conf_set *set, const struct node *root, const struct envelope *e, const struct node *fields,
                bool is_good)
{
    enum kind_id kind = kind_find(e->type);
    struct conf_document *doc;

    if (kind == KIND_N) {
        says_kind(set, root, e->type);
        return;
    }
    doc = conf_arena_take(set->scratch, sizeof(*doc));
    if (doc == NULL) {
        full(set, root);
        return;
    }
    *doc = (struct conf_document){ .kind = kind_list[kind], .root = root, .name = e->name,
                                   .mesh = kind_list[kind]->is_global ? SPAN_LIT("") : e->mesh,
                                   .labels = e->labels, .place = field_place(e, "name"), .order = set->documents_n++,
                                   .is_derived = set->_is_deriving };
    doc->is_shadow = span_is(field_map_find(&doc->labels, "kuma.io/effect"), SPAN_LIT("shadow"));
    if (doc->name.at == NULL) { /* Told already; its fields are still worth a look. */
        fill_spec(set, doc, fields);
        return;
    }
    doc->is_valid = enroll(set, kind, doc) && is_good;
    doc->is_valid &= check_envelope(set, doc);
    doc->is_valid &= fill_spec(set, doc, fields);
}

static void read_universal(struct conf_set *set, const struct node *root)
{
    struct field_env env = { set->scratch, set->diag };
    const struct node *type = node_find(root, "type");
    enum kind_id kind = type != NULL && type->kind == NODE_SCALAR ? kind_find(type->text) : KIND_N;
    struct node *envelope = conf_arena_take(set->scratch, sizeof(*envelope));
    struct node *fields = conf_arena_take(set->scratch, sizeof(*fields));
    struct envelope e = { .node = NULL };
    bool is_good;

    if (envelope == NULL || fields == NULL) {
        full(set, root);
        return;
    }
    /* Of an unknown kind nothing but the kind is worth telling. */
    if (type == NULL || node_is_null(type)) {
        diag_error(set->diag, node_place(root), "`type` is missing in this document: it starts with `type:` and `name:`");
        return;
    }
    if (kind == KIND_N && type->kind == NODE_SCALAR) {
        says_kind(set, root, type->text);
        return;
    }
    if (kind != KIND_N && !kind_list[kind]->has_spec) {
        if (!split(set, root, envelope, fields))
            return;
        is_good = field_fill(&env, &conf_envelope_table, envelope, &e);
        add(set, root, &e, fields, is_good);
        return;
    }
    is_good = field_fill(&env, &conf_envelope_table, root, &e);
    if (kind != KIND_N)
        add(set, root, &e, e.spec, is_good);
}

/* A Secret of Kubernetes has its bytes in data.value: as the universal form has them. */
static const struct node *secret_fields(struct conf_set *set, const struct node *root, const struct node *data)
{
    struct node *fields = conf_arena_take(set->scratch, sizeof(*fields));
    struct node *value = conf_arena_take(set->scratch, sizeof(*value));

    if (fields == NULL || value == NULL)
        return NULL;
    *fields = *root;
    fields->first = NULL;
    fields->children_n = 0;
    if (node_find(data, "value") != NULL) {
        *value = *node_find(data, "value");
        value->key = SPAN_LIT("data");
        value->next = NULL;
        fields->first = value;
        fields->children_n = 1;
    }
    return fields;
}

static void read_kubernetes(struct conf_set *set, const struct node *root)
{
    struct field_env env = { set->scratch, set->diag };
    const struct node *kind = node_find(root, "kind"), *universal;
    struct envelope e = { .node = NULL };
    bool is_good, is_secret, is_other;
    struct span label;

    universal = gateway_api_universal(set->scratch, set->diag, root, &is_other);
    if (universal != NULL)
        read_universal(set, universal);
    if (!is_other)
        return;

    /* Of an unknown kind nothing but the kind is worth telling. */
    if (kind != NULL && kind->kind == NODE_SCALAR && kind_find(kind->text) == KIND_N) {
        says_kind(set, root, kind->text);
        return;
    }
    is_good = field_fill(&env, &kubernetes_table, root, &e);
    is_secret = span_is(e.type, SPAN_LIT("Secret"));
    if (e.type.at == NULL)
        return;
    if (e.api_version.at != NULL &&
        !span_is(e.api_version, is_secret ? SPAN_LIT("v1") : SPAN_LIT("kuma.io/v1alpha1"))) {
        diag_error(set->diag, field_place(&e, "apiVersion"), "`apiVersion` of a %.*s must be %s, and is \"%.*s\"",
                   SPAN_FMT(e.type), is_secret ? "v1" : "kuma.io/v1alpha1", SPAN_FMT(e.api_version));
        is_good = false;
    }
    if (e.metadata != NULL) {
        e.name = e.metadata->name;
        e.labels = e.metadata->labels;
        label = field_map_find(&e.labels, "kuma.io/mesh");
        if (e.mesh.at == NULL && label.at != NULL)
            e.mesh = label;
        if (label.at != NULL && !value_is_name(label)) {
            diag_error(set->diag, field_place(e.metadata, "labels"), "the label `kuma.io/mesh` must be the name of a mesh, and is "
                       "\"%.*s\"", SPAN_FMT(label));
            is_good = false;
        }
    }
    if (e.mesh.at == NULL)
        e.mesh = SPAN_LIT("default");
    if (is_secret && span_is(e.secret_type, SPAN_LIT("system.kuma.io/global-secret")))
        e.type = SPAN_LIT("GlobalSecret");
    e.node = e.metadata != NULL ? e.metadata->node : root; /* The name's place. */
    add(set, root, &e, is_secret ? secret_fields(set, root, e.data) : e.spec, is_good);
}

/* Older spellings of whole fields -> what the tables know. */
static void mend(struct conf_set *set, struct node *root)
{
    const struct node *type = node_find(root, node_find(root, "apiVersion") != NULL ? "kind" : "type");
    enum kind_id kind = type != NULL && type->kind == NODE_SCALAR ? kind_find(type->text) : KIND_N;

    if (kind != KIND_N)
        policy_spec_mend(kind_list[kind], root, set->diag);
}

/* An exported secret. The keeper of its node opens it before a set is filled; elsewhere there is nothing to read. */
static bool is_sealed(struct conf_set *set, const struct node *root)
{
    const struct node *data = node_find(root, "data");

    if (data == NULL || data->kind != NODE_SCALAR || !span_starts(data->text, SPAN_LIT("forge-sealed:")))
        return false;
    diag_error(set->diag, node_place(data), "this document is sealed, and only the node that sealed it can read it: apply it there "
               "(`forgectl apply --dry-run` checks it), or write the secret itself");
    return true;
}

bool conf_set_fill(struct conf_set *set, const struct document *first, uint32_t documents_n)
{
    if (!grow(set, documents_n))
        return false;
    for (const struct document *d = first; d != NULL; d = d->next) {
        mend(set, d->root);
        if (d->root->kind == NODE_REFUSED)
            continue;
        if (d->root->kind != NODE_MAP)
            diag_error(set->diag, node_place(d->root), "a document starts with `type:` and `name:`, and this one is %s",
                       node_kind_name(d->root));
        else if (is_sealed(set, d->root))
            continue;
        else if (node_find(d->root, "apiVersion") != NULL || node_find(d->root, "kind") != NULL)
            read_kubernetes(set, d->root);
        else
            read_universal(set, d->root);
    }
    return !set->scratch->is_full;
}

bool conf_set_add_derived(struct conf_set *set, const struct node *root)
{
    if (root == NULL || !grow(set, 1))
        return false;
    set->_is_deriving = true;
    read_universal(set, root);
    set->_is_deriving = false;
    return !set->scratch->is_full;
}

static int by_name(const void *left, const void *right)
{
    const struct conf_document *a = *(struct conf_document *const *)left, *b = *(struct conf_document *const *)right;
    int by_mesh = span_order(a->mesh, b->mesh);

    return by_mesh != 0 ? by_mesh : span_order(a->name, b->name);
}

bool conf_set_sort(struct conf_set *set)
{
    struct conf_document **all = conf_arena_array(set->scratch, set->documents_n, sizeof(*all));
    uint32_t order = 0;

    if (all == NULL)
        return false;
    for (uint32_t kind = 0; kind < KIND_N; kind++) {
        struct conf_document **at = &set->first[kind];
        uint32_t n = 0;

        for (struct conf_document *d = set->first[kind]; d != NULL; d = d->next)
            all[n++] = d;
        qsort(all, n, sizeof(*all), by_name);
        for (uint32_t i = 0; i < n; i++) {
            all[i]->order = order++;
            *at = set->last[kind] = all[i];
            at = &all[i]->next;
        }
        *at = NULL;
    }
    return true;
}

const char *conf_file_read(struct conf_arena *arena, const char *path, size_t bytes_max, struct span *out_bytes)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* Not to hang on a pipe that bears a good name. */
    const char *wrong = NULL;
    struct stat st;
    uint8_t *bytes;
    size_t used = 0;
    ssize_t n = 0;

    if (fd < 0)
        return errno == ENOENT ? "does not exist" : errno == EACCES ? "may not be read by this user" : "cannot be opened";
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        wrong = "is not a file";
    else if ((uint64_t)st.st_size > bytes_max)
        wrong = bytes_max == CONF_SCALAR_BYTES_MAX ? "is longer than 1 MiB" : "is longer than 16 MiB: split it";
    bytes = wrong == NULL ? conf_arena_take(arena, (size_t)st.st_size + 1) : NULL;
    if (wrong == NULL && bytes == NULL)
        wrong = "does not fit into memory";
    while (wrong == NULL && used < (size_t)st.st_size && (n = read(fd, bytes + used, (size_t)st.st_size - used)) > 0)
        used += (size_t)n;
    if (n < 0)
        wrong = "cannot be read";
    close(fd);
    if (wrong == NULL)
        *out_bytes = span_of(bytes, used);
    return wrong;
}

bool conf_set_file(struct conf_set *set, struct diag_place place, struct span path, struct span *out_bytes)
{
    char full_path[4096];
    const char *wrong;
    int len;

    if (set->dir == NULL) {
        diag_error(set->diag, place, "files are not read here: write the text inline");
        return false;
    }
    len = path.at[0] == '/' ? snprintf(full_path, sizeof(full_path), "%.*s", SPAN_FMT(path))
                            : snprintf(full_path, sizeof(full_path), "%s/%.*s", set->dir, SPAN_FMT(path));
    if (len < 0 || (size_t)len >= sizeof(full_path))
        wrong = "has too long a name";
    else
        wrong = conf_file_read(set->scratch, full_path, CONF_SCALAR_BYTES_MAX, out_bytes);
    if (wrong != NULL)
        diag_error(set->diag, place, "the file %.*s %s", SPAN_FMT(path), wrong);
    return wrong == NULL;
}
