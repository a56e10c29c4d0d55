// Summaries of models small enough to count by hand.
#include <string_view>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/nn/inspect/summary.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/multihead_attention.hpp>

#include "nn/example_modules.hpp"

namespace test_summary {

using namespace tapestry;
using namespace tapestry::testing;

namespace {

/// A model with a layer that is called and one that never is.
class Wasteful : public nn::Module {
 public:
  Wasteful()
      : used_(add("used", nn::Linear({.in_features = 3, .out_features = 4}))),
        unused_(add("unused", nn::Linear({.in_features = 3, .out_features = 2}))) {}
  Tensor forward(const Tensor& x) const override { return used_(x); }

 private:
  nn::Linear& used_;
  nn::Linear& unused_;
};

/// Attention, which takes several tensors, between layers of one input; the first layer is called twice.
class Attending : public nn::Module {
 public:
  Attending()
      : first_(add("first", nn::Linear({.in_features = 6, .out_features = 6, .bias = false}))),
        attention_(add("attention", nn::MultiheadAttention({.embed_dim = 6, .num_heads = 2}))) {}
  Tensor forward(const Tensor& x) const override {
    const Tensor y = first_(first_(x));
    return attention_(y, y, y);
  }

 private:
  nn::Linear& first_;
  nn::MultiheadAttention& attention_;
};

const nn::SummaryRow& row_of(const nn::Summary& summary, std::string_view name) {
  for (const nn::SummaryRow& row : summary.rows) {
    if (row.name == name) return row;
  }
  FAIL("no row " << name);
  return summary.total();
}

std::vector<std::string> names_of(const nn::Summary& summary) {
  std::vector<std::string> names;
  for (const nn::SummaryRow& row : summary.rows) names.push_back(row.name);
  return names;
}

}  // namespace

TEST_CASE("a summary has a row for every module with class and shape and cost") {
  Net net;
  const nn::Summary summary = nn::summary(net, {6, 2, 1, 3});
  CHECK(summary.input_shapes == std::vector<Shape>{{6, 2, 1, 3}});
  CHECK(names_of(summary) == std::vector<std::string>{"", "mix", "rest", "rest.0", "rest.1", "rest.2", "rest.3"});
  CHECK(row_of(summary, "").type == "Net");
  CHECK(row_of(summary, "rest").type == "Sequential");
  CHECK(row_of(summary, "rest.0").type == "BatchNorm2d");
  CHECK(row_of(summary, "mix").output_shape == Shape{6, 5, 1, 3});
  CHECK(row_of(summary, "rest.1").output_shape == Shape{6, 15});
  CHECK(row_of(summary, "").output_shape == Shape{6, 4});

  CHECK(row_of(summary, "mix").parameters == 2 * 5 + 5);
  CHECK(row_of(summary, "rest.3").parameters == 15 * 4 + 4);
  CHECK(row_of(summary, "rest").parameters == 10 + 64);
  CHECK(summary.total().parameters == 2 + 15 + 74);
  CHECK(summary.total().parameter_bytes == 4 * (2 + 15 + 74));

  // Two for each multiply-add: 6 · 3 pixels of 5 channels, and 6 rows of 4.
  CHECK(row_of(summary, "mix").flops == 2 * (6 * 3) * 5 * 2);
  CHECK(row_of(summary, "rest.0").flops == 0);
  CHECK(row_of(summary, "rest.3").flops == 2 * (6 * 4) * 15);
  CHECK(row_of(summary, "rest").flops == row_of(summary, "rest.3").flops);
  CHECK(summary.total().flops == 2 * (6 * 3) * 5 * 2 + 2 * (6 * 4) * 15);
}

TEST_CASE("activations are the outputs of layers and none is counted twice") {
  // In evaluation dropout returns its input, and a Sequential returns the output of its last layer.
  nn::Sequential net =
      nn::sequential({nn::Linear({.in_features = 3, .out_features = 5}), nn::Dropout({.p = 0.5}), nn::ReLU()});
  const nn::Summary summary = nn::summary(net, {7, 3});
  CHECK(row_of(summary, "0").activation_bytes == 7 * 5 * 4);
  CHECK(row_of(summary, "1").activation_bytes == 0);
  CHECK(row_of(summary, "2").activation_bytes == 7 * 5 * 4);
  CHECK(summary.total().activation_bytes == 2 * 7 * 5 * 4);
}

TEST_CASE("a summary counts calls and leaves uncalled layers blank") {
  Attending net;
  const nn::Summary summary = nn::summary(net, {2, 3, 6});
  CHECK(row_of(summary, "first").flops == 2 * (2 * (2 * 3) * 6 * 6));
  CHECK(row_of(summary, "first").activation_bytes == 2 * (2 * 3 * 6 * 4));
  CHECK(row_of(summary, "first").parameters == 36);
  const nn::SummaryRow& attention = row_of(summary, "attention");
  CHECK(attention.output_shape == Shape{2, 3, 6});
  // Its result is that of the last projection.
  CHECK(attention.activation_bytes == 2 * 3 * 6 * 4);
  // Four projections, and in two heads of size 3 the scores and the sums that they weigh.
  CHECK(attention.flops == 4 * (2 * (2 * 3) * 6 * 6) + 2 * (2 * 2 * (2 * 3 * 3) * 3));
  CHECK(row_of(summary, "attention.out_proj").output_shape == Shape{2, 3, 6});

  Wasteful wasteful;
  const nn::SummaryRow unused = row_of(nn::summary(wasteful, {5, 3}), "unused");
  CHECK_FALSE(unused.output_shape.has_value());
  CHECK(unused.flops == 0);
  CHECK(unused.parameters == 8);
}

TEST_CASE("a model with several inputs is summarized with a custom call") {
  nn::MultiheadAttention attention({.embed_dim = 6, .num_heads = 2});
  const nn::Summary summary = nn::summary(attention, [&] {
    attention(Array::zeros({2, 3, 6}), Array::zeros({2, 5, 6}), Array::zeros({2, 5, 6}));
  });
  CHECK(summary.input_shapes == std::vector<Shape>{{2, 3, 6}, {2, 5, 6}, {2, 5, 6}});
  CHECK(summary.total().output_shape == Shape{2, 3, 6});
  CHECK(names_of(summary) == std::vector<std::string>{"", "out_proj"});
  CHECK_THAT(nn::to_string(summary), ContainsSubstring("for an input [2, 3, 6] and [2, 5, 6] and [2, 5, 6]"));
}

TEST_CASE("a part of a model can be summarized on its own") {
  Net net;
  const nn::Summary summary = nn::summary(net.get_submodule<nn::Module>("rest"), {6, 5, 1, 3});
  CHECK(names_of(summary) == std::vector<std::string>{"", "0", "1", "2", "3"});
  CHECK(summary.total().flops == 2 * (6 * 4) * 15);
  CHECK(row_of(summary, "3").flops == 2 * (6 * 4) * 15);
}

TEST_CASE("frozen parameters are not trainable and bytes depend on the dtype") {
  Net net;
  net.get_submodule<nn::Module>("mix").set_requires_grad(false);
  net.to(DType::f64);
  const nn::Summary summary = nn::summary(net, {6, 2, 1, 3});
  CHECK(summary.total().trainable_parameters == 2 + 74);
  CHECK(row_of(summary, "mix").trainable_parameters == 0);
  CHECK(summary.total().parameter_bytes == 8 * 91);
}

TEST_CASE("a summary leaves the model unchanged") {
  const auto make = [] {
    manual_seed(5);
    Net net;
    net.get_submodule<nn::Module>("rest.2").train();
    return net;
  };
  Net looked_at = make(), other = make();
  looked_at.get_submodule<nn::Module>("rest.0").eval();
  const nn::StateDict before = looked_at.state_dict();
  CHECK(nn::to_string(nn::summary(looked_at, {6, 2, 1, 3})) == nn::to_string(nn::summary(looked_at, {6, 2, 1, 3})));
  require_same(looked_at.state_dict(), before);
  CHECK(looked_at.is_training());
  CHECK_FALSE(looked_at.get_submodule<nn::Module>("rest.0").is_training());
  CHECK(looked_at.parameters().front().requires_grad());
  // The random stream of the dropout has not advanced.
  looked_at.train();
  require_equal(looked_at(image()).array(), other(image()).array());
  // All hooks have been removed.
  Tensor output = looked_at(image());
  const WeakArray weak(output.array());
  output = Tensor();
  CHECK_FALSE(weak.lock().defined());
}

TEST_CASE("an exception in forward leaves a summary and the model unchanged") {
  Net net;
  CHECK_THROWS_AS(nn::summary(net, {6, 3, 1, 3}), ShapeError);
  CHECK(net.is_training());
  CHECK(nn::summary(net, {6, 2, 1, 3}).total().output_shape == Shape{6, 4});
}

TEST_CASE("a printed summary is a table followed by the totals") {
  nn::Sequential net = nn::sequential(
      {nn::sequential({nn::Conv2d({.in_channels = 3, .out_channels = 64, .kernel_size = 5, .padding = 2}), nn::ReLU()}),
       nn::Flatten(), nn::Linear({.in_features = 16384, .out_features = 10})});
  net.get_submodule<nn::Module>("0").set_requires_grad(false);
  CHECK(nn::to_string(nn::summary(net, {2, 3, 16, 16})) ==
        "layer    type        output           parameters      FLOPs  activations\n"
        "(model)  Sequential  [2, 10]             168,714    5.571 M   384.08 KiB\n"
        "  0      Sequential  [2, 64, 16, 16]       4,864    4.915 M   256.00 KiB\n"
        "    0    Conv2d      [2, 64, 16, 16]       4,864    4.915 M   128.00 KiB\n"
        "    1    ReLU        [2, 64, 16, 16]                          128.00 KiB\n"
        "  1      Flatten     [2, 16384]                               128.00 KiB\n"
        "  2      Linear      [2, 10]             163,850  655.360 k         80 B\n"
        "\n"
        "parameters   168,714 (163,850 trainable), 659.04 KiB\n"
        "FLOPs        5.571 M (2.785 M multiply-adds) for an input [2, 3, 16, 16]\n"
        "activations  384.08 KiB\n");
  net.set_requires_grad(true);
  CHECK_THAT(nn::to_string(nn::summary(net, {2, 3, 16, 16})), ContainsSubstring("168,714 (all trainable)"));
}

}  // namespace test_summary
