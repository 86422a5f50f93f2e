// fuzz_safetensors.c - any bytes as a safetensors file: refused, or every byte of every tensor can be read.
#include "formats/safetensors.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct safetensors *file = NULL;
    if (safetensors_parse(&file, bytes, size, "fuzz.safetensors")) {
        if (file || !*striate_error()) abort();
        return 0;
    }
    size_t total = 0;
    unsigned sum = 0;
    for (int i = 0; i < file->count; i++) {
        const struct safetensors_entry *entry = &file->entries[i];
        if (safetensors_find(file, entry->name) != entry) abort();
        for (size_t b = 0; b < entry->bytes; b++) sum += ((const uint8_t *)entry->data)[b];
        total += entry->bytes;
    }
    if (total > size || (!total && sum)) abort();
    for (int i = 0; i < file->note_count; i++)
        if (!safetensors_get(file, file->notes[i].key)) abort();
    safetensors_free(file);
    return 0;
}
