// data_look.c - what a data set holds, and what is wrong with it.
#include "data.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PROBLEMS = 10 };
struct survey {
    striate_data *split[2]; // train, test; NULL: there is none
    striate_data_info about[2];
    int *count[2]; // images per class
    float mean[3], std[3];
    bool measured; // mean and std are known
    int problems;
    char *problem[PROBLEMS];
};

static void note(struct survey *s)
{
    if (s->problems < PROBLEMS) s->problem[s->problems] = copy(striate_error());
    s->problems++;
}

// Counts the classes of a split and decodes every image.
static int look(struct survey *s, int which)
{
    const striate_data *data = s->split[which];
    const striate_data_info *about = &s->about[which];
    struct progress progress;
    s->count[which] = calloc((size_t)about->classes, sizeof(int));
    if (!s->count[which]) return no_memory();
    progress_start(&progress);
    for (int i = 0; i < about->images; i++) {
        striate_image image = { 0 };
        s->count[which][striate_data_label(data, i)]++;
        if (striate_data_image(&image, data, i)) note(s);
        striate_image_free(&image);
        progress_images(&progress, i + 1, about->images);
    }
    progress_clear();
    return CODE_OK;
}

static struct survey *walking; // for visit, to which nftw hands no context

static int visit(const char *path, const struct stat *about, int type, struct FTW *place)
{
    static const char *const endings[] = { ".png", ".jpg", ".jpeg" };
    const char *dot = strrchr(path, '.');
    (void)about, (void)place;
    for (int i = 0; i < 3 && dot && type == FTW_F; i++) {
        striate_image image = { 0 };
        if (strcasecmp(dot, endings[i])) continue;
        if (striate_image_open(&image, path)) note(walking);
        striate_image_free(&image);
    }
    return walking->problems > PROBLEMS;
}

// The first image of a folder that is none keeps the set from being opened: this names them all.
static int find_broken(struct survey *s, const char *directory)
{
    char *first = copy(striate_error());
    walking = s;
    nftw(directory, visit, 16, 0);
    complain(CODE_BAD_INPUT, "%s", first ? first : directory);
    if (s->problems > 1) fprintf(stderr, "%s images cannot be read:\n", s->problems > PROBLEMS ? "more than ten" : "these");
    for (int i = 0; i < s->problems && i < PROBLEMS && s->problems > 1; i++) fprintf(stderr, "  %s\n", s->problem[i]);
    free(first);
    return CODE_BAD_INPUT;
}

static int survey(struct survey *s, const char *directory)
{
    striate_status status = striate_data_open(&s->split[0], directory, STRIATE_SPLIT_TRAIN);
    if (status == STRIATE_BAD_FILE) return find_broken(s, directory);
    int code = report(status);
    if (code) return code;
    s->about[0] = striate_data_about(s->split[0]);
    if (s->about[0].has_test) code = report(striate_data_open(&s->split[1], directory, STRIATE_SPLIT_TEST));
    if (code) return code;
    if (s->split[1]) s->about[1] = striate_data_about(s->split[1]);
    for (int which = 0; which < 2 && !code; which++)
        if (s->split[which]) code = look(s, which);
    if (!code && !s->problems) {
        code = report(striate_data_statistics(s->mean, s->std, s->split[0]));
        s->measured = !code;
    }
    return code;
}

static const char *const split_names[] = { "train", "test" };

static json_t *size_json(const striate_data_info *a)
{
    return json_pack("{s:[ii], s:[ii], s:i}", "smallest", a->min_height, a->min_width, "largest", a->max_height, a->max_width,
                     "channels", a->channels);
}

static int show_json(const struct survey *s)
{
    json_t *splits = json_object(), *problems = json_array(), *mean = json_array(), *std = json_array();
    for (int which = 0; which < 2; which++) {
        const striate_data_info *about = &s->about[which];
        if (!s->split[which]) continue;
        json_t *classes = json_array();
        for (int c = 0; c < about->classes; c++)
            json_array_append_new(
                classes, json_pack("{s:o, s:i}", "name", json_text(about->class_names[c]), "images", s->count[which][c]));
        json_object_set_new(
            splits, split_names[which],
            json_pack("{s:i, s:o, s:o}", "images", about->images, "size", size_json(about), "classes", classes));
    }
    for (int c = 0; c < s->about->channels && s->measured; c++) {
        json_array_append_new(mean, json_number((double)s->mean[c]));
        json_array_append_new(std, json_number((double)s->std[c]));
    }
    for (int i = 0; i < s->problems && i < PROBLEMS; i++) json_array_append_new(problems, json_text(s->problem[i]));
    return print_json(json_pack("{s:s, s:i, s:o, s:o, s:o, s:i, s:o}", "format", s->about->format, "classes", s->about->classes,
                                "splits", splits, "mean", mean, "std", std, "problem_count", s->problems, "problems",
                                problems));
}

static void show_size(const striate_data_info *a)
{
    const char *colours = a->channels == 1 ? "gray" : "colour";
    if (a->height)
        printf("%dx%d %s\n", a->height, a->width, colours);
    else
        printf("%dx%d to %dx%d %s\n", a->min_height, a->min_width, a->max_height, a->max_width, colours);
}

static void show_values(const char *label, const float *values, int channels)
{
    printf("%-9s", label);
    for (int c = 0; c < channels; c++) printf("%s%.4f", c ? ", " : " ", (double)values[c]);
    printf(" of pixel / 255\n");
}

static void show(const struct survey *s)
{
    const striate_data_info *a = s->about;
    printf("format    %s\n", a->format);
    for (int which = 0; which < 2; which++)
        if (s->split[which]) {
            printf("%-9s %s images, ", split_names[which], commas(s->about[which].images).s);
            show_size(&s->about[which]);
        }
    if (!s->split[1]) printf("test      none; 'striate train' holds out a tenth of the images\n");
    if (s->measured) {
        show_values("mean", s->mean, a->channels);
        show_values("std", s->std, a->channels);
    }
    int width = names_width(a->class_names, a->classes);
    if (width < 5) width = 5;
    printf("\n%4s  %-*s  %8s  %8s\n", "", width, "class", "train", s->split[1] ? "test" : "");
    for (int c = 0; c < a->classes; c++) {
        printf("%4d  ", c);
        print_name(stdout, a->class_names[c], width);
        printf("  %8s", commas(s->count[0][c]).s);
        if (s->split[1]) printf("  %8s", c < s->about[1].classes ? commas(s->count[1][c]).s : "");
        putchar('\n');
    }
    if (!s->problems) return;
    printf("\n%s problem%s:\n", commas(s->problems).s, s->problems > 1 ? "s" : "");
    for (int i = 0; i < s->problems && i < PROBLEMS; i++) printf("  %s\n", s->problem[i] ? s->problem[i] : "");
    if (s->problems > PROBLEMS) printf("  ...\n");
}

int data_look(const struct data_arguments *a, const char *directory)
{
    struct survey s = { 0 };
    int code = survey(&s, directory);
    if (!code && a->json)
        code = show_json(&s);
    else if (!code)
        show(&s);
    if (!code && s.problems)
        code = complain(CODE_BAD_INPUT, "%s: %s image%s cannot be read", directory, commas(s.problems).s,
                        s.problems > 1 ? "s" : "");
    for (int which = 0; which < 2; which++) {
        free(s.count[which]);
        striate_data_close(s.split[which]);
    }
    for (int i = 0; i < PROBLEMS; i++) free(s.problem[i]);
    return code;
}
