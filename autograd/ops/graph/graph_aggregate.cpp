#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/graph/detail/sparse_rows.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry {
namespace {

/// weight · x[source] of the edge that each element of a maximum came from.
struct PickChosen {
  static constexpr std::string_view name = "graph_aggregate_pick";
  static constexpr std::string_view adjoint_name = "graph_aggregate_gradient";
  SparseAdjacency adjacency_;
  Array chosen_;  ///< i64, of the shape of the result; −1 for none

  Array forward(const Tensor& x) const {
    const Array dense = x.array().contiguous();
    const auto& edges = adjacency_.edges();
    const std::int64_t features = detail::features_of(x.shape(), 1);
    Array result = Array::zeros(chosen_.shape(), x.dtype());
    visit_floating(name, x.dtype(), [&]<class T>() {
      const T* in = dense.data<T>();
      T* out = result.mutable_data<T>();
      const auto* chosen = chosen_.data<std::int64_t>();
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

  /// Adds gradients at the sources of the chosen edges.
  Array adjoint(const Tensor& gradient) const {
    const Array weights = adjacency_.weights(gradient.dtype());
    return detail::run_kernel(adjoint_name, gradient, gradient.shape().with(0, adjacency_.num_sources()),
                              MemoryFormat::row_major, [&]<class T>(const T* dy, T* dx) {
                                kernels::sparse_max_gradient(detail::sparse_rows(adjacency_, true),
                                                             detail::features_of(gradient.shape(), 1),
                                                             weights.data<T>(), chosen_.data<std::int64_t>(), dy, dx);
                              });
  }
};

struct MaxAggregate {
  static constexpr std::string_view name = "graph_aggregate";
  SparseAdjacency adjacency_;
  Array chosen_ = {};

  Array forward(const Tensor& x) {
    const Shape shape = x.shape().with(0, adjacency_.num_targets());
    const Array weights = adjacency_.weights(x.dtype());
    chosen_ = Array::empty(shape, DType::i64);
    return detail::run_kernel(name, x, shape, MemoryFormat::row_major, [&]<class T>(const T* in, T* out) {
      kernels::sparse_max(detail::sparse_rows(adjacency_), detail::features_of(shape, 1), weights.data<T>(), in, out,
                          chosen_.mutable_data<std::int64_t>());
    });
  }

  Tensor backward(const Tensor& gradient) const {
    return detail::record_adjoint(PickChosen{.adjacency_ = adjacency_, .chosen_ = chosen_}, gradient);
  }
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
