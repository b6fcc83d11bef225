#include "table.h"

#include <string.h>

struct cell {
    const char *text;
    size_t bytes;
    size_t width; /* in characters; then of its column */
};
struct line {
    struct cell *cells; /* those that end with a tab */
    size_t n;
    const char *rest;
    size_t rest_bytes;
};

static size_t characters(const char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

static void split(struct hull_arena *arena, const char *text, size_t length, struct line *ret)
{
    struct {
        size_t n;
        struct cell *v;
    } cells = {};
    const char *end = text + length;
    const char *tab;
    while ((tab = memchr(text, '\t', (size_t)(end - text))) != NULL) {
        struct cell *cell = HULL_LIST_ADD(arena, &cells);
        *cell = (struct cell){text, (size_t)(tab - text), characters(text, (size_t)(tab - text))};
        text = tab + 1;
    }
    *ret = (struct line){cells.v, cells.n, text, (size_t)(end - text)};
}

/* Give the cells of each column its width, column after column. */
static void measure(struct line *lines, size_t count, size_t min_width, size_t padding)
{
    size_t most = 0;
    for (size_t i = 0; i < count; i++)
        most = lines[i].n > most ? lines[i].n : most;
    for (size_t column = 0; column < most; column++) {
        for (size_t from = 0; from < count;) {
            size_t to = from, width = 0;
            for (; to < count && lines[to].n > column; to++) {
                if (lines[to].cells[column].width > width)
                    width = lines[to].cells[column].width;
            }
            width = width + padding < min_width ? min_width : width + padding;
            for (size_t i = from; i < to; i++)
                lines[i].cells[column].width = width;
            from = to == from ? from + 1 : to;
        }
    }
}

static void write_line(struct hull_text *out, const struct line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        const struct cell *cell = &line->cells[i];
        hull_text_add(out, cell->text, cell->bytes);
        hull_text_printf(out, "%*s", (int)(cell->width - characters(cell->text, cell->bytes)), "");
    }
    hull_text_add(out, line->rest, line->rest_bytes);
}

void table_align(struct hull_text *out, const char *text, size_t min_width, size_t padding)
{
    struct {
        size_t n;
        struct line *v;
    } lines = {};
    const char *at = text;
    for (;;) {
        size_t length = strcspn(at, "\n");
        split(out->arena, at, length, HULL_LIST_ADD(out->arena, &lines));
        if (at[length] == '\0')
            break;
        at += length + 1;
    }
    measure(lines.v, lines.n, min_width, padding);
    for (size_t i = 0; i < lines.n; i++) {
        if (i > 0)
            hull_text_add(out, "\n", 1);
        write_line(out, &lines.v[i]);
    }
}
