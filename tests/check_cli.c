// check_cli.c - the command as its users meet it: a row per command line, with the exit code and what it must say. The rows run
// in order, in a folder of their own, on small made-up data; a few of them build on what those before them wrote.
#include "striate.h"
#include "toys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct row {
    const char *line; // a shell's, where $S is the command
    int code;
    const char *out, *err; // must occur on stdout and on stderr; NULL: nothing may be said there
    const char *never;     // a file that must not be there afterwards
};

// ---- rows ----

#define TRAIN_TOY "$S train --model tiny.net --data toy --batch-size 16 --lr 0.05 --epochs 2 "
#define LENET     "--model lenet --weights "

static const struct row rows[] = {
    // verbs and flags
    { "$S", 2, NULL, "a verb is needed" },
    { "$S help", 0, "usage: striate VERB", NULL },
    { "$S --help", 0, "train ", NULL },
    { "$S help train", 0, "--lr-scheduler", NULL },
    { "$S train --help", 0, "usage: striate train --model", NULL },
    { "$S help trian", 2, NULL, "did you mean 'train'?" },
    { "$S evla", 2, NULL, "there is no verb 'evla'; did you mean 'eval'?" },
    { "$S zzzzzz", 2, NULL, "there is no verb 'zzzzzz'\n" },
    { "$S --version", 0, "striate " STRIATE_VERSION, NULL },
    { "$S version", 0, "isa ", NULL },
    { "$S version now", 2, NULL, "'now' is one argument too many" },
    { "$S train --epoch 3", 2, NULL, "train has no option --epoch; did you mean --epochs?" },
    { "$S train --qqqq 3", 2, NULL, "train has no option --qqqq\n" },
    { "$S train -e 3", 2, NULL, "options begin with two dashes" },
    { "$S train --lr 1e20", 2, NULL, "--lr '1e20': expected a number from 1e-12 to 1e+06" },
    { "$S train --epochs many", 2, NULL, "--epochs 'many': expected a whole number of at least 1" },
    { "$S train --epochs=0", 2, NULL, "--epochs '0'" },
    { "$S train --epochs 3x", 2, NULL, "--epochs '3x'" },
    { "$S train --epochs 99999999999", 2, NULL, "--epochs '99999999999'" },
    { "$S train --lr nan", 2, NULL, "--lr 'nan': expected a number" },
    { "$S train --momentum 2", 2, NULL, "expected a number from 0 to" },
    { "$S train --lr-scheduler linear", 2, NULL,
      "expected one of constant|step|multistep|inv|cosine|exponential|poly|onecycle|plateau" },
    { "$S train --lr-milestones 3,x", 2, NULL, "--lr-milestones '3,x': expected whole numbers" },
    { "$S train --mean 1,,2", 2, NULL, "--mean '1,,2': expected numbers" },
    { "$S train --seed -1", 2, NULL, "--seed '-1': expected a whole number" },
    { "$S train --out", 2, NULL, "--out needs a value: RUN" },
    { "$S train --out --epochs 3", 2, NULL, "--out needs a value: RUN" },
    { "$S train --nesterov=1", 2, NULL, "--nesterov takes no value" },
    { "$S train --batch-size x", 2, NULL, "expected a whole number from 1 to 65536, or auto" },
    { "$S train --model cifar_resnet1202 --data toy --batch-size 65536 --out big", 1, NULL, "the largest that fits", "big" },
    { "$S train --data toy", 2, NULL, "train needs --model" },
    { "$S train --model lenet", 2, NULL, "train needs --data" },
    { "$S train toy", 2, NULL, "'toy' is one argument too many" },
    { TRAIN_TOY "--lr-scheduler multistep", 2, NULL, "needs --lr-milestones" },
    { TRAIN_TOY "--lr-milestones 3,2", 2, NULL, "--lr-milestones must rise" },
    { "$S train --model tiny.net --data toy --batch-size 16 --lr 1e-11 --momentum 0 --epochs 9 --patience 2 --model-ema "
      "--label-smoothing 0.1 "
      "--lr-scheduler reducelronplateau --lr-patience 1 --lr-warmup-epochs 1 --lr-warmup-method constant --out impatient",
      0, "stopped after epoch ", "" },
    { "grep -q '\"lr-scheduler\": \"plateau\"' impatient/args.json && $S train --resume impatient", 0, "no epoch is left",
      NULL },
    { TRAIN_TOY
      "--out first && $S train --model tiny.net --data toy --epochs 1 --weights first/model.safetensors --freeze 'c1.*' --out "
      "second",
      0, "input       pixel / 255, minus 0.1821", "" },
    { TRAIN_TOY "--weights nowhere --out third", 3, "", "nowhere" },
    { TRAIN_TOY "--allow-missing 'fc.*'", 2, NULL, "--allow-missing goes with --weights" },
    { TRAIN_TOY "--nesterov --momentum 0", 2, NULL, "--nesterov needs --momentum" },
    { TRAIN_TOY "--nesterov --opt adam", 2, NULL, "--nesterov is a way of --opt sgd" },
    { TRAIN_TOY "--opt adamm", 2, NULL, "adam" },
    { TRAIN_TOY "--norm-weight-decay 0,1", 2, NULL, "take one number" },
    { TRAIN_TOY "--lr-scale 'stem.*=2' --out scaled", 2, "training ", "'stem.*' is the first to match no parameter", "scaled" },
    { TRAIN_TOY "--mean 1,2,3", 2, NULL, "--mean has 3 values, but the network's input has 1 channel" },
    { "$S help --man", 0, ".TH STRIATE 1", NULL },
    { "$S help --completion bash", 0, "complete -o filenames -F _striate striate", NULL },
    { "$S help --completion zsh", 0, "#compdef striate", NULL },
    { "$S help --completion fish", 0, "complete -c striate", NULL },
    { "$S help --completion tcsh", 2, NULL, "bash|zsh|fish" },
    { "$S help --completion bash >script && bash -n script", 0, NULL, NULL },

    // networks
    { "$S zoo", 0, "lenet                       2014  28x28x1           431,080        2,293,000", NULL },
    { "$S zoo --json", 0, "\"parameters\": 431080", NULL },
    { "$S zoo lenet --classes 7", 0, "units=7", NULL },
    { "$S zoo lenet --input 32x32x3", 0, "height=32 width=32 channels=3", NULL },
    { "$S zoo lenet --widen 2", 0, "filters=40", NULL },
    { "$S zoo lenet --widen 0", 2, NULL, "--widen" },
    { "$S zoo lenet --input 32x32", 2, NULL, "expected a size" },
    { "$S zoo lanet", 2, NULL, "did you mean 'lenet'?" },
    { "$S ops", 0, "max_pool", NULL },
    { "$S ops conv", 0, "filters         int                 required", NULL },
    { "$S ops conv --json", 0, "\"name\": \"dilation\"", NULL },
    { "$S ops covn", 2, NULL, "did you mean 'conv'?" },
    { "$S zoo lenet >edited.net && $S summary edited.net", 0, "4,586,000", NULL },
    { "$S summary lenet --json", 0, "\"macs\": 2293000", NULL },
    { "$S summary vgg16", 0, "15,237,608 values, 61 MB, where", NULL },
    { "$S summary lenet5 --connections", 0, "340,908", NULL },
    { "$S summary sparse.net --connections", 0, "           36                     144", NULL },
    { "$S summary sparse.net --json", 0, "\"dense_connections\": 144", NULL },
    { "$S summary", 2, NULL, "summary needs one" },
    { "$S summary lenet --plan --batch-size 64", 0, "the ratio is 1.0", NULL },
    { "$S summary lenet --plan --infer", 0, "packed     conv2 ", NULL },
    { "$S summary cifar_resnet20 --plan --svg plan.svg >/dev/null && tail -1 plan.svg", 0, "</svg>", NULL },
    { "$S summary lenet --plan --train --json", 0, "\"kind\": \"gradient\"", NULL },
    { "$S summary lenet --svg plan2.svg", 2, NULL, "go with --plan", "plan2.svg" },
    { "$S summary lenet --plan --train --infer", 2, NULL, "goes without --train" },
    { "$S summary cifar_resnet20 --plan --batch-size 32 --recompute", 0, " of them computed twice\n", NULL },
    { "$S summary cifar_resnet20 --plan --recompute --json", 0, "\"phase\": \"recomputation\"", NULL },
    { "$S summary lenet --recompute", 2, NULL, "go with --plan" },
    { "$S summary lenet --plan --svg nowhere/a.svg", 3, "arena", "nowhere/a.svg" },
    { "$S summary nowhere.net", 3, NULL, "nowhere.net" },
    { "$S summary op.net", 3, NULL, "op.net:2: c1: unknown op 'convv'; did you mean 'conv'?" },
    { "$S summary attribute.net", 3, NULL, "attribute.net:2: c1 (conv):" },
    { "$S summary attribute.net", 3, NULL, "kernle" },
    { "$S summary missing.net", 3, NULL, "missing.net:2: c1 (conv): attribute filters" },
    { "$S summary input.net", 3, NULL, "input.net:2: c1 (conv): no node 'dat' to take as input; did you mean 'data'?" },
    { "$S summary cycle.net", 3, NULL, "cycle.net:2: a (add): a cycle" },
    { "$S summary shape.net", 3, NULL, "shape.net:3" },
    { "$S summary shape.net", 3, NULL, "10x10x4" },

    // recipes
    { "$S recipe", 0, "cifar_resnet20          CIFAR-10  91.25 %  ", NULL },
    { "$S recipe cifar_resnet110", 0, "--lr-warmup-epochs 1 --lr-warmup-method constant", NULL },
    { "$S recipe densenet161 --json", 0, "\"batch-size\": 128", NULL },
    { "$S recipe cifar_resnte20", 2, NULL,
      "there is no recipe 'cifar_resnte20'; did you mean 'cifar_resnet20'? 'striate recipe' lists them" },
    { "$S train --recipe zzzzzz --data cifar", 2, NULL, "there is no recipe 'zzzzzz'; 'striate recipe' lists them" },
    { "$S train --recipe lenet", 2, NULL, "train needs --data" },
    { "for r in $($S recipe | sed 1d | cut -d' ' -f1); do $S train --recipe $r --data nowhere 2>&1 | grep -q ' nowhere: ' && "
      "$S zoo $($S recipe $r --json | sed -n 's/^  \"model\": \"\\(.*\\)\",/\\1/p') >/dev/null || { echo $r; exit 1; }; done",
      0, NULL, NULL },
    { "$S train --recipe cifar_resnet20 --data cifar --limit 8 --batch-size 4 --epochs 1 --no-hflip --out as-published", 0,
      "recipe      cifar_resnet20;", "" },
    { "tr -d '\n ' <as-published/args.json", 0, "\"recipe\":\"cifar_resnet20\",\"model\":\"cifar_resnet20\",", NULL },
    { "tr -d '\n ' <as-published/args.json", 0, "\"epochs\":1,\"batch-size\":4,", NULL },
    { "tr -d '\n ' <as-published/args.json", 0, "\"lr-milestones\":[82,123],", NULL },
    { "tr -d '\n ' <as-published/args.json", 0, "\"random-crop-pad\":4,\"hflip\":false,", NULL },
    { "$S train --resume as-published", 0, "all 1 epochs are done", NULL },
    { "$S train --resume as-published --recipe lenet", 2, NULL, "--recipe begins a training" },
    { "$($S recipe cifar_resnet20 | sed -n \"s:^striate \\(.*\\) DIR:$S \\1 cifar:p\") --limit 8 --batch-size 4 --epochs 1 "
      "--no-hflip --out "
      "in-full && cmp in-full/model.safetensors as-published/model.safetensors",
      0, "training    1 epoch of 2 steps", "" },
    { "$S train --recipe lenet --data toy --limit 64 --epochs 1 --out published-lenet", 0, "inv", "" },
    { "$S train --recipe nin_cifar --data cifar --limit 4 --epochs 1 --out published-nin", 0, "plateau", "" },
    { "$S train --recipe squeezenet1_1 --data folder --limit 4 --batch-size 2 --accumulate 2 --epochs 1 --out "
      "published-squeezenet",
      0, "batch 2 x 2, sgd, lr 0.04 poly", "" },
    { "$S train --no-lrr 3", 2, NULL, "train has no option --no-lrr\n" },

    // data
    { "$S data toy", 0, "train     160 images, 12x12 gray", NULL },
    { "$S data zipped --json", 0, "\"format\": \"idx\"", NULL },
    { "$S data cifar", 0, "test      10 images, 32x32 colour", NULL },
    { "$S data show cifar cifar.png --hflip --random-crop-pad 4 && test -s cifar.png", 0,
      "cifar.png  10 training images, each as in ten epochs\n", NULL },
    { "$S data show cifar mixed.png --mixup-alpha 0.2", 2, NULL, "mix those of a batch", "mixed.png" },
    { "$S data show folder folder.png --size 20 && test -s folder.png", 0, "folder.png  24 training images\n", NULL },
    { "$S data show folder/ants ants.png && test -s ants.png", 0, "ants.png  12 training images\n", "" }, // no classes
    { "$S data show folder", 2, NULL, "data show needs DIR and FILE.png" },
    { "$S data shwo folder", 2, NULL, "no verb 'shwo'" },
    { "$S data check toy", 0, ", of the other split", NULL },
    { "$S data check folder --json", 0, "\"unreadable\": []", NULL },
    { "$S data check cut", 3, "cannot be read: 1\n  cut/bees/02.png: ", "cut: 1 image cannot be read" },
    { "mkdir odd && cp -r folder/* odd && cp odd/ants/00.png odd/bees/99.jpg && $S data check odd", 0,
      "odd/bees/99.jpg is a PNG\n\nthe same pixels as another: 1\n  odd/bees/99.jpg = odd/ants/00.png, of another class",
      NULL },
    { "$S data split folder list.csv --val-split 0.25 && head -1 list.csv", 0,
      "list.csv  18 training images, 6 for validation\n", NULL },
    { "head -1 list.csv", 0, "path,label,split", NULL },
    { "$S data list.csv", 0, "format    csv\ntrain     18 images", NULL },
    { "$S data split toy no.csv", 3, NULL, "is split already", "no.csv" },
    { "sed 's/00.png/not.png/' list.csv >list-bad.csv; $S data list-bad.csv", 3, NULL, "not.png: no such file" },
    { "$S data pack list.csv packed --resize 8 --quality 90", 0, "packed/val-*.tar  6 images", NULL },
    { "$S data packed", 0, "format    shards\ntrain     18 images", NULL },
    { "$S data check packed", 0, "24 images looked at", NULL },
    { "$S data fetch imagenet nowhere", 2, NULL, "'imagenet'" },
    { "$S data fetch", 2, NULL, "data fetch needs a name" },
    { "$S data pack folder packed", 3, NULL, "packed: holds a data set already" },
    { "$S data folder", 0, "test      none", NULL },
    { "$S data", 2, NULL, "data needs DIR" },
    { "$S data nowhere", 3, NULL, "nowhere: " },
    { "$S data tiny.net", 3, NULL, "tiny.net: " },
    { "$S data nothing", 3, NULL, "nothing: " },
    { "$S data half", 3, NULL, "train-labels-idx1-ubyte" },
    { "$S data short", 3, NULL, "short/train-images-idx3-ubyte: " },
    { "$S data empty", 3, NULL, "empty/train-images-idx3-ubyte: " },
    { "$S data long", 3, NULL, "long/train-images-idx3-ubyte: " },
    { "$S data magic", 3, NULL, "magic/train-images-idx3-ubyte: " },
    { "$S data count", 3, NULL, "count/train-labels-idx1-ubyte: 159 labels" },
    { "$S data label", 3, NULL, "label/train-labels-idx1-ubyte: byte 11: label 12" },
    { "$S data badzip", 3, NULL, "badzip/train-images-idx3-ubyte.gz: " },
    { "$S data cifar-short", 3, NULL, "cifar-short/data_batch_3.bin: " },
    { "$S data cifar-label", 3, NULL, "cifar-label/data_batch_2.bin: byte 12292: label 10" },
    { "$S data one-class", 3, NULL, "one-class: " },
    { "$S data empty-class", 3, NULL, "empty-class/cows: " },
    { "$S data broken", 3, NULL, "broken/ants/00.png: " },
    { "$S data broken", 3, NULL, "broken/bees/03.png: " },
    { "$S data cut", 3, "cut/bees/02.png: ", "cut: 1 image cannot be read" },

    // training
    { TRAIN_TOY "--out run", 0, "try next  striate eval run/model.safetensors --data toy", "" },
    { "for f in model.safetensors last.safetensors metrics.jsonl metrics.csv args.json curve.png; do test -s run/$f || exit 1; "
      "done",
      0, NULL, NULL },
    { TRAIN_TOY "--out run", 2, NULL, "run holds a run already; --resume run goes on with it" },
    { TRAIN_TOY "--out run --overwrite", 0, "model     run/model.safetensors", "" },
    { TRAIN_TOY "--out deep/in/folders --val-split 0.25", 0, "40 images, held out", "" },
    { TRAIN_TOY "--batch-size auto --out auto && grep batch-size auto/args.json", 0, "\"batch-size\": 160", "" },
    { TRAIN_TOY " && test -s runs/tiny-1/model.safetensors", 0, "run         runs/tiny-1", "" },
    { TRAIN_TOY "--out three-threads --threads 3 >/dev/null && cmp run/model.safetensors three-threads/model.safetensors", 0,
      NULL, "" },
    { "$S train --model tiny.net --data zipped --limit 32 --epochs 1 --out small", 0, "32 training images", "" },
    { "$S train --model lenet --data folder --limit 16 --epochs 1 --out ants", 0,
      "with 2 classes instead of 10, with 3 channels instead of 1", "" },
    { "$S train --model lenet --data nowhere --out no", 3, NULL, "nowhere: ", "no" },
    { "$S train --model lanet --data toy --out no", 2, NULL, "did you mean 'lenet'?", "no" },
    { "$S train --model lenet --data short --out no", 3, NULL, "short/", "no" },
    { "$S train --model lenet --data label --out no", 3, NULL, "label 12", "no" },
    { "$S train --model lenet --data broken --out no", 3, NULL, "broken/ants/00.png", "no" },
    { "$S train --model shape.net --data toy --out no", 3, NULL, "shape.net:3", "no" },
    { "$S train --model eight.net --data toy --out no", 3, NULL,
      "eight.net: the network's output is 1x1x8, but toy has 10 classes", "no" },
    { "$S train --model large.net --data toy --out no", 3, NULL,
      "large.net: the network's input is 14x14x1, but the images of toy are 12x12x1", "no" },
    { "$S train --model colour.net --data toy --out no", 3, NULL, "colour.net: the network's input is 12x12x3", "no" },
    { "$S train --model run/model.safetensors --data toy --out no", 2, NULL, "a trained model", "no" },
    { TRAIN_TOY "--out file", 3, "network", "file: " },
    { TRAIN_TOY "--out file/run", 3, "network", "file/run: " },
    { "(ulimit -f 3; trap '' XFSZ; " TRAIN_TOY "--out full >/dev/null)", 3, NULL, "full/", "full/model.safetensors" },
    { "$S train --resume nowhere", 3, NULL, "nowhere/args.json: No such file" },
    { "$S train --resume run --out elsewhere", 2, NULL, "--resume goes on in its own folder" },
    { "$S train --resume run --lr 0.3", 2, "network", "learning_rate 0.05, not 0.3" },
    { "$S train --resume run", 0, "all 2 epochs are done", NULL },
    { TRAIN_TOY "--exact --out exact", 0, "seed 1, exact\n", "" },
    { TRAIN_TOY "--recompute --out less && cmp less/model.safetensors run/model.safetensors", 0, "network", "" },
    { "grep -q '\"recompute\": true' less/args.json && $S train --resume less", 0, "all 2 epochs are done", NULL },
    { "grep -q '\"exact\": true' exact/args.json && $S train --resume exact", 0, "all 2 epochs are done", NULL },
    { "sed -i 's/\"exact\": true/\"exact\": false/' exact/args.json; $S train --resume exact", 2, "network",
      "was trained with exact 1, not 0" },
    { "$S compare run exact && test -s compare.png", 0, "exact  tiny.net                  2", NULL },
    { "$S compare run --json --curves c.png --metric train_loss --against seconds", 0, "\"best_epoch\": ", NULL },
    { "$S compare run nowhere", 3, NULL, "nowhere/metrics.jsonl: no such file; name the folder of a training" },
    { "mkdir spoilt; cp run/* spoilt; echo '{' >spoilt/args.json; $S train --resume spoilt", 3, NULL,
      "spoilt/args.json, line 2" },
    { "echo '{\"epochs\":\"x\"}' >spoilt/args.json; $S train --resume spoilt", 3, NULL, "spoilt/args.json: \"epochs\"" },
    { "$S train --model tiny.net --data toy --lr 1e6 --lr-scheduler constant --epochs 50 --out burst", 4, "network", "finite" },
    { "$S train --model tiny.net --data toy --lr 1e6 --lr-scheduler constant --epochs 50 --on-nan rollback --out again", 4,
      "half the rate, try 3 of 3", "finite" },
    { TRAIN_TOY "--keep 1 --overwrite --out again && ls again && $S eval again/epoch-2.safetensors --data toy", 0,
      "epoch-2.safetensors", "" },
    { "$S lr-find --model tiny.net --data toy --batch-size 16", 0, "\ntry       --lr 0.", NULL },
    { "test -s lr-find.png && $S lr-find --model tiny.net --data toy --steps 20 --lr-low 0.001 --lr-high 1e6 --curve found.png "
      "--json",
      0, "\"suggestion\": ", NULL },
    { "$S lr-find --model tiny.net --data toy --lr-low 2 --lr-high 1", 2, NULL, "--lr-low must be below --lr-high" },
    { "$S lr-find --data toy", 2, NULL, "lr-find needs --model" },
    { "$S lr-find --recipe no-such --data toy", 2, NULL, "no-such" },
    { "$S summary burst/last.safetensors", 0, "total", NULL },

    // evaluation and prediction
    { "$S eval run/model.safetensors --data toy", 0, "confusion: a row per true class", NULL },
    { "$S eval run/model.safetensors --data toy --exact", 0, "top-1", NULL },
    { "$S eval run/model.safetensors --data toy --crops ten", 0, "top-1", NULL },
    { "$S eval run/model.safetensors --data toy --crops five", 2, NULL, "model|center|ten" },
    { "$S eval run/model.safetensors --data toy --json --limit 20", 0, "\"images\": 20,", NULL },
    { "$S eval run/model.safetensors --data toy --split train", 0, "images    160", NULL },
    { "$S eval run/model.safetensors --data toy --logits l.npy --confusion c.png --sheet s.png && test -s l.npy && test -s "
      "c.png && test -s "
      "s.png",
      0, "top-1", NULL },
    { "$S eval run/model.safetensors --data toy --logits nowhere/l.npy", 3, NULL, "nowhere/l.npy" },
    { "$S eval run/model.safetensors", 2, NULL, "eval needs --data" },
    { "$S eval --data toy", 2, NULL, "a model is needed" },
    { "$S eval run/model.safetensors --model lenet --data toy", 2, NULL, "not both" },
    { "$S eval run/model.safetensors --data cifar-short --split train", 3, NULL, "cifar-short" },
    { "$S eval run/model.safetensors --data three", 3, NULL, "3 classes" },
    { "$S eval ants/model.safetensors --data folder", 0, "images    24", "folder has no test split" },
    { "$S eval nowhere.safetensors --data toy", 3, NULL, "nowhere.safetensors: " },
    { "$S eval " LENET "w-short.safetensors --data toy", 3, NULL, "w-short.safetensors: " },
    { "$S eval " LENET "w-giant.safetensors --data toy", 3, NULL, "w-giant.safetensors: " },
    { "$S eval " LENET "w-empty.safetensors --data toy", 3, NULL, "w-empty.safetensors: " },
    { "$S eval " LENET "w-twice.safetensors --data toy", 3, NULL, "w-twice.safetensors: " },
    { "$S eval " LENET "w-hole.safetensors --data toy", 3, NULL, "w-hole.safetensors: " },
    { "$S eval " LENET "w-overlap.safetensors --data toy", 3, NULL, "w-overlap.safetensors: " },
    { "$S eval " LENET "w-dtype.safetensors --data toy", 3, NULL, "w-dtype.safetensors: " },
    { "$S eval " LENET "w-other.safetensors --data toy", 3, NULL, "w-other.safetensors: " },
    { "$S eval " LENET "run/model.safetensors --data toy", 3, NULL, "run/model.safetensors: " },
    { "$S eval --model tiny.net --weights run/model.safetensors --mean 0.1,0.2,0.3 --data toy", 2, NULL,
      "--mean has 3 values" },
    { "$S eval --model tiny.net --weights run/model.safetensors --mean 0.2 --std 0.2 --data toy", 0, "top-1", NULL },
    { "head -c 1000 run/model.safetensors >half.safetensors; $S eval half.safetensors --data toy", 3, NULL,
      "half.safetensors: " },
    { "sed s/units=10/units=11/ run/model.safetensors >eleven.safetensors; $S eval eleven.safetensors --data toy", 3, NULL,
      "eleven.safetensors: " },
    { "$S predict run/model.safetensors folder/ants/00.png --topk 3", 0, " %  ", NULL },
    { "$S predict run/model.safetensors folder/ants/00.png --exact", 0, " %  ", NULL },
    { "$S predict run/model.safetensors --json - <folder/ants/00.png", 0, "\"probability\": ", NULL },
    { "$S predict run/model.safetensors folder/ants/00.png folder/bees/00.png --logits p.npy && test -s p.npy", 0,
      "folder/bees/00.png", NULL },
    { "$S predict run/model.safetensors folder/ants/00.png broken/ants/00.png bomb.png nowhere.png folder/bees/01.png", 3,
      "folder/bees/01.png", "nowhere.png: " },
    { "$S predict run/model.safetensors broken/ants/00.png", 3, NULL, "broken/ants/00.png: " },
    { "$S predict run/model.safetensors broken/bees/03.png", 3, NULL, "broken/bees/03.png: " },
    { "$S predict run/model.safetensors cut/bees/02.png", 3, NULL, "cut/bees/02.png: " },
    { "$S predict run/model.safetensors bomb.png", 3, NULL, "bomb.png: " },
    { "$S predict run/model.safetensors - </dev/null", 3, NULL, "standard input: empty" },
    { "$S predict run/model.safetensors - <&-", 3, NULL, "standard input: " },
    { "$S predict run/model.safetensors", 2, NULL, "predict needs an image" },
    { "$S predict", 2, NULL, "predict needs MODEL" },
    { "$S summary run/model.safetensors --filters f.png && test -s f.png", 0, "filters of c1: f.png", NULL },
    { "$S summary run/model.safetensors --filters f.png --layer r1", 2, "total", "r1" },
    { "$S summary lenet --filters f.png", 2, "total", "--filters needs weights" },

    // measuring, and where output goes
    { "$S bench infer --model lenet --batch-size 2 --steps 1", 0, "images/s", NULL },
    { "$S bench train --model tiny.net --batch-size 2 --steps 1 --json", 0, "\"images_per_second\": ", NULL },
    { "$S bench train --model tiny.net --batch 2 --steps 1 --threads 1 --cpu-time --ops", 0, "cross_entropy", "" },
    { "$S bench train --model lenet --threads 2 --cpu-time", 2, NULL, "give --threads 1 as well" },
    { "$S bench infer --model lenet --batch 1,2", 2, NULL, "bench infer takes one --batch" },
    { "$S bench machine --json", 0, "\"measured\": [", "" },
    { "$S bench conv --suite lenet --batch 1 --seconds 1e-3", 0, "geometric means", "" },
    { "$S bench conv --suite lenet --batch 1 --seconds 1e-3 --direction data --exact", 0, "5x5 20->50 12x12 p0 ", "" },
    { "$S bench conv --model tiny.net --batch 3 --seconds 1e-3 --json", 0, "\"direction\": \"pack\"", "" },
    { "$S bench dense --batch 1 --direction forward --seconds 1e-3", 0, "dense 25088->4096 batch 1 ", "" },
    { "$S bench conv --suite lenet --shapes", 0, "lenet, batch 16: 2,293,000 of 2,293,000 MACs", NULL },
    { "$S bench conv --suite alexnet --shapes", 0, "of 724,406,816 MACs", NULL },
    { "$S bench conv --suite vgg16 --shapes", 0, "of 15,470,264,320 MACs", NULL },
    { "$S bench conv --suite googlenet --shapes", 0, "of 1,582,671,872 MACs", NULL },
    { "$S bench conv --suite resnet18 --shapes", 0, "of 1,814,073,344 MACs", NULL },
    { "$S bench conv --suite resnet50 --shapes", 0, "of 4,089,184,256 MACs", NULL },
    { "$S bench conv --suite densenet121 --shapes", 0, "of 2,834,161,664 MACs", NULL },
    { "$S bench conv --suite inception_v3 --shapes", 0, "of 5,713,216,096 MACs", NULL },
    { "$S bench conv --suite all --shapes --json", 0, "\"network_macs\": 5713216096", NULL },
    { "$S bench conv --suite resnet50,resnte18", 2, NULL, "there is no suite 'resnte18'; did you mean 'resnet18'?" },
    { "$S bench conv --suite lenet,lenet", 2, NULL, "--suite names lenet twice" },
    { "timeout --preserve-status -s INT 1 $S bench conv --threads 1", 130, NULL, "" },
    { "$S bench conv --batch 1,2", 2, NULL, "bench conv takes one --batch" },
    { "$S bench conv --batch 0", 2, NULL, "--batch '0'" },
    { "$S bench conv --direction backward", 2, NULL, "expected one of forward|data|weights|pack|all" },
    { "$S bench", 2, NULL, "bench needs machine|conv|dense|train|infer" },
    { "$S bench everything", 2, NULL, "there is no 'bench everything'" },
    { "$S bench train", 2, NULL, "bench train needs --model" },
    { "$S zoo lenet >/dev/full", 3, NULL, "standard output: No space left on device" },
    { "$S train --help >/dev/full", 3, NULL, "standard output: " },
    { "$S eval run/model.safetensors --data toy --json >/dev/full", 3, NULL, "standard output: " },
};
enum { ROWS = sizeof rows / sizeof *rows };

// ---- running them ----

static char command[4096], scratch[] = "/tmp/check_cli-XXXXXX";

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    text[fread(text, 1, (1 << 20) - 1, file)] = 0;
    fclose(file);
    return text;
}

static int shell(const char *line)
{
    char whole[2048];
    snprintf(whole, sizeof whole, "{ %s\n} >out 2>err", line);
    int status = system(whole);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void check_text(const struct row *row, const char *where, const char *text, const char *wanted)
{
    if (wanted ? !strstr(text, wanted) : *text) fail_msg("%s\n%s is not as it should be:\n%s", row->line, where, text);
}

static void check_row(void **state)
{
    const struct row *row = *state;
    int code = shell(row->line);
    char *out = slurp("out"), *err = slurp("err");
    if (code != row->code) fail_msg("%s\nexit code %d, not %d:\n%s%s", row->line, code, row->code, out, err);
    check_text(row, "stdout", out, row->out);
    check_text(row, "stderr", err, row->err);
    if (code && code < 10 && strncmp(err, "striate: ", 9) && !strstr(err, "\nstriate: "))
        fail_msg("%s\nwithout a sentence:\n%s", row->line, err);
    if (row->never && !access(row->never, F_OK)) fail_msg("%s\nleft %s behind", row->line, row->never);
    free(out);
    free(err);
}

// A run that is interrupted and resumed ends with the bits of one that is not, and tells how to go on.
static void interrupt(bool terminate)
{
    static const char long_run[] = "--model tiny.net --data toy --batch-size 2 --epochs 20 --lr 0.001";
    char line[512];
    snprintf(line, sizeof line,
             "$S train %s --out stopped & child=$!; while ! test -s stopped/metrics.csv || test $(wc -l <stopped/metrics.csv) "
             "-lt 3; do sleep 0.02; "
             "done; kill -HUP $child; sleep 0.02; kill -%s $child; wait $child",
             long_run, terminate ? "TERM" : "INT");
    assert_int_equal(shell(line), terminate ? 143 : 130); // a hangup alone ends nothing
    char *err = slurp("err");
    assert_non_null(strstr(err, "interrupted, and saved; to go on: striate train --resume stopped"));
    free(err);
    assert_int_equal(shell("cp -r stopped elsewhere; $S train --resume stopped"), 0);
    snprintf(line, sizeof line,
             "$S train %s --out whole && cmp whole/model.safetensors stopped/model.safetensors && cmp "
             "whole/last.safetensors stopped/last.safetensors",
             long_run);
    assert_int_equal(shell(line), 0);
    assert_int_equal(
        shell(
            "(mkdir away; cd away; $S train --resume ../elsewhere) && cmp elsewhere/model.safetensors whole/model.safetensors"),
        0);
}

static void check_interrupt(void **state)
{
    (void)state;
    interrupt(false);
    assert_int_equal(shell("rm -r stopped whole elsewhere away"), 0);
    interrupt(true);
}

// What the option tables say is in the man page and in all completions.
static void check_tables(void **state)
{
    (void)state;
    static const char *const sources[] = { "help --man", "help --completion bash", "help --completion zsh",
                                           "help --completion fish" };
    for (int i = 0; i < 4; i++) {
        char line[64];
        snprintf(line, sizeof line, "$S %s", sources[i]);
        assert_int_equal(shell(line), 0);
        char *text = slurp("out");
        for (const char *word = "weight-decay\0channel-order\0topk\0confusion\0filters\0classes\0show\0steps\0suite\0exact\0";
             *word; word += strlen(word) + 1) {
            char escaped[32] = "", *to = escaped;
            for (const char *c = word; *c; c++) {
                if (*c == '-' && !i) *to++ = '\\';
                *to++ = *c;
            }
            if (!strstr(text, escaped)) fail_msg("%s lacks --%s", sources[i], word);
        }
        free(text);
    }
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(scratch) || chdir(scratch)) return -1;
    setenv("S", command, 1);
    setenv("LC_ALL", "C", 1);
    toys_write();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char line[128];
    snprintf(line, sizeof line, "rm -rf %s", scratch);
    return chdir("/") || system(line);
}

int main(void)
{
    const char *given = getenv("STRIATE");
    if (!realpath(given ? given : "../striate", command)) {
        puts("SKIP: this build has no command");
        return 77;
    }
    struct CMUnitTest tests[ROWS + 2];
    for (int i = 0; i < ROWS; i++)
        tests[i] = (struct CMUnitTest){ .name = rows[i].line, .test_func = check_row, .initial_state = (void *)&rows[i] };
    tests[ROWS] = (struct CMUnitTest)cmocka_unit_test(check_interrupt);
    tests[ROWS + 1] = (struct CMUnitTest)cmocka_unit_test(check_tables);
    return cmocka_run_group_tests_name("cli", tests, set_up, tear_down);
}
