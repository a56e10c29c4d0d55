#include <cmath>

#include <fmt/format.h>

#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/dropout/dropout.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/nn/init.hpp>
#include <tapestry/nn/layers/graph.hpp>

namespace tapestry::nn {
namespace {

void check_channels(std::string_view layer, std::int64_t in, std::int64_t out) {
  if (in < 1 || out < 1) throw ValueError(fmt::format("{}: channels must be at least 1, got {} → {}", layer, in, out));
}

void check_nodes(std::string_view layer, const Tensor& x, std::int64_t in, const SparseAdjacency& adjacency) {
  const std::int64_t nodes = adjacency.num_sources();
  if (nodes != adjacency.num_targets()) {
    throw ShapeError(fmt::format("{}: expected edges among the same nodes, got {} sources and {} targets", layer, nodes,
                                 adjacency.num_targets()));
  }
  if (x.shape() != Shape{nodes, in}) {
    throw ShapeError(fmt::format("{}: expected x [{}, {}], got {}", layer, nodes, in, to_string(x.shape())));
  }
}

/// Uniform in ±√(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).
void init_glorot(const Tensor& weight, std::int64_t fans) {
  const double bound = std::sqrt(6 / static_cast<double>(fans));
  init::uniform(weight, -bound, bound);
}

Linear projection(std::string_view layer, std::int64_t in, std::int64_t out, bool bias) {
  check_channels(layer, in, out);
  return Linear({.in_features = in, .out_features = out, .bias = bias});
}

GatConv::Options checked(const GatConv::Options& options) {
  check_channels("GatConv", options.in_channels, options.out_channels);
  if (options.heads < 1) throw ValueError(fmt::format("GatConv: heads must be at least 1, got {}", options.heads));
  check_dropout_probability("GatConv", options.dropout);
  return options;
}

}  // namespace

GcnConv::GcnConv(const Options& options)
    : options_(options), lin_(add("lin", projection("GcnConv", options.in_channels, options.out_channels, false))) {
  init_glorot(lin_.weight(), options.in_channels + options.out_channels);
  if (options.bias) bias_ = add_parameter("bias", Array::zeros({options.out_channels}));
}

Tensor GcnConv::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  check_nodes("GcnConv", x, options_.in_channels, adjacency);
  if (!given_ || !given_->is_same(adjacency)) {
    normalized_ = adjacency.with_self_loops().normalized();
    given_ = adjacency;
  }
  const Tensor y = graph_aggregate(*normalized_, lin_(x));
  return bias_.defined() ? y + bias_ : y;
}

SageConv::SageConv(const Options& options)
    : options_(options),
      lin_l_(add("lin_l", projection("SageConv", options.in_channels, options.out_channels, options.bias))),
      lin_r_(add("lin_r", projection("SageConv", options.in_channels, options.out_channels, false))) {}

Tensor SageConv::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  check_nodes("SageConv", x, options_.in_channels, adjacency);
  return lin_l_(graph_aggregate(adjacency, x, options_.aggregation)) + lin_r_(x);
}

GatConv::GatConv(const Options& options)
    : options_(checked(options)),
      stream_(new_random_stream()),
      att_src_(add_parameter("att_src", Array::empty({1, options.heads, options.out_channels}))),
      att_dst_(add_parameter("att_dst", Array::empty({1, options.heads, options.out_channels}))),
      lin_(add("lin", projection("GatConv", options.in_channels, options.heads * options.out_channels, false))) {
  const std::int64_t out = options.out_channels, of_all_heads = options.heads * out;
  init_glorot(lin_.weight(), options.in_channels + of_all_heads);
  init_glorot(att_src_, options.heads + out);
  init_glorot(att_dst_, options.heads + out);
  if (options.bias) bias_ = add_parameter("bias", Array::zeros({options.concat ? of_all_heads : out}));
}

Tensor GatConv::forward(const Tensor& x, const SparseAdjacency& adjacency) const {
  check_nodes("GatConv", x, options_.in_channels, adjacency);
  if (!given_ || !given_->is_same(adjacency)) {
    looped_ = adjacency.with_self_loops();
    given_ = adjacency;
  }
  const std::int64_t nodes = x.size(0), heads = options_.heads, out = options_.out_channels;
  const Tensor projected = reshape(lin_(x), {nodes, heads, out});
  const Tensor of_sources = index_select(sum(projected * att_src_, {-1}), 0, looped_->sources());
  const Tensor of_targets = index_select(sum(projected * att_dst_, {-1}), 0, looped_->targets());
  Tensor weights =
      edge_softmax(*looped_, leaky_relu(of_sources + of_targets, {.negative_slope = options_.negative_slope}));
  if (is_training()) weights = dropout(weights, options_.dropout, stream_);
  const Tensor attended = sparse_matmul(*looped_, weights, projected);
  const Tensor y = options_.concat ? reshape(attended, {nodes, heads * out}) : mean(attended, {1});
  return bias_.defined() ? y + bias_ : y;
}

}  // namespace tapestry::nn
