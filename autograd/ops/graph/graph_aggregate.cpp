#include <memory>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/graph/detail/sparse_rows.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

/// The edge that each element of a maximum came from, or −1.
struct Chosen {
  SparseAdjacency adjacency;
  Array edges;  ///< i64, of the shape of the result
};

using SharedChosen = std::shared_ptr<const Chosen>;

Tensor spread(const SharedChosen& chosen, const Tensor& gradient);

/// weight · x[source] of the chosen edges.
struct PickChosen {
  static constexpr std::string_view name = "graph_aggregate_pick";
  SharedChosen chosen_;

  Array forward(const Tensor& x) const {
    const Array dense = x.array().contiguous();
    const auto& edges = chosen_->adjacency.edges();
    const std::int64_t features = detail::features_of(x.shape(), 1);
    Array result = Array::zeros(chosen_->edges.shape(), x.dtype());
    visit_floating(name, x.dtype(), [&]<class T>() {
      const T* in = dense.data<T>();
      T* out = result.mutable_data<T>();
      const auto* chosen = chosen_->edges.data<std::int64_t>();
      kernels::parallel_ranges(result.numel(), std::int64_t{1} << 14, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          if (chosen[i] < 0) continue;
          const auto& edge = edges[static_cast<std::size_t>(chosen[i])];
          out[i] = static_cast<T>(edge.weight) * in[edge.source * features + i % features];
        }
      });
    });
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return spread(chosen_, gradient); }
};

/// The adjoint: gradients to the sources of the chosen edges.
struct SpreadChosen {
  static constexpr std::string_view name = "graph_aggregate_gradient";
  SharedChosen chosen_;

  Array forward(const Tensor& gradient) const {
    const SparseAdjacency& adjacency = chosen_->adjacency;
    const Array g = gradient.array().contiguous();
    Array result = Array::empty(g.shape().with(0, adjacency.num_sources()), g.dtype());
    const Array weights = adjacency.weights(g.dtype());
    visit_floating(name, g.dtype(), [&]<class T>() {
      kernels::sparse_max_gradient(detail::sparse_rows(adjacency, true), detail::features_of(g.shape(), 1),
                                   weights.data<T>(), chosen_->edges.data<std::int64_t>(), g.data<T>(),
                                   result.mutable_data<T>());
    });
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return record(PickChosen{chosen_}, gradient); }
};

Tensor spread(const SharedChosen& chosen, const Tensor& gradient) {
  return record(SpreadChosen{chosen}, gradient);
}

struct MaxAggregate {
  static constexpr std::string_view name = "graph_aggregate";
  SparseAdjacency adjacency_;
  SharedChosen chosen_ = {};

  Array forward(const Tensor& x) {
    const Array dense = x.array().contiguous();
    const Shape shape = x.shape().with(0, adjacency_.num_targets());
    const Array weights = adjacency_.weights(x.dtype());
    Array result = Array::empty(shape, x.dtype());
    Array edges = Array::empty(shape, DType::i64);
    visit_floating(name, x.dtype(), [&]<class T>() {
      kernels::sparse_max(detail::sparse_rows(adjacency_), detail::features_of(shape, 1), weights.data<T>(),
                          dense.data<T>(), result.mutable_data<T>(), edges.mutable_data<std::int64_t>());
    });
    chosen_ = std::make_shared<const Chosen>(Chosen{.adjacency = adjacency_, .edges = edges});
    return result;
  }
  Tensor backward(const Tensor& gradient) const { return spread(chosen_, gradient); }
};

/// The edge weights divided by the number of edges of their targets.
Array mean_weights(const SparseAdjacency& adjacency, DType dtype) {
  const auto& begin = adjacency.by_target().begin;
  std::vector<double> weights;
  for (const auto& edge : adjacency.edges()) {
    const auto row = static_cast<std::size_t>(edge.target);
    weights.push_back(edge.weight / static_cast<double>(begin[row + 1] - begin[row]));
  }
  return Array::from({adjacency.num_edges()}, weights).to(dtype);
}

}  // namespace

Tensor graph_aggregate(const SparseAdjacency& adjacency, const Tensor& x, Aggregation aggregation) {
  constexpr std::string_view name = MaxAggregate::name;
  detail::check_floating(name, x);
  if (x.rank() < 1 || x.size(0) != adjacency.num_sources()) {
    throw ShapeError(
        fmt::format("{}: expected an x ({}, …), got {}", name, adjacency.num_sources(), to_string(x.shape())));
  }
  if (aggregation == Aggregation::max) return record(MaxAggregate{.adjacency_ = adjacency}, x);
  const bool is_sum = aggregation == Aggregation::sum;
  return sparse_matmul(adjacency, is_sum ? adjacency.weights(x.dtype()) : mean_weights(adjacency, x.dtype()), x);
}

}  // namespace tapestry
