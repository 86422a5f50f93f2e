// cmd_help.c - help, the man page and shell completion, all made of the option tables.
#include "cli.h"

#include <stddef.h>
#include <string.h>

struct arguments {
    int man, shell; // shell: of completion, -1: none
};
#define AT(field) offsetof(struct arguments, field)
static const struct option options[] = {
    { "man", OPTION_FLAG, AT(man), NULL, .doc = "print the man page, as roff" },
    { "completion", OPTION_CHOICE, AT(shell), "bash|zsh|fish", .doc = "print a completion script for a shell" },
    { 0 },
};
const struct usage help_usage = { "[VERB]\n--man\n--completion bash|zsh|fish",
                                  "Lists the verbs; with VERB, explains one and its options.",
                                  options,
                                  0,
                                  1,
                                  "VERB" };

static const struct exit_line {
    int code;
    const char *doc;
} exits[] = { { CODE_OK, "done" },
              { CODE_FAILED, "failed" },
              { CODE_USAGE, "the command line is wrong" },
              { CODE_BAD_INPUT, "data, a model or a file is bad, missing or cannot be written" },
              { CODE_DIVERGED, "training diverged: the loss or a gradient is not finite" },
              { CODE_INTERRUPTED, "training was interrupted and saved" } };
enum { EXITS = sizeof exits / sizeof *exits };

static void overview(void)
{
    printf("striate %s - train, run and explain convolutional networks\n\nusage: striate VERB [options]\n\n",
           striate_version());
    for (const struct command *c = commands; c->name; c++) printf("  %-9s %s\n", c->name, c->doc);
    printf("\n'striate VERB --help' explains a verb. A first run, on real images:\n"
           "  striate train --model lenet --data /usr/share/datasets/fashion-mnist --epochs 3\n");
}

// ---- man page

static void roff(const char *text)
{
    for (bool start = true; *text; start = *text++ == '\n') {
        if (start && (*text == '.' || *text == '\'')) fputs("\\&", stdout);
        if (*text == '-' || *text == '\\') putchar('\\');
        putchar(*text == '\\' ? 'e' : *text);
    }
}

static void roff_option(void *context, const struct option *o, size_t offset)
{
    (void)context, (void)offset;
    if (o->type == OPTION_GROUP) {
        if (!o->doc) return;
        fputs(".PP\n", stdout);
        roff(o->doc);
        fputs(":\n", stdout);
        return;
    }
    fputs(".TP\n\\fB\\-\\-", stdout);
    roff(o->name);
    fputs("\\fR", stdout);
    if (o->metavar) {
        fputs(" \\fI", stdout);
        roff(o->metavar);
        fputs("\\fR", stdout);
    }
    putchar('\n');
    roff(o->doc);
    if (o->preset) {
        fputs(" (default ", stdout);
        roff(o->preset);
        putchar(')');
    }
    putchar('\n');
}

static void man(void)
{
    printf(".TH STRIATE 1 \"\" \"striate %s\" \"User Commands\"\n.SH NAME\nstriate \\- train, run and explain convolutional "
           "networks\n"
           ".SH SYNOPSIS\n.B striate\n\\fIverb\\fR [\\fIoptions\\fR]\n.SH DESCRIPTION\n"
           "Results go to standard output, progress and errors to standard error.\n.SH VERBS\n",
           striate_version());
    for (const struct command *c = commands; c->name; c++) {
        printf(".SS striate %s\n", c->name);
        for (const char *line = c->usage->synopsis; line;) {
            int length = (int)strcspn(line, "\n");
            char form[200];
            snprintf(form, sizeof form, "striate %s %.*s", c->name, length, line);
            fputs("\\fB", stdout);
            roff(form);
            fputs("\\fR\n.br\n", stdout);
            line = line[length] ? line + length + 1 : NULL;
        }
        fputs(".PP\n", stdout);
        roff(c->usage->text);
        putchar('\n');
        options_each(c->usage->options, 0, roff_option, NULL);
    }
    fputs(".SH EXIT STATUS\n", stdout);
    for (int i = 0; i < EXITS; i++) printf(".TP\n%d\n%s\n", exits[i].code, exits[i].doc);
    fputs(".SH ENVIRONMENT\n.TP\nSTRIATE_ISA\nbase, avx2 or avx512 (on 64-bit ARM neon): the instruction set to use, in place "
          "of the best there is\n"
          ".TP\nNO_COLOR\nif not empty, output is not coloured\n",
          stdout);
}

int cmd_help(int argc, char **argv)
{
    struct arguments a = { .shell = -1 };
    int words = options_parse(&help_usage, &a, argc, argv);
    const struct command *command = words ? command_find(argv[1]) : NULL;
    if (words && !command) return unknown_verb(argv[1]);
    if (a.man)
        man();
    else if (a.shell >= 0)
        completion(a.shell);
    else if (command)
        options_help(command->name, command->usage);
    else
        overview();
    return CODE_OK;
}
