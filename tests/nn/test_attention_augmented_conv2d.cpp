#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <tapestry/autograd/ops/conv/conv.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/blocks/attention_augmented_conv2d.hpp>

#include "nn/block_checks.hpp"

namespace test_attention_augmented_conv2d {

using namespace tapestry;
using namespace tapestry::testing;
using Catch::Matchers::Message;
using nn::AttentionAugmentedConv2d;

namespace {

constexpr std::int64_t keys = 4, values = 2, heads = 2;

AttentionAugmentedConv2d layer_for(Pair max_size) {
  return block_in_f64<AttentionAugmentedConv2d>({.in_channels = 3,
                                                 .out_channels = 5,
                                                 .kernel_size = 3,
                                                 .key_channels = keys,
                                                 .value_channels = values,
                                                 .num_heads = heads,
                                                 .max_size = max_size});
}

using Named = std::map<std::string, Tensor>;

Named named(const nn::ModuleBase& module) {
  Named result;
  for (const auto& [name, tensor] : module.named_parameters()) result[name] = tensor;
  return result;
}

/// The attended values before the last projection, computed by one head, query and key at a time.
Array attended(const Named& p, const Array& x, std::int64_t max_height, std::int64_t max_width) {
  const Array qkv = conv2d(x, p.at("qkv_conv.weight"), p.at("qkv_conv.bias")).array();
  const Array rel_h = p.at("key_rel_h").array(), rel_w = p.at("key_rel_w").array();
  const std::int64_t h = x.size(2), w = x.size(3), width = keys / heads;
  Array result = Array::zeros({x.size(0), values, h, w}, DType::f64);
  double* out = result.mutable_data<double>();
  for (std::int64_t n = 0; n < x.size(0); ++n) {
    for (std::int64_t head = 0; head < heads; ++head) {
      for (std::int64_t i = 0; i < h * w; ++i) {
        double total = 0;
        std::vector<double> gathered(values / heads, 0.0);
        for (std::int64_t j = 0; j < h * w; ++j) {
          double score = 0;
          for (std::int64_t c = head * width; c < (head + 1) * width; ++c) {
            score += qkv.at({n, c, i / w, i % w}) *
                     (qkv.at({n, keys + c, j / w, j % w}) + rel_h.at({max_height - 1 + j / w - i / w, c % width}) +
                      rel_w.at({max_width - 1 + j % w - i % w, c % width}));
          }
          const double weight = std::exp(score / std::sqrt(static_cast<double>(width)));
          total += weight;
          for (std::size_t c = 0; c < gathered.size(); ++c) {
            const std::int64_t channel = 2 * keys + head * (values / heads) + static_cast<std::int64_t>(c);
            gathered[c] += weight * qkv.at({n, channel, j / w, j % w});
          }
        }
        for (std::size_t c = 0; c < gathered.size(); ++c) {
          const std::int64_t channel = head * (values / heads) + static_cast<std::int64_t>(c);
          out[(n * values + channel) * h * w + i] = gathered[c] / total;
        }
      }
    }
  }
  return result;
}

}  // namespace

TEST_CASE("an attention-augmented convolution concatenates a convolution and attention") {
  AttentionAugmentedConv2d layer = layer_for(Pair(4, 5));
  const Named p = named(layer);
  for (const Shape& shape : {Shape{2, 3, 4, 5}, Shape{1, 3, 2, 3}, Shape{2, 3, 4, 1}}) {
    INFO(to_string(shape));
    const Array x = Generator(1).reals(shape);
    const Tensor y = layer(x);
    REQUIRE(y.shape() == Shape{shape[0], 5, shape[2], shape[3]});
    require_equal(slice(y, 1, 0, 3).array(),
                  conv2d(x, p.at("conv_out.weight"), p.at("conv_out.bias"), {.padding = 1}).array());
    const Tensor gathered = conv2d(attended(p, x, 4, 5), p.at("attn_out.weight"), p.at("attn_out.bias"));
    // Means of 20 values below 10 with weights whose scores, below 10, are off by some 1e-15.
    require_close(slice(y, 1, 3, 5).array(), gathered.array(), 1e-13);
  }
}

TEST_CASE("parameters of an attention-augmented convolution have the documented names and shapes") {
  const AttentionAugmentedConv2d layer({.in_channels = 6,
                                        .out_channels = 10,
                                        .kernel_size = Pair(3, 5),
                                        .key_channels = 8,
                                        .value_channels = 4,
                                        .num_heads = 2,
                                        .max_size = Pair(90, 70)});
  const Named p = named(layer);
  const std::map<std::string, Shape> shapes = {{"conv_out.weight", {6, 6, 3, 5}},
                                               {"conv_out.bias", {6}},
                                               {"qkv_conv.weight", {20, 6, 1, 1}},
                                               {"qkv_conv.bias", {20}},
                                               {"attn_out.weight", {4, 4, 1, 1}},
                                               {"attn_out.bias", {4}},
                                               {"key_rel_h", {179, 4}},
                                               {"key_rel_w", {139, 4}}};
  REQUIRE(p.size() == shapes.size());
  for (const auto& [name, shape] : shapes) {
    INFO(name);
    REQUIRE(p.at(name).shape() == shape);
  }
  for (const char* name : {"key_rel_h", "key_rel_w"}) {
    const auto numbers = values_of(p.at(name).array());
    double square = 0;
    for (const double number : numbers) square += number * number;
    const auto n = static_cast<double>(numbers.size());
    // Normal with variance 1/4: the mean square of n numbers has the deviation √(2/n)/4.
    REQUIRE(std::abs(4 * square / n - 1) < 5 * std::sqrt(2 / n));
  }
}

TEST_CASE("the gradients of an attention-augmented convolution are correct for its input and every parameter") {
  AttentionAugmentedConv2d layer = layer_for(Pair(3, 3));
  require_block_gradients(layer, Generator(2).reals({2, 3, 2, 3}));
}

TEST_CASE("an attention-augmented convolution reports operands that do not match") {
  const auto make = [](std::int64_t key_channels, std::int64_t value_channels, std::int64_t num_heads, Pair max_size) {
    return AttentionAugmentedConv2d({.in_channels = 3,
                                     .out_channels = 6,
                                     .kernel_size = 3,
                                     .key_channels = key_channels,
                                     .value_channels = value_channels,
                                     .num_heads = num_heads,
                                     .max_size = max_size});
  };
  const std::string layer = "AttentionAugmentedConv2d: ";
  REQUIRE_THROWS_MATCHES(
      make(4, 2, 3, 4), ValueError,
      Message(layer + "num_heads 3 must divide key_channels 4 and value_channels 2, all at least 1"));
  REQUIRE_THROWS_MATCHES(
      make(4, 3, 2, 4), ValueError,
      Message(layer + "num_heads 2 must divide key_channels 4 and value_channels 3, all at least 1"));
  REQUIRE_THROWS_MATCHES(
      make(4, 4, 0, 4), ValueError,
      Message(layer + "num_heads 0 must divide key_channels 4 and value_channels 4, all at least 1"));
  REQUIRE_THROWS_MATCHES(make(4, 6, 2, 4), ValueError,
                         Message(layer + "value_channels 6 must be fewer than out_channels 6"));
  REQUIRE_THROWS_MATCHES(make(4, 2, 2, Pair(0, 4)), ValueError,
                         Message(layer + "max_size must be at least 1, got (0, 4)"));
  AttentionAugmentedConv2d small = make(4, 2, 2, Pair(4, 5));
  REQUIRE_THROWS_MATCHES(small(Array::zeros({1, 3, 5, 4})), ShapeError,
                         Message(layer + "expected images (N, 3, H, W) of at most 4 × 5 pixels, got [1, 3, 5, 4]"));
  REQUIRE_THROWS_MATCHES(small(Array::zeros({1, 2, 4, 4})), ShapeError,
                         Message(layer + "expected images (N, 3, H, W) of at most 4 × 5 pixels, got [1, 2, 4, 4]"));
  REQUIRE_THROWS_MATCHES(small(Array::zeros({3, 4, 4})), ShapeError,
                         Message(layer + "expected images (N, 3, H, W) of at most 4 × 5 pixels, got [3, 4, 4]"));
}

}  // namespace test_attention_augmented_conv2d
