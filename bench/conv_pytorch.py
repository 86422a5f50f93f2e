#!/usr/bin/env python3
"""Striate and PyTorch side by side, alternating in one run: the distinct convolutions of a network alone, each in every direction.

    bench/conv_pytorch.py [--striate PATH] [--suite resnet50,...] [--batch 16] [--threads 2] [--rounds 2] [--json]

The layers are those of `striate bench conv --shapes`. Both sides report the fastest run of each layer over all rounds; PyTorch takes the better
of NCHW and channels_last, layer by layer and direction by direction. A ratio above 1 says that Striate is faster. Striate's forward pass is
without packing the weights, which the total of a suite counts once per layer, as a training step does.
"""
import argparse
import json
import math
import os
import subprocess
import sys

TORCH = """
import json, math, sys, time, torch
import torch.nn.functional as F
torch.set_num_threads(int(sys.argv[1]))
seconds, directions = float(sys.argv[2]), sys.argv[3].split(",")
torch.manual_seed(1)

def fastest(run):
    run()
    best, done, begin = math.inf, 0, time.perf_counter()
    while done < 3 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
        done += 1
    return 1e3 * best

def runs_of(row, layout):
    n, c, k = row["n"], row["c"], row["k"]
    bias = torch.randn(k) if row["bias"] else None
    if row["dense"]:
        x, w, dy = torch.randn(n, c), torch.randn(k, c) / c ** 0.5, torch.randn(n, k)
        return {"forward": lambda: F.linear(x, w, bias), "data": lambda: dy @ w,
                "weights": lambda: (dy.t() @ x, dy.sum(0) if row["bias"] else None)}
    (top, bottom, left, right), stride = row["pad"], row["stride"]
    if (top, left) != (bottom, right):
        return {}
    dilation, groups = [row["dilation"]] * 2, row["groups"]
    x = torch.randn(n, c, row["h"], row["w"]).to(memory_format=layout)
    w = (torch.randn(k, c // groups, row["r"], row["s"]) / (c // groups * row["r"] * row["s"]) ** 0.5).to(memory_format=layout)
    forward = lambda: F.conv2d(x, w, bias, stride, [top, left], dilation, groups)
    dy = torch.randn_like(forward())
    def backward(mask):
        return lambda: torch.ops.aten.convolution_backward(dy, x, w, [k] if row["bias"] else None, stride, [top, left], dilation,
                                                           False, [0, 0], groups, mask)
    return {"forward": forward, "data": backward([True, False, False]), "weights": backward([False, True, row["bias"]])}

times = []
with torch.no_grad():
    for row in json.load(sys.stdin):
        best = {}
        for layout, name in ((torch.contiguous_format, "NCHW"), (torch.channels_last, "channels_last")):
            for direction, run in runs_of(row, layout).items():
                if direction in directions and (direction != "data" or row["input_gradient"]):
                    best[direction] = min(best.get(direction, (math.inf, "")), (fastest(run), name))
        times.append(best)
print(json.dumps(dict(version=torch.__version__, mkldnn=torch.backends.mkldnn.is_available(), times=times)))
"""

BEST = {"ATEN_CPU_CAPABILITY": "avx512", "MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "268435456"}
# what tells one layer of a suite from another
KEY = ("n", "h", "w", "c", "k", "r", "s", "stride", "pad", "dilation", "groups", "bias", "dense", "input_gradient")
DIRECTIONS = ("forward", "data", "weights")


def run(command, text=None, **environment):
    done = subprocess.run(command, env={**os.environ, **environment}, input=text, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def geomean(ratios):
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else float("nan")


def compare(suite, options):
    command = [options.striate, "bench", "conv", "--suite", suite, "--batch", str(options.batch), "--threads", str(options.threads), "--json"]
    layers = run(command + ["--shapes"])["layers"]
    ours = [{} for _ in layers]
    theirs = [{} for _ in layers]
    index = {json.dumps([row[k] for k in KEY]): i for i, row in enumerate(layers)}
    for _ in range(options.rounds):
        measured = run(command + ["--seconds", str(options.seconds)] + (["--exact"] if options.exact else []))
        for row in measured["layers"]:
            best = ours[index[json.dumps([row[k] for k in KEY])]]
            best[row["direction"]] = min(best.get(row["direction"], (math.inf, "")), (row["ms"], row["algorithm"]))
        torch = run([options.python, "-c", TORCH, str(options.threads), str(options.seconds), ",".join(DIRECTIONS)],
                    json.dumps(layers), OMP_NUM_THREADS=str(options.threads), **BEST)
        for best, times in zip(theirs, torch["times"]):
            for direction, time in times.items():
                best[direction] = min(best.get(direction, (math.inf, "")), tuple(time))
    rows = [{"suite": suite, "layer": layer["layer"], "kind": layer["kind"], "count": layer["count"], "direction": d, "striate_ms": a[d][0],
             "algorithm": a[d][1], "pytorch_ms": b[d][0], "layout": b[d][1], "ratio": b[d][0] / a[d][0]}
            for layer, a, b in zip(layers, ours, theirs) for d in DIRECTIONS if d in a and d in b]
    pack = sum(layer["count"] * a["pack"][0] for layer, a in zip(layers, ours))
    return {"suite": suite, "pytorch": torch["version"], "mkldnn": torch["mkldnn"], "peak_gflops": measured["peak_gflops"], "layers": rows,
            "pack_ms": pack}


def sums(rows, pack):
    ours, theirs = (sum(r["count"] * r[side] for r in rows) for side in ("striate_ms", "pytorch_ms"))
    return ours + pack, theirs


def show(result):
    rows = result["layers"]
    print("%s: PyTorch %s%s, Striate's FMA peak %.0f GFLOP/s" % (result["suite"], result["pytorch"],
          "" if result["mkldnn"] else " WITHOUT oneDNN, so no fair opponent", result["peak_gflops"]))
    print("%-32s %-8s %5s  %-9s %10s  %-13s %10s  %5s" % ("layer", "", "count", "algorithm", "striate ms", "layout", "pytorch ms", "ratio"))
    for r in rows:
        print("%(layer)-32s %(direction)-8s %(count)5d  %(algorithm)-9s %(striate_ms)10.3f  %(layout)-13s %(pytorch_ms)10.3f  %(ratio)5.2f" % r)
    for d in DIRECTIONS + ("all",):
        own = [r for r in rows if d in ("all", r["direction"])]
        ours, theirs = sums(own, result["pack_ms"] if d == "all" else 0)
        print("%-32s %-8s %5s  %-9s %10.3f  %-13s %10.3f  %5.2f  geometric mean %.2f" % (
            "total" + (" and packing" if d == "all" else ""), d, "", "", ours, "", theirs, theirs / ours, geomean([r["ratio"] for r in own])))
    print()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--striate", default=os.path.join(here, "..", "build", "release", "striate"), help="the command to measure")
    parser.add_argument("--python", default="/usr/bin/python3", help="a Python that has torch")
    parser.add_argument("--suite", default="resnet50", help="networks, separated by commas; those of 'striate bench conv'")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2, help="measurements of each suite on each side, alternating; the fastest counts")
    parser.add_argument("--seconds", type=float, default=0.3, help="of each measurement")
    parser.add_argument("--exact", action="store_true", help="Striate without Winograd's algorithm")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if subprocess.run([options.python, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode:
        sys.exit("conv_pytorch: %s has no torch (Debian: python3-torch)" % options.python)
    results = []
    for suite in options.suite.split(","):
        results.append(compare(suite, options))
        if not options.json:
            show(results[-1])
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
