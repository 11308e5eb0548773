/* gateway_api.c - envelopes: Kubernetes' own -> the universal one.
 *
 * Layer:  conf.
 */
#include "conf/gateway_api.h"

#include <string.h>

#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/document.h"
#include "conf/field_value.h"
#include "conf/gateway_node.h"
#include "conf/kind.h"
#include "proto/base64.h"

#define GATEWAY_GROUP "gateway.networking.k8s.io/"

static const struct {
    const char *kind, *versions[3];    /* the first is what one should write */
    bool        has_namespace;
} kinds[] = {
    { "GatewayClass", { GATEWAY_GROUP "v1", GATEWAY_GROUP "v1beta1" }, false },
    { "Gateway", { GATEWAY_GROUP "v1", GATEWAY_GROUP "v1beta1" }, true },
    { "HTTPRoute", { GATEWAY_GROUP "v1", GATEWAY_GROUP "v1beta1" }, true },
    { "GRPCRoute", { GATEWAY_GROUP "v1", GATEWAY_GROUP "v1alpha2" }, true },
    { "ReferenceGrant", { GATEWAY_GROUP "v1beta1", GATEWAY_GROUP "v1" }, true },
    { "BackendTLSPolicy", { GATEWAY_GROUP "v1", GATEWAY_GROUP "v1alpha3" }, true },
    { "Service", { "v1" }, true },
    { "EndpointSlice", { "discovery.k8s.io/v1" }, true },
    { "ConfigMap", { "v1" }, true },
};

struct span gateway_api_namespace(const struct conf_document *doc)
{
    struct span label = field_map_find(&doc->labels, GATEWAY_API_NAMESPACE_LABEL);

    return label.at != NULL ? label : SPAN_LIT("default");
}

struct span gateway_api_name(const struct conf_document *doc)
{
    struct span label = field_map_find(&doc->labels, GATEWAY_API_NAMESPACE_LABEL);
    size_t tail = label.len + 1;

    if (label.at == NULL || doc->name.len <= tail || !span_ends(doc->name, label) || doc->name.at[doc->name.len - tail] != '.')
        return doc->name;
    return span_of(doc->name.at, doc->name.len - tail);
}

const char *gateway_api_version(const struct kind *kind)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i].kind, kind->type) == 0)
            return kinds[i].versions[0];
    return NULL;
}

static struct span text_of(const struct node *map, const char *key)
{
    const struct node *n = node_find(map, key);

    return n != NULL && n->kind == NODE_SCALAR && !node_is_null(n) ? n->text : SPAN_NONE;
}

/* Position in kinds, or COUNT(kinds). false: the version is another one, told. */
static bool find_kind(struct diag *diag, const struct node *root, size_t *out_index)
{
    struct span kind = text_of(root, "kind"), version = text_of(root, "apiVersion");

    for (*out_index = 0; *out_index < COUNT(kinds); (*out_index)++)
        if (span_is(kind, span_str(kinds[*out_index].kind)))
            break;
    if (*out_index == COUNT(kinds))
        return true;
    for (size_t i = 0; i < 3 && kinds[*out_index].versions[i] != NULL; i++)
        if (span_is(version, span_str(kinds[*out_index].versions[i])))
            return true;
    diag_error(diag, node_place(node_find(root, "apiVersion") != NULL ? node_find(root, "apiVersion") : root),
               "`apiVersion` of %s must be %s, and is \"%.*s\"", kinds[*out_index].kind, kinds[*out_index].versions[0], SPAN_FMT(version));
    return false;
}

/* type, mesh, name and labels from kind and metadata. */
static struct node *put_envelope(struct conf_arena *arena, const struct node *root, bool has_namespace)
{
    const struct node *metadata = node_find(root, "metadata"), *name = node_find(metadata, "name");
    const struct node *labels = node_find(metadata, "labels");
    struct span space = has_namespace ? text_of(metadata, "namespace") : SPAN_NONE, mesh = text_of(labels, "kuma.io/mesh");
    struct node *out = gateway_node_map(arena, root), *map = labels != NULL && labels->kind == NODE_MAP ?
                       gateway_node_map(arena, labels) : NULL;

    if (span_is(space, SPAN_LIT("default")))
        space = SPAN_NONE;
    gateway_node_put(out, "type", gateway_node_copy(arena, node_find(root, "kind")));
    if (mesh.at != NULL && has_namespace)
        gateway_node_put(out, "mesh", gateway_node_text(arena, labels, mesh));
    if (space.at != NULL && name != NULL && name->kind == NODE_SCALAR && !node_is_null(name)) {
        struct span full = conf_arena_format(arena, "%.*s.%.*s", SPAN_FMT(name->text), SPAN_FMT(space));
        gateway_node_put(out, "name", full.at != NULL ? gateway_node_text(arena, name, full) : NULL);
    } else if (name != NULL) {
        gateway_node_put(out, "name", gateway_node_copy(arena, name));
    }
    for (const struct node *label = map != NULL ? labels->first : NULL; label != NULL; label = label->next)
        if (!span_is(label->key, SPAN_LIT(GATEWAY_API_NAMESPACE_LABEL)) || space.at == NULL)
            gateway_node_put(map, (const char *)label->key.at, gateway_node_copy(arena, label));
    if (space.at != NULL && map == NULL)
        map = gateway_node_map(arena, metadata);
    if (space.at != NULL)
        gateway_node_put(map, GATEWAY_API_NAMESPACE_LABEL, gateway_node_text(arena, metadata, space));
    gateway_node_put(out, "labels", map);
    return out;
}

/* ---- Secrets of the type kubernetes.io/tls ---- */

/* One of its texts, decoded; empty: it has none. false: told. */
static bool read_secret_text(struct conf_arena *arena, struct diag *diag, const struct node *root, const char *key, struct span *out)
{
    const struct node *data = node_find(root, "data");
    struct span text = text_of(data, key);

    *out = text_of(node_find(root, "stringData"), key);
    if (out->at != NULL || text.at == NULL) {
        *out = out->at != NULL ? *out : SPAN_LIT("");
        return true;
    }
    *out = value_base64(arena, text);
    if (out->at == NULL)
        diag_error(diag, node_place(node_find(data, key)), "`%s` must be base64, and is not: or write it below `stringData` as it is", key);
    return out->at != NULL;
}

static bool is_tls_secret(const struct node *root)
{
    static const char *const keys[] = { "tls.crt", "tls.key", "ca.crt" };

    if (!span_is(text_of(root, "kind"), SPAN_LIT("Secret")) || span_starts(text_of(root, "type"), SPAN_LIT("system.kuma.io/")))
        return false;
    for (size_t i = 0; i < COUNT(keys); i++)
        if (node_find(node_find(root, "data"), keys[i]) != NULL || node_find(node_find(root, "stringData"), keys[i]) != NULL)
            return true;
    return false;
}

/* Chain and key one behind the other; of a Secret without them, its authorities. */
static const struct node *secret_universal(struct conf_arena *arena, struct diag *diag, const struct node *root)
{
    struct node *out = put_envelope(arena, root, true);
    struct span chain, key, ca, all;
    char *text;

    if (!read_secret_text(arena, diag, root, "tls.crt", &chain) || !read_secret_text(arena, diag, root, "tls.key", &key) ||
        !read_secret_text(arena, diag, root, "ca.crt", &ca))
        return NULL;
    all = chain.len + key.len > 0 ? conf_arena_format(arena, "%.*s\n%.*s", SPAN_FMT(chain), SPAN_FMT(key)) : ca;
    if (all.at == NULL)
        return NULL;
    text = conf_arena_take(arena, base64_text_bytes(BASE64_PADDED, all.len) + 1);
    if (text == NULL)
        return NULL;
    gateway_node_put(out, "data", gateway_node_text(arena, root, span_of(text, base64_write(BASE64_PADDED, all, text))));
    return out;
}

const struct node *gateway_api_universal(struct conf_arena *arena, struct diag *diag, const struct node *root, bool *out_is_other)
{
    struct node *out;
    size_t index;

    *out_is_other = false;
    if (is_tls_secret(root))
        return secret_universal(arena, diag, root);
    if (!find_kind(diag, root, &index))
        return NULL;
    if (index == COUNT(kinds)) {
        *out_is_other = true;
        return NULL;
    }
    out = put_envelope(arena, root, kinds[index].has_namespace);
    for (const struct node *child = root->first; child != NULL; child = child->next) {
        struct node *copy;
        if (span_is(child->key, SPAN_LIT("apiVersion")) || span_is(child->key, SPAN_LIT("kind")) ||
            span_is(child->key, SPAN_LIT("metadata")) || span_is(child->key, SPAN_LIT("status")))
            continue;
        copy = gateway_node_copy(arena, child);
        gateway_node_put(out, (const char *)child->key.at, copy);
        if (copy != NULL) {
            copy->key_line = child->key_line;
            copy->key_column = child->key_column;
        }
    }
    return out;
}
