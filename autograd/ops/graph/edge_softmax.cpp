#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/run_kernel.hpp>
#include <tapestry/autograd/ops/graph/detail/sparse_rows.hpp>
#include <tapestry/autograd/ops/graph/graph.hpp>
#include <tapestry/autograd/ops/indexing/indexing.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>

namespace tapestry {
namespace {

struct EdgeSoftmax {
  static constexpr std::string_view name = "edge_softmax";
  SparseAdjacency adjacency_;
  SavedTensor y_ = {};

  Array forward(const Tensor& scores) {
    Array y = detail::run_kernel(name, scores, scores.shape(), MemoryFormat::row_major, [&](const auto* in, auto* out) {
      kernels::sparse_softmax(detail::sparse_rows(adjacency_), detail::features_of(scores.shape(), 1), in, out);
    });
    y_ = SavedTensor::output(y);
    return y;
  }

  Array backward(const Array& gradient) const {
    return detail::run_kernel(
        name, gradient, gradient.shape(), MemoryFormat::row_major, [&]<class T>(const T* dy, T* dx) {
          kernels::sparse_softmax_gradient(detail::sparse_rows(adjacency_), detail::features_of(gradient.shape(), 1),
                                           y_.array().data<T>(), dy, dx);
        });
  }

  // dxᵢ = yᵢ · (gᵢ − Σⱼ gⱼ yⱼ) over the edges j of the same target
  Tensor backward(const Tensor& gradient) const {
    const Tensor y = y_.tensor();
    const Tensor product = gradient * y;
    const Shape per_source = product.shape().with(0, adjacency_.num_sources());
    const Tensor sums = sparse_matmul(adjacency_, product, Array::full(per_source, 1, y.dtype()));
    return y * (gradient - index_select(sums, 0, adjacency_.targets()));
  }
};

}  // namespace

Tensor edge_softmax(const SparseAdjacency& adjacency, const Tensor& scores) {
  constexpr std::string_view name = EdgeSoftmax::name;
  detail::check_floating(name, scores);
  if (scores.rank() < 1 || scores.rank() > 2 || scores.size(0) != adjacency.num_edges()) {
    throw ShapeError(fmt::format("{}: expected scores ({}) or ({}, H), got {}", name, adjacency.num_edges(),
                                 adjacency.num_edges(), to_string(scores.shape())));
  }
  return record(EdgeSoftmax{.adjacency_ = adjacency}, scores);
}

}  // namespace tapestry
