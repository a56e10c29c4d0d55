"""What a network of torchvision computes with made-up weights, for test_torchvision.cpp.

usage: torchvision_reference.py NAME FOLDER [--gradients]

Writes to FOLDER
    weights.safetensors    the state dict of the network NAME
    outputs.safetensors    images, and their logits in evaluation
    gradients.safetensors  with --gradients: of the cross-entropy in training, by parameter, computed in float64
The same in every run on one machine.
"""

import json
import os
import struct
import sys

import torch
import torchvision

# Odd and unequal sides, so that windows end at borders in different ways.
IMAGES = (2, 3, 97, 75)
LABELS = (3, 998)
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def save_safetensors(path, tensors):
    """https://github.com/huggingface/safetensors#format"""
    header = {}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    header = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        for tensor in tensors.values():
            file.write(tensor.detach().contiguous().numpy().tobytes())


def make_images():
    """Noise of another size and mean in each channel of each image: else all images have nearly the same logits."""
    channels = IMAGES[:2] + (1, 1)
    return torch.randn(channels) + torch.randn(IMAGES) * (0.2 + 2 * torch.rand(channels))


@torch.no_grad()
def randomize(model, images):
    """Gives every parameter and statistic a value that matters, such that signals neither fade nor grow."""
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_normal_(parameter)
        else:
            parameter.normal_(0, 0.1)
    for norm in norms:
        norm.weight.uniform_(0.5, 1.5)
        norm.momentum = 1
    model.train()
    model(images)  # leaves the statistics of these images
    for norm in norms:
        norm.running_mean += 0.2 * norm.running_var.sqrt() * torch.randn_like(norm.running_mean)
        norm.running_var *= 0.5 + torch.rand_like(norm.running_var)


def gradients(model, images):
    model.double().train()
    torch.nn.functional.cross_entropy(model(images.double()), torch.tensor(LABELS)).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def main(name, folder, *options):
    torch.manual_seed(1)
    extra = {"googlenet": {"aux_logits": False, "init_weights": False}}.get(name, {})
    model = getattr(torchvision.models, name)(**extra)
    images = make_images()
    randomize(model, images)
    save_safetensors(os.path.join(folder, "weights.safetensors"), model.state_dict())
    with torch.no_grad():
        outputs = {"images": images, "logits": model.eval()(images)}
    save_safetensors(os.path.join(folder, "outputs.safetensors"), outputs)
    if "--gradients" in options:
        save_safetensors(os.path.join(folder, "gradients.safetensors"), gradients(model, images))


main(*sys.argv[1:])
