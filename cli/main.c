// main.c - the command `striate`: a table of verbs.
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const struct command commands[] = {
    { "train", cmd_train, &train_usage, "fit a network to data" },
    { "recipe", cmd_recipe, &recipe_usage, "list published trainings, or explain one" },
    { "lr-find", cmd_lr_find, &lr_find_usage, "find a learning rate to train with" },
    { "pretrain", cmd_pretrain, &pretrain_usage, "let layers learn without labels" },
    { "eval", cmd_eval, &eval_usage, "measure a model on labelled images" },
    { "compare", cmd_compare, &compare_usage, "lay trainings side by side" },
    { "lesion", cmd_lesion, &lesion_usage, "delete and swap units of a network" },
    { "predict", cmd_predict, &predict_usage, "name what images show" },
    { "summary", cmd_summary, &summary_usage, "show a network layer by layer" },
    { "zoo", cmd_zoo, &zoo_usage, "list the networks known by name, or print one" },
    { "ops", cmd_ops, &ops_usage, "list the operations of networks and their attributes" },
    { "data", cmd_data, &data_usage, "look at a data set, check, draw, split, pack or fetch it" },
    { "bench", cmd_bench, &bench_usage, "measure speed" },
    { "help", cmd_help, &help_usage, "explain a verb; print the man page or shell completion" },
    { "version", cmd_version, &version_usage, "say what is installed" },
    { NULL, NULL, NULL, NULL },
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name)) return c;
    return NULL;
}

int unknown_verb(const char *verb)
{
    const char *names[32] = { 0 };
    for (int i = 0; commands[i].name; i++) names[i] = commands[i].name;
    const char *near = nearest(verb, names);
    complain(CODE_USAGE, "there is no verb '%s'%s%s%s", verb, near ? "; did you mean '" : "", near ? near : "",
             near ? "'?" : "");
    fputs("try 'striate help'\n", stderr);
    return CODE_USAGE;
}

int main(int argc, char **argv)
{
    static char help[] = "help", version[] = "version";
    if (argc < 2) return complain(CODE_USAGE, "a verb is needed, such as 'striate train'; 'striate help' lists them");
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) argv[1] = help;
    if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) argv[1] = version;
    const struct command *command = command_find(argv[1]);
    return command ? finish(command->run(argc - 1, argv + 1)) : unknown_verb(argv[1]);
}
