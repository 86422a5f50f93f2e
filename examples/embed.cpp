// embed.cpp - a model inside a C++ program, its input made in memory:  embed MODEL.safetensors
#include <striate.h>

#include <cstdio>
#include <memory>
#include <vector>

int main(int argc, char **argv)
{
    if (argc < 2) return std::fprintf(stderr, "usage: embed MODEL.safetensors\n"), 2;
    striate_model *opened = nullptr;
    striate_status status = striate_model_open(&opened, argv[1]);
    std::unique_ptr<striate_model, decltype(&striate_model_free)> model(opened, striate_model_free);
    if (status) return std::fprintf(stderr, "embed: %s\n", striate_error()), 1;

    const striate_preprocessing *wants = striate_model_preprocessing(model.get());
    std::vector<uint8_t> pixels(static_cast<size_t>(wants->height) * wants->width * wants->channels, 128);
    striate_image image = { pixels.data(), wants->height, wants->width, wants->channels };
    std::vector<float> logits(striate_model_classes(model.get()));
    status = striate_logits(logits.data(), model.get(), &image);
    if (status) return std::fprintf(stderr, "embed: %s\n", striate_error()), 1;
    for (size_t i = 0; i < logits.size(); i++)
        std::printf("%-12s %8.3f\n", striate_model_class_name(model.get(), static_cast<int>(i)), logits[i]);
}
