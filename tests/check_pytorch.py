#!/usr/bin/env python3
"""Every network that torchvision has, with the same random weights here and there: names and shapes of all tensors, which load there as they are
saved here (strict); logits in inference; loss and gradients of all parameters in training, and in evaluation, where batch normalization goes by its
running statistics and is frozen here. And that bench/ measures the same networks in PyTorch.

    tests/check_pytorch.py [--build build/release] [--threads 2] [--side 96] [--exact] [--smooth] [NETWORK...]

Logits may differ from PyTorch's by 1e-4 of the largest (or of 1), gradients from those in double precision by 1e-3 of their tensor's norm, or by
twice what PyTorch's own differ: deep networks with batch normalization magnify any rounding, and one that turns the sign of a value before a ReLU
changes all gradients below by that value's share, 1e-2 in a small layer. So every tensor has up to 6 draws of images to agree in. Dropout is taken
out on both sides (there p = 0), as it draws at random. --exact: without Winograd's algorithm. --smooth: tanh instead of ReLU and means instead of the
largest values on both sides, so that nothing turns and gradients must agree within 1e-3."""
import argparse
import copy
import ctypes
import json
import os
import re
import struct
import sys
import tempfile

try:
    import numpy
    import torch
    import torchvision
except ImportError as error:
    print("skipped: %s" % error)
    sys.exit(77)

LOGITS, GRADIENTS, DRAWS = 1e-4, 1e-3, 6
THERE = {"alexnet_torchvision": "alexnet", "googlenet_torchvision": "googlenet"}  # where the names differ
AUXILIARY = {"googlenet": 0.3, "inception_v3": 0.4}  # the weight of auxiliary losses


def structure(name):
    """A structure of striate.h, as the header declares it."""
    kinds = {"int": ctypes.c_int, "float": ctypes.c_float, "size_t": ctypes.c_size_t, "uint64_t": ctypes.c_uint64}
    pointers = {"char": ctypes.c_char_p, "float": ctypes.POINTER(ctypes.c_float)}
    with open(os.path.join(os.path.dirname(__file__), "..", "include", "striate.h")) as header:
        text = re.sub("//.*", "", header.read())
    fields = []
    for line in re.search(r"typedef struct %s {(.*?)}" % name, text, re.S).group(1).split(";")[:-1]:
        if "(" in line:  # a function
            fields.append((re.search(r"\(\*(\w+)\)", line).group(1), ctypes.c_void_p))
            continue
        kind, members = re.match(r"\s*(?:const )?(\w+) (.*)", line).groups()
        for star, member, count in re.findall(r"(\*?)(\w+)(?:\[(\d+)\])?", members):
            one = pointers[kind] if star else kinds[kind]
            fields.append((member, one * int(count) if count else one))
    return type(name, (ctypes.Structure,), {"_fields_": fields})


ZooOptions, ZooEntry, PlanOptions, Preprocessing, Parameter = map(
    structure, ("striate_zoo_options", "striate_zoo_entry", "striate_plan_options", "striate_preprocessing", "striate_parameter"))


def load(build):
    library = ctypes.CDLL(os.path.join(build, "libstriate.so"))
    library.striate_error.restype = ctypes.c_char_p
    library.striate_zoo.restype = ctypes.POINTER(ZooEntry)
    library.striate_loss.restype = ctypes.c_double
    library.striate_forward.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64]
    library.striate_compile.argtypes = [ctypes.c_void_p, ctypes.c_void_p, PlanOptions]
    library.striate_plan_gradient.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.striate_parameter_at.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    library.striate_model_new.argtypes = [ctypes.c_void_p] * 4
    library.striate_model_save.argtypes = library.striate_freeze.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    library.striate_graph_from_text.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p]
    for name in ("striate_plan_input", "striate_plan_output", "striate_plan_gradient"):
        getattr(library, name).restype = ctypes.POINTER(ctypes.c_float)
    library.striate_plan_labels.restype = ctypes.POINTER(ctypes.c_int)
    for name in ("striate_loss", "striate_backward", "striate_plan_free", "striate_plan_input", "striate_plan_output", "striate_plan_labels",
                 "striate_plan_values", "striate_graph_free", "striate_model_free", "striate_parameter_count"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    return library


SMOOTH = {"relu": (["tanh"], []), "max_pool": (["avg_pool"], ["exclude_pad=1"])}


def make_smooth():
    """The same in PyTorch."""
    f = torch.nn.functional
    f.relu = lambda x, inplace=False: torch.tanh(x)
    f.max_pool2d = lambda x, kernel_size, stride, padding=0, dilation=1, ceil_mode=False, return_indices=False: f.avg_pool2d(
        x, kernel_size, stride, padding, ceil_mode, count_include_pad=False)


class Network:
    """A network of the zoo, without its dropouts."""

    def __init__(self, library, name, options, smooth):
        self.library, self.model, graph, text = library, None, ctypes.c_void_p(), ctypes.c_char_p()
        self.must(library.striate_graph_from_zoo(ctypes.byref(graph), name.encode(), options))
        self.must(library.striate_graph_to_text(ctypes.byref(text), graph))
        library.striate_graph_free(graph)
        self.graph, kept, gone = ctypes.c_void_p(), [], {}
        for line in text.value.decode().splitlines():
            words = [gone.get(word, word) for word in line.split()]
            if words[2:3] == ["dropout"]:
                gone[words[0]] = words[3]
            else:
                op, more = SMOOTH.get(words[2], (words[2:3], [])) if smooth else (words[2:3], [])
                kept.append(" ".join(words[:2] + op + words[3:] + more))
        text = "\n".join(kept).encode()
        self.must(library.striate_graph_from_text(ctypes.byref(self.graph), text, len(text), name.encode()))

    def must(self, status):
        if status:
            raise RuntimeError(self.library.striate_error().decode())

    def parameters(self):
        for index in range(self.library.striate_parameter_count(self.graph)):
            parameter = Parameter()
            self.must(self.library.striate_parameter_at(ctypes.byref(parameter), self.graph, index))
            yield index, parameter

    def load(self, state):
        with tempfile.NamedTemporaryFile(suffix=".safetensors") as file:
            write_safetensors(file, state)
            self.must(self.library.striate_load_weights(self.graph, file.name.encode()))

    def save(self, side):
        """The tensors of a model file, whose model owns the network from now on."""
        self.model, how = ctypes.c_void_p(), Preprocessing(side, side, 3)
        self.must(self.library.striate_model_new(ctypes.byref(self.model), self.graph, ctypes.byref(how), None))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "model.safetensors")
            self.must(self.library.striate_model_save(self.model, path.encode()))
            with open(path, "rb") as file:
                return read_safetensors(file)

    def freeze(self, names):
        self.must(self.library.striate_freeze(self.graph, ",".join(names).encode() or None))

    def run(self, images, labels, train, exact):
        """Logits, or the loss and all gradients."""
        library, plan = self.library, ctypes.c_void_p()
        self.must(library.striate_compile(ctypes.byref(plan), self.graph, PlanOptions(len(images), train, 1, exact)))
        x = numpy.ascontiguousarray(images.numpy().transpose(0, 2, 3, 1))
        ctypes.memmove(library.striate_plan_input(plan), x.ctypes.data, x.nbytes)
        for i, label in enumerate(labels.tolist()):
            library.striate_plan_labels(plan)[i] = label
        library.striate_forward(plan, len(images), 1)
        if train:
            library.striate_backward(plan)
            result = library.striate_loss(plan), {}
            for index, p in self.parameters():
                if not p.trained:
                    continue
                rows, pixels = p.dims[0], p.pixels
                flat = numpy.ctypeslib.as_array(library.striate_plan_gradient(plan, index), (p.count,))
                memory = flat.reshape(rows, pixels, p.count // rows // pixels)
                result[1][p.name.decode()] = memory.transpose(0, 2, 1).reshape(p.dims[:p.rank]).astype(numpy.float64)
        else:
            shape = len(images), library.striate_plan_values(plan)
            result = numpy.ctypeslib.as_array(library.striate_plan_output(plan), shape).astype(numpy.float64)
        library.striate_plan_free(plan)
        return result

    def free(self):
        if self.model:
            self.library.striate_model_free(self.model)
        else:
            self.library.striate_graph_free(self.graph)


def write_safetensors(file, state):
    header, at = {}, 0
    for name, tensor in state.items():
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": {torch.float32: "F32", torch.int64: "I64"}[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    file.write(struct.pack("<Q", len(text)) + text)
    for tensor in state.values():
        file.write(tensor.contiguous().numpy().tobytes())
    file.flush()


def read_safetensors(file):
    size = struct.unpack("<Q", file.read(8))[0]
    header, data = json.loads(file.read(size)), file.read()
    header.pop("__metadata__")
    state = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        state[name] = torch.from_numpy(numpy.frombuffer(data[begin:end], numpy.float32).reshape(entry["shape"]).copy())
    return state


def build_there(name):
    """torchvision's network with random weights and statistics, and no dropout."""
    torch.manual_seed(1)
    there = THERE.get(name, name)
    options = {"init_weights": False} if there in AUXILIARY else {}
    module = getattr(torchvision.models, there)(**options)
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
        if isinstance(part, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(part.weight)
            if part.bias is not None:
                torch.nn.init.normal_(part.bias, std=0.1)
        if isinstance(part, torch.nn.BatchNorm2d):
            for values, low, high in ((part.weight, 0.5, 1.0), (part.bias, -0.1, 0.1), (part.running_mean, -0.1, 0.1), (part.running_var, 0.75, 1.5)):
                torch.nn.init.uniform_(values, low, high)
    for part in module.modules():  # residual branches that begin small, as deep networks need
        if isinstance(part, (torchvision.models.resnet.BasicBlock, torchvision.models.resnet.Bottleneck)):
            torch.nn.init.uniform_(part.bn3.weight if hasattr(part, "bn3") else part.bn2.weight, 0.1, 0.3)
    return module, AUXILIARY.get(there)


def run_there(module, images, labels, train, weight, gradients=True):
    """Logits, or the loss and all gradients."""
    module.train(train)
    with torch.set_grad_enabled(gradients):
        outputs = module(images)
    if not gradients:
        return outputs.double().numpy()
    module.zero_grad()
    auxiliary = outputs[1:] if weight and train else ()
    loss = torch.nn.functional.cross_entropy(outputs[0] if weight and train else outputs, labels)
    for output in auxiliary:
        loss = loss + weight * torch.nn.functional.cross_entropy(output, labels)
    loss.backward()
    return loss.item(), {name: p.grad.double().numpy() for name, p in module.named_parameters() if p.grad is not None}


def keep_least(best, got, truth):
    for key, value in got.items():
        off = numpy.linalg.norm(value - truth[key]) / (numpy.linalg.norm(truth[key]) + 1e-30)
        best[key] = min(off, best.get(key, off))


def draw(seed, batch, side):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, 3, side, side, generator=generator), torch.randint(0, 1000, (batch,), generator=generator)


def compare_gradients(here, module, weight, train, options, side):
    """Whether loss and gradients agree, and how well in words."""
    twin, ours, theirs, losses, draws = copy.deepcopy(module).double(), {}, {}, [], 0
    while draws < DRAWS and (not ours or max(ours.values()) > GRADIENTS):
        draws += 1
        images, labels = draw(draws, options.batch, side)
        loss, truth = run_there(twin, images.double(), labels, train, weight)
        got_loss, got = here.run(images, labels, 1, options.exact)
        losses.append(abs(got_loss - loss) / abs(loss))
        keep_least(ours, got, truth)
        keep_least(theirs, run_there(module, images, labels, train, weight)[1], truth)
    theirs = {key: theirs[key] for key in ours}
    worst, worst_theirs = max(ours, key=ours.get), max(theirs.values())
    good = max(losses) <= LOGITS and ours[worst] <= max(GRADIENTS, 0 if options.smooth else 2 * worst_theirs)
    return good, "%s: loss %.1e, gradients: median %.1e (PyTorch %.1e), worst %.1e (PyTorch %.1e) %s, %d draw%s" % (
        "training" if train else "evaluation", max(losses), numpy.median(list(ours.values())), numpy.median(list(theirs.values())), ours[worst],
        worst_theirs, worst, draws, "s" * (draws > 1))


def compare(library, name, options):
    side = options.side if options.side and name != "inception_v3" else 299 if name == "inception_v3" else 224
    module, weight = build_there(name)
    state = {key: value.clone() for key, value in module.state_dict().items()}
    here = Network(library, name, ZooOptions(0, side, side), options.smooth)
    names = {p.name.decode(): tuple(p.dims[:p.rank]) for _, p in here.parameters()}
    wanted = {key: tuple(value.shape) for key, value in state.items() if not key.endswith("num_batches_tracked")}
    if names != wanted:
        print("%s: these tensors differ: %s" % (name, sorted(set(names.items()) ^ set(wanted.items()))[:6]))
        return False
    here.load(state)
    back = here.save(side)
    build_there(name)[0].load_state_dict(back, strict=True)
    if any(not torch.equal(back[key], state[key]) for key in wanted):
        print("%s: saved otherwise than loaded" % name)
        return False
    images, labels = draw(0, options.batch, side)
    want = run_there(module, images, labels, False, weight, gradients=False)
    logits = abs(here.run(images, labels, 0, options.exact) - want).max() / max(1, abs(want).max())
    good, words = logits <= LOGITS, []
    norms = [key for key, part in module.named_modules() if isinstance(part, torch.nn.BatchNorm2d)]
    if norms or weight:  # else gradients are the same in both modes
        frozen = Network(library, name, ZooOptions(0, side, side, 0, 1), options.smooth)
        kept = {p.name.decode() for _, p in frozen.parameters()}
        frozen.load({key: value for key, value in state.items() if key in kept})
        frozen.freeze("%s.%s" % (key, end) for key in norms for end in ("weight", "bias") if key + ".weight" in kept)
        words.append(compare_gradients(frozen, module, weight, False, options, side))
        frozen.free()
    words.append(compare_gradients(here, module, weight, True, options, side))
    here.free()
    good = good and all(fine for fine, _ in words)
    print("%-22s %4d tensors, side %d  logits %.1e; %s%s" %
          (name, len(names), side, logits, "; ".join(text for _, text in words), "" if good else "  TOO MUCH"), flush=True)
    return good


def same_in_bench(library):
    """Whether the networks that bench/versus_pytorch.py trains and runs in PyTorch are the zoo's: the shapes of their parameters."""
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
    import torch_networks
    bad = []
    for name, build in torch_networks.NETWORKS.items():
        here = Network(library, name, ZooOptions(no_aux=1), False)
        shapes = sorted(tuple(p.dims[:p.rank]) for _, p in here.parameters() if p.trained)
        if shapes != sorted(tuple(p.shape) for p in build().parameters()):
            bad.append(name)
        here.free()
    print("%d networks of bench/%s" % (len(torch_networks.NETWORKS), ": THESE DIFFER: " + ", ".join(bad) if bad else ", the same parameters"))
    return not bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", help="names of the zoo; else all that torchvision has")
    parser.add_argument("--build", default="build/release", help="the folder that holds libstriate.so")
    parser.add_argument("--batch", type=int, default=4, help="images, of which batch normalization needs a few")
    parser.add_argument("--side", type=int, default=0, help="of the images, but Inception-v3's; else as published")
    parser.add_argument("--threads", type=int, default=0, help="else one per core")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--smooth", action="store_true")
    options = parser.parse_args()
    if options.smooth:
        make_smooth()
    library, names = load(options.build), []
    torch.set_num_threads(options.threads or library.striate_threads(0))
    library.striate_threads(options.threads)
    for entry in library.striate_zoo():
        if not entry.name:
            break
        name = entry.name.decode()
        if name not in THERE.values() and hasattr(torchvision.models, THERE.get(name, name)) and (not options.networks or name in options.networks):
            names.append(name)
    bad = [name for name in names if not compare(library, name, options)]
    return 1 if bad or not names or (not options.networks and not same_in_bench(library)) else 0


if __name__ == "__main__":
    sys.exit(main())
