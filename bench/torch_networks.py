#!/usr/bin/env python3
"""The networks of bench/versus_pytorch.py in PyTorch, layer by layer as torchvision has them (LeNet as Caffe does), without auxiliary classifiers;
and how fast one of them is trained or run: the median step, as JSON.

    bench/torch_networks.py NETWORK train|infer BATCH [--layout channels_last] [--threads N] [--seconds X] [--cpu-time]
"""
import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F

SIDE = {"lenet": (1, 28), "cifar_resnet20": (3, 32), "inception_v3": (3, 299)}  # channels and pixels of the image; else 3 and 224


def conv(c, k, size, stride=1, pad=0, eps=1e-5, relu=True):
    """Convolution, batch normalization and, perhaps, ReLU."""
    parts = [nn.Conv2d(c, k, size, stride, pad, bias=False), nn.BatchNorm2d(k, eps)]
    return nn.Sequential(*parts, *[nn.ReLU(inplace=True)] * relu)


class Branches(nn.Module):
    def __init__(self, *branches):
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class Residual(nn.Module):
    def __init__(self, body, shortcut):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        y = self.body(x)
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


def lenet():
    return nn.Sequential(nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(800, 500),
                         nn.ReLU(inplace=True), nn.Linear(500, 10))


# ---- Krizhevsky 2014, Simonyan and Zisserman 2014

def classifier(inputs, *order):
    parts = {"fc1": nn.Linear(inputs, 4096), "fc2": nn.Linear(4096, 4096), "fc3": nn.Linear(4096, 1000)}
    return [nn.Flatten()] + [parts.get(name) or (nn.Dropout() if name == "dropout" else nn.ReLU(inplace=True)) for name in order]


def features(pool, *rows):
    parts, c = [], 3
    for row in rows:
        if row == "pool":
            parts.append(nn.MaxPool2d(pool, 2))
        else:
            parts += [nn.Conv2d(c, *row), nn.ReLU(inplace=True)]
            c = row[0]
    return parts


def alexnet_torchvision():
    rows = (64, 11, 4, 2), "pool", (192, 5, 1, 2), "pool", (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1), "pool"
    return nn.Sequential(*features(3, *rows), *classifier(256 * 36, "dropout", "fc1", "relu", "dropout", "fc2", "relu", "fc3"))


def vgg16():
    rows = []
    for filters, convolutions in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        rows += [(filters, 3, 1, 1)] * convolutions + ["pool"]
    return nn.Sequential(*features(2, *rows), *classifier(512 * 49, "fc1", "relu", "dropout", "fc2", "relu", "dropout", "fc3"))


# ---- Szegedy et al. 2014, 2015

def googlenet_torchvision():
    def inception(c, one, reduce3, three, reduce5, five, pool):
        return Branches(conv(c, one, 1, eps=1e-3), nn.Sequential(conv(c, reduce3, 1, eps=1e-3), conv(reduce3, three, 3, 1, 1, 1e-3)),
                        nn.Sequential(conv(c, reduce5, 1, eps=1e-3), conv(reduce5, five, 3, 1, 1, 1e-3)),
                        nn.Sequential(nn.MaxPool2d(3, 1, 1, ceil_mode=True), conv(c, pool, 1, eps=1e-3)))
    return nn.Sequential(
        conv(3, 64, 7, 2, 3, 1e-3), nn.MaxPool2d(3, 2, ceil_mode=True), conv(64, 64, 1, eps=1e-3), conv(64, 192, 3, 1, 1, 1e-3),
        nn.MaxPool2d(3, 2, ceil_mode=True), inception(192, 64, 96, 128, 16, 32, 32), inception(256, 128, 128, 192, 32, 96, 64),
        nn.MaxPool2d(3, 2, ceil_mode=True), inception(480, 192, 96, 208, 16, 48, 64), inception(512, 160, 112, 224, 24, 64, 64),
        inception(512, 128, 128, 256, 24, 64, 64), inception(512, 112, 144, 288, 32, 64, 64), inception(528, 256, 160, 320, 32, 128, 128),
        nn.MaxPool2d(2, 2, ceil_mode=True), inception(832, 256, 160, 320, 32, 128, 128), inception(832, 384, 192, 384, 48, 128, 128),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1024, 1000))


def inception_v3():
    def chain(c, *links):
        parts = []
        for k, h, w, *stride in links:
            parts.append(conv(c, k, (h, w), *(stride or [1, (h // 2, w // 2)]), eps=1e-3))
            c = k
        return nn.Sequential(*parts)

    def pooled(c, k):
        return nn.Sequential(nn.AvgPool2d(3, 1, 1), chain(c, (k, 1, 1)))

    def block_a(c, pool):
        return Branches(chain(c, (64, 1, 1)), chain(c, (48, 1, 1), (64, 5, 5)), chain(c, (64, 1, 1), (96, 3, 3), (96, 3, 3)), pooled(c, pool))

    def block_c(n):
        return Branches(chain(768, (192, 1, 1)), chain(768, (n, 1, 1), (n, 1, 7), (192, 7, 1)),
                        chain(768, (n, 1, 1), (n, 7, 1), (n, 1, 7), (n, 7, 1), (192, 1, 7)), pooled(768, 192))

    def fork():
        return Branches(chain(384, (384, 1, 3)), chain(384, (384, 3, 1)))

    def block_e(c):
        return Branches(chain(c, (320, 1, 1)), nn.Sequential(chain(c, (384, 1, 1)), fork()),
                        nn.Sequential(chain(c, (448, 1, 1), (384, 3, 3)), fork()), pooled(c, 192))
    return nn.Sequential(
        chain(3, (32, 3, 3, 2), (32, 3, 3, 1), (64, 3, 3)), nn.MaxPool2d(3, 2), chain(64, (80, 1, 1), (192, 3, 3, 1)), nn.MaxPool2d(3, 2),
        block_a(192, 32), block_a(256, 64), block_a(288, 64),
        Branches(chain(288, (384, 3, 3, 2)), chain(288, (64, 1, 1), (96, 3, 3), (96, 3, 3, 2)), nn.MaxPool2d(3, 2)),
        block_c(128), block_c(160), block_c(160), block_c(192),
        Branches(chain(768, (192, 1, 1), (320, 3, 3, 2)), chain(768, (192, 1, 1), (192, 1, 7), (192, 7, 1), (192, 3, 3, 2)), nn.MaxPool2d(3, 2)),
        block_e(1280), block_e(2048), nn.AdaptiveAvgPool2d(1), nn.Dropout(), nn.Flatten(), nn.Linear(2048, 1000))


# ---- He et al. 2015

def resnet(blocks, bottleneck):
    parts, c = [conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)], 64
    for stage, count in enumerate(blocks):
        for block in range(count):
            n, stride = 64 << stage, 2 if stage and not block else 1
            k = 4 * n if bottleneck else n
            body = [conv(c, n, 1), conv(n, n, 3, stride, 1), conv(n, k, 1, relu=False)] if bottleneck else \
                   [conv(c, n, 3, stride, 1), conv(n, n, 3, 1, 1, relu=False)]
            parts.append(Residual(nn.Sequential(*body), nn.Identity() if c == k and stride == 1 else conv(c, k, 1, stride, relu=False)))
            c = k
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


class Padded(nn.Module):
    """Every second pixel, and zero channels on both sides (option A)."""

    def forward(self, x):
        c = x.shape[1] // 2
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, c, c))


def cifar_resnet20():
    parts, c = [conv(3, 16, 3, 1, 1)], 16
    for k in (16, 16, 16, 32, 32, 32, 64, 64, 64):
        body = nn.Sequential(conv(c, k, 3, k // c, 1), conv(k, k, 3, 1, 1, relu=False))
        parts.append(Residual(body, nn.Identity() if c == k else Padded()))
        c = k
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


# ---- Huang et al. 2016

class Dense(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, 1)))
        return torch.cat(features, 1)


def densenet121():
    def norm(c):
        return [nn.BatchNorm2d(c), nn.ReLU(inplace=True)]

    parts, c = [conv(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)], 64
    for count in (6, 12, 24, 16):
        parts.append(Dense(nn.Sequential(*norm(c + 32 * i), nn.Conv2d(c + 32 * i, 128, 1, bias=False), *norm(128),
                                         nn.Conv2d(128, 32, 3, 1, 1, bias=False)) for i in range(count)))
        c += 32 * count
        if count != 16:
            parts += [*norm(c), nn.Conv2d(c, c // 2, 1, bias=False), nn.AvgPool2d(2)]
            c //= 2
    return nn.Sequential(*parts, *norm(c), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1000))


NETWORKS = {"lenet": lenet, "cifar_resnet20": cifar_resnet20, "alexnet_torchvision": alexnet_torchvision, "vgg16": vgg16,
            "googlenet_torchvision": googlenet_torchvision, "resnet18": lambda: resnet((2, 2, 2, 2), False),
            "resnet50": lambda: resnet((3, 4, 6, 3), True), "densenet121": densenet121, "inception_v3": inception_v3}

# ---- measuring


def trainer(net, x):
    labels = torch.arange(len(x)) % 10
    sgd, loss = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9), nn.CrossEntropyLoss()

    def step():
        sgd.zero_grad(set_to_none=True)
        loss(net(x), labels).backward()
        sgd.step()
    return step


def runner(net, x):
    with torch.no_grad():
        frozen = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(net.eval(), x)))

    def step():
        with torch.no_grad():
            frozen(x)
    return step


def median_step(step, seconds, clock):
    """After two steps in which PyTorch makes up its mind, as many as the seconds hold, but three at least."""
    times = []
    step(), step()
    begin = time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begin < seconds:
        start = clock()
        step()
        times.append(clock() - start)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("mode", choices=("train", "infer"))
    parser.add_argument("batch", type=int)
    parser.add_argument("--layout", choices=("contiguous_format", "channels_last"), default="channels_last")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--cpu-time", action="store_true", help="of one thread")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    layout, (channels, side) = getattr(torch, options.layout), SIDE.get(options.network, (3, 224))
    net = NETWORKS[options.network]().to(memory_format=layout)
    x = torch.randn(options.batch, channels, side, side).to(memory_format=layout)
    step = (trainer if options.mode == "train" else runner)(net, x)
    seconds = median_step(step, options.seconds, time.thread_time if options.cpu_time else time.perf_counter)
    print(json.dumps({"images_per_second": options.batch / seconds, "version": torch.__version__, "mkldnn": torch.backends.mkldnn.is_available(),
                      "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
