// model.c - models: made, opened, saved. A model file is one safetensors file: the weights, and in its metadata the network's text, the
// class names and the preprocessing (docs/FORMATS.md).
#include "train/model.h"

#include "base/text.h"
#include "base/value.h"
#include "data/preprocess.h"
#include "formats/weights.h"
#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char format[] = "striate-model 1", format_family[] = "striate-model";

// ---- preprocessing as JSON ----

struct field {
    const char *name;
    size_t offset;
    int high;      // whole numbers 0..high
    bool optional; // where it is 0, files need not say so
};

static const struct field whole[] = {
    { "height", offsetof(striate_preprocessing, height), 16384 },
    { "width", offsetof(striate_preprocessing, width), 16384 },
    { "channels", offsetof(striate_preprocessing, channels), 3 },
    { "resize", offsetof(striate_preprocessing, resize), 16384 },
    { "bgr", offsetof(striate_preprocessing, bgr), 1 },
    { "pad", offsetof(striate_preprocessing, pad), 8192, .optional = true },
};
static const struct field real[] = {
    { "mean", offsetof(striate_preprocessing, mean), 0 },
    { "std", offsetof(striate_preprocessing, std), 0 },
};
enum { WHOLE = sizeof whole / sizeof *whole, REAL = sizeof real / sizeof *real };

static void write_preprocessing(struct text *text, const striate_preprocessing *p)
{
    const char *base = (const char *)p;
    text_add(text, "{");
    for (int i = 0; i < WHOLE; i++) {
        int number = *(const int *)(base + whole[i].offset);
        if (number || !whole[i].optional) text_add(text, "\"%s\":%d,", whole[i].name, number);
    }
    text_add(text, "\"range\":");
    text_add_float(text, p->range);
    for (int i = 0; i < REAL; i++) {
        const float *values = (const float *)(base + real[i].offset);
        text_add(text, ",\"%s\":[", real[i].name);
        for (int c = 0; c < p->channels; c++) {
            text_add(text, "%s", c ? "," : "");
            text_add_float(text, values[c]);
        }
        text_add(text, "]");
    }
    text_add(text, "}");
}

static striate_status read_fields(striate_preprocessing *p, const struct value *object, const char *path)
{
    char *base = (char *)p;
    size_t members = REAL + 1;
    for (int i = 0; i < WHOLE; i++) {
        const struct value *value = value_get(object, whole[i].name);
        int64_t number = 0;
        members += value != NULL;
        if ((value || !whole[i].optional) && (!value_integer(value, &number) || number < 0 || number > whole[i].high))
            FAIL(BAD_FILE, "%s: preprocessing: %s is no whole number from 0 to %d", path, whole[i].name, whole[i].high);
        *(int *)(base + whole[i].offset) = (int)number;
    }
    double number;
    if (!value_number(value_get(object, "range"), &number)) FAIL(BAD_FILE, "%s: preprocessing: range is no number", path);
    p->range = (float)number;
    for (int i = 0; i < REAL; i++) {
        const struct value *array = value_get(object, real[i].name);
        if (!value_is_array(array) || value_size(array) != (size_t)p->channels)
            FAIL(BAD_FILE, "%s: preprocessing: %s is no array of %d numbers, one per channel", path, real[i].name, p->channels);
        for (int c = 0; c < p->channels; c++) {
            if (!value_number(value_at(array, (size_t)c), &number))
                FAIL(BAD_FILE, "%s: preprocessing: %s[%d] is no number", path, real[i].name, c);
            ((float *)(base + real[i].offset))[c] = (float)number;
        }
    }
    if (value_size(object) != members) FAIL(BAD_FILE, "%s: preprocessing has members that this version does not know", path);
    return STRIATE_OK;
}

static striate_status read_preprocessing(striate_preprocessing *p, const char *json, const char *path)
{
    struct value *root = NULL;
    char where[300];
    snprintf(where, sizeof where, "%.256s: preprocessing", path);
    TRY(value_parse(&root, json, strlen(json), where));
    striate_status status = read_fields(p, root, path);
    value_free(root);
    return status;
}

// ---- a model of its parts ----

static striate_status check_preprocessing(const striate_preprocessing *p, striate_size input, const char *where)
{
    if (p->height != input.height || p->width != input.width || p->channels != input.channels)
        FAIL(BAD_NETWORK, "%s: the preprocessing makes images of %dx%dx%d, the network takes %dx%dx%d", where, p->height,
             p->width, p->channels, input.height, input.width, input.channels);
    if (p->channels != 1 && p->channels != 3)
        FAIL(BAD_NETWORK, "%s: images have 1 or 3 channels, the network takes %d", where, p->channels);
    int height = p->height - 2 * p->pad, width = p->width - 2 * p->pad;
    if (height < 1 || width < 1)
        FAIL(BAD_NETWORK, "%s: preprocessing: a border of %d leaves nothing of %dx%d", where, p->pad, p->height, p->width);
    if (p->resize && (p->resize < height || p->resize < width))
        FAIL(BAD_NETWORK, "%s: preprocessing: a resize to %d leaves no %dx%d to crop", where, p->resize, height, width);
    bool fine = isfinite(p->range) && p->range > 0;
    for (int c = 0; c < p->channels; c++) fine = fine && isfinite(p->mean[c]) && isfinite(p->std[c]) && p->std[c] > 0;
    if (!fine) FAIL(BAD_NETWORK, "%s: preprocessing: range and std must be above 0, and no number infinite", where);
    return STRIATE_OK;
}

static bool is_utf8(const char *s)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 }; // of as many bytes more
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        int more = *p < 0x80 ? 0 : *p >> 5 == 6 ? 1 : *p >> 4 == 14 ? 2 : *p >> 3 == 30 ? 3 : -1;
        if (more < 0) return false;
        uint32_t code = more ? *p & (0x3Fu >> more) : *p;
        p++;
        for (int i = 0; i < more; i++, p++) {
            if (*p >> 6 != 2) return false;
            code = code << 6 | (*p & 0x3Fu);
        }
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    }
    return true;
}

// Names may come from folders: those that a model file cannot hold are refused before a model is trained.
static striate_status copy_names(struct striate_model *model, const char *const *names, const char *where)
{
    model->names = arena_take(&model->arena, (size_t)model->classes * sizeof *model->names);
    if (!model->names) FAIL(NO_MEMORY, "%s: no memory for %d class names", where, model->classes);
    for (int i = 0; i < model->classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        const char *name = names ? names[i] : number;
        if (!is_utf8(name)) FAIL(BAD_ARGUMENT, "%s: the name of class %d is not UTF-8 text: rename it", where, i);
        model->names[i] = arena_copy(&model->arena, name);
        if (!model->names[i]) FAIL(NO_MEMORY, "%s: no memory for %d class names", where, model->classes);
    }
    return STRIATE_OK;
}

static void write_classes(struct text *text, const struct striate_model *model)
{
    for (int i = 0; i < model->classes; i++) {
        text_add(text, "%s", i ? "," : "[");
        text_add_json(text, model->names[i]);
    }
    text_add(text, "]");
}

static striate_status fill(struct striate_model *model, const striate_preprocessing *preprocessing, const char *const *names,
                           const char *where)
{
    TRY(graph_seal(model->graph));
    const struct striate_node *input = model->graph->nodes[0], *output = graph_output(model->graph);
    model->classes = (int)shape_count(output->plan.out);
    model->probabilities = output->op == &striate_op_softmax;
    striate_preprocessing *p = &model->preprocessing;
    *p = *preprocessing;
    if (p->range == 0) p->range = 1;
    for (int c = 0; c < 3; c++)
        if (p->std[c] == 0) p->std[c] = 1;
    TRY(check_preprocessing(p, striate_node_size(input), where));
    return copy_names(model, names, where);
}

static striate_status make(striate_model **model, striate_graph *graph, const striate_preprocessing *preprocessing,
                           const char *const *names, const char *where)
{
    struct striate_model *made = calloc(1, sizeof *made);
    if (!made) {
        striate_graph_free(graph);
        FAIL(NO_MEMORY, "%s: no memory", where);
    }
    made->graph = graph;
    striate_status status = fill(made, preprocessing, names, where);
    if (status)
        striate_model_free(made);
    else
        *model = made;
    return status;
}

striate_status striate_model_new(striate_model **model, striate_graph *graph, const striate_preprocessing *preprocessing,
                                 const char *const *class_names)
{
    return make(model, graph, preprocessing, class_names, "model");
}

void striate_model_free(striate_model *model)
{
    if (!model) return;
    for (int i = 0; i < 2; i++) striate_plan_free(model->plans[i].plan);
    striate_graph_free(model->graph);
    arena_free(&model->arena);
    free(model);
}

striate_graph *striate_model_graph(striate_model *model)
{
    return model->graph;
}

int striate_model_classes(const striate_model *model)
{
    return model->classes;
}

const char *striate_model_class_name(const striate_model *model, int label)
{
    return label >= 0 && label < model->classes ? model->names[label] : "";
}

const striate_preprocessing *striate_model_preprocessing(const striate_model *model)
{
    return &model->preprocessing;
}

void striate_model_exact(striate_model *model, int exact)
{
    model->exact = exact;
}

static void add_names(struct text *text, const char *const *names, int count)
{
    enum { SHOWN = 20 };
    for (int i = 0; i < count && i < SHOWN; i++) text_add(text, "%s%s", i ? ", " : "", names[i]);
    if (count > SHOWN) text_add(text, " and %d more", count - SHOWN);
}

striate_status model_check_order(const striate_model *model, const striate_data *data)
{
    striate_data_info about = striate_data_about(data);
    bool moved = false;
    for (int i = 0; i < about.classes && i < model->classes; i++)
        for (int j = 0; j < model->classes && !moved && strcmp(about.class_names[i], model->names[i]); j++)
            moved = !strcmp(about.class_names[i], model->names[j]);
    if (!moved) return STRIATE_OK;
    struct text ours = { 0 }, theirs = { 0 };
    add_names(&ours, model->names, model->classes);
    add_names(&theirs, about.class_names, about.classes);
    striate_status status = status_fail(STRIATE_BAD_FILE,
                                        "the data's classes stand in another order than the model's: the data has %s; the "
                                        "model has %s; rename the folders, or train anew",
                                        theirs.s ? theirs.s : "", ours.s ? ours.s : "");
    text_free(&ours);
    text_free(&theirs);
    return status;
}

void striate_model_crops(striate_model *model, striate_crops crops)
{
    model->crops = crops;
}

int model_views(const striate_model *model)
{
    return model->crops == STRIATE_CROPS_TEN ? PREPROCESS_TEN : 1;
}

striate_preprocessing model_look(const striate_model *model)
{
    striate_preprocessing how = model->preprocessing;
    int side = (how.height > how.width ? how.height : how.width) - 2 * how.pad;
    if (model->crops && !how.resize) how.resize = (8 * side + 3) / 7;
    return how;
}

striate_status model_plan(striate_plan **plan, striate_model *model, int batch, bool exact)
{
    struct model_plan *slot = &model->plans[batch > 1];
    exact |= model->exact;
    if (!slot->plan || slot->batch != batch || slot->exact != exact) {
        striate_plan_free(slot->plan);
        slot->plan = NULL;
        TRY(striate_compile(&slot->plan, model->graph, (striate_plan_options){ .batch = batch, .exact = exact }));
        slot->batch = batch;
        slot->exact = exact;
    }
    *plan = slot->plan;
    return STRIATE_OK;
}

// ---- files ----

static striate_status note(const char **text, const struct safetensors *file, const char *key)
{
    *text = safetensors_get(file, key);
    if (!*text) FAIL(BAD_FILE, "%s: its metadata has no '%s': a damaged model file", file->path, key);
    return STRIATE_OK;
}

static striate_status check_format(const struct safetensors *file)
{
    const char *found = safetensors_get(file, "format");
    if (!found || strncmp(found, format_family, strlen(format_family)))
        FAIL(BAD_FILE, "%s: weights without a network: name the network they belong to (--model NAME --weights FILE)",
             file->path);
    if (strcmp(found, format)) FAIL(BAD_FILE, "%s: its format is '%.32s', this version reads '%s'", file->path, found, format);
    return STRIATE_OK;
}

// The strings of a JSON array; names[] points into it.
static striate_status read_classes(const char **names, const struct value *array, int classes, const char *path)
{
    if (!value_is_array(array)) FAIL(BAD_FILE, "%s: classes is no array of names", path);
    if (value_size(array) != (size_t)classes)
        FAIL(BAD_FILE, "%s: %zu class names, but the network has %d outputs", path, value_size(array), classes);
    for (int i = 0; i < classes; i++)
        if (!(names[i] = value_string(value_at(array, (size_t)i)))) FAIL(BAD_FILE, "%s: classes[%d] is no string", path, i);
    return STRIATE_OK;
}

// Takes the graph over.
static striate_status add_classes(striate_model **model, striate_graph *graph, const striate_preprocessing *preprocessing,
                                  const char *json, const char *path)
{
    struct value *array = NULL;
    char where[300];
    snprintf(where, sizeof where, "%.256s: classes", path);
    striate_status status = value_parse(&array, json, strlen(json), where);
    int classes = (int)shape_count(graph_output(graph)->plan.out);
    const char **names = NULL;
    if (!status && value_size(array) == (size_t)classes && !(names = malloc((size_t)classes * sizeof *names)))
        status = status_fail(STRIATE_NO_MEMORY, "%s: no memory for %d class names", path, classes);
    if (!status) status = read_classes(names, array, classes, path);
    if (!status)
        status = make(model, graph, preprocessing, names, path);
    else
        striate_graph_free(graph);
    free(names);
    value_free(array);
    return status;
}

striate_status model_from_file(striate_model **model, const struct safetensors *file)
{
    const char *network, *classes, *json;
    striate_preprocessing preprocessing = { 0 };
    TRY(check_format(file));
    TRY(note(&network, file, "network"));
    TRY(note(&classes, file, "classes"));
    TRY(note(&json, file, "preprocessing"));
    TRY(read_preprocessing(&preprocessing, json, file->path));
    char where[300];
    snprintf(where, sizeof where, "%.256s: network", file->path);
    striate_graph *graph = NULL;
    TRY(striate_graph_from_text(&graph, network, strlen(network), where));
    striate_status status = weights_read(graph, file);
    if (!status) return add_classes(model, graph, &preprocessing, classes, file->path);
    striate_graph_free(graph);
    return status;
}

striate_status striate_model_open(striate_model **model, const char *path)
{
    struct safetensors *file = NULL;
    TRY(safetensors_open(&file, path));
    striate_status status = model_from_file(model, file);
    safetensors_free(file);
    return status;
}

// What a file says beside the weights, and the memory it takes to write it.
enum { NOTES = 4 };
struct contents {
    char *network;
    struct text classes, preprocessing;
    struct safetensors_note notes[NOTES];
    struct arena arena;
};

static striate_status describe(struct contents *c, const struct striate_model *model)
{
    TRY(striate_graph_to_text(&c->network, model->graph));
    write_classes(&c->classes, model);
    write_preprocessing(&c->preprocessing, &model->preprocessing);
    if (c->classes.failed || c->preprocessing.failed) FAIL(NO_MEMORY, "no memory to describe a model");
    c->notes[0] = (struct safetensors_note){ "format", format };
    c->notes[1] = (struct safetensors_note){ "network", c->network };
    c->notes[2] = (struct safetensors_note){ "classes", c->classes.s };
    c->notes[3] = (struct safetensors_note){ "preprocessing", c->preprocessing.s };
    return STRIATE_OK;
}

static void contents_free(struct contents *c)
{
    free(c->network);
    text_free(&c->classes);
    text_free(&c->preprocessing);
    arena_free(&c->arena);
}

static striate_status write_contents(struct contents *c, const struct striate_model *model, const char *path,
                                     const struct safetensors_entry *entries, int count, const struct safetensors_note *notes,
                                     int note_count)
{
    TRY(describe(c, model));
    int own = model->graph->param_count;
    struct safetensors_entry *all = arena_take(&c->arena, ((size_t)own + (size_t)count) * sizeof *all);
    struct safetensors_note *all_notes = arena_take(&c->arena, (NOTES + (size_t)note_count) * sizeof *all_notes);
    if (!all || !all_notes) FAIL(NO_MEMORY, "%s: no memory to write %d tensors", path, own + count);
    TRY(weights_entries(all, &c->arena, model->graph));
    if (count) memcpy(all + own, entries, (size_t)count * sizeof *entries);
    memcpy(all_notes, c->notes, sizeof c->notes);
    if (note_count) memcpy(all_notes + NOTES, notes, (size_t)note_count * sizeof *notes);
    return safetensors_write(path, all, own + count, all_notes, NOTES + note_count);
}

striate_status model_write(const striate_model *model, const char *path, const struct safetensors_entry *entries, int count,
                           const struct safetensors_note *notes, int note_count)
{
    struct contents c = { 0 };
    striate_status status = write_contents(&c, model, path, entries, count, notes, note_count);
    contents_free(&c);
    return status;
}

static striate_status compare(const struct contents *c, const struct safetensors *file)
{
    for (int i = 0; i < NOTES; i++) {
        const char *found = safetensors_get(file, c->notes[i].key);
        if (!found || strcmp(found, c->notes[i].value))
            FAIL(BAD_FILE, "%s: its %s is not that of the model at hand", file->path, c->notes[i].key);
    }
    return STRIATE_OK;
}

striate_status model_check_same(const striate_model *model, const struct safetensors *file)
{
    struct contents c = { 0 };
    striate_status status = describe(&c, model);
    if (!status) status = compare(&c, file);
    contents_free(&c);
    return status;
}

striate_status striate_model_save(const striate_model *model, const char *path)
{
    return model_write(model, path, NULL, 0, NULL, 0);
}
