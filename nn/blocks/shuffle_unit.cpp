#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/block_parts.hpp>
#include <tapestry/nn/blocks/shuffle_unit.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>

namespace tapestry::nn {
namespace {

Sequential short_branch(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return sequential({conv3x3(in, in, stride, in), BatchNorm2d({.num_features = in}), conv1x1(in, out),
                     BatchNorm2d({.num_features = out}), ReLU()});
}

Sequential long_branch(std::int64_t in, std::int64_t out, std::int64_t stride) {
  return sequential({conv1x1(in, out), BatchNorm2d({.num_features = out}), ReLU(), conv3x3(out, out, stride, out),
                     BatchNorm2d({.num_features = out}), conv1x1(out, out), BatchNorm2d({.num_features = out}),
                     ReLU()});
}

void check(const ShuffleUnit::Options& options) {
  const std::int64_t in = options.in_channels, out = options.out_channels;
  if (out % 2 != 0) throw ValueError(fmt::format("ShuffleUnit: out_channels must be even, got {}", out));
  if (options.stride == 1 && in != out) {
    throw ValueError(
        fmt::format("ShuffleUnit: stride 1 requires in_channels equal to out_channels, got {} → {}", in, out));
  }
}

}  // namespace

ShuffleUnit::ShuffleUnit(const Options& options) : options_(options) {
  check(options);
  const std::int64_t in = options.in_channels, half = options.out_channels / 2;
  const bool splits = options.stride == 1;
  if (!splits) branch1_ = &add("branch1", short_branch(in, half, options.stride));
  branch2_ = &add("branch2", long_branch(splits ? half : in, half, options.stride));
}

Tensor ShuffleUnit::forward(const Tensor& x) const {
  if (branch1_ != nullptr) return channel_shuffle(cat({(*branch1_)(x), (*branch2_)(x)}, 1), 2);
  const std::vector<Tensor> halves = chunk(x, 2, 1);
  return channel_shuffle(cat({halves[0], (*branch2_)(halves[1])}, 1), 2);
}

}  // namespace tapestry::nn
