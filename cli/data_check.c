// data_check.c - every image of a data set decoded: what cannot be read, what is not what its name says, what is there twice, and what is unlike
// the others.
#include "data.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { UNREADABLE, ENDING, DUPLICATE, SIZE, KINDS };
static const char *const names[KINDS] = { "unreadable", "wrong_ending", "duplicate", "off_size" };
static const char *const headings[KINDS] = { "cannot be read", "the ending is another format's", "the same pixels as another",
                                             "a size unlike the others'" };

struct image {
    uint64_t hash;
    int split, index, height, width;
    bool bad;
};

struct check {
    striate_data *split[2];
    struct image *images;
    int count;
    json_t *found[KINDS];
};

static void note(struct check *c, enum kind kind, const char *format, ...) STRIATE_PRINTF(3, 4);
static void note(struct check *c, enum kind kind, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    json_array_append_new(c->found[kind], json_text(text));
}

static const char *name_of(const struct check *c, const struct image *image)
{
    return striate_data_name(c->split[image->split], image->index);
}

// Fowler, Noll and Vo's 1a.
static uint64_t hash_of(const striate_image *image)
{
    uint64_t hash = 0xcbf29ce484222325;
    size_t size = (size_t)image->height * (size_t)image->width * (size_t)image->channels;
    for (size_t i = 0; i < size; i++) hash = (hash ^ image->pixels[i]) * 0x100000001b3;
    return (hash ^ (uint64_t)image->height) * 0x100000001b3;
}

static void check_ending(struct check *c, const char *path)
{
    const char *dot = strrchr(path, '.');
    unsigned char magic[2] = { 0 };
    FILE *file = dot ? fopen(path, "rb") : NULL;
    bool read = file && fread(magic, 1, 2, file) == 2;
    if (file) fclose(file);
    if (!read || strchr(dot, ']')) return;
    bool png = magic[0] == 0x89 && magic[1] == 'P', jpeg = magic[0] == 0xff && magic[1] == 0xd8;
    bool says_png = !strcasecmp(dot, ".png"), says_jpeg = !strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg");
    if ((png && !says_png) || (jpeg && !says_jpeg)) note(c, ENDING, "%s is a %s", path, png ? "PNG" : "JPEG");
}

static int look(struct check *c, int split)
{
    const striate_data *data = c->split[split];
    int count = striate_data_about(data).images;
    struct image *images = realloc(c->images, (size_t)(c->count + count) * sizeof *images);
    struct progress progress;
    if (!images) return no_memory();
    c->images = images;
    progress_start(&progress);
    for (int i = 0; i < count; i++) {
        striate_image pixels = { 0 };
        struct image *image = &c->images[c->count++];
        *image = (struct image){ .split = split, .index = i };
        image->bad = striate_data_image(&pixels, data, i) != STRIATE_OK;
        if (image->bad) {
            note(c, UNREADABLE, "%s", striate_error());
        } else {
            image->hash = hash_of(&pixels);
            image->height = pixels.height;
            image->width = pixels.width;
        }
        check_ending(c, name_of(c, image));
        striate_image_free(&pixels);
        progress_images(&progress, i + 1, count);
    }
    progress_clear();
    return CODE_OK;
}

static int by_hash(const void *a, const void *b)
{
    const struct image *x = a, *y = b;
    if (x->bad != y->bad) return x->bad - y->bad;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->split != y->split ? x->split - y->split : x->index - y->index;
}

static bool same_pixels(const struct check *c, const struct image *a, const struct image *b)
{
    striate_image x = { 0 }, y = { 0 };
    bool same = !striate_data_image(&x, c->split[a->split], a->index) &&
                !striate_data_image(&y, c->split[b->split], b->index) && x.height == y.height && x.width == y.width &&
                x.channels == y.channels &&
                !memcmp(x.pixels, y.pixels, (size_t)x.height * (size_t)x.width * (size_t)x.channels);
    striate_image_free(&x);
    striate_image_free(&y);
    return same;
}

static void find_duplicates(struct check *c)
{
    qsort(c->images, (size_t)c->count, sizeof *c->images, by_hash);
    for (int first = 0, i = 1; i < c->count && !c->images[i].bad; i++) {
        const struct image *a = &c->images[first], *b = &c->images[i];
        if (a->hash != b->hash || !same_pixels(c, a, b)) {
            first = i;
            continue;
        }
        int label = striate_data_label(c->split[a->split], a->index), other = striate_data_label(c->split[b->split], b->index);
        note(c, DUPLICATE, "%s = %s%s%s", name_of(c, b), name_of(c, a), a->split != b->split ? ", of the other split" : "",
             label != other ? ", of another class" : "");
    }
}

static int by_area(const void *a, const void *b)
{
    const struct image *x = a, *y = b;
    int64_t p = (int64_t)x->height * x->width, q = (int64_t)y->height * y->width;
    return p != q ? (p < q ? -1 : 1) : x->split != y->split ? x->split - y->split : x->index - y->index;
}

// Where nine of ten have the size of the median, those of another; else those of less than a sixteenth or more than 16 times its area, or
// longer than 4 times their width.
static void find_sizes(struct check *c)
{
    qsort(c->images, (size_t)c->count, sizeof *c->images, by_area);
    int bad = 0, alike = 0;
    while (bad < c->count && c->images[bad].bad) bad++;
    if (bad == c->count) return;
    const struct image *median = &c->images[bad + (c->count - bad) / 2];
    int h = median->height, w = median->width;
    for (int i = bad; i < c->count; i++) alike += c->images[i].height == h && c->images[i].width == w;
    bool one = 10 * (int64_t)alike >= 9 * (int64_t)(c->count - bad);
    for (int i = bad; i < c->count; i++) {
        const struct image *m = &c->images[i];
        double area = (double)m->height * m->width / ((double)h * w), ratio = (double)m->height / m->width;
        if (one ? m->height != h || m->width != w : area < 1.0 / 16 || area > 16 || ratio > 4 || ratio < 0.25)
            note(c, SIZE, "%s: %s%s%s", name_of(c, m), size2(m->height, m->width).s, one ? ", not " : "",
                 one ? size2(h, w).s : "");
    }
}

static void show(const struct check *c)
{
    printf("%s images looked at\n", commas(c->count).s);
    bool any = false;
    for (int kind = 0; kind < KINDS; kind++) {
        size_t count = json_array_size(c->found[kind]), i;
        json_t *text;
        if (!count) continue;
        any = true;
        printf("\n%s: %s\n", headings[kind], commas((int64_t)count).s);
        json_array_foreach(c->found[kind], i, text)
        {
            printf("  ");
            print_name(stdout, json_string_value(text), 0);
            putchar('\n');
        }
    }
    if (!any) printf("nothing is wrong with them\n");
}

static int look_at_all(struct check *c, const char *directory)
{
    striate_data_options keep = { .keep_bad = 1, .unlabelled = 1 };
    int code = report(striate_data_open_with(&c->split[0], directory, STRIATE_SPLIT_TRAIN, keep));
    if (!code) code = look(c, 0);
    if (!code && striate_data_about(c->split[0]).has_test)
        code = report(striate_data_open_with(&c->split[1], directory, STRIATE_SPLIT_TEST, keep));
    if (!code && c->split[1]) code = look(c, 1);
    return code;
}

int data_check(const struct data_arguments *a, const char *directory)
{
    struct check c = { 0 };
    for (int kind = 0; kind < KINDS; kind++) c.found[kind] = json_array();
    int code = look_at_all(&c, directory);
    if (!code) {
        find_duplicates(&c);
        find_sizes(&c);
        int unreadable = (int)json_array_size(c.found[UNREADABLE]);
        if (!a->json) show(&c);
        json_t *json = json_pack("{s:i}", "images", c.count);
        for (int kind = 0; kind < KINDS; kind++) json_object_set(json, names[kind], c.found[kind]);
        if (a->json)
            code = print_json(json);
        else
            json_decref(json);
        if (!code && unreadable)
            code = complain(CODE_BAD_INPUT, "%s: %s image%s cannot be read", directory, commas(unreadable).s,
                            unreadable > 1 ? "s" : "");
    }
    for (int kind = 0; kind < KINDS; kind++) json_decref(c.found[kind]);
    striate_data_close(c.split[0]);
    striate_data_close(c.split[1]);
    free(c.images);
    return code;
}
