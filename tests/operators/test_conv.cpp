#include <tapestry/core/error.hpp>

#include "autograd/conv_cases.hpp"
#include "operators/suite.hpp"

namespace test_conv {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

// Sums of at most 19 terms below 1.21 in another order err by less than 19 · 19 · 1.21 · 2⁻⁵³ = 5e-14 in f64. In f32
// gradients are sums of up to 100 terms, whose partial sums are some 12 large: typically √100 · 12 · 2⁻²⁴ = 7e-6.
constexpr double tolerance = 5e-14;
constexpr double f32_tolerance = 2e-5;

/// The inputs of a call, sometimes without a bias.
std::vector<Array> inputs_of(Generator& random, Array& bias, const Array& x, const Array& weight) {
  if (random.one_in(4)) bias = Array();
  return bias.defined() ? std::vector<Array>{x, weight, bias} : std::vector<Array>{x, weight};
}

Tensor bias_of(Inputs in) {
  return in.size() > 2 ? in[2] : Tensor();
}

/// (A, B, 1, L) → (A, B, L).
Array sequence(const Array& image) {
  return image.reshape({image.size(0), image.size(1), image.size(3)});
}

Conv1dOptions of_sequences(const Conv2dOptions& options) {
  Conv1dOptions result = {.stride = options.stride.width,
                          .padding = options.padding.amount.width,
                          .dilation = options.dilation.width,
                          .groups = options.groups,
                          .padding_mode = options.padding_mode};
  result.padding.is_same = options.padding.is_same;
  return result;
}

Sample conv1d_sample(Generator& random) {
  Conv2dCase c = conv2d_case(random, true);
  const auto inputs = inputs_of(random, c.bias, sequence(c.x), sequence(c.weight));
  return {.function = [o = of_sequences(c.options)](Inputs in) { return conv1d(in[0], in[1], bias_of(in), o); },
          .inputs = inputs,
          .expected = sequence(reference_conv(c)),
          .options = c.description()};
}

Sample conv2d_sample(Generator& random) {
  Conv2dCase c = conv2d_case(random);
  const auto inputs = inputs_of(random, c.bias, c.x, c.weight);
  return {.function = c.function(), .inputs = inputs, .expected = reference_conv(c), .options = c.description()};
}

Sample conv_transpose1d_sample(Generator& random) {
  ConvTranspose2dCase c = conv_transpose2d_case(random, true);
  const auto inputs = inputs_of(random, c.bias, sequence(c.x), sequence(c.weight));
  const ConvTranspose1dOptions options = {.stride = c.options.stride.width,
                                          .padding = c.options.padding.width,
                                          .output_padding = c.options.output_padding.width,
                                          .groups = c.options.groups,
                                          .dilation = c.options.dilation.width};
  return {.function = [=](Inputs in) { return conv_transpose1d(in[0], in[1], bias_of(in), options); },
          .inputs = inputs,
          .expected = sequence(reference_conv_transpose(c)),
          .options = c.description()};
}

Sample conv_transpose2d_sample(Generator& random) {
  ConvTranspose2dCase c = conv_transpose2d_case(random);
  const auto inputs = inputs_of(random, c.bias, c.x, c.weight);
  return {
      .function = c.function(), .inputs = inputs, .expected = reference_conv_transpose(c), .options = c.description()};
}

}  // namespace

TEST_CASE("operator: conv1d") {
  const Array x = Array::zeros({2, 4, 9});
  const Array weight = Array::zeros({6, 2, 3});
  const auto rejected = [=](const Conv1dOptions& options) { return [=] { return conv1d(x, weight, {}, options); }; };
  check_operator(
      {.name = "conv1d",
       .sample = conv1d_sample,
       .on_empty = {{[](Inputs in) { return conv1d(in[0], in[1], in[2], {.stride = 2, .groups = 2}); },
                     {Array::zeros({0, 4, 9}), Array::full({6, 2, 3}, 1), Array::full({6}, 1)},
                     Array::zeros({0, 6, 4})},
                    {[](Inputs in) {
                       return conv1d(in[0], in[1], {}, {.padding = 2, .padding_mode = PaddingMode::circular});
                     },
                     {Array::zeros({0, 2, 9}), Array::full({6, 2, 3}, 1)},
                     Array::zeros({0, 6, 11})}},
       .rejections = {rejects<ShapeError>(rejected({}),
                                          "conv1d: expected 2 input channels (weight [6, 2, 3], groups 1), "
                                          "got 4 (input [2, 4, 9])"),
                      rejects<ShapeError>(
                          rejected({.dilation = 5, .groups = 2}),
                          "conv1d: along the length the kernel covers 11 (size 3, dilation 5), the padded "
                          "input has 9 (size 9, padding 0)"),
                      rejects<ValueError>(rejected({.stride = 0}), "conv1d: stride must be at least 1, got 0"),
                      rejects<ValueError>(rejected({.padding = -1}), "conv1d: padding must be at least 0, got -1"),
                      rejects<ValueError>(rejected({.stride = 2, .padding = Padding1d::same(), .groups = 2}),
                                          "conv1d: padding 'same' requires stride 1, got 2"),
                      rejects<ValueError>(
                          rejected({.padding = 9, .groups = 2, .padding_mode = PaddingMode::reflect}),
                          "conv1d: padding mode reflect requires amounts smaller than the axis, got (9, 9) "
                          "for axis 2 of [2, 4, 9]"),
                      rejects<ShapeError>(
                          [=] {
                            return conv1d(Array::zeros({4, 9}), weight);
                          },
                          "conv1d: expected an input (N, C, L) of rank 3, got [4, 9]"),
                      rejects<ShapeError>(
                          [=] {
                            return conv1d(x, Array::zeros({6, 4, 1, 3}));
                          },
                          "conv1d: expected a weight (out_channels, in_channels / groups, k) of rank 3, "
                          "got [6, 4, 1, 3]"),
                      rejects<ShapeError>(
                          [=] {
                            return conv1d(Array::zeros({2, 2, 0}), weight, {}, {.padding = 3});
                          },
                          "conv1d: the sequence must have elements, got [2, 2, 0]"),
                      rejects<DTypeError>(
                          [=] {
                            return conv1d(Array::zeros({2, 4, 9}, DType::i64), weight);
                          },
                          "conv1d: expected f32 or f64, got i64")},
       .configurations = 40,
       .gradients = linear_in_each,
       .tolerance = tolerance,
       .f32_tolerance = f32_tolerance});
}

// The other errors are tested in tests/autograd/test_conv2d_edges.cpp.
TEST_CASE("operator: conv2d") {
  check_operator({.name = "conv2d",
                  .sample = conv2d_sample,
                  .on_empty = {{[](Inputs in) { return conv2d(in[0], in[1], in[2], {.stride = 2, .padding = 1}); },
                                {Array::zeros({0, 3, 9, 8}), Array::full({4, 3, 3, 3}, 1), Array::full({4}, 1)},
                                Array::zeros({0, 4, 5, 4})},
                               {[](Inputs in) {
                                  return conv2d(in[0], in[1], {}, {.padding = {1, 2}, .groups = 3});
                                },
                                {Array::zeros({0, 3, 9, 8}, DType::f64), Array::full({6, 1, 3, 3}, 1, DType::f64)},
                                Array::zeros({0, 6, 9, 10})}},
                  .rejections = {rejects<DTypeError>(
                      [] {
                        return conv2d(Array::zeros({8, 3, 32, 32}, DType::u8), Array::zeros({16, 3, 3, 3}));
                      },
                      "conv2d: expected f32 or f64, got u8")},
                  .configurations = 200,
                  .gradients = linear_in_each,
                  .tolerance = tolerance,
                  .f32_tolerance = f32_tolerance});
}

TEST_CASE("operator: conv_transpose1d") {
  const Array x = Array::zeros({2, 4, 9});
  const Array weight = Array::zeros({4, 3, 2});
  const auto rejected = [=](const ConvTranspose1dOptions& options) {
    return [=] { return conv_transpose1d(x, weight, {}, options); };
  };
  check_operator(
      {.name = "conv_transpose1d",
       .sample = conv_transpose1d_sample,
       .on_empty = {{[](Inputs in) {
                       return conv_transpose1d(in[0], in[1], in[2], {.stride = 2, .output_padding = 1, .groups = 2});
                     },
                     {Array::zeros({0, 4, 9}), Array::full({4, 3, 2}, 1), Array::full({6}, 1)},
                     Array::zeros({0, 6, 19})}},
       .rejections = {rejects<ShapeError>(
                          [=] {
                            return conv_transpose1d(Array::zeros({2, 3, 9}), weight);
                          },
                          "conv_transpose1d: expected 4 input channels (weight [4, 3, 2], groups 1), got "
                          "3 (input [2, 3, 9])"),
                      rejects<ShapeError>([=] { return conv_transpose1d(x, weight, Array::zeros({3}), {.groups = 2}); },
                                          "conv_transpose1d: expected a bias of shape [6] (weight [4, 3, 2]), got [3]"),
                      rejects<ValueError>(rejected({.output_padding = 1}),
                                          "conv_transpose1d: output_padding must be smaller than the stride or the "
                                          "dilation of its axis, got 1 (stride 1, dilation 1)"),
                      rejects<ValueError>(rejected({.output_padding = -1}),
                                          "conv_transpose1d: output_padding must be at least 0, got -1"),
                      rejects<ShapeError>(
                          rejected({.padding = 5}),
                          "conv_transpose1d: along the length the output would have the size 0 (input 9, "
                          "kernel 2, stride 1, padding 5, output_padding 0, dilation 1)"),
                      rejects<ShapeError>(
                          [=] {
                            return conv_transpose1d(x, Array::zeros({4, 3}));
                          },
                          "conv_transpose1d: expected a weight (in_channels, out_channels / groups, k) of "
                          "rank 3, got [4, 3]")},
       .configurations = 40,
       .gradients = linear_in_each,
       .tolerance = tolerance,
       .f32_tolerance = f32_tolerance});
}

// The other errors are tested in tests/autograd/test_conv_transpose2d_edges.cpp.
TEST_CASE("operator: conv_transpose2d") {
  check_operator(
      {.name = "conv_transpose2d",
       .sample = conv_transpose2d_sample,
       .on_empty =
           {{[](Inputs in) {
               return conv_transpose2d(in[0], in[1], in[2], {.stride = {2, 3}, .padding = 1, .output_padding = {1, 2}});
             },
             {Array::zeros({0, 3, 4, 5}), Array::full({3, 4, 3, 2}, 1), Array::full({4}, 1)},
             Array::zeros({0, 4, 8, 14})},
            {[](Inputs in) { return conv_transpose2d(in[0], in[1], {}, {.groups = 3}); },
             {Array::zeros({0, 3, 4, 5}, DType::f64), Array::full({3, 2, 3, 2}, 1, DType::f64)},
             Array::zeros({0, 6, 6, 6})}},
       .rejections = {rejects<DTypeError>(
           [] {
             return conv_transpose2d(Array::zeros({8, 6, 4, 5}, DType::u8), Array::zeros({6, 2, 3, 3}));
           },
           "conv_transpose2d: expected f32 or f64, got u8")},
       .configurations = 200,
       .gradients = linear_in_each,
       .tolerance = tolerance,
       .f32_tolerance = f32_tolerance});
}

}  // namespace test_conv
