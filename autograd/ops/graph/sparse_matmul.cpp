// Products over the edges of a graph: weighted sums over nodes, and inner products of pairs of nodes, which are the
// derivatives of each other.
#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/graph/detail/sparse_rows.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

/// For every edge (and head), the inner product of the features of its target and its source.
struct EdgeProducts {
  static constexpr std::string_view name = "sparse_matmul_weight_gradient";
  SparseAdjacency adjacency_;
  Shape weights_shape_;
  SavedTensor targets_ = {}, sources_ = {};
  std::int64_t flops_ = 0;

  std::int64_t flops() const { return flops_; }
  Array forward(const Tensor& targets, const Tensor& sources) {
    if (sources.requires_grad()) targets_ = SavedTensor(targets);
    if (targets.requires_grad()) sources_ = SavedTensor(sources);
    flops_ = 2 * adjacency_.num_edges() * detail::features_of(targets.shape(), 1);
    Array result = Array::empty(weights_shape_, targets.dtype());
    const Array left = targets.array().contiguous();
    const Array right = sources.array().contiguous();
    visit_floating(name, targets.dtype(), [&]<class T>() {
      kernels::sparse_dot(detail::sparse_rows(adjacency_), weights_shape_.rank() == 1 ? 1 : weights_shape_[1],
                          detail::features_of(targets.shape(), weights_shape_.rank()), left.data<T>(), right.data<T>(),
                          result.mutable_data<T>());
    });
    return result;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const;
};

/// Σ weight · x over the edges of every target or, if transposed, of every source.
struct SparseSum {
  static constexpr std::string_view name = "sparse_matmul";
  SparseAdjacency adjacency_;
  bool transposed_ = false;
  SavedTensor weights_ = {}, x_ = {};
  Shape weights_shape_ = {};
  std::int64_t flops_ = 0;

  std::int64_t flops() const { return flops_; }
  Array forward(const Tensor& weights, const Tensor& x) {
    if (weights.requires_grad()) x_ = SavedTensor(x);
    if (x.requires_grad()) weights_ = SavedTensor(weights);
    weights_shape_ = weights.shape();
    flops_ = 2 * adjacency_.num_edges() * detail::features_of(x.shape(), 1);
    const kernels::SparseRows rows = detail::sparse_rows(adjacency_, transposed_);
    return detail::run_kernel(
        name, x, x.shape().with(0, rows.rows), MemoryFormat::row_major, [&]<class T>(const T* in, T* out) {
          kernels::sparse_sum(rows, weights.rank() == 1 ? 1 : weights.size(1),
                              detail::features_of(x.shape(), weights.rank()), weights.array().data<T>(), in, out);
        });
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    Tensor dweights, dx;
    if (wanted[0]) {
      const Tensor x = x_.tensor();
      dweights = record(EdgeProducts{.adjacency_ = adjacency_, .weights_shape_ = weights_shape_},
                        transposed_ ? x : gradient, transposed_ ? gradient : x);
    }
    if (wanted[1])
      dx = record(SparseSum{.adjacency_ = adjacency_, .transposed_ = !transposed_}, weights_.tensor(), gradient);
    return {dweights, dx};
  }
};

std::vector<Tensor> EdgeProducts::backward(const Tensor& gradient, const Wanted& wanted) const {
  const auto summed = [&](bool transposed, const SavedTensor& other) {
    return record(SparseSum{.adjacency_ = adjacency_, .transposed_ = transposed}, gradient, other.tensor());
  };
  return {wanted[0] ? summed(false, sources_) : Tensor(), wanted[1] ? summed(true, targets_) : Tensor()};
}

}  // namespace

Tensor sparse_matmul(const SparseAdjacency& adjacency, const Tensor& edge_weights, const Tensor& x) {
  constexpr std::string_view name = SparseSum::name;
  detail::check_same_floating(name, edge_weights, x);
  const bool has_heads = edge_weights.rank() == 2;
  if ((edge_weights.rank() != 1 && !has_heads) || edge_weights.size(0) != adjacency.num_edges()) {
    throw ShapeError(fmt::format("{}: expected edge_weights ({}) or ({}, H), got {}", name, adjacency.num_edges(),
                                 adjacency.num_edges(), to_string(edge_weights.shape())));
  }
  if (x.rank() < edge_weights.rank() || x.size(0) != adjacency.num_sources() ||
      (has_heads && x.size(1) != edge_weights.size(1))) {
    throw ShapeError(fmt::format("{}: expected an x ({}{}, …) (edge_weights {}), got {}", name, adjacency.num_sources(),
                                 has_heads ? fmt::format(", {}", edge_weights.size(1)) : "",
                                 to_string(edge_weights.shape()), to_string(x.shape())));
  }
  return record(SparseSum{.adjacency_ = adjacency}, edge_weights, x);
}

}  // namespace tapestry
