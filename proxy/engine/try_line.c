/* try_line.c - a request as an operator types it: "GET https://shop.example.com/cart?x=1", "Name: value".
 *
 * Layer:  engine.
 *
 * What is typed is not judged here: a path that no client may send goes on as it is, and the dry run says what becomes of it.
 */
#include "engine/try.h"

static bool is_method(struct span word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] < 'A' || word.at[i] > 'Z')
            return false;
    return word.len > 0;
}

/* Scheme and authority of a URL; false: it begins with neither scheme. */
static bool take_origin(struct span *io_url, struct try_request *out)
{
    static const struct span schemes[] = { { (const uint8_t *)"https", 5 }, { (const uint8_t *)"http", 4 } };

    for (size_t i = 0; i < COUNT(schemes); i++) {
        struct span after = span_from(*io_url, io_url->len < schemes[i].len ? 0 : schemes[i].len);
        size_t end = 0;
        if (!span_starts(*io_url, schemes[i]) || !span_starts(after, SPAN_LIT("://")))
            continue;
        after = span_from(after, 3);
        while (end < after.len && after.at[end] != '/' && after.at[end] != '?' && after.at[end] != '#')
            end++;
        out->scheme = schemes[i];
        out->authority = span_of(after.at, end);
        *io_url = span_from(after, end);
        return true;
    }
    return false;
}

const char *try_read_line(struct span line, struct try_request *out)
{
    struct span url = span_trim(line);
    size_t blank = span_find(url, ' ');

    if (url.len == 0)
        return "write a request, as `GET https://shop.example.com/cart?x=1`";
    if (blank < url.len) {
        struct span word = span_of(url.at, blank);
        if (!is_method(word))
            return "the method is one word in capitals, as in `GET https://shop.example.com/cart?x=1`";
        out->method = word;
        url = span_trim(span_from(url, blank));
    }
    if (take_origin(&url, out)) {
        if (out->authority.len == 0)
            return "the URL needs a host, as in `GET https://shop.example.com/cart?x=1`";
    } else if (url.at[0] != '/' && url.at[0] != '*') {
        return "the URL must begin with https://, http:// or a slash";
    }
    out->target = url;
    return NULL;
}

const char *try_read_header(struct span line, struct try_header *out)
{
    size_t colon = span_find(line, ':');

    if (colon == line.len || colon == 0)
        return "a header is written as `Name: value`";
    out->name = span_of(line.at, colon);
    out->value = span_trim(span_from(line, colon + 1));
    return NULL;
}
