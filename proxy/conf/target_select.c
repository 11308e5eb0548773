/* target_select.c - see target_select.h. */
#include "conf/target_select.h"

#include <stdio.h>

#include "base/must.h"
#include "conf/kind.h"
#include "conf/kind_mesh_external_service.h"
#include "conf/kind_mesh_gateway.h"
#include "conf/target_ref.h"

enum { PORT_TEXT_BYTES_MAX = 24 };

struct span target_display_name(const struct conf_document *doc)
{
    struct span label = field_map_find(&doc->labels, "kuma.io/display-name");

    return label.at != NULL ? label : doc->name;
}

/* A label that a document has, written or of itself. */
static struct span label_of(const struct conf_document *doc, const char *key)
{
    struct span written = field_map_find(&doc->labels, key);

    if (written.at != NULL)
        return written;
    if (strcmp(key, "kuma.io/display-name") == 0)
        return doc->name;
    return strcmp(key, "kuma.io/mesh") == 0 ? doc->mesh : SPAN_NONE;
}

/* Kuma's tags may be `*`, on either side. */
static bool is_tag(struct span have, struct span wanted)
{
    return span_is(have, wanted) || (have.at != NULL && (span_is(wanted, SPAN_LIT("*")) || span_is(have, SPAN_LIT("*"))));
}

/* A tag or label of a listener: its own, its gateway's, the document's; else one of the data planes that are this gateway. */
static bool has_tag(const struct conf_document *gateway, const struct gateway_listener *l, const char *key, struct span wanted)
{
    const struct gateway_spec *spec = gateway->spec;
    const struct gateway_selector *selectors = spec->selectors.items;
    struct span value = field_map_find(&l->tags, key);

    if (value.at == NULL)
        value = field_map_find(&spec->tags, key);
    if (value.at == NULL)
        value = label_of(gateway, key);
    if (value.at != NULL)
        return is_tag(value, wanted);
    for (uint32_t i = 0; i < spec->selectors.n; i++)
        if (is_tag(field_map_find(&selectors[i].match, key), wanted))
            return true;
    return false;
}

static bool has_all(const struct list *wanted, const struct conf_document *gateway, const struct gateway_listener *l)
{
    const struct map_item *items = wanted->items;

    for (uint32_t i = 0; i < wanted->n; i++)
        if (!has_tag(gateway, l, (const char *)items[i].key.at, items[i].value))
            return false;
    return true;
}

static bool is_section(struct span wanted, int64_t port, struct span hostname)
{
    char text[PORT_TEXT_BYTES_MAX];

    if (wanted.at == NULL)
        return true;
    snprintf(text, sizeof(text), "%lld", (long long)port);
    return span_is(wanted, span_str(text)) || (hostname.at != NULL && span_is(wanted, hostname));
}

/* Gateways among the types of proxies, or none named. */
static bool takes_gateways(const struct list *types)
{
    const struct span *items = types->items;

    for (uint32_t i = 0; i < types->n; i++)
        if (span_is(items[i], SPAN_LIT("Gateway")))
            return true;
    return types->n == 0;
}

bool target_selects_listener(const struct target_ref *ref, const struct conf_document *gateway, const struct gateway_listener *l)
{
    if (ref == NULL)
        return true;
    if (!takes_gateways(&ref->proxy_types))
        return false;
    switch ((enum target_kind)ref->kind) {
    case TARGET_MESH:
    case TARGET_MESH_HTTP_ROUTE:
    case TARGET_MESH_EXTERNAL_SERVICE:
    case TARGET_MESH_MULTI_ZONE_SERVICE:
        return true;
    case TARGET_MESH_GATEWAY:
    case TARGET_DATAPLANE:
    case TARGET_MESH_SUBSET:
        return (ref->name.at == NULL || span_is(ref->name, gateway->name)) && has_all(&ref->labels, gateway, l) &&
               has_all(&ref->tags, gateway, l) && is_section(ref->section_name, l->port, l->hostname);
    case TARGET_MESH_SERVICE:
    case TARGET_MESH_SERVICE_SUBSET:
        return ref->name.at != NULL && has_tag(gateway, l, "kuma.io/service", ref->name) && has_all(&ref->tags, gateway, l) &&
               has_all(&ref->labels, gateway, l) && is_section(ref->section_name, l->port, l->hostname);
    case TARGET_N:
        break;
    }
    must_not_reach("target kind");
}

bool target_selects_document(const struct target_ref *ref, const struct conf_document *doc)
{
    const struct map_item *labels = ref->labels.items;

    if (!span_is(span_str(doc->kind->type), span_str(target_kinds[ref->kind].name)))
        return false;
    if (ref->name.at == NULL && ref->labels.n == 0)
        return false;
    if (ref->name.at != NULL && !span_is(ref->name, doc->name))
        return false;
    for (uint32_t i = 0; i < ref->labels.n; i++)
        if (!span_is(label_of(doc, (const char *)labels[i].key.at), labels[i].value))
            return false;
    return ref->kind != TARGET_MESH_EXTERNAL_SERVICE ||
           is_section(ref->section_name, ((const struct service_spec *)doc->spec)->match->port, SPAN_NONE);
}

bool target_tells_listeners_apart(const struct target_ref *ref)
{
    if (ref == NULL)
        return false;
    if (ref->proxy_types.n > 0 && !takes_gateways(&ref->proxy_types))
        return true;
    if (ref->kind == TARGET_MESH || target_names_document(ref))
        return false;
    return ref->name.at != NULL || ref->labels.n > 0 || ref->tags.n > 0 || ref->section_name.at != NULL;
}

bool target_names_document(const struct target_ref *ref)
{
    return ref != NULL && (ref->kind == TARGET_MESH_HTTP_ROUTE || ref->kind == TARGET_MESH_EXTERNAL_SERVICE ||
                           ref->kind == TARGET_MESH_MULTI_ZONE_SERVICE);
}

int target_top_rank(const struct target_ref *ref)
{
    enum { BY_LABELS = 1, BY_SECTION, BY_NAME, BY_NAME_AND_SECTION, GATEWAY = 10, PROXY = 20, DOCUMENT = 30 };
    bool has_name, has_section;
    int narrower;

    if (ref == NULL || ref->kind == TARGET_MESH)
        return 0;
    if (target_names_document(ref))
        return DOCUMENT;
    has_name = ref->name.at != NULL;
    has_section = ref->section_name.at != NULL;
    if (ref->kind == TARGET_MESH_GATEWAY) /* By name or not, it is one gateway's listeners: tags tell them apart. */
        return GATEWAY + (has_section ? BY_SECTION : ref->tags.n > 0 || ref->labels.n > 0 ? BY_LABELS : 0);
    narrower = has_name && has_section ? BY_NAME_AND_SECTION : has_name ? BY_NAME : has_section ? BY_SECTION
               : ref->labels.n > 0 || ref->tags.n > 0 ? BY_LABELS : 0;
    return PROXY + narrower;
}

int target_to_rank(const struct target_ref *ref)
{
    if (ref == NULL)
        return 0;
    switch ((enum target_kind)ref->kind) {
    case TARGET_MESH:
        return 0;
    case TARGET_MESH_GATEWAY:
    case TARGET_MESH_SUBSET:
    case TARGET_DATAPLANE:
    case TARGET_MESH_SERVICE:
    case TARGET_MESH_SERVICE_SUBSET:
        return ref->section_name.at != NULL ? 2 : 1;
    case TARGET_MESH_EXTERNAL_SERVICE:
        return 3;
    case TARGET_MESH_MULTI_ZONE_SERVICE:
        return 4;
    case TARGET_MESH_HTTP_ROUTE:
        return 5;
    case TARGET_N:
        break;
    }
    must_not_reach("target kind");
}
