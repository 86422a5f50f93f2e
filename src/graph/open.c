// open.c - networks by name: from the zoo, or from a file.
#include "base/file.h"
#include "base/text.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

static const striate_zoo_entry *zoo_find(const char *name)
{
    for (const striate_zoo_entry *entry = striate_zoo(); entry->name; entry++)
        if (!strcmp(entry->name, name)) return entry;
    return NULL;
}

static striate_status unknown(const char *name)
{
    enum { MOST = 512 };
    const char *names[MOST + 1] = { 0 };
    const striate_zoo_entry *zoo = striate_zoo();
    for (int i = 0; i < MOST && zoo[i].name; i++) names[i] = zoo[i].name;
    const char *nearest = text_nearest(name, names);
    FAIL(BAD_ARGUMENT, "%s: neither a network known by name nor a file%s%s%s", name,
         nearest ? "; did you mean '" : "; see 'striate zoo' for the names", nearest ? nearest : "", nearest ? "'?" : "");
}

striate_status striate_graph_from_zoo(striate_graph **graph, const char *name, striate_zoo_options options)
{
    const striate_zoo_entry *entry = zoo_find(name);
    if (!entry) return unknown(name);
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
    enum { MOST_BYTES = 4 << 20 };
    if (zoo_find(name_or_path)) return striate_graph_from_zoo(graph, name_or_path, options);
    bool is_path = strpbrk(name_or_path, "./");
    if (!is_path && !file_exists(name_or_path)) return unknown(name_or_path);
    struct bytes text;
    TRY(file_read(&text, name_or_path, MOST_BYTES));
    striate_status status = striate_graph_from_text(graph, (const char *)text.data, text.size, name_or_path);
    free(text.data);
    return status;
}
