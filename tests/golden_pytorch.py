#!/usr/bin/env python3
"""Writes tests/golden_pytorch.h, for check_golden.c where there is no PyTorch: what the networks that torchvision has compute in double precision
from weights and images that a formula gives here and there. Logits in evaluation; loss in training, and of the gradients of some weights the norm
and the sum after random changes of signs, with tanh in place of ReLU and means in place of largest values: rounding turns the sign of a value, or which
is the largest, now and then, and that makes gradients differ by its whole share.

    tests/golden_pytorch.py > tests/golden_pytorch.h && clang-format -i tests/golden_pytorch.h"""
import math

import numpy
import torch
import torchvision

from check_pytorch import AUXILIARY, THERE, make_smooth

NETWORKS = ["alexnet_torchvision", "vgg16", "vgg11_bn", "googlenet_torchvision", "inception_v3", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
            "densenet121", "densenet169", "densenet201", "densenet161", "squeezenet1_0", "squeezenet1_1"]
TRAINED = {"vgg11_bn"}  # of the VGGs, of which two are here, as their dense layers take long
IMAGES, CLASSES = 4, 10


def mixed(name, count):
    """count numbers of 32 bits, told by the name: a hash (FNV-1a) of it, mixed with each index."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    x = numpy.arange(count, dtype=numpy.uint32)
    x *= numpy.uint32(2654435761)
    x += numpy.uint32(seed)
    x ^= x >> 15
    x *= numpy.uint32(2246822519)
    x ^= x >> 13
    return x


def values(name, shape, low, high):
    step = numpy.float32((high - low) / 2**24)
    x = (mixed(name, math.prod(shape)) >> 8).astype(numpy.float32)
    x *= step
    x += numpy.float32(low)
    return torch.from_numpy(x.reshape(shape))


def parameter(name, shape):
    if name.endswith("running_var"):
        return values(name, shape, 0.75, 1.5)
    if name.endswith("weight") and len(shape) > 1:
        bound = math.sqrt(6 / math.prod(shape[1:]))
        return values(name, shape, -bound, bound)
    if name.endswith("bn3.weight"):  # residual branches that begin small
        return values(name, shape, 0.1, 0.3)
    if name.endswith("weight"):
        return values(name, shape, 0.5, 1)
    return values(name, shape, -0.1, 0.1)


def train(module, auxiliary, images):
    """The loss, and of some gradients name, norm and sum; of the smooth network."""
    f = torch.nn.functional
    kept = f.relu, f.max_pool2d
    make_smooth()
    outputs, labels = module.train()(images), torch.arange(IMAGES)
    f.relu, f.max_pool2d = kept
    loss = torch.nn.functional.cross_entropy(outputs[0] if auxiliary else outputs, labels)
    for extra in outputs[1:] if auxiliary else ():
        loss = loss + auxiliary * torch.nn.functional.cross_entropy(extra, labels)
    loss.backward()
    weights = [key for key, p in module.named_parameters() if p.dim() > 1]
    main = [key for key in weights if not key.lower().startswith("aux")]
    some = [main[0], main[len(main) // 2], main[-1]] + [key for key in weights if key not in main][-1:]
    rows = []
    for key in some:
        gradient = module.get_parameter(key).grad
        signs = torch.from_numpy(1 - 2.0 * (mixed("signs", gradient.numel()) >> 31))
        rows.append('{ "%s", %.7g, %.7g }' % (key, gradient.norm().item(), (gradient.flatten() * signs).sum().item()))
    return "%.8g, { %s }" % (loss.item(), ", ".join(rows))


def main():
    print("// golden_pytorch.h - made by golden_pytorch.py with PyTorch %s and torchvision %s." % (torch.__version__, torchvision.__version__))
    for name in NETWORKS:
        there, side = THERE.get(name, name), 299 if name == "inception_v3" else 64
        auxiliary = AUXILIARY.get(there)
        module = getattr(torchvision.models, there)(num_classes=CLASSES, **({"init_weights": False} if auxiliary or "vgg" in there else {}))
        module.load_state_dict({key: parameter(key, tuple(old.shape)) if old.dtype.is_floating_point else old
                                for key, old in module.state_dict().items()})
        for part in module.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        module = module.double()
        images = values("images", (IMAGES, 3, side, side), -2, 2).double()
        with torch.no_grad():
            logits = module.eval()(images).tolist()
        trained = train(module, auxiliary, images) if name in TRAINED or not name.startswith("vgg") else "0, { { 0 } }"
        rows = ", ".join("{ %s }" % ", ".join("%.7g" % x for x in row) for row in logits)
        print('{ "%s", %d, { %s }, %s },' % (name, side, rows, trained), flush=True)


if __name__ == "__main__":
    main()
