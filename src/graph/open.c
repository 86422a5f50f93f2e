// open.c - networks by name: from the zoo, or from a file.
#include "base/file.h"
#include "base/text.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_TEXT = 4 << 20 }; // bytes of a text network

static striate_status unknown(const char *name)
{
    const char *names[512];
    int count = 0;
    for (const striate_zoo_entry *e = striate_zoo(); e->name && count < 511; e++) names[count++] = e->name;
    names[count] = NULL;
    const char *near = text_nearest(name, names);
    FAIL(BAD_NETWORK, "%s: neither a file nor a network of the zoo%s%s%s; `striate zoo` lists them", name,
         near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

striate_status striate_graph_from_zoo(striate_graph **graph, const char *name, striate_zoo_options options)
{
    const striate_zoo_entry *entry = striate_zoo();
    while (entry->name && strcmp(entry->name, name)) entry++;
    if (!entry->name) return unknown(name);
    striate_graph *made;
    TRY(striate_graph_new(&made));
    entry->build(made, name, options);
    striate_status status = striate_graph_status(made);
    if (status)
        striate_graph_free(made);
    else
        *graph = made;
    return status;
}

striate_status striate_graph_open(striate_graph **graph, const char *name_or_path, striate_zoo_options options)
{
    if (!file_exists(name_or_path)) return striate_graph_from_zoo(graph, name_or_path, options);
    struct bytes text;
    TRY(file_read(&text, name_or_path, MOST_TEXT));
    striate_status status = striate_graph_from_text(graph, (const char *)text.data, text.size, name_or_path);
    free(text.data);
    return status;
}
