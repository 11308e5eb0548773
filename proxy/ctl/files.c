/* files.c - see files.h. */
#include "ctl/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "conf/conf_arena.h"
#include "conf/conf_set.h"
#include "ctl/ctl.h"

STATIC_MUST((int)FILES_MAX == (int)CONF_FILES_MAX, "a folder that the gateway takes is one that we take");

static bool refuse(struct ctl *ctl, const char *path, const char *sentence)
{
    diag_error(&ctl->diag, (struct diag_place){ path, 0, 0 }, "%s", sentence);
    return false;
}

bool files_init(struct ctl *ctl, struct files *out)
{
    *out = (struct files){ .items = conf_arena_array(ctl->arena, FILES_MAX, sizeof(*out->items)) };
    return out->items != NULL || refuse(ctl, "", "there is no memory for a list of files");
}

static bool add_text(struct ctl *ctl, struct files *out, const char *name, struct span text)
{
    if (out->n == FILES_MAX)
        return refuse(ctl, name, "these are more than 4096 files: put several documents into one, with `---` between them");
    out->items[out->n++] = (struct files_item){ name, text };
    return true;
}

static bool add_file(struct ctl *ctl, struct files *out, const char *path)
{
    struct span text;
    const char *wrong = conf_file_read(ctl->arena, path, CONF_FILE_BYTES_MAX, &text);

    if (wrong != NULL) {
        diag_error(&ctl->diag, (struct diag_place){ path, 0, 0 }, "the file %s", wrong);
        return false;
    }
    return add_text(ctl, out, path, text);
}

static int is_document(const struct dirent *entry)
{
    struct span name = span_str(entry->d_name);

    return entry->d_name[0] != '.' && (span_ends(name, SPAN_LIT(".yaml")) || span_ends(name, SPAN_LIT(".yml")) ||
                                       span_ends(name, SPAN_LIT(".json")));
}

static bool add_dir(struct ctl *ctl, struct files *out, const char *dir)
{
    struct dirent **entries = NULL;
    int n = scandir(dir, &entries, is_document, alphasort);
    size_t len = strlen(dir);
    bool is_good = n >= 0 || refuse(ctl, dir, strerror(errno));

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if (n == 0)
        diag_warn(&ctl->diag, (struct diag_place){ dir, 0, 0 }, "this directory has no *.yaml, *.yml or *.json");
    for (int i = 0; i < n; i++) {
        struct span path = conf_arena_format(ctl->arena, "%.*s/%s", (int)len, dir, entries[i]->d_name);

        is_good = path.at != NULL && add_file(ctl, out, (const char *)path.at) && is_good;
        free(entries[i]); /* tidy: banned-calls: because scandir made it */
    }
    free(entries); /* tidy: banned-calls: because scandir made it */
    return is_good;
}

static bool add_input(struct ctl *ctl, struct files *out)
{
    size_t len = 0, room = CONF_FILE_BYTES_MAX + 1;
    char *text = conf_arena_take(ctl->arena, room + 1); /* Untouched pages cost nothing. */

    if (text == NULL)
        return refuse(ctl, "-", "there is no memory for standard input");
    while (len < room) {
        ssize_t n = read(STDIN_FILENO, text + len, room - len);

        if (n < 0 && errno != EINTR)
            return refuse(ctl, "-", strerror(errno));
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    if (len > CONF_FILE_BYTES_MAX)
        return refuse(ctl, "-", "standard input is longer than 16 MiB: put it into several files");
    return add_text(ctl, out, "-", span_of(text, len));
}

/* The folder of a file's path. */
static const char *folder_of(struct ctl *ctl, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return ".";
    return slash == path ? "/" : (const char *)conf_arena_copy(ctl->arena, span_of(path, (size_t)(slash - path))).at;
}

bool files_add(struct ctl *ctl, struct files *out, const char *path)
{
    struct stat info;

    if (strcmp(path, "-") == 0) {
        out->dir = out->dir != NULL ? out->dir : ".";
        return add_input(ctl, out);
    }
    if (stat(path, &info) != 0)
        return refuse(ctl, path, errno == ENOENT ? "there is no such file or folder" : strerror(errno));
    if (out->dir == NULL)
        out->dir = S_ISDIR(info.st_mode) ? path : folder_of(ctl, path);
    return S_ISDIR(info.st_mode) ? add_dir(ctl, out, path) : add_file(ctl, out, path);
}

bool files_read(struct ctl *ctl, struct files *out)
{
    uint32_t at = 0;
    const char *path;
    bool is_good = files_init(ctl, out);

    while (out->items != NULL && (path = arguments_next(&ctl->arguments, FLAG_FILE, &at)) != NULL)
        is_good = files_add(ctl, out, path) && is_good;
    return is_good;
}

const char *files_slurp(struct ctl *ctl, const char *path, struct span *out)
{
    return conf_file_read(ctl->arena, path, CONF_SCALAR_BYTES_MAX, out);
}
