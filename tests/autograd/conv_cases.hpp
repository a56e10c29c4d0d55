// Random convolutions and the definitions that they are compared with.
#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/conv/conv.hpp>

#include "autograd/generate.hpp"

namespace tapestry::testing {

inline std::string text_of(Pair pair) {
  return std::to_string(pair.height) + 'x' + std::to_string(pair.width);
}

/// The pixel at position i of a padded axis of `size` pixels; −1 for a zero.
inline std::int64_t padded_position(PaddingMode mode, std::int64_t i, std::int64_t size) {
  switch (mode) {
    case PaddingMode::zeros:
      return i < 0 || i >= size ? -1 : i;
    case PaddingMode::reflect:
      return i < 0 ? -i : i >= size ? 2 * size - 2 - i : i;
    case PaddingMode::replicate:
      return std::clamp<std::int64_t>(i, 0, size - 1);
    case PaddingMode::circular:
      return (i + size) % size;
  }
  return -1;
}

/// A convolution whose axes all differ.
struct Conv2dCase {
  Array x, weight, bias;
  Conv2dOptions options;

  /// The total padding if it is `same`, else the padding on either side.
  Pair extent() const {
    return {(weight.size(2) - 1) * options.dilation.height, (weight.size(3) - 1) * options.dilation.width};
  }
  Pair pad_before() const {
    if (!options.padding.is_same) return options.padding.amount;
    return {extent().height / 2, extent().width / 2};
  }
  Pair pad_after() const {
    return options.padding.is_same ? Pair(extent().height - pad_before().height, extent().width - pad_before().width)
                                   : options.padding.amount;
  }
  /// True when the padding mode allows this padding.
  bool is_valid() const {
    const auto fits = [&](std::int64_t amount, std::int64_t size) {
      const PaddingMode mode = options.padding_mode;
      return mode == PaddingMode::reflect ? amount < size : mode != PaddingMode::circular || amount <= size;
    };
    return fits(pad_after().height, x.size(2)) && fits(pad_after().width, x.size(3));
  }
  Pair out_size() const {
    if (options.padding.is_same) return {x.size(2), x.size(3)};
    const auto along = [](std::int64_t in, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                          std::int64_t dilation) {
      const std::int64_t room = in + 2 * padding - dilation * (kernel - 1) - 1;
      return room < 0 ? 0 : room / stride + 1;
    };
    const auto& [stride, padding, dilation, groups, mode] = options;
    return {along(x.size(2), weight.size(2), stride.height, padding.amount.height, dilation.height),
            along(x.size(3), weight.size(3), stride.width, padding.amount.width, dilation.width)};
  }
  std::string description() const {
    const auto& [stride, padding, dilation, groups, mode] = options;
    return to_string(x) + " weight " + to_string(weight) + " stride " + text_of(stride) + " padding " +
           (padding.is_same ? "same " : "") + text_of(padding.amount) + ' ' + std::string(to_string(mode)) +
           " dilation " + text_of(dilation) + " groups " + std::to_string(groups);
  }
  CheckedFunction function() const {
    return [o = options](const std::vector<Tensor>& in) {
      return conv2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), o);
    };
  }
};

/// Sums of at most 18 products and a bias, and at most 100 output pixels, as `linear_in_each` supposes. Height and the
/// kernel's height are 1 for sequences.
inline Conv2dCase conv2d_case(Generator& random, bool is_sequence = false) {
  while (true) {
    const std::int64_t groups = random.between(1, 3);
    const std::int64_t in = random.between(1, 2), out = groups * random.between(1, 2);
    const auto of_rows = [&](std::int64_t value, std::int64_t of_sequences) {
      return is_sequence ? of_sequences : value;
    };
    const Shape x = {random.between(1, 2), groups * in, of_rows(random.between(1, 6), 1), random.between(1, 7)};
    const Shape weight = {out, in, of_rows(random.between(1, 3), 1), random.between(1, 3)};
    Conv2dOptions options = {.stride = {of_rows(random.between(1, 3), 1), random.between(1, 3)},
                             .padding = {of_rows(random.between(0, 2), 0), random.between(0, 2)},
                             .dilation = {of_rows(random.between(1, 2), 1), random.between(1, 3)},
                             .groups = groups};
    if (random.one_in(6)) options.stride = 1, options.padding = Padding::same();
    if (random.one_in(2)) options.padding_mode = static_cast<PaddingMode>(random.between(1, 3));
    Conv2dCase result = {
        .x = random.reals(x), .weight = random.reals(weight), .bias = random.reals({out}), .options = options};
    const Pair size = result.out_size();
    const std::int64_t pixels = x[0] * size.height * size.width;
    if (x.numel() <= 100 && pixels >= 1 && pixels <= 100 && result.is_valid()) return result;
  }
}

/// The definition as plain loops.
inline Array reference_conv(const Conv2dCase& c) {
  const auto& [stride, padding, dilation, groups, mode] = c.options;
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
                const std::int64_t row =
                    padded_position(mode, i * stride.height + r * dilation.height - pad.height, c.x.size(2));
                const std::int64_t column =
                    padded_position(mode, j * stride.width + s * dilation.width - pad.width, c.x.size(3));
                if (row < 0 || column < 0) continue;
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

/// A transposed convolution whose axes all differ.
struct ConvTranspose2dCase {
  Array x, weight, bias;
  ConvTranspose2dOptions options;

  Pair out_size() const {
    const auto& [stride, padding, output_padding, groups, dilation] = options;
    return {(x.size(2) - 1) * stride.height - 2 * padding.height + dilation.height * (weight.size(2) - 1) +
                output_padding.height + 1,
            (x.size(3) - 1) * stride.width - 2 * padding.width + dilation.width * (weight.size(3) - 1) +
                output_padding.width + 1};
  }
  std::string description() const {
    const auto& [stride, padding, output_padding, groups, dilation] = options;
    return to_string(x) + " weight " + to_string(weight) + " stride " + text_of(stride) + " padding " +
           text_of(padding) + " output_padding " + text_of(output_padding) + " dilation " + text_of(dilation) +
           " groups " + std::to_string(groups);
  }
  CheckedFunction function() const {
    return [o = options](const std::vector<Tensor>& in) {
      return conv_transpose2d(in[0], in[1], in.size() > 2 ? in[2] : Tensor(), o);
    };
  }
};

/// Sums of at most 18 products and a bias, and at most 100 output pixels, as `linear_in_each` supposes.
inline ConvTranspose2dCase conv_transpose2d_case(Generator& random, bool is_sequence = false) {
  while (true) {
    const std::int64_t groups = random.between(1, 3);
    const std::int64_t in = groups * random.between(1, 2), out = random.between(1, 2);
    const auto of_rows = [&](std::int64_t value, std::int64_t of_sequences) {
      return is_sequence ? of_sequences : value;
    };
    const Shape x = {random.between(1, 2), in, of_rows(random.between(1, 4), 1), random.between(1, 5)};
    const Shape weight = {in, out, of_rows(random.between(1, 3), 1), random.between(1, 3)};
    const Pair stride = {of_rows(random.between(1, 3), 1), random.between(1, 3)};
    const Pair dilation = {of_rows(random.between(1, 3), 1), random.between(1, 3)};
    const ConvTranspose2dOptions options = {
        .stride = stride,
        .padding = {of_rows(random.between(0, 2), 0), random.between(0, 2)},
        .output_padding = {random.between(0, std::max(stride.height, dilation.height) - 1),
                           random.between(0, std::max(stride.width, dilation.width) - 1)},
        .groups = groups,
        .dilation = dilation};
    ConvTranspose2dCase result = {
        .x = random.reals(x), .weight = random.reals(weight), .bias = random.reals({groups * out}), .options = options};
    const Pair size = result.out_size();
    if (size.height < 1 || size.width < 1) continue;
    if (x.numel() <= 100 && x[0] * size.height * size.width <= 100) return result;
  }
}

/// The definition as plain loops: every pixel adds the kernel times itself to the output.
inline Array reference_conv_transpose(const ConvTranspose2dCase& c) {
  const auto& [stride, padding, output_padding, groups, dilation] = c.options;
  const Pair size = c.out_size();
  const std::int64_t in_per_group = c.x.size(1) / groups;
  const std::int64_t out_per_group = c.weight.size(1);
  const Shape shape = {c.x.size(0), out_per_group * groups, size.height, size.width};
  Array result = Array::zeros(shape, DType::f64);
  double* sums = result.mutable_data<double>();
  for (std::int64_t n = 0; n < shape[0]; ++n) {
    for (std::int64_t k = 0; k < shape[1]; ++k) {
      double* plane = sums + (n * shape[1] + k) * size.height * size.width;
      if (c.bias.defined()) std::fill_n(plane, size.height * size.width, c.bias.at({k}));
      for (std::int64_t in = k / out_per_group * in_per_group; in < (k / out_per_group + 1) * in_per_group; ++in) {
        for (std::int64_t i = 0; i < c.x.size(2); ++i) {
          for (std::int64_t j = 0; j < c.x.size(3); ++j) {
            for (std::int64_t r = 0; r < c.weight.size(2); ++r) {
              for (std::int64_t s = 0; s < c.weight.size(3); ++s) {
                const std::int64_t row = i * stride.height + r * dilation.height - padding.height;
                const std::int64_t column = j * stride.width + s * dilation.width - padding.width;
                if (row < 0 || row >= size.height || column < 0 || column >= size.width) continue;
                plane[row * size.width + column] += c.x.at({n, in, i, j}) * c.weight.at({in, k % out_per_group, r, s});
              }
            }
          }
        }
      }
    }
  }
  return result;
}

}  // namespace tapestry::testing
