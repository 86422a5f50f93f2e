// fuzz_text.c - any bytes as a text network: refused with a sentence, or its text reads back as the same text.
#include "striate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    striate_graph *graph = NULL, *again = NULL;
    char *text = NULL, *text_again = NULL;
    if (striate_graph_from_text(&graph, (const char *)bytes, size, "fuzz.net")) {
        if (graph || strncmp(striate_error(), "fuzz.net:", 9)) abort();
        return 0;
    }
    if (striate_graph_to_text(&text, graph)) abort();
    if (striate_graph_from_text(&again, text, strlen(text), "again.net")) abort();
    if (striate_graph_to_text(&text_again, again) || strcmp(text, text_again)) abort();
    free(text);
    free(text_again);
    striate_graph_free(graph);
    striate_graph_free(again);
    return 0;
}
