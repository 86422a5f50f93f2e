#!/usr/bin/env python3
"""Training ResNet-18 from JPEG photographs at 224, Striate and PyTorch with torchvision's DataLoader side by side, alternating in one run: images/s,
and the share of its time that training waits for images. Random resized crop and mirroring, SGD with momentum.

    bench/jpeg_pytorch.py FOLDER [--striate PATH] [--threads 2] [--images 960] [--batch 16] [--rounds 3] [--cpu-time] [--json]

FOLDER has train/ with a folder of JPEG files per class, which are repeated until there are so many images. Every measurement is a process of its
own; of the rounds the median counts. Striate is `striate train`, with all that it does, and beside it `striate bench train`, the same step on made-up
values: what loading costs. PyTorch runs with channels_last as in versus_pytorch.py, with 0, 1, 2 or 4 workers, of which the first round finds the best;
its first step does not count. --cpu-time, with --threads 1, is for a machine that others use: processor time of all threads and workers, of a long
run less that of a short one.
"""
import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from versus_pytorch import BEST, HERE

SIDE = 224


# ---- PyTorch's side, in a process of its own

def train_in_pytorch(folder, images, batch, workers, threads):
    import torch
    import torchvision
    from torchvision import transforms
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    how = transforms.Compose([transforms.RandomResizedCrop(SIDE), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                              transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    data = torchvision.datasets.ImageFolder(os.path.join(folder, "train"), how)
    repeated = torch.utils.data.Subset(data, [i % len(data) for i in range(images)])
    loader = torch.utils.data.DataLoader(repeated, batch, shuffle=True, num_workers=workers)
    network = torchvision.models.resnet18(num_classes=len(data.classes)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), 0.01, 0.9, weight_decay=1e-4)
    loss_of = torch.nn.CrossEntropyLoss()
    batches, waited, start, done = iter(loader), 0.0, None, 0
    while True:
        asked = time.perf_counter()
        try:
            x, labels = next(batches)
        except StopIteration:
            break
        if start is not None:
            waited += time.perf_counter() - asked
        optimizer.zero_grad(set_to_none=True)
        loss_of(network(x.to(memory_format=torch.channels_last)), labels).backward()
        optimizer.step()
        if start is None:  # workers have begun, and memory is taken
            start = time.perf_counter()
        else:
            done += len(labels)
    seconds = time.perf_counter() - start
    print(json.dumps({"images_per_second": done / seconds, "waiting": waited / seconds}))


# ---- measurements

def finished(command, **environment):
    """What a process says, and the processor time of it and of those that it started."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit("jpeg_pytorch: %s failed:\n%s" % (" ".join(command), done.stderr.strip()))
    return done, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_list(path, folder, images):
    """A list of so many images, the same ones again and again, and a few to validate on."""
    train = os.path.join(os.path.abspath(folder), "train")
    files = [(os.path.join(train, name, file), name) for name in sorted(os.listdir(train)) for file in sorted(os.listdir(os.path.join(train, name)))]
    rows = ['"%s",%s,train' % files[i % len(files)] for i in range(images)] + ['"%s",%s,val' % files[i] for i in (0, -1)]
    with open(path, "w") as out:
        out.write("\n".join(["path,label,split"] + rows) + "\n")


def run_striate(data, images, folder, options):
    done, cpu = finished([options.striate, "train", "--model", "resnet18", "--data", data, "--limit", str(images), "--epochs", "1", "--batch-size",
                          str(options.batch), "--threads", str(options.threads), "--random-resized-crop", "0.08", "--hflip", "--mean",
                          "0.485,0.456,0.406", "--std", "0.229,0.224,0.225", "--overwrite", "--out", os.path.join(folder, "run")])
    with open(os.path.join(folder, "run", "metrics.jsonl")) as metrics:
        rate = json.loads(metrics.readline())["images_per_second"]
    waiting = re.findall(r"waiting ([\d.]+) %", done.stderr)
    return {"images_per_second": rate, "waiting": float(waiting[-1]) / 100 if waiting else 0, "cpu": cpu}


def run_pytorch(images, workers, options):
    done, cpu = finished([options.python, __file__, options.folder, "--side", str(workers), "--images", str(images), "--batch", str(options.batch),
                          "--threads", str(options.threads)], OMP_NUM_THREADS=str(options.threads), **BEST)
    return {**json.loads(done.stdout), "cpu": cpu}


def run_without_data(options):
    command = [options.striate, "bench", "train", "--model", "resnet18", "--batch", str(options.batch), "--threads", str(options.threads), "--json"]
    return json.loads(finished(command + ["--cpu-time"] * options.cpu_time)[0].stdout)["images_per_second"]


def by_cpu(run, options):
    """Images per second of processor time: of a long run less a short one, so that neither start nor end count."""
    short, whole = run(2 * options.batch), run(options.images)
    return {**whole, "images_per_second": (options.images - 2 * options.batch) / (whole["cpu"] - short["cpu"])}


def compare(options, folder):
    data = os.path.join(folder, "list.csv")
    write_list(data, options.folder, options.images)
    measured = by_cpu if options.cpu_time else lambda run, of: run(of.images)
    ours, theirs, bare, workers = [], {n: [] for n in ((0,) if options.cpu_time else (0, 1, 2, 4))}, [], None
    for done in range(options.rounds):
        bare.append(run_without_data(options))
        ours.append(measured(lambda images: run_striate(data, images, folder, options), options))
        for n in [workers] if workers is not None else list(theirs):
            theirs[n].append(measured(lambda images: run_pytorch(images, n, options), options))
        workers = max(theirs, key=lambda n: max([r["images_per_second"] for r in theirs[n]], default=0)) if workers is None else workers
        print("round %d of %d: %.1f images/s, waiting %.1f %%, without images to load %.1f; PyTorch %.1f, waiting %.1f %%, with %d workers" % (
            done + 1, options.rounds, ours[-1]["images_per_second"], 100 * ours[-1]["waiting"], bare[-1], theirs[workers][-1]["images_per_second"],
            100 * theirs[workers][-1]["waiting"], workers), file=sys.stderr, flush=True)
    median = lambda rows, key: statistics.median(r[key] for r in rows)
    rate, there, alone = median(ours, "images_per_second"), median(theirs[workers], "images_per_second"), statistics.median(bare)
    return {"striate": rate, "pytorch": there, "ratio": rate / there, "striate_waiting": median(ours, "waiting"), "workers": workers,
            "pytorch_waiting": median(theirs[workers], "waiting"), "without_data": alone, "of_without_data": rate / alone}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--striate", default=os.path.join(HERE, "..", "build", "release", "striate"), help="the command to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch and torchvision")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--images", type=int, default=960, help="of a measurement")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cpu-time", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", type=int, metavar="WORKERS", help="be PyTorch's side of a measurement")
    options = parser.parse_args()
    if options.side is not None:
        return train_in_pytorch(options.folder, options.images, options.batch, options.side, options.threads)
    if options.cpu_time and options.threads != 1:
        sys.exit("jpeg_pytorch: --cpu-time is that of one thread and its helpers: give --threads 1 as well")
    with tempfile.TemporaryDirectory() as folder:
        row = compare(options, folder)
    if options.json:
        print(json.dumps(row, indent=1))
    else:
        print("images/s: %(striate).1f, PyTorch's %(pytorch).1f, ratio %(ratio).2f" % row)
        print("waiting for images: %.1f %%, PyTorch %.1f %%" % (100 * row["striate_waiting"], 100 * row["pytorch_waiting"]))
        print("without images to load: %.1f images/s; from JPEG it is %.1f %% of that" % (row["without_data"], 100 * row["of_without_data"]))


if __name__ == "__main__":
    main()
