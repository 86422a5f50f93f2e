// augment.c - the options that change training images.
#include "cli.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(field) offsetof(struct augment_arguments, field)
const struct option augment_options[] = {
    { "random-crop", OPTION_FLAG, AT(random_crop), NULL,
      .doc = "the crop lies anywhere in the image that --resize makes (AlexNet's 224 of 256)" },
    { "random-crop-pad", OPTION_INT, AT(crop_pad), "N", .doc = "the same after N pixels of border on every side (CIFAR: 4)",
      .low = 1, .high = 4096 },
    { "random-resized-crop", OPTION_FLOAT, AT(random_resized_crop), "SHARE",
      .doc = "a box of SHARE (0.08) to all of the image's area, its sides 3:4 to 4:3, resized", .low = 1e-4, .high = 1 },
    { "hflip", OPTION_FLAG, AT(hflip), NULL, .doc = "mirrored, every other time" },
    { "rand-augment", OPTION_INT, AT(rand_augment), "N", .doc = "N (2) of RandAugment's 14 operations", .low = 1, .high = 14 },
    { "ra-magnitude", OPTION_INT, AT(rand_magnitude), "M", .doc = "their strength; 9 unless given", .low = 1, .high = 30 },
    { "color-jitter", OPTION_FLOATS, AT(color_jitter), "B,C,S,H",
      .doc = "factors of brightness, contrast and saturation within 1 +- B, C, S; hue within +- H of the circle", .low = 0,
      .high = 10 },
    { "rotation", OPTION_FLOAT, AT(rotation), "DEGREES", .doc = "turned by at most this, either way", .low = 0, .high = 180 },
    { "color-pca", OPTION_FLOAT, AT(color_pca), "X",
      .doc = "shifts along the principal components of ImageNet's colours, of this deviation (AlexNet: 0.1)", .low = 0,
      .high = 10 },
    { "random-erase", OPTION_FLOAT, AT(random_erasing), "P",
      .doc = "chance that a rectangle of 2 to 33 % of the area is erased", .low = 0, .high = 1 },
    { "mixup-alpha", OPTION_FLOAT, AT(mixup_alpha), "A",
      .doc = "each batch's images are mixed with one another, by shares of Beta(A, A) (0.2)", .low = 0, .high = 8 },
    { "cutmix-alpha", OPTION_FLOAT, AT(cutmix_alpha), "A",
      .doc = "a box of each image is another's (1); with both, each takes half of the batches", .low = 0, .high = 8 },
    { 0 },
};

striate_augmentation augment_of(const struct augment_arguments *a)
{
    striate_augmentation how = { .random_crop = a->random_crop,
                                 .crop_pad = a->crop_pad,
                                 .random_resized_crop = a->random_resized_crop,
                                 .hflip = a->hflip,
                                 .rand_augment = a->rand_augment,
                                 .rand_magnitude = a->rand_magnitude,
                                 .rotation = a->rotation,
                                 .color_pca = a->color_pca,
                                 .random_erasing = a->random_erasing,
                                 .mixup_alpha = a->mixup_alpha,
                                 .cutmix_alpha = a->cutmix_alpha };
    for (int i = 0; i < a->color_jitter.count && i < 4; i++) how.color_jitter[i] = a->color_jitter.at[i];
    return how;
}

struct augment_text augment_text(const struct augment_arguments *a)
{
    struct augment_text text = { "" };
    const struct usage usage = { .options = augment_options };
    json_t *json = options_to_json(&usage, a), *value;
    const char *key;
    size_t used = 0;
    json_object_foreach(json, key, value)
    {
        bool flag = json_is_boolean(value);
        if (flag ? !json_is_true(value) : json_is_array(value) ? !json_array_size(value) : json_number_value(value) == 0)
            continue;
        char *number = flag ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(4));
        const char *inner = number ? number + (*number == '[') : "";
        int length = snprintf(text.s + used, sizeof text.s - used, "%s%s%s%.*s", used ? ", " : "", key, number ? " " : "",
                              (int)strcspn(inner, "]"), inner);
        free(number);
        used += (size_t)length < sizeof text.s - used ? (size_t)length : 0;
    }
    json_decref(json);
    return text;
}
