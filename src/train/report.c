// report.c - see report.h.
#include "train/report.h"

#include "base/file.h"
#include "base/status.h"
#include "graph/graph.h"
#include "train/model.h"
#include "train/report_pictures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
static const char style[] =
    "<style>\n"
    "body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; background: #fff; max-width: 60rem; margin: 2rem auto; "
    "padding: 0 1rem; }\n"
    "h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; border-bottom: 1px solid #e3e7ec; }\n"
    "img { max-width: 100%; height: auto; } code { font-size: .9em; overflow-wrap: anywhere; }\n"
    ".wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n"
    "th, td { padding: .15rem .8rem .15rem 0; text-align: right; white-space: nowrap; } th { color: #5f6b7a; font-weight: 600; "
    "}\n"
    "th:first-child, td:first-child { text-align: left; } tbody tr { border-top: 1px solid #e3e7ec; }\n"
    ".facts td { text-align: left; white-space: normal; } .best { color: #009e73; font-weight: 600; }\n"
    ".bar { display: inline-block; height: .7em; background: #56b4e9; }\n"
    "</style>\n";

static void add_html(struct text *text, const char *s)
{
    for (; *s; s++) {
        const char *escaped = *s == '<' ? "&lt;" : *s == '>' ? "&gt;" : *s == '&' ? "&amp;" : *s == '"' ? "&quot;" : NULL;
        text_add_bytes(text, escaped ? escaped : s, escaped ? strlen(escaped) : 1);
    }
}

static void add_base64(struct text *text, const struct bytes *bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes->size; i += 3) {
        size_t left = bytes->size - i;
        const uint8_t *p = bytes->data + i;
        unsigned three = (unsigned)p[0] << 16 | (left > 1 ? (unsigned)p[1] << 8 : 0) | (left > 2 ? p[2] : 0u);
        char four[] = { digits[three >> 18], digits[three >> 12 & 63], left > 1 ? digits[three >> 6 & 63] : '=',
                        left > 2 ? digits[three & 63] : '=' };
        text_add_bytes(text, four, 4);
    }
}

// A heading and the picture, if there is one.
static striate_status add_picture(struct text *text, const char *title, const char *path)
{
    struct bytes png;
    if (!file_exists(path)) return STRIATE_OK;
    TRY(file_read(&png, path, 1 << 28));
    text_add(text, "<h2>%s</h2>\n<img alt=\"%s\" src=\"data:image/png;base64,", title, title);
    add_base64(text, &png);
    text_add(text, "\">\n");
    free(png.data);
    return STRIATE_OK;
}

// ---- the chapters ----

static void add_cell(struct text *text, const char *format, double value)
{
    text_add(text, "<td>");
    if (isfinite(value)) text_add(text, format, value);
    text_add(text, "</td>");
}

static void add_epochs(struct text *text, const struct run_folder *folder)
{
    text_add(text, "<h2>Epochs</h2>\n<div class=\"wide\"><table><thead><tr><th>epoch</th><th>loss</th><th>top-1</th>"
                   "<th>val loss</th><th>val top-1</th><th>val "
                   "top-5</th><th>lr</th><th>images/s</th><th>seconds</th></tr></thead><tbody>\n");
    for (int i = folder->metrics.count; i-- > 0;) { // the last first
        const striate_epoch *e = &folder->metrics.rows[i];
        text_add(text, "<tr><td>%d</td>", e->epoch);
        add_cell(text, "%.4f", e->train_loss);
        add_cell(text, "%.2f %%", 100 * e->train_top1);
        add_cell(text, "%.4f", e->val_loss);
        add_cell(text, "%.2f %%", 100 * e->val_top1);
        add_cell(text, "%.2f %%", 100 * e->val_top5);
        add_cell(text, "%.4g", e->learning_rate);
        add_cell(text, "%.0f", e->images_per_second);
        add_cell(text, "%.1f", e->seconds);
        text_add(text, "</tr>\n");
    }
    text_add(text, "</tbody></table></div>\n");
}

static void add_summary(struct text *text, const struct report *r)
{
    const struct run_folder *folder = r->folder;
    const striate_epoch *last = &folder->metrics.rows[folder->metrics.count - 1], *best = last;
    for (int i = 0; i < folder->metrics.count; i++)
        if (folder->metrics.rows[i].val_top1 > best->val_top1) best = &folder->metrics.rows[i];
    text_add(text, "<p>Epoch %d of %d", last->epoch, r->settings->training.epochs);
    if (isfinite(best->val_top1))
        text_add(text, "; best on validation: <span class=\"best\">%.2f %%</span> top-1 after epoch %d", 100 * best->val_top1,
                 best->epoch);
    text_add(text, ".</p>\n");
}

static void add_classes(struct text *text, const struct report *r)
{
    const striate_evaluation *e = r->evaluation;
    text_add(text,
             "<h2>Classes</h2>\n<div class=\"wide\"><table><thead><tr><th>class</th><th>images</th><th>recall</th><th></th>"
             "<th>precision</th><th>most taken for</th></tr></thead><tbody>\n");
    for (int c = 0; c < e->classes; c++) {
        const striate_class_score *s = &e->per_class[c];
        const int *row = e->confusion + (size_t)c * (size_t)e->classes;
        int other = -1;
        for (int i = 0; i < e->classes; i++)
            if (i != c && row[i] && (other < 0 || row[i] > row[other])) other = i;
        text_add(text, "<tr><td>");
        add_html(text, r->model->names[c]);
        text_add(text, "</td><td>%d</td>", s->images);
        add_cell(text, "%.2f %%", 100.0 * s->correct / s->images);
        text_add(text, "<td style=\"text-align:left\"><span class=\"bar\" style=\"width:%.2frem\"></span></td>",
                 s->images ? 6.0 * s->correct / s->images : 0);
        add_cell(text, "%.2f %%", 100.0 * s->correct / s->predicted);
        text_add(text, "<td>");
        if (other >= 0) add_html(text, r->model->names[other]);
        if (other >= 0) text_add(text, " (%d)", row[other]);
        text_add(text, "</td></tr>\n");
    }
    text_add(text, "</tbody></table></div>\n");
}

static void add_fact(struct text *text, const char *name, const char *value)
{
    text_add(text, "<tr><td>");
    add_html(text, name);
    text_add(text, "</td><td>");
    add_html(text, value);
    text_add(text, "</td></tr>\n");
}

static striate_status add_network(struct text *text, const struct report *r)
{
    striate_layer *layers = NULL, total = { 0 };
    int count = 0;
    char value[64];
    TRY(striate_layers(&layers, &count, r->model->graph));
    for (int i = 0; i < count; i++) {
        if (layers[i].training_only) continue;
        total.parameters += layers[i].parameters;
        total.macs += layers[i].macs;
    }
    free(layers);
    const striate_preprocessing *p = &r->model->preprocessing;
    text_add(text, "<h2>Network and settings</h2>\n<table class=\"facts\"><tbody>\n");
    snprintf(value, sizeof value, "%dx%dx%d", p->height, p->width, p->channels);
    add_fact(text, "input", value);
    snprintf(value, sizeof value, "%" PRId64, total.parameters);
    add_fact(text, "parameters", value);
    snprintf(value, sizeof value, "%" PRId64, total.macs);
    add_fact(text, "multiply-adds of an image", value);
    for (int i = 0; settings_name(i); i++) {
        struct text setting = { 0 };
        settings_add_value(&setting, r->settings, i);
        add_fact(text, settings_name(i), setting.s ? setting.s : "");
        text_free(&setting);
    }
    text_add(text, "</tbody></table>\n");
    return STRIATE_OK;
}

static striate_status add_all(struct text *text, const struct report *r)
{
    static const struct {
        const char *title;
        enum run_file file;
    } pictures[] = {
        { "Curves", RUN_CURVE },
        { "Confusion", RUN_CONFUSION },
        { "Most frequent confusions", RUN_CONFUSED },
        { "Costliest mistakes", RUN_WORST },
        { "Filters of the first convolution", RUN_FILTERS },
    };
    const char *name = file_base(r->settings->training.out);
    text_add(text, "%s", head);
    if (r->folder->metrics.count < r->settings->training.epochs)
        text_add(text, "<meta http-equiv=\"refresh\" content=\"30\">\n");
    text_add(text, "<title>");
    add_html(text, name);
    text_add(text, "</title>\n%s</head><body>\n<h1>", style);
    add_html(text, name);
    text_add(text, "</h1>\n");
    add_summary(text, r);
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        TRY(add_picture(text, pictures[i].title, r->folder->path[pictures[i].file]));
    if (r->evaluation) add_classes(text, r);
    add_epochs(text, r->folder);
    TRY(add_network(text, r));
    text_add(text, "</body></html>\n");
    return STRIATE_OK;
}

striate_status report_write(const struct report *report)
{
    struct text text = { 0 };
    if (!report->folder->metrics.count) return STRIATE_OK;
    striate_status status = report_draw(report);
    if (status == STRIATE_UNSUPPORTED) status = STRIATE_OK; // without pictures
    if (!status) status = add_all(&text, report);
    if (!status) return run_folder_write(report->folder->path[RUN_REPORT], &text);
    text_free(&text);
    return status;
}
