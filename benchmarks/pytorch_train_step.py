"""Times whole training steps in PyTorch; the counterpart of benchmarks/train_step, with the same line of output.

usage: pytorch_train_step.py --model small_cnn|resnet20 --layout nchw|nhwc [--batch-size N] [--threads N] [--iterations N]

A step is zero_grad, forward, cross-entropy, backward and SGD with momentum 0.9, on random 32x32 images of 10 classes.
benchmarks/compare_pytorch runs it.
"""

import argparse
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional

WARM_UP_STEPS = 3


def small_cnn():
    def conv_relu(in_channels, out_channels):
        return [nn.Conv2d(in_channels, out_channels, 3, padding=1), nn.ReLU(inplace=True)]

    return nn.Sequential(
        *conv_relu(3, 32), *conv_relu(32, 32), nn.MaxPool2d(2),
        *conv_relu(32, 64), *conv_relu(64, 64), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(4096, 256), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(256, 10))


def conv_norm(in_channels, out_channels, kernel_size, stride):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding=kernel_size // 2, bias=False),
        nn.BatchNorm2d(out_channels))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 projection where the shape changes (He et al. 2015)."""

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.residual = nn.Sequential(
            conv_norm(in_channels, out_channels, 3, stride), nn.ReLU(inplace=True),
            conv_norm(out_channels, out_channels, 3, 1))
        same_shape = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if same_shape else conv_norm(in_channels, out_channels, 1, stride)

    def forward(self, x):
        return functional.relu(self.residual(x) + self.shortcut(x), inplace=True)


def resnet20():
    layers = [conv_norm(3, 16, 3, 1), nn.ReLU(inplace=True)]
    in_channels = 16
    for out_channels, stride in ((16, 1), (32, 2), (64, 2)):
        layers.append(BasicBlock(in_channels, out_channels, stride))
        layers += [BasicBlock(out_channels, out_channels, 1) for _ in range(2)]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, 10))


MODELS = {"small_cnn": small_cnn, "resnet20": resnet20}
LAYOUTS = {"nchw": torch.contiguous_format, "nhwc": torch.channels_last}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", choices=MODELS, required=True)
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=15)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    memory_format = LAYOUTS[options.layout]
    model = MODELS[options.model]().to(memory_format=memory_format).train()
    images = torch.randn(options.batch_size, 3, 32, 32).contiguous(memory_format=memory_format)
    labels = torch.randint(10, (options.batch_size,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(WARM_UP_STEPS):
        step()
    seconds = []
    for _ in range(options.iterations):
        began = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - began)

    median = statistics.median(seconds)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.model}: median {median * 1e3:.1f} ms, min {min(seconds) * 1e3:.1f} ms, "
          f"{options.batch_size / median:.0f} images/s, loss {loss:.2f}, peak memory {peak_mib:.0f} MiB")


if __name__ == "__main__":
    main()
