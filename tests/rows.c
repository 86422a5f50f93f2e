// rows.c - see rows.h.
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct shape draw_shape(struct trial *t, int side, int channels)
{
    if (t->large) side *= 4, channels *= 5;
    return (struct shape){ trial_between(t, t->large ? side / 2 : 1, side), trial_between(t, 1, side),
                           trial_between(t, 1, channels), 1 };
}

void draw_one(struct trial *t)
{
    t->x[0] = draw_shape(t, 5, 7);
}

void draw_smooth(struct trial *t)
{
    t->smooth = true;
    draw_one(t);
}

void assert_close(const char *what, const double *got, const double *want, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-9 * (1 + fabs(want[i]))))
            fail_msg("%s[%zu]: got %.12g, the reference says %.12g", what, i, got[i], want[i]);
}

void each_value(struct trial *t, struct expected *e, double f(double x), double slope(double x, double dy))
{
    for (size_t i = 0; i < tensor_count(&t->out); i++) {
        e->want_y[i] = f(e->x[i]);
        e->want_dx[i] = slope(e->x[i], e->dy[i]);
    }
}

static const struct row *const lists[] = { rows_layer, rows_pool, rows_pointwise, rows_join, rows_norm, rows_loss };

const struct row *row_at(int index)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct row *row = lists[i]; row->op; row++)
            if (index-- == 0) return row;
    return NULL;
}
