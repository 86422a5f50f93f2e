// set_csv.c - a list of image files and their classes: a line "path,label" or "path,label,split" each, below a line that says so. Paths are
// relative to the list; fields may stand in double quotes.
#include "base/status.h"
#include "data/listed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES = 1 << 30, FIELDS = 3, TOLD = 10 };

struct reading {
    const char *path, *folder;
    int line, fields;
    struct list images[2];         // train, test
    struct list classes;           // by their names
    int missing, missing_at[TOLD]; // files, and the lines of the first ones
    char first_missing[1024];
};

// Cuts a line into fields in place, its quotes taken away; their number, 0 where they make no sense.
static int cut(char *line, char *fields[FIELDS])
{
    for (int count = 0; count < FIELDS; count++) {
        char *to = fields[count] = line;
        bool quoted = *line == '"';
        if (quoted) line++;
        for (; *line && (quoted || *line != ','); line++) {
            if (quoted && *line == '"' && line[1] != '"') {
                quoted = false;
                line++;
                break;
            }
            if (quoted && *line == '"') line++;
            *to++ = *line;
        }
        bool last = !*line;
        if (quoted || (!last && *line != ',')) return 0;
        *to = 0;
        if (last) return count + 1;
        line++;
    }
    return 0;
}

static striate_status find_class(int *label, struct reading *r, struct arena *arena, const char *name)
{
    for (*label = 0; *label < r->classes.count; ++*label)
        if (!strcmp(r->classes.entries[*label].path, name)) return STRIATE_OK;
    return list_add(&r->classes, arena, (struct entry){ .path = name }, r->path);
}

static void note_missing(struct reading *r, const char *path)
{
    if (!r->missing) snprintf(r->first_missing, sizeof r->first_missing, "%s", path);
    if (r->missing < TOLD) r->missing_at[r->missing] = r->line;
    r->missing++;
}

static striate_status refuse_missing(const struct reading *r)
{
    char lines[12 * TOLD + 8] = "";
    for (int i = 1, length = 0; i < r->missing && i < TOLD; i++)
        length += snprintf(lines + length, sizeof lines - (size_t)length, "%s%d", i > 1 ? ", " : "", r->missing_at[i]);
    if (r->missing > 1)
        FAIL(BAD_FILE, "%s, line %d: %s: no such file; %d more missing, of line%s %s%s", r->path, r->missing_at[0],
             r->first_missing, r->missing - 1, r->missing > 2 ? "s" : "", lines, r->missing > TOLD ? ", ..." : "");
    FAIL(BAD_FILE, "%s, line %d: %s: no such file", r->path, r->missing_at[0], r->first_missing);
}

static striate_status read_row(struct reading *r, struct arena *arena, char *line)
{
    char *field[FIELDS];
    int count = cut(line, field), label, test = 0;
    if (count != r->fields || !*field[0] || !*field[1])
        FAIL(BAD_FILE, "%s, line %d: not %d fields with commas between them; put a path with a comma in double quotes", r->path,
             r->line, r->fields);
    if (count == 3) test = !strcmp(field[2], "test") || !strcmp(field[2], "val");
    if (count == 3 && !test && strcmp(field[2], "train"))
        FAIL(BAD_FILE, "%s, line %d: split '%s'; it is train, val or test", r->path, r->line, field[2]);
    TRY(find_class(&label, r, arena, field[1]));
    char *path = *field[0] == '/' ? strdup(field[0]) : file_join(r->folder, field[0]);
    if (!path) FAIL(NO_MEMORY, "%s: no memory for the names in it", r->path);
    striate_status status = STRIATE_OK;
    if (file_exists(path))
        status = list_add(&r->images[test], arena, (struct entry){ .path = path, .label = label }, r->path);
    else
        note_missing(r, path);
    free(path);
    return status;
}

static striate_status read_head(struct reading *r, const char *line)
{
    if (!strncmp(line, "\xef\xbb\xbf", 3)) line += 3; // a byte order mark
    r->fields = !strcmp(line, "path,label") ? 2 : !strcmp(line, "path,label,split") ? 3 : 0;
    if (!r->fields) FAIL(BAD_FILE, "%s, line 1: a list begins with the line 'path,label' or 'path,label,split'", r->path);
    return STRIATE_OK;
}

static striate_status read_rows(struct reading *r, struct arena *arena, const struct bytes *file)
{
    char *text = (char *)file->data, *end = text + file->size;
    if (memchr(text, 0, file->size)) FAIL(BAD_FILE, "%s: holds bytes that are no text; is it another file?", r->path);
    for (char *line = text; line < end; r->line++) {
        char *stop = memchr(line, '\n', (size_t)(end - line)), *next = stop ? stop + 1 : end;
        size_t length = (size_t)((stop ? stop : end) - line);
        if (length && line[length - 1] == '\r') length--;
        char *copy = strndup(line, length);
        if (!copy) FAIL(NO_MEMORY, "%s: no memory for a line", r->path);
        striate_status status = r->line == 1 ? read_head(r, copy) : *copy ? read_row(r, arena, copy) : STRIATE_OK;
        free(copy);
        TRY(status);
        line = next;
    }
    if (r->missing) return refuse_missing(r);
    if (!r->images[0].count && !r->images[1].count) FAIL(BAD_FILE, "%s: no image in the list", r->path);
    if (r->classes.count < 2)
        FAIL(BAD_FILE, "%s: one class only, %s; there must be two at least", r->path, r->classes.entries->path);
    return STRIATE_OK;
}

static bool is_number(const char *s)
{
    return *s && strspn(s, "0123456789") == strlen(s) && strlen(s) < 10;
}

// Numbers by their value, before words.
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct entry *)a)->path, *y = ((const struct entry *)b)->path;
    if (is_number(x) && is_number(y) && atoi(x) != atoi(y)) return atoi(x) < atoi(y) ? -1 : 1;
    return is_number(x) == is_number(y) ? strcmp(x, y) : is_number(x) ? -1 : 1;
}

// Sorts the classes; new[label] is where a class went.
static void sort_classes(struct reading *r, int *new)
{
    struct list *classes = &r->classes;
    for (int i = 0; i < classes->count; i++) classes->entries[i].label = i;
    qsort(classes->entries, (size_t)classes->count, sizeof *classes->entries, by_name);
    for (int i = 0; i < classes->count; i++) new[classes->entries[i].label] = i;
    for (int split = 0; split < 2; split++)
        for (int i = 0; i < r->images[split].count; i++)
            r->images[split].entries[i].label = new[r->images[split].entries[i].label];
}

static striate_status fill(striate_data *set, struct reading *r, striate_split split, striate_data_options options)
{
    int classes = r->classes.count;
    int *new = arena_take(&set->arena, (size_t)classes * sizeof *new);
    const char **names = arena_take(&set->arena, (size_t)classes * sizeof *names);
    if (!new || !names) FAIL(NO_MEMORY, "%s: no memory for the names of %d classes", r->path, classes);
    sort_classes(r, new);
    for (int i = 0; i < classes; i++) names[i] = r->classes.entries[i].path;
    bool test = r->images[1].count > 0, train = r->images[0].count > 0;
    if (!train && split == STRIATE_SPLIT_TRAIN)
        FAIL(BAD_FILE, "%s: all images are of the split test; training needs some", r->path);
    set->info.has_test = train && test;
    return listed_fill(set, &r->images[test && split == STRIATE_SPLIT_TEST], names, classes, options);
}

static striate_status open_split(striate_data **data, const char *path, striate_split split, striate_data_options options)
{
    striate_data *fresh;
    struct bytes file;
    TRY(file_read(&file, path, CSV_BYTES));
    char *folder = strndup(path, (size_t)(file_base(path) - path));
    struct reading r = { .path = path, .folder = folder && *folder ? folder : ".", .line = 1 };
    striate_status status = folder ? listed_new(&fresh, "csv") : status_fail(STRIATE_NO_MEMORY, "%s: no memory", path);
    if (!status) {
        status = read_rows(&r, &fresh->arena, &file);
        if (!status) status = fill(fresh, &r, split, options);
        if (status)
            striate_data_close(fresh);
        else
            *data = fresh;
    }
    for (int i = 0; i < 2; i++) list_free(&r.images[i]);
    list_free(&r.classes);
    free(folder);
    free(file.data);
    return status;
}

static bool found(const char *path)
{
    const char *ending = strrchr(path, '.');
    return ending && !strcmp(ending, ".csv") && !file_is_folder(path);
}

const struct format format_csv = { found, open_split };
