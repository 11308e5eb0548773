/* source_tree.c - see source_tree.h. */
#include "admin/source_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/memory.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "proto/gzip.h"
#include "proto/hex.h"
#include "proto/tar.h"
#include "store/hash.h"

struct complaint {
    char    *out;
    uint32_t bytes;
};

static enum why complain(const struct complaint *to, enum why why, const char *format, ...) __attribute__((format(printf, 3, 4)));

static enum why complain(const struct complaint *to, enum why why, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vsnprintf(to->out, to->bytes, format, list);
    va_end(list);
    return why;
}

struct source_tree *source_tree_open(void)
{
    struct conf_arena *arena = conf_arena_open(SOURCE_TREE_BYTES_MAX + KEEPER_CHANGE_TEXTS_MAX * (TAR_PATH_BYTES_MAX + 64));
    struct source_tree *t = arena != NULL ? conf_arena_take(arena, sizeof(*t)) : NULL;

    if (t == NULL)
        return NULL;
    t->arena = arena;
    t->texts = conf_arena_array(arena, KEEPER_CHANGE_TEXTS_MAX, sizeof(*t->texts));
    if (t->texts == NULL) {
        conf_arena_close(arena);
        return NULL;
    }
    return t;
}

void source_tree_close(struct source_tree *t)
{
    if (t != NULL)
        conf_arena_close(t->arena);
}

static bool is_document(struct span name)
{
    return span_ends(name, SPAN_LIT(".yaml")) || span_ends(name, SPAN_LIT(".yml")) || span_ends(name, SPAN_LIT(".json"));
}

static enum why tree_add(struct source_tree *t, struct span name, struct span text, const struct complaint *to)
{
    struct span kept_name = conf_arena_copy(t->arena, name), kept = conf_arena_copy(t->arena, text);

    t->bytes += text.len;
    if (t->texts_n == KEEPER_CHANGE_TEXTS_MAX)
        return complain(to, WHY_ARCHIVE_LARGE, "more than %d files are documents: put several into one, with `---` between them",
                        KEEPER_CHANGE_TEXTS_MAX);
    if (t->arena->is_full || t->bytes > SOURCE_TREE_BYTES_MAX || text.len > CONF_FILE_BYTES_MAX)
        return complain(to, WHY_ARCHIVE_LARGE, "%.*s: a file may have 16 MiB, all of them %d MiB: split the file, or the source by `path`",
                        SPAN_FMT(name), SOURCE_TREE_BYTES_MAX >> 20);
    t->texts[t->texts_n++] = (struct keeper_text){ .file = (const char *)kept_name.at, .text = kept };
    return WHY_OK;
}

static int text_order(const void *left, const void *right)
{
    return strcmp(((const struct keeper_text *)left)->file, ((const struct keeper_text *)right)->file);
}

/* In name order, and with a name of its own where nobody gave one. */
static enum why tree_end(struct source_tree *t, const char *where, const struct complaint *to)
{
    struct hash h;
    uint8_t digest[HASH_BYTES];

    if (t->texts_n == 0)
        return complain(to, WHY_SOURCE_EMPTY, "%s has no *.yaml, *.yml or *.json: correct `path`, or delete the ForgeSource if nothing is "
                        "to come from it any more", where);
    qsort(t->texts, t->texts_n, sizeof(*t->texts), text_order);
    if (t->revision[0] != 0)
        return WHY_OK;
    hash_init(&h);
    for (uint32_t i = 0; i < t->texts_n; i++) {
        uint64_t bytes = t->texts[i].text.len;

        hash_add(&h, span_of(t->texts[i].file, strlen(t->texts[i].file) + 1));
        hash_add(&h, span_of(&bytes, sizeof(bytes)));
        hash_add(&h, t->texts[i].text);
    }
    hash_end(&h, digest);
    t->revision[hex_write(span_of(digest, sizeof(digest)), t->revision)] = 0;
    return WHY_OK;
}

/* ---- folders ---- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum why read_dir(struct source_tree *t, const char *dir, struct span below, uint32_t depth, const struct complaint *to);

static enum why read_entry(struct source_tree *t, const char *dir, struct span name, uint32_t depth, const struct complaint *to)
{
    struct span path = conf_arena_format(t->arena, "%s/%.*s", dir, SPAN_FMT(name)), bytes;
    const char *wrong;
    struct stat st;

    if (path.at == NULL)
        return complain(to, WHY_ARCHIVE_LARGE, "there are too many files in %s: name a folder with `path`", dir);
    if (lstat((const char *)path.at, &st) != 0)
        return WHY_OK; /* It was there a moment ago: the next look will tell. */
    if (S_ISDIR(st.st_mode))
        return read_dir(t, dir, name, depth + 1, to);
    if (!S_ISREG(st.st_mode) || !is_document(name))
        return WHY_OK;
    wrong = conf_file_read(t->arena, (const char *)path.at, CONF_FILE_BYTES_MAX, &bytes);
    if (wrong != NULL)
        return complain(to, WHY_SOURCE_UNREADABLE, "%s %s", (const char *)path.at, wrong);
    return tree_add(t, name, bytes, to);
}

static enum why read_dir(struct source_tree *t, const char *dir, struct span below, uint32_t depth, const struct complaint *to)
{
    struct span path = conf_arena_format(t->arena, "%s/%.*s", dir, SPAN_FMT(below));
    struct dirent **entries = NULL;
    enum why why = WHY_OK;
    int n;

    if (path.at == NULL || depth > SOURCE_DEPTH_MAX)
        return complain(to, WHY_ARCHIVE_LARGE, "%s has folders too deep, or too many of them: name one with `path`", dir);
    n = scandir((const char *)path.at, &entries, is_visible, alphasort);
    if (n < 0)
        return complain(to, WHY_SOURCE_UNREADABLE, "the folder %s cannot be read: %s", (const char *)path.at, strerror(errno));
    for (int i = 0; i < n; i++) {
        if (why == WHY_OK) {
            struct span name = conf_arena_format(t->arena, "%.*s%s%s", SPAN_FMT(below), below.len > 0 ? "/" : "", entries[i]->d_name);

            why = read_entry(t, dir, name, depth, to);
        }
        free(entries[i]); /* tidy: banned-calls: because scandir made it */
    }
    free(entries); /* tidy: banned-calls: because scandir made it */
    return why;
}

enum why source_tree_read_dir(struct source_tree *t, const char *dir, const char *path, char *out_error, uint32_t out_error_bytes)
{
    struct complaint to = { out_error, out_error_bytes };
    enum why why = read_dir(t, dir, span_str(path), 0, &to);
    char where[1600];

    snprintf(where, sizeof(where), "%s%s%s", dir, path[0] != 0 ? "/" : "", path);
    return why == WHY_OK ? tree_end(t, where, &to) : why;
}

/* ---- archives ---- */

/* What of a file's path counts; empty: it does not lie below path. */
static struct span path_inside(struct span file, const char *path, bool strips)
{
    struct span below = span_str(path);
    size_t slash = strips ? span_find(file, '/') : 0;

    if (strips && slash == file.len)
        return SPAN_LIT("");
    if (strips)
        file = span_from(file, slash + 1);
    while (below.len > 0 && below.at[below.len - 1] == '/')
        below.len--;
    if (below.len > 0 && (!span_starts(file, below) || file.len <= below.len + 1 || file.at[below.len] != '/'))
        return SPAN_LIT("");
    return file;
}

static bool is_hidden(struct span path)
{
    struct span part;

    while (span_next(&path, '/', &part))
        if (part.len > 0 && part.at[0] == '.')
            return true;
    return false;
}

static enum why read_tar(struct source_tree *t, struct span archive, const char *path, bool strips, const struct complaint *to)
{
    struct tar tar;
    struct tar_file f;
    enum why why = WHY_OK;
    enum tar_got got;

    tar_init(&tar, archive);
    while (why == WHY_OK && (got = tar_next(&tar, &f, &why)) == TAR_FILE) {
        struct span name = path_inside(f.path, path, strips);

        if (name.len > 0 && is_document(name) && !is_hidden(name))
            why = tree_add(t, name, f.bytes, to);
    }
    if (tar.comment.len >= 40 && tar.comment.len < SOURCE_REVISION_BYTES) {
        memcpy(t->revision, tar.comment.at, tar.comment.len);
        t->revision[tar.comment.len] = 0;
    }
    if (why != WHY_OK && to->out[0] == 0)
        return complain(to, why, "%s", why_sentence(why));
    return why;
}

/* A plain tarball may have one folder around everything, as those of Git hosts do, or none. */
static enum why read_both(struct source_tree *t, struct span archive, const char *path, bool strips, const struct complaint *to)
{
    enum why why = read_tar(t, archive, path, strips, to);

    if (why == WHY_OK && t->texts_n == 0 && !strips)
        why = read_tar(t, archive, path, true, to);
    return why == WHY_OK ? tree_end(t, path[0] != 0 ? path : "the archive", to) : why;
}

enum why source_tree_read_archive(struct source_tree *t, struct span archive, const char *path, bool strips, char *out_error,
                                  uint32_t out_error_bytes)
{
    struct complaint to = { out_error, out_error_bytes };
    uint8_t *room;
    size_t length;
    enum why why;

    out_error[0] = 0;
    if (!gzip_is(archive))
        return read_both(t, archive, path, strips, &to);
    room = memory_map(SOURCE_UNPACKED_BYTES_MAX);
    if (room == NULL)
        return complain(&to, WHY_IO_NO_MEMORY, "there is no memory to unpack the archive in");
    why = gzip_read(archive, room, SOURCE_UNPACKED_BYTES_MAX, &length);
    if (why == WHY_OK)
        why = read_both(t, span_of(room, length), path, strips, &to);
    else
        why = complain(&to, why, "%s", why_sentence(why));
    memory_unmap(room, SOURCE_UNPACKED_BYTES_MAX);
    return why;
}
