// embedding and its adjoint, which accumulates gradients by index.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/detail/linear_operator.hpp>
#include <tapestry/autograd/ops/indexing/detail/check_indices.hpp>
#include <tapestry/autograd/ops/indexing/embedding.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/indexing.hpp>

namespace tapestry {
namespace {

using Padding = std::optional<std::int64_t>;

/// The selection of rows with the padding row as zeros: its adjoint gives the padding row no gradient.
struct SelectRows {
  static constexpr std::string_view name = "embedding";
  static constexpr std::string_view adjoint_name = "embedding_gradient";
  Shape table_;
  Padding padding_;
  SavedTensor indices_;

  Array forward(const Tensor& weight) const { return selected(weight, padding_); }

  /// The rows of the table; the row `hidden` reads as zeros.
  Array selected(const Tensor& weight, Padding hidden) const {
    const Array& indices = indices_.array();
    const std::int64_t size = table_[1];
    std::vector<std::int64_t> sizes(indices.shape().begin(), indices.shape().end());
    sizes.push_back(size);
    Array result = Array::empty(Shape(sizes), weight.dtype());
    if (result.numel() == 0) return result;
    visit_floating(name, weight.dtype(), [&]<class T>() {
      const auto* index = indices.data<std::int64_t>();
      T* out = result.mutable_data<T>();
      kernels::index_select({.outer = 1, .size = table_[0], .inner = size}, indices.numel(), index,
                            weight.array().data<T>(), out);
      for (std::int64_t i = 0; hidden && i < indices.numel(); ++i) {
        if (index[i] == hidden) std::fill_n(out + i * size, size, T{0});
      }
    });
    return result;
  }

  Array adjoint(const Tensor& gradient) const {
    Array result = Array::zeros(table_, gradient.dtype());
    if (gradient.numel() == 0) return result;
    const Array rows = gradient.array().contiguous();
    visit_floating(adjoint_name, gradient.dtype(), [&]<class T>() {
      T* out = result.mutable_data<T>();
      kernels::index_add({.outer = 1, .size = table_[0], .inner = table_[1]}, indices_.array().numel(),
                         indices_.array().data<std::int64_t>(), rows.data<T>(), out);
      if (padding_) std::fill_n(out + *padding_ * table_[1], table_[1], T{0});
    });
    return result;
  }
};

struct Embedding {
  static constexpr std::string_view name = "embedding";
  std::shared_ptr<const SelectRows> rows_;

  Array forward(const Tensor& weight) const { return rows_->selected(weight, {}); }
  Tensor backward(const Tensor& gradient) const {
    return record(detail::LinearOperator<SelectRows, true>{rows_}, gradient);
  }
};

}  // namespace

Tensor embedding(const Array& indices, const Tensor& weight, Padding padding_idx) {
  constexpr std::string_view name = Embedding::name;
  detail::check_floating(name, weight);
  detail::check_rank(name, "a weight (V, D)", weight, 2);
  detail::check_indices(name, indices, weight.shape(), 0);
  if (padding_idx && (*padding_idx < 0 || *padding_idx >= weight.size(0))) {
    throw ValueError(fmt::format("{}: padding_idx {} is outside [0, {}) (weight {})", name, *padding_idx,
                                 weight.size(0), to_string(weight.shape())));
  }
  SelectRows rows = {.table_ = weight.shape(), .padding_ = padding_idx, .indices_ = SavedTensor(indices.contiguous())};
  return record(Embedding{std::make_shared<const SelectRows>(std::move(rows))}, weight);
}

Array sinusoidal_positions(std::int64_t length, std::int64_t embed_dim, DType dtype) {
  constexpr std::string_view name = "sinusoidal_positions";
  if (length < 0 || embed_dim < 1) {
    throw ValueError(
        fmt::format("{}: length must be at least 0 and embed_dim at least 1, got {} and {}", name, length, embed_dim));
  }
  if (!is_floating(dtype)) throw_not_floating(name, dtype);
  std::vector<double> values;
  for (std::int64_t place = 0; place < length; ++place) {
    for (std::int64_t i = 0; i < embed_dim; ++i) {
      const double exponent = static_cast<double>(i / 2 * 2) / static_cast<double>(embed_dim);
      const double angle = static_cast<double>(place) / std::pow(10000.0, exponent);
      values.push_back(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
    }
  }
  return Array::from({length, embed_dim}, values).to(dtype);
}

}  // namespace tapestry
