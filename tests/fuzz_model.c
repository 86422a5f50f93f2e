// fuzz_model.c - any bytes as a model file: refused, or a model whose parts agree.
#include "train/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct safetensors *file = NULL;
    striate_model *model = NULL;
    if (safetensors_parse(&file, bytes, size, "fuzz.safetensors")) return 0;
    if (model_from_file(&model, file)) {
        if (model || !*striate_error()) abort();
    } else if (striate_model_classes(model) < 1 || !striate_model_class_name(model, 0)) {
        abort();
    }
    striate_model_free(model);
    safetensors_free(file);
    return 0;
}
