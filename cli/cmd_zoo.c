// cmd_zoo.c - the networks known by name, and the text of one.
#include "cli.h"

#include <stddef.h>
#include <stdlib.h>

struct arguments {
    int json, classes, no_aux;
    float widen;
    striate_size input;
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "classes", OPTION_INT, AT(classes), "N", .doc = "classes, where not as published", .low = 1, .high = 1e6 },
    { "input", OPTION_SIZE, AT(input), "HxWxC", .doc = "size of the input, where not as published" },
    { "widen", OPTION_FLOAT, AT(widen), "X", .doc = "filters and units of every layer but the last, times X", .low = 1e-3,
      .high = 1e3 },
    { "no-aux", OPTION_FLAG, AT(no_aux), NULL, .doc = "leave out auxiliary classifiers, which only training has" },
    { "json", OPTION_FLAG, AT(json), NULL, .doc = "print the list as JSON" },
    { 0 },
};
const struct usage zoo_usage = {
    "[--json]\nNAME [--classes N] [--input HxWxC] [--widen X] [--no-aux] > my.net",
    "Lists the networks known by name. With NAME, prints that one as a text network, to be edited and "
    "trained with --model my.net.",
    options,
    0,
    1,
    "NETWORK"
};

static int list(int json)
{
    json_t *all = json ? json_array() : NULL;
    if (!json) printf("%-26s  %4s  %-11s  %12s  %15s  %s\n", "name", "year", "input", "parameters", "MACs", "");
    int code = CODE_OK;
    for (const striate_zoo_entry *e = striate_zoo(); e->name && !code; e++) {
        striate_graph *graph = NULL;
        struct totals t;
        code = report(striate_graph_from_zoo(&graph, e->name, (striate_zoo_options){ 0 }));
        if (!code) code = source_totals(&t, graph);
        striate_graph_free(graph);
        if (code) break;
        if (json)
            json_array_append_new(all, json_pack("{s:s, s:s, s:i, s:[iii], s:I, s:I}", "name", e->name, "title", e->title,
                                                 "year", e->year, "input", t.input.height, t.input.width, t.input.channels,
                                                 "parameters", (json_int_t)t.parameters, "macs", (json_int_t)t.macs));
        else
            printf("%-26s  %4d  %-11s  %12s  %15s  %s\n", e->name, e->year, size3(t.input).s, commas(t.parameters).s,
                   commas(t.macs).s, e->title);
    }
    if (json && !code) return print_json(all);
    json_decref(all);
    return code;
}

int cmd_zoo(int argc, char **argv)
{
    struct arguments a = { 0 };
    if (!options_parse(&zoo_usage, &a, argc, argv)) return list(a.json);
    striate_graph *graph = NULL;
    char *text = NULL;
    striate_zoo_options as = { a.classes, a.input.height, a.input.width, a.input.channels, a.no_aux, a.widen };
    int code = report(striate_graph_from_zoo(&graph, argv[1], as));
    if (!code) code = report(striate_graph_to_text(&text, graph));
    if (!code) fputs(text, stdout);
    free(text);
    striate_graph_free(graph);
    return code;
}
