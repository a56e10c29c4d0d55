// Element types of arrays.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string_view>
#include <type_traits>

namespace tapestry {

/// The element types: floating point of 4 and 8 bytes, signed integers of 8 bytes, unsigned bytes.
enum class DType : std::uint8_t { f32, f64, i64, u8 };

/// Bytes of one element.
constexpr std::int64_t item_size(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
    case DType::i64:
      return 8;
    case DType::u8:
      return 1;
  }
  return 0;
}

/// "f32", "f64", "i64" or "u8".
constexpr std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return "f32";
    case DType::f64:
      return "f64";
    case DType::i64:
      return "i64";
    case DType::u8:
      return "u8";
  }
  return "?";
}

/// Writes the name of a dtype: "f32".
std::ostream& operator<<(std::ostream& out, DType dtype);

/// True for f32 and f64.
constexpr bool is_floating(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f64;
}

namespace detail {

template <class T>
struct DTypeOf {
  static_assert(!std::is_same_v<T, T>,
                "the element types of arrays are float (f32), double (f64), std::int64_t (i64) and std::uint8_t (u8)");
};
template <>
struct DTypeOf<float> : std::integral_constant<DType, DType::f32> {};
template <>
struct DTypeOf<double> : std::integral_constant<DType, DType::f64> {};
template <>
struct DTypeOf<std::int64_t> : std::integral_constant<DType, DType::i64> {};
template <>
struct DTypeOf<std::uint8_t> : std::integral_constant<DType, DType::u8> {};

}  // namespace detail

/// The DType of a C++ type: `dtype_of<float>` is `DType::f32`. Other types than the four do not compile.
template <class T>
inline constexpr DType dtype_of = detail::DTypeOf<std::remove_cv_t<T>>::value;

/// Throws a DTypeError stating that `operation` requires floating-point arrays.
[[noreturn]] void throw_not_floating(std::string_view operation, DType dtype);

/// Calls `body.template operator()<T>()` with the C++ type of a dtype.
template <class Body>
decltype(auto) visit_dtype(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::f32:
      return body.template operator()<float>();
    case DType::f64:
      return body.template operator()<double>();
    case DType::i64:
      return body.template operator()<std::int64_t>();
    case DType::u8:
      break;
  }
  return body.template operator()<std::uint8_t>();
}

/// `visit_dtype` for f32 and f64; throws a DTypeError naming `operation` for the others.
template <class Body>
decltype(auto) visit_floating(std::string_view operation, DType dtype, Body&& body) {
  if (dtype == DType::f64) return body.template operator()<double>();
  if (dtype != DType::f32) throw_not_floating(operation, dtype);
  return body.template operator()<float>();
}

}  // namespace tapestry
