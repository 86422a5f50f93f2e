#!/usr/bin/env python3
"""Striate and PyTorch side by side, alternating in one run: images/s of training (forward, backward, SGD with momentum).

    bench/versus_pytorch.py [--striate PATH] [--threads 2] [--rounds 5] [--models lenet] [--json]

PyTorch runs at its best: the better of NCHW and channels_last, with its AVX-512 paths on and malloc kept from giving memory back.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

# name: (batch, input shape, how to build it in PyTorch)
MODELS = {
    "lenet": (64, (1, 28, 28), """
net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
                    nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))
"""),
}

TORCH = """
import json, resource, time, torch, torch.nn as nn
torch.set_num_threads({threads})
best = 0
for layout in (torch.contiguous_format, torch.channels_last):
    {build}
    net = net.to(memory_format=layout)
    x = torch.randn({batch}, *{shape}).to(memory_format=layout)
    t = torch.randint(0, 10, ({batch},))
    sgd = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    loss = nn.CrossEntropyLoss()
    def step():
        sgd.zero_grad()
        loss(net(x), t).backward()
        sgd.step()
    for _ in range(10): step()
    done, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < {seconds}:
        step()
        done += 1
    best = max(best, done * {batch} / (time.perf_counter() - begin))
print(json.dumps(dict(images_per_second=best, peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)))
"""

BEST = {"ATEN_CPU_CAPABILITY": "avx512", "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}


def run(command, **environment):
    done = subprocess.run(command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def compare(name, options):
    batch, shape, build = MODELS[name]
    script = TORCH.format(threads=options.threads, build=build.strip().replace("\n", "\n    "), batch=batch, shape=shape, seconds=options.seconds)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(run([options.striate, "bench", "train", "--model", name, "--batch-size", str(batch), "--threads", str(options.threads), "--json"]))
        theirs.append(run([options.python, "-c", script], **BEST))
    rate = [statistics.median(r["images_per_second"] for r in side) for side in (ours, theirs)]
    rss = [max(r["peak_memory_bytes"] for r in side) for side in (ours, theirs)]
    return {"model": name, "mode": "train", "batch": batch, "striate": rate[0], "pytorch": rate[1], "ratio": rate[0] / rate[1], "rss_ratio": rss[0] / rss[1]}


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--striate", default=os.path.join(here, "..", "build", "release", "striate"), help="the command to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each, alternating; the median counts")
    parser.add_argument("--seconds", type=float, default=3, help="of each PyTorch measurement, per memory layout")
    parser.add_argument("--models", default=",".join(MODELS), help="rows, separated by commas")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if subprocess.run([options.python, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        sys.exit("versus_pytorch: %s has no torch (Debian: python3-torch)" % options.python)
    rows = [compare(name, options) for name in options.models.split(",")]
    if options.json:
        print(json.dumps(rows, indent=1))
        return
    print("%-16s %6s %6s %12s %12s %7s %10s" % ("model", "mode", "batch", "striate/s", "pytorch/s", "ratio", "rss ratio"))
    for r in rows:
        print("%(model)-16s %(mode)6s %(batch)6d %(striate)12.0f %(pytorch)12.0f %(ratio)7.2f %(rss_ratio)10.2f" % r)


if __name__ == "__main__":
    main()
