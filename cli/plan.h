// plan.h - a plan drawn: what `striate summary --plan` shows.
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "cli.h"

enum { PLAN_KINDS = 5 };
extern const char *const plan_kinds[PLAN_KINDS]; // "value", ... by striate_kind

// The step at which most bytes of the arena are in use.
int plan_peak(const striate_plan *plan);
// "forward of conv1"
struct plan_step {
    char s[96];
};
struct plan_step plan_step(const striate_plan *plan, int step);

void plan_show(const striate_plan *plan, const char *what);
json_t *plan_json(const striate_plan *plan);
// An SVG drawing of lifetimes against the arena; `what`: its title.
int plan_draw(const striate_plan *plan, const char *path, const char *what);

#endif
