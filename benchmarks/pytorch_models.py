"""PyTorch versions of Tapestry's models, for 10 classes (unet: 2), by name in MODELS."""

import torch
from torch import nn
from torch.nn import functional


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
    """Two 3x3 convolutions and a shortcut, a 1x1 projection if the shape changes (He et al. 2015)."""

    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.residual = nn.Sequential(
            conv_norm(in_channels, out_channels, 3, stride), nn.ReLU(inplace=True),
            conv_norm(out_channels, out_channels, 3, 1))
        same_shape = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if same_shape else conv_norm(in_channels, out_channels, 1, stride)

    def forward(self, x):
        return functional.relu(self.residual(x) + self.shortcut(x), inplace=True)


def resnet(stages, blocks):
    in_channels = stages[0]
    layers = [conv_norm(3, in_channels, 3, 1), nn.ReLU(inplace=True)]
    for number, out_channels in enumerate(stages):
        layers.append(BasicBlock(in_channels, out_channels, 1 if number == 0 else 2))
        layers += [BasicBlock(out_channels, out_channels, 1) for _ in range(blocks - 1)]
        in_channels = out_channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(in_channels, 10))


class InvertedResidual(nn.Module):
    """1x1, depthwise 3x3 and 1x1 convolutions; adds the input if the shape is unchanged (Sandler et al. 2018)."""

    def __init__(self, in_channels, out_channels, stride, expand_ratio):
        super().__init__()
        hidden = in_channels * expand_ratio
        layers = [] if expand_ratio == 1 else [conv_norm(in_channels, hidden, 1, 1), nn.ReLU6(inplace=True)]
        self.conv = nn.Sequential(
            *layers,
            nn.Conv2d(hidden, hidden, 3, stride, padding=1, groups=hidden, bias=False), nn.BatchNorm2d(hidden),
            nn.ReLU6(inplace=True), conv_norm(hidden, out_channels, 1, 1))
        self.adds_input = stride == 1 and in_channels == out_channels

    def forward(self, x):
        return x + self.conv(x) if self.adds_input else self.conv(x)


def mobilenet_v2():
    layers, in_channels = [conv_norm(3, 32, 3, 1), nn.ReLU6(inplace=True)], 32
    for expand_ratio, channels, blocks, stride in (
            (1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            layers.append(InvertedResidual(in_channels, channels, stride if block == 0 else 1, expand_ratio))
            in_channels = channels
    layers += [conv_norm(in_channels, 1280, 1, 1), nn.ReLU6(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(1280, 10))


class UNet(nn.Module):
    """Two convolutions at each of three resolutions, down and up (Ronneberger et al. 2015), with batch norm."""

    def __init__(self, base_channels=16, depth=3):
        super().__init__()

        def two_convolutions(in_channels, out_channels):
            return nn.Sequential(conv_norm(in_channels, out_channels, 3, 1), nn.ReLU(inplace=True),
                                 conv_norm(out_channels, out_channels, 3, 1), nn.ReLU(inplace=True))

        widths = [base_channels << i for i in range(depth + 1)]
        self.down = nn.ModuleList(two_convolutions(a, b) for a, b in zip([3] + widths, widths))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * c, c, 2, 2) for c in widths[-2::-1])
        self.up = nn.ModuleList(two_convolutions(2 * c, c) for c in widths[-2::-1])
        self.head = nn.Conv2d(base_channels, 2, 1)

    def forward(self, x):
        skipped = []
        for stage in self.down[:-1]:
            skipped.append(stage(x))
            x = functional.max_pool2d(skipped[-1], 2)
        x = self.down[-1](x)
        for enlarge, stage in zip(self.enlarge, self.up):
            x = stage(torch.cat([skipped.pop(), enlarge(x)], 1))
        return self.head(x)


MODELS = {
    "small_cnn": small_cnn,
    "resnet20": lambda: resnet((16, 32, 64), 3),
    "resnet18": lambda: resnet((64, 128, 256, 512), 2),
    "mobilenet_v2": mobilenet_v2,
    "unet": UNet,
}
