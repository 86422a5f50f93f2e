// run.c - what a training left in its folder, read back.
#include "base/file.h"
#include "base/status.h"
#include "train/metrics.h"

#include <limits.h>
#include <stdlib.h>

struct run {
    striate_run as; // the first member: what users see of it
    struct metrics metrics;
    char *rows, *arguments; // paths
    struct bytes text;
};

static striate_status read_run(struct run *run, const char *folder)
{
    run->rows = file_join(folder, "metrics.jsonl");
    run->arguments = file_join(folder, "args.json");
    if (!run->rows || !run->arguments) FAIL(NO_MEMORY, "%s: no memory for its names", folder);
    if (!file_exists(run->rows)) FAIL(IO, "%s: no such file; name the folder of a training (--out)", run->rows);
    TRY(metrics_read(&run->metrics, run->rows, INT_MAX));
    TRY(file_read(&run->text, run->arguments, 1 << 20));
    uint8_t *ended = realloc(run->text.data, run->text.size + 1);
    if (!ended) FAIL(NO_MEMORY, "%s: no memory to read it", run->arguments);
    run->text.data = ended;
    ended[run->text.size] = 0;
    run->as = (striate_run){ run->metrics.rows, run->metrics.count, (const char *)ended };
    return STRIATE_OK;
}

striate_status striate_run_open(striate_run **run, const char *folder)
{
    struct run *made = calloc(1, sizeof *made);
    if (!made) FAIL(NO_MEMORY, "%s: no memory to read it", folder);
    striate_status status = read_run(made, folder);
    if (status)
        striate_run_close(&made->as);
    else
        *run = &made->as;
    return status;
}

void striate_run_close(striate_run *run)
{
    struct run *own = (struct run *)run;
    if (!own) return;
    free(own->metrics.rows);
    free(own->rows);
    free(own->arguments);
    free(own->text.data);
    free(own);
}
