// Made-up convolutions and the definition that they are compared with.
#pragma once

#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/conv.hpp>

#include "autograd/generate.hpp"

namespace tapestry::testing {

/// A convolution whose axes all differ.
struct Conv2dCase {
  Array x, weight, bias;
  Conv2dOptions options;

  Pair pad_before() const {
    if (!options.padding.is_same) return options.padding.amount;
    return {(weight.size(2) - 1) * options.dilation.height / 2, (weight.size(3) - 1) * options.dilation.width / 2};
  }
  Pair out_size() const {
    if (options.padding.is_same) return {x.size(2), x.size(3)};
    const auto along = [](std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                          std::int64_t dilation) {
      const std::int64_t room = in + 2 * padding - dilation * (kernel - 1) - 1;
      return room < 0 ? 0 : room / stride + 1;
    };
    const auto& [stride, padding, dilation, groups] = options;
    return {along(x.size(2), weight.size(2), stride.height, padding.amount.height, dilation.height),
            along(x.size(3), weight.size(3), stride.width, padding.amount.width, dilation.width)};
  }
  std::string description() const {
    const auto& [stride, padding, dilation, groups] = options;
    std::ostringstream text;
    text << to_string(x) << " weight " << to_string(weight) << " stride " << stride.height << 'x' << stride.width
         << " padding " << (padding.is_same ? "same " : "") << padding.amount.height << 'x' << padding.amount.width
         << " dilation " << dilation.height << 'x' << dilation.width << " groups " << groups;
    return text.str();
  }
  CheckedFunction function() const {
    return [o = options](const std::vector<Tensor>& in) {
      return conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), o);
    };
  }
};

/// Sums of at most 18 products and a bias, and at most 100 output pixels, as `linear_in_each` supposes.
inline Conv2dCase conv2d_case(Generator& random) {
  while (true) {
    const std::int64_t groups = random.between(1, 3);
    const std::int64_t in = random.between(1, 2), out = groups * random.between(1, 2);
    const Shape x = {random.between(1, 2), groups * in, random.between(1, 6), random.between(1, 7)};
    const Shape weight = {out, in, random.between(1, 3), random.between(1, 3)};
    Conv2dOptions options = {.stride = {random.between(1, 3), random.between(1, 3)},
                             .padding = {random.between(0, 2), random.between(0, 2)},
                             .dilation = {random.between(1, 2), random.between(1, 3)},
                             .groups = groups};
    if (random.one_in(6)) options.stride = 1, options.padding = Padding::same();
    Conv2dCase result = {
        .x = random.reals(x), .weight = random.reals(weight), .bias = random.reals({out}), .options = options};
    const Pair size = result.out_size();
    const std::int64_t pixels = x[0] * size.height * size.width;
    if (x.numel() <= 100 && pixels >= 1 && pixels <= 100) return result;
  }
}

/// The definition, loop by loop.
inline Array convolved_plainly(const Conv2dCase& c) {
  const auto& [stride, padding, dilation, groups] = c.options;
  const Pair pad = c.pad_before(), size = c.out_size();
  const std::int64_t out_per_group = c.weight.size(0) / groups;
  std::vector<double> result;
  for (std::int64_t n = 0; n < c.x.size(0); ++n) {
    for (std::int64_t k = 0; k < c.weight.size(0); ++k) {
      for (std::int64_t i = 0; i < size.height; ++i) {
        for (std::int64_t j = 0; j < size.width; ++j) {
          double sum = c.bias.defined() ? c.bias.at({k}) : 0;
          for (std::int64_t in = 0; in < c.weight.size(1); ++in) {
            for (std::int64_t r = 0; r < c.weight.size(2); ++r) {
              for (std::int64_t s = 0; s < c.weight.size(3); ++s) {
                const std::int64_t row = i * stride.height + r * dilation.height - pad.height;
                const std::int64_t column = j * stride.width + s * dilation.width - pad.width;
                if (row < 0 || row >= c.x.size(2) || column < 0 || column >= c.x.size(3)) continue;
                sum += c.weight.at({k, in, r, s}) * c.x.at({n, k / out_per_group * c.weight.size(1) + in, row, column});
              }
            }
          }
          result.push_back(sum);
        }
      }
    }
  }
  return Array::from({c.x.size(0), c.weight.size(0), size.height, size.width}, result);
}

}  // namespace tapestry::testing
