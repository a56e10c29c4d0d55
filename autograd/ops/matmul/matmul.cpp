#include <algorithm>

#include <fmt/format.h>

#include <tapestry/autograd/detail/lazy_product.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/matmul/detail/product.hpp>
#include <tapestry/autograd/ops/matmul/matmul.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/ops/shape/shape.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/linalg/blas.hpp>
#include <tapestry/kernels/linalg/matrix_product.hpp>

namespace tapestry {
namespace {

/// The shape without its last `count` axes.
Shape without_last(const Shape& shape, int count) {
  return Shape(shape.sizes().first(static_cast<std::size_t>(shape.rank() - count)));
}

Shape with_last(const Shape& leading, std::initializer_list<std::int64_t> last) {
  std::vector<std::int64_t> sizes(leading.begin(), leading.end());
  sizes.insert(sizes.end(), last);
  return Shape(sizes);
}

/// For every element of `batch`, in row-major order, the offset of its matrix in an array (…, R, C) of `shape` whose
/// leading axes broadcast to `batch`.
std::vector<std::int64_t> matrix_offsets(const Shape& shape, const Shape& batch) {
  std::vector<std::int64_t> offsets{0};
  std::int64_t stride = shape[-1] * shape[-2];
  std::vector<std::int64_t> strides(static_cast<std::size_t>(batch.rank()), 0);
  for (int axis = 1; axis <= shape.rank() - 2; ++axis) {
    const std::int64_t size = shape[-2 - axis];
    if (size != 1) strides[static_cast<std::size_t>(batch.rank() - axis)] = stride;
    stride *= size;
  }
  for (int axis = 0; axis < batch.rank(); ++axis) {
    std::vector<std::int64_t> finer;
    for (const std::int64_t offset : offsets) {
      for (std::int64_t i = 0; i < batch[axis]; ++i)
        finer.push_back(offset + i * strides[static_cast<std::size_t>(axis)]);
    }
    offsets = std::move(finer);
  }
  return offsets;
}

void check_batches(const Shape& a, const Shape& b) {
  for (int axis = -3; axis >= -std::min(a.rank(), b.rank()); --axis) {
    if (a[axis] == b[axis] || a[axis] == 1 || b[axis] == 1) continue;
    throw ShapeError(fmt::format("matmul: batch axes do not broadcast: {} times {}", to_string(a), to_string(b)));
  }
}

/// op(a) · op(b) of two matrices, where op may transpose.
class LazyMatmul final : public detail::LazyProduct {
 public:
  /// The result is (…, m, n), with leading axes of size 1.
  LazyMatmul(const Shape& shape, const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b)
      : LazyProduct("matmul", shape, a.dtype(), MemoryFormat::row_major),
        transpose_a_(transpose_a),
        transpose_b_(transpose_b),
        inner_(a.size(transpose_a ? -2 : -1)),
        a_(a.array()),
        b_(b.array()) {
    reads(a);
    reads(b);
  }

 private:
  Array compute_after(const detail::ArrayEpilogue& after) override {
    Array c = Array::empty(shape(), dtype());
    const std::int64_t m = c.size(-2), n = c.size(-1);
    const Array first = a_.contiguous(), second = b_.contiguous();
    visit_floating("matmul", dtype(), [&]<class T>() {
      const std::size_t bytes = kernels::matrix_product_workspace<T>(transpose_a_, transpose_b_, m, n, inner_);
      Array workspace = Array::empty({static_cast<std::int64_t>(bytes)}, DType::u8);
      kernels::matrix_product(transpose_a_, transpose_b_, m, n, inner_, first.data<T>(), second.data<T>(),
                              c.mutable_data<T>(), workspace.mutable_data<std::uint8_t>(), after.over<T>());
    });
    return c;
  }

  void release() override { a_ = b_ = Array(); }

  bool transpose_a_, transpose_b_;
  std::int64_t inner_;
  Array a_, b_;
};

/// op(a) · op(b) for every element of a batch, where op may transpose: thanks to the flags, the derivatives are
/// products again, and nothing is ever transposed in memory.
struct Matmul {
  static constexpr std::string_view name = "matmul";
  bool transpose_a_ = false, transpose_b_ = false;
  Shape shape_a_ = {}, shape_b_ = {};
  SavedTensor a_ = {}, b_ = {};
  std::int64_t flops_ = 0;

  static Tensor apply(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
    return record(Matmul{.transpose_a_ = transpose_a, .transpose_b_ = transpose_b}, a, b);
  }

  Tensor forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    if (b.requires_grad()) a_ = SavedTensor(a);
    if (a.requires_grad()) b_ = SavedTensor(b);
    const std::int64_t m = a.size(transpose_a_ ? -1 : -2);
    const std::int64_t k = a.size(transpose_a_ ? -2 : -1);
    const std::int64_t n = b.size(transpose_b_ ? -2 : -1);
    const Shape batch = broadcast_shapes(without_last(a.shape(), 2), without_last(b.shape(), 2), name);
    const Shape shape = with_last(batch, {m, n});
    flops_ = 2 * shape.numel() * k;
    if (batch.numel() == 1) return Tensor(make_lazy<LazyMatmul>(shape, a, transpose_a_, b, transpose_b_));
    Array result = Array::empty(shape, a.dtype());
    const auto offsets_a = matrix_offsets(a.shape(), batch);
    const auto offsets_b = matrix_offsets(b.shape(), batch);
    std::vector<kernels::GemmOffsets> offsets;
    for (std::size_t i = 0; i < offsets_a.size(); ++i) offsets.push_back({offsets_a[i], offsets_b[i]});
    const Array first = a.array().contiguous();
    const Array second = b.array().contiguous();
    visit_floating(name, a.dtype(), [&]<class T>() {
      kernels::batched_gemm(transpose_a_, transpose_b_, m, n, k, std::span<const kernels::GemmOffsets>(offsets),
                            first.data<T>(), second.data<T>(), result.mutable_data<T>());
    });
    return result;
  }

  std::int64_t flops() const { return flops_; }

  // With G the gradient of C = A·B: dA = G·Bᵀ and dB = Aᵀ·G, transposed where A or B is.
  std::vector<Tensor> backward(const Tensor& g, const Wanted& wanted) const {
    Tensor da, db;
    if (wanted[0]) {
      const Tensor b = b_.tensor();
      da = sum_to(transpose_a_ ? apply(b, transpose_b_, g, true) : apply(g, false, b, !transpose_b_), shape_a_);
    }
    if (wanted[1]) {
      const Tensor a = a_.tensor();
      db = sum_to(transpose_b_ ? apply(g, true, a, transpose_a_) : apply(a, !transpose_a_, g, false), shape_b_);
    }
    return {da, db};
  }
};

/// Merges all axes but the last.
Tensor as_rows(const Tensor& x) {
  return x.rank() == 2 ? x : reshape(x, Shape{without_last(x.shape(), 1).numel(), x.size(-1)});
}

}  // namespace

Tensor detail::product(const Tensor& a, bool transpose_a, const Tensor& b, bool transpose_b) {
  return Matmul::apply(a, transpose_a, b, transpose_b);
}

Tensor matmul(const Tensor& a, const Tensor& b) {
  detail::check_same_floating("matmul", a, b);
  for (const Tensor* x : {&a, &b}) {
    if (x->rank() == 0) {
      throw ShapeError(fmt::format("matmul: expected vectors or matrices, got {} times {}", to_string(a.shape()),
                                   to_string(b.shape())));
    }
  }
  const std::int64_t inner_a = a.size(-1);
  const std::int64_t inner_b = b.size(b.rank() == 1 ? 0 : -2);
  if (inner_a != inner_b) {
    throw ShapeError(fmt::format("matmul: inner sizes differ: {} and {} ({} times {})", inner_a, inner_b,
                                 to_string(a.shape()), to_string(b.shape())));
  }
  if (a.rank() > 2 && b.rank() > 2) check_batches(a.shape(), b.shape());
  if (a.rank() == 1) return squeeze(matmul(unsqueeze(a, 0), b), b.rank() == 1 ? 0 : -2);
  if (b.rank() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  if (a.rank() > 2 && b.rank() == 2) {
    // One product of all rows rather than one per element of the batch.
    return reshape(Matmul::apply(as_rows(a), false, b, false),
                   with_last(without_last(a.shape(), 2), {a.size(-2), b.size(1)}));
  }
  return Matmul::apply(a, false, b, false);
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  detail::check_same_floating("linear", x, weight);
  detail::check_rank("linear", "a weight (out_features, in_features)", weight, 2);
  if (x.rank() == 0) throw ShapeError("linear: expected an input (…, in_features), got a scalar");
  if (x.size(-1) != weight.size(1)) {
    throw ShapeError(fmt::format("linear: expected {} input features (weight {}), got {} (input {})", weight.size(1),
                                 to_string(weight.shape()), x.size(-1), to_string(x.shape())));
  }
  detail::check_bias("linear", weight, bias);
  const Tensor product = Matmul::apply(as_rows(x), false, weight, true);
  const Tensor y = bias.defined() ? product + bias : product;
  return x.rank() == 2 ? y : reshape(y, with_last(without_last(x.shape(), 1), {weight.size(0)}));
}

}  // namespace tapestry
