#!/usr/bin/env python3
"""Striate and PyTorch side by side, alternating in one run: images/s of training (forward, backward, SGD with momentum) and of inference.

    bench/versus_pytorch.py [--striate PATH] [--threads 2] [--rounds 5] [--seconds 2] [--models lenet,vgg16] [--modes train,infer] [--json]

Every measurement is a process of its own, on both sides, of which the median step counts; of the rounds the median counts. PyTorch runs at its
best: its AVX-512 paths on, malloc kept from giving memory back, inference traced, frozen and optimized, and the better of NCHW and channels_last,
which the first round finds out. Both sides leave out auxiliary classifiers. rss_ratio compares the peaks of resident memory. On a machine that
others use, --threads 1 --cpu-time counts the time that the one thread runs. Where ncnn's benchncnn is built (--ncnn, or on the PATH), it runs the
networks that it has at batch 1, too: its AlexNet and GoogLeNet are Caffe's, and its dense layers keep weights in 16 bits.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys

# name: images at a time in training
MODELS = {"lenet": 64, "cifar_resnet20": 128, "alexnet_torchvision": 32, "vgg16": 8, "googlenet_torchvision": 16, "resnet18": 16, "resnet50": 16,
          "densenet121": 8, "inception_v3": 8}
INFERENCE = (16, 1)
NCNN = {"vgg16": 224, "resnet18": 224, "resnet50": 224, "googlenet_torchvision": 224, "alexnet_torchvision": 227}  # the side of its images
BEST = {"ATEN_CPU_CAPABILITY": "avx512", "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}
LAYOUTS = ("contiguous_format", "channels_last")
HERE = os.path.dirname(os.path.abspath(__file__))


def output_of(command, folder=None, **environment):
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit("versus_pytorch: %s failed:\n%s" % (" ".join(command), done.stderr.strip()))
    return done.stdout, done.stderr


def common(options):
    return ["--threads", str(options.threads), "--seconds", str(options.seconds)] + ["--cpu-time"] * options.cpu_time


def run_striate(model, mode, batch, options):
    return json.loads(output_of([options.striate, "bench", mode, "--model", model, "--batch", str(batch), "--json"] + common(options))[0])


def run_pytorch(model, mode, batch, layout, options):
    command = [options.python, os.path.join(HERE, "torch_networks.py"), model, mode, str(batch), "--layout", layout] + common(options)
    return json.loads(output_of(command, OMP_NUM_THREADS=str(options.threads), **BEST)[0])


def run_ncnn(model, options):
    """Milliseconds an image: the mean of 20, as benchncnn tells it."""
    name, side = model.split("_")[0], NCNN[model]
    text = "".join(output_of([options.ncnn, "20", str(options.threads), "0", "-1", "0", "param=%s.param" % name, "shape=[%d,%d,3]" % (side, side)],
                             options.ncnn_params))
    found = re.search(r"avg =\s*([\d.]+)", text)
    return float(found.group(1)) if found else sys.exit("versus_pytorch: benchncnn says nothing of %s: %s" % (name, text.strip()))


def median(results, key):
    return statistics.median(r[key] for r in results)


def compare(model, mode, batch, options):
    ours, theirs, ncnn = [], {layout: [] for layout in LAYOUTS}, []
    layouts = LAYOUTS
    for done in range(options.rounds):
        ours.append(run_striate(model, mode, batch, options))
        for layout in layouts:
            theirs[layout].append(run_pytorch(model, mode, batch, layout, options))
        if options.ncnn and batch == 1 and model in NCNN:
            ncnn.append(run_ncnn(model, options))
        best = max(layouts, key=lambda layout: median(theirs[layout], "images_per_second"))
        layouts = [best]
        print("%s %s %d, round %d of %d: %.5g images/s in %.0f MB, PyTorch %.5g in %.0f MB (%s)%s" % (
            model, mode, batch, done + 1, options.rounds, ours[-1]["images_per_second"], ours[-1]["peak_memory_bytes"] / 1e6,
            theirs[best][-1]["images_per_second"], theirs[best][-1]["peak_memory_bytes"] / 1e6, best, ", ncnn %.4g ms" % ncnn[-1] if ncnn else ""),
              file=sys.stderr, flush=True)
    if not theirs[best][0]["mkldnn"]:
        print("versus_pytorch: this PyTorch has no oneDNN, so it is no fair opponent", file=sys.stderr)
    rate, there = (median(side, "images_per_second") for side in (ours, theirs[best]))
    row = {"model": model, "mode": mode, "batch": batch, "striate": rate, "pytorch": there, "ratio": rate / there,
           "rss_ratio": median(ours, "peak_memory_bytes") / median(theirs[best], "peak_memory_bytes")}
    return {**row, "ncnn": 1e3 / statistics.median(ncnn)} if ncnn else row


def show(rows):
    print("%-22s %-6s %5s  %12s %12s  %6s  %9s  %10s  %s" % ("model", "mode", "batch", "images/s", "PyTorch's", "ratio", "rss ratio", "ms a step",
                                                             "ratio to ncnn" if any("ncnn" in r for r in rows) else ""))
    for r in rows:
        print("%-22s %-6s %5d  %12.5g %12.5g  %6.2f  %9.2f  %10.4g  %s" % (
            r["model"], r["mode"], r["batch"], r["striate"], r["pytorch"], r["ratio"], r["rss_ratio"], 1e3 * r["batch"] / r["striate"],
            "%.2f" % (r["striate"] / r["ncnn"]) if "ncnn" in r else ""))


def chosen(names, known):
    """Of torchvision's form of a network 'alexnet' is a name, too."""
    picked = [name if name in known else name + "_torchvision" for name in names.split(",")]
    for name in picked:
        if name not in known:
            sys.exit("versus_pytorch: there is no row %s; there are %s" % (name.replace("_torchvision", ""), ", ".join(known)))
    return picked


def find_ncnn(options):
    if not options.ncnn:
        return
    folder = os.path.dirname(os.path.realpath(options.ncnn))
    places = [os.path.join(folder, up) for up in (".", "../../benchmark/models", "../../benchmark")]  # built in ncnn/build/benchmark
    options.ncnn_params = next((p for p in places if os.path.exists(os.path.join(p, "resnet50.param"))), None)
    options.ncnn = os.path.realpath(options.ncnn)
    if not options.ncnn_params:
        sys.exit("versus_pytorch: none of %s has benchncnn's networks (resnet50.param, ...)" % ", ".join(places))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--striate", default=os.path.join(HERE, "..", "build", "release", "striate"), help="the command to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, alternating")
    parser.add_argument("--seconds", type=float, default=2, help="of each measurement, but three steps at least")
    parser.add_argument("--models", default=",".join(MODELS), help="rows, separated by commas")
    parser.add_argument("--modes", default="train,infer")
    parser.add_argument("--cpu-time", action="store_true", help="with --threads 1: seconds that the thread runs, not those that it waits for a core")
    parser.add_argument("--ncnn", default=shutil.which("benchncnn"), help="ncnn's benchncnn")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if subprocess.run([options.python, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        sys.exit("versus_pytorch: %s has no torch (Debian: python3-torch)" % options.python)
    if options.cpu_time and options.threads != 1:
        sys.exit("versus_pytorch: --cpu-time is that of one thread: give --threads 1 as well")
    if options.cpu_time:
        options.ncnn = None  # it tells wall time
    find_ncnn(options)
    models, modes = chosen(options.models, MODELS), chosen(options.modes, ("train", "infer"))
    rows = [compare(model, mode, batch, options) for mode in modes for model in models
            for batch in ((MODELS[model],) if mode == "train" else INFERENCE)]
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


if __name__ == "__main__":
    main()
