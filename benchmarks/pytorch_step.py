"""Times training steps or inference in PyTorch; the counterpart of benchmarks/train_step and benchmarks/infer, with the
same line of output.

usage: pytorch_step.py --model MODEL --layout nchw|nhwc [--inference] [--batch-size N] [--threads N] [--iterations N]

A training step is zero_grad, forward, cross-entropy, backward and SGD with momentum 0.9, on random 32x32 images of 10
classes (unet: 64x64 images with one of 2 classes for each pixel); inference is a forward pass in evaluation mode that
records nothing. benchmarks/compare_pytorch runs it.
"""

import argparse
import resource
import statistics
import time

import torch
from torch.nn import functional

from pytorch_models import MODELS

WARM_UP_STEPS = 3
LAYOUTS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def training_step(model, images, labels):
    optimizer = torch.optim.SGD(model.train().parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()

    return step


def inference(model, images):
    model.eval()

    def step():
        with torch.inference_mode():
            model(images)

    return step


def seconds_of(step, iterations):
    for _ in range(WARM_UP_STEPS):
        step()
    seconds = []
    for _ in range(iterations):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("--inference", action="store_true")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=15)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    memory_format = LAYOUTS[options.layout]
    model = MODELS[options.model]().to(memory_format=memory_format)
    size = 64 if options.model == "unet" else 32
    images = torch.randn(options.batch_size, 3, size, size).contiguous(memory_format=memory_format)
    if options.model == "unet":
        labels = torch.randint(2, (options.batch_size, size, size))
    else:
        labels = torch.randint(10, (options.batch_size,))

    step = inference(model, images) if options.inference else training_step(model, images, labels)
    seconds = seconds_of(step, options.iterations)
    median = statistics.median(seconds)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.model}: median {median * 1e3:.2f} ms, min {min(seconds) * 1e3:.2f} ms, "
          f"{options.batch_size / median:.0f} images/s, peak memory {peak_mib:.0f} MiB")


if __name__ == "__main__":
    main()
