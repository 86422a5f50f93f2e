// completion.c - completion scripts for bash, zsh and fish, made of the option tables.
#include "train.h"

#include <string.h>

// What may stand for a metavar.
enum kind { ANYTHING, FOLDERS, FILES, WORDS, WORDS_OR_FILES };

static enum kind kind_of(const char *metavar)
{
    static const struct {
        const char *metavar;
        enum kind kind;
    } kinds[] = { { "DIR", FOLDERS },
                  { "RUN", FOLDERS },
                  { "FILE", FILES },
                  { "FILE.png", FILES },
                  { "FILE.npy", FILES },
                  { "MODEL", FILES },
                  { "NAME|FILE", WORDS_OR_FILES },
                  { "NAME|FILE.net", WORDS_OR_FILES },
                  { "NETWORK|FILE", WORDS_OR_FILES },
                  { "NETWORK", WORDS },
                  { "RECIPE", WORDS },
                  { "VERB", WORDS },
                  { "OP", WORDS } };
    for (size_t i = 0; metavar && i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].metavar, metavar)) return kinds[i].kind;
    return metavar && strchr(metavar, '|') ? WORDS : ANYTHING;
}

static void verbs(void)
{
    for (const struct command *c = commands; c->name; c++) printf("%s%s", c == commands ? "" : " ", c->name);
}

static void words_for(const char *metavar)
{
    int count;
    const striate_op_info *ops = striate_ops(&count);
    if (!strcmp(metavar, "VERB")) {
        verbs();
    } else if (!strcmp(metavar, "OP")) {
        for (int i = 0; i < count; i++) printf("%s%s", i ? " " : "", ops[i].name);
    } else if (!strcmp(metavar, "RECIPE")) {
        for (int i = 0; recipe_name(i); i++) printf("%s%s", i ? " " : "", recipe_name(i));
    } else if (kind_of(metavar) == WORDS_OR_FILES || !strcmp(metavar, "NETWORK")) {
        for (const striate_zoo_entry *e = striate_zoo(); e->name; e++) printf("%s%s", e == striate_zoo() ? "" : " ", e->name);
    } else {
        for (; *metavar; metavar++) putchar(*metavar == '|' ? ' ' : *metavar);
    }
}

// How a shell says it: the candidates stand between the two.
struct action {
    const char *before, *after;
};

static void act(const struct action *actions, const char *metavar)
{
    enum kind kind = kind_of(metavar);
    fputs(actions[kind].before, stdout);
    if (kind == WORDS || kind == WORDS_OR_FILES) words_for(metavar);
    fputs(actions[kind].after, stdout);
}

static bool takes_value(const struct option *o)
{
    return o->type != OPTION_GROUP && o->type != OPTION_FLAG;
}

// ---- bash

static const struct action bash_actions[] = { [ANYTHING] = { ":", "" },
                                              [FOLDERS] = { "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")", "" },
                                              [FILES] = { "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")", "" },
                                              [WORDS] = { "mapfile -t COMPREPLY < <(compgen -W '", "' -- \"$word\")" },
                                              [WORDS_OR_FILES] = { "mapfile -t COMPREPLY < <(compgen -f -W '",
                                                                   "' -- \"$word\")" } };

static void bash_name(void *context, const struct option *o, size_t offset)
{
    (void)context, (void)offset;
    if (o->type != OPTION_GROUP) printf(" --%s", o->name);
}

static void bash_value(void *verb, const struct option *o, size_t offset)
{
    (void)offset;
    if (!takes_value(o)) return;
    printf("    %s/--%s) ", (const char *)verb, o->name);
    act(bash_actions, o->metavar);
    fputs("; return ;;\n", stdout);
}

static void bash(void)
{
    fputs("# bash completion for striate; install it as share/bash-completion/completions/striate\n"
          "_striate() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb=${COMP_WORDS[1]}\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then ",
          stdout);
    act(bash_actions, "VERB");
    fputs("; return; fi\n    case $verb/$before in\n", stdout);
    for (const struct command *c = commands; c->name; c++) options_each(c->usage->options, 0, bash_value, (void *)c->name);
    fputs("    esac\n    case $verb/$word in\n", stdout);
    for (const struct command *c = commands; c->name; c++) {
        printf("    %s/-*) mapfile -t COMPREPLY < <(compgen -W '--help", c->name);
        options_each(c->usage->options, 0, bash_name, NULL);
        fputs("' -- \"$word\") ;;\n", stdout);
        if (!c->usage->max_words) continue;
        printf("    %s/*) ", c->name);
        act(bash_actions, c->usage->words);
        fputs(" ;;\n", stdout);
    }
    fputs("    esac\n}\ncomplete -o filenames -F _striate striate\n", stdout);
}

// ---- zsh

static const struct action zsh_actions[] = { [ANYTHING] = { " ", "" },
                                             [FOLDERS] = { "_files -/", "" },
                                             [FILES] = { "_files", "" },
                                             [WORDS] = { "(", ")" },
                                             [WORDS_OR_FILES] = { "{compadd ", "; _files}" } };

// Text within single quotes; the characters of `special` get a backslash.
static void quoted(const char *text, const char *special)
{
    for (; *text; text++) {
        if (strchr(special, *text)) putchar('\\');
        fputs(*text == '\'' ? "'\\''" : (const char[]){ *text, 0 }, stdout);
    }
}

static void zsh_option(void *context, const struct option *o, size_t offset)
{
    (void)context, (void)offset;
    if (o->type == OPTION_GROUP) return;
    printf(" \\\n            '--%s[", o->name);
    quoted(o->doc, "[]:\\");
    putchar(']');
    if (takes_value(o)) {
        putchar(':');
        quoted(o->metavar, ":\\");
        putchar(':');
        act(zsh_actions, o->metavar);
    }
    putchar('\'');
}

static void zsh(void)
{
    fputs("#compdef striate\n# zsh completion for striate; install it as share/zsh/site-functions/_striate\n"
          "_striate() {\n    if (( CURRENT == 2 )); then\n        local -a verbs=(",
          stdout);
    for (const struct command *c = commands; c->name; c++) {
        printf("\n            '%s:", c->name);
        quoted(c->doc, ":\\");
        putchar('\'');
    }
    fputs(")\n        _describe verb verbs\n        return\n    fi\n    local verb=$words[2]\n"
          "    shift words; (( CURRENT-- ))\n    case $verb in\n",
          stdout);
    for (const struct command *c = commands; c->name; c++) {
        printf("        %s) _arguments '--help[explain this verb]'", c->name);
        options_each(c->usage->options, 0, zsh_option, NULL);
        if (c->usage->max_words) {
            fputs(" \\\n            '*:argument:", stdout);
            act(zsh_actions, c->usage->words);
            putchar('\'');
        }
        fputs(" ;;\n", stdout);
    }
    fputs("    esac\n}\n_striate \"$@\"\n", stdout);
}

// ---- fish

static const struct action fish_actions[] = { [ANYTHING] = { " -x", "" },
                                              [FOLDERS] = { " -x -a '(__fish_complete_directories)'", "" },
                                              [FILES] = { " -r -F", "" },
                                              [WORDS] = { " -x -a '", "'" },
                                              [WORDS_OR_FILES] = { " -r -F -a '", "'" } };

static void fish_option(void *verb, const struct option *o, size_t offset)
{
    (void)offset;
    if (o->type == OPTION_GROUP) return;
    printf("complete -c striate -n '__fish_seen_subcommand_from %s' -l %s -d '", (const char *)verb, o->name);
    for (const char *c = o->doc; *c; c++) printf(*c == '\'' || *c == '\\' ? "\\%c" : "%c", *c);
    putchar('\'');
    if (takes_value(o)) act(fish_actions, o->metavar);
    putchar('\n');
}

static void fish(void)
{
    fputs("# fish completion for striate; install it as share/fish/vendor_completions.d/striate.fish\n", stdout);
    for (const struct command *c = commands; c->name; c++) {
        printf("complete -c striate -f -n __fish_use_subcommand -a %s -d '%s'\n", c->name, c->doc);
        options_each(c->usage->options, 0, fish_option, (void *)c->name);
        if (!c->usage->max_words) continue;
        printf("complete -c striate -n '__fish_seen_subcommand_from %s'", c->name);
        act(fish_actions, c->usage->words);
        putchar('\n');
    }
}

void completion(int shell)
{
    static void (*const shells[])(void) = { bash, zsh, fish };
    shells[shell]();
}
