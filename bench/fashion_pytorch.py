#!/usr/bin/env python3
"""Caffe's LeNet on Fashion-MNIST in PyTorch, by the recipe of docs/NUMBERS.md: test top-1 of the best and of the last epoch, per seed.

    bench/fashion_pytorch.py [SEED...]
"""
import gzip
import math
import sys

import numpy
import torch
from torch import nn

DATA = "/usr/share/datasets/fashion-mnist/"
EPOCHS, BATCH, RATE = 8, 64, 0.02


def load(part):
    def values(name, offset):
        return numpy.frombuffer(gzip.open(DATA + part + name).read(), numpy.uint8, offset=offset)
    x = torch.tensor(values("-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)).float()
    return (x / 255 - 0.286) / 0.353, torch.tensor(values("-labels-idx1-ubyte.gz", 8)).long()


def train(seed, x, y, test_x, test_y):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(),
                        nn.Linear(800, 500), nn.ReLU(), nn.Linear(500, 10))
    sgd = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    steps, step, scores = EPOCHS * math.ceil(len(x) / BATCH), 0, []
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x)).split(BATCH):
            sgd.param_groups[0]["lr"] = RATE * (1 + math.cos(math.pi * step / steps)) / 2
            sgd.zero_grad()
            nn.functional.cross_entropy(net(x[batch]), y[batch]).backward()
            sgd.step()
            step += 1
        with torch.no_grad():
            right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(test_x.split(1000), test_y.split(1000)))
        scores.append(100 * right / len(test_x))
    return max(scores), scores[-1]


if __name__ == "__main__":
    images = load("train") + load("t10k")
    for seed in map(int, sys.argv[1:] or ["1", "2", "3"]):
        print("seed %d: best %.2f %%, last %.2f %%" % (seed, *train(seed, *images)), flush=True)
