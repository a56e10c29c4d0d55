#include <bit>
#include <type_traits>

#include <fmt/format.h>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/reduction/reduction.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

template <class T>
T chosen_of(std::uint8_t mask, T x, T y) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t,
                                  std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint8_t>>;
  const auto taken = static_cast<Bits>(-static_cast<Bits>(mask != 0));
  const auto bits = (std::bit_cast<Bits>(x) & taken) | (std::bit_cast<Bits>(y) & static_cast<Bits>(~taken));
  return std::bit_cast<T>(static_cast<Bits>(bits));
}

struct Where {
  static constexpr std::string_view name = "where";
  Shape shape_;
  SavedTensor mask_;
  Shape shape_a_ = {}, shape_b_ = {};

  Array forward(const Tensor& a, const Tensor& b) {
    shape_a_ = a.shape();
    shape_b_ = b.shape();
    const MemoryFormat format = format_of_result(a.array(), b.array());
    Array result = Array::empty(shape_, a.dtype(), format);
    const Array chosen = broadcast_to(mask_.array(), shape_).array().contiguous(format);
    const std::uint8_t* mask = chosen.data<std::uint8_t>();
    visit_dtype(a.dtype(), [&]<class T>() {
      const Operand first(a, shape_, format), second(b, shape_, format);
      const T* x = first.array.data<T>();
      const T* y = second.array.data<T>();
      T* out = result.mutable_data<T>();
      // Bitwise and with compile-time strides: for random masks, branches would dominate the time.
      const auto choose = [&](auto stride_x, auto stride_y) {
        for_ranges(shape_.numel(), [&](std::int64_t begin, std::int64_t end) {
          for (std::int64_t i = begin; i < end; ++i) out[i] = chosen_of(mask[i], x[i * stride_x], y[i * stride_y]);
        });
      };
      using One = std::integral_constant<std::int64_t, 1>;
      using Zero = std::integral_constant<std::int64_t, 0>;
      const auto with_first = [&](auto stride_x) {
        second.is_single ? choose(stride_x, Zero()) : choose(stride_x, One());
      };
      first.is_single ? with_first(Zero()) : with_first(One());
    });
    return result;
  }

  std::vector<Tensor> backward(const Tensor& gradient, const Wanted& wanted) const {
    const Array& mask = mask_.array();
    return {wanted[0] ? sum_to(where(mask, gradient, 0), shape_a_) : Tensor(),
            wanted[1] ? sum_to(where(mask, 0, gradient), shape_b_) : Tensor()};
  }

 private:
  /// An operand in loop order: of the result's shape and format, or a single element.
  struct Operand {
    Operand(const Tensor& x, const Shape& shape, MemoryFormat format)
        : array(x.numel() == 1 ? x.array() : broadcast_to(x, shape).array().contiguous(format)),
          is_single(x.numel() == 1) {}
    Array array;
    bool is_single;
  };

  MemoryFormat format_of_result(const Array& a, const Array& b) const {
    for (const Array* operand : {&a, &b}) {
      if (operand->shape() == shape_) return operand->format();
    }
    return MemoryFormat::row_major;
  }
};

}  // namespace

Tensor where(const Array& mask, const Tensor& a, const Tensor& b) {
  if (mask.dtype() != DType::u8) {
    throw DTypeError(fmt::format("where: expected a mask of type u8, got {}", to_string(mask)));
  }
  detail::check_same_dtype("where", a, b);
  const Shape shape = broadcast_shapes(mask.shape(), broadcast_shapes(a.shape(), b.shape(), "where"), "where");
  return record(Where{.shape_ = shape, .mask_ = SavedTensor(mask)}, a, b);
}

Tensor where(const Array& mask, const Tensor& a, double b) {
  return where(mask, a, Array::scalar(b, a.dtype()));
}

Tensor where(const Array& mask, double a, const Tensor& b) {
  return where(mask, Array::scalar(a, b.dtype()), b);
}

}  // namespace tapestry
