#include <functional>

#include <tapestry/autograd/ops/arithmetic/comparison.hpp>
#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/core/map.hpp>

namespace tapestry {
namespace {

template <class Holds>
Array compare(std::string_view operation, const Tensor& a, const Tensor& b, const Holds& holds) {
  detail::check_same_dtype(operation, a, b);
  return visit_dtype(a.dtype(), [&]<class T>() {
    return map<T>(a.array(), b.array(), operation, [&](T x, T y) { return static_cast<std::uint8_t>(holds(x, y)); });
  });
}

template <class Holds>
Array compare(const Tensor& a, double b, const Holds& holds) {
  return visit_dtype(a.dtype(), [&]<class T>() {
    using Common = std::conditional_t<std::is_floating_point_v<T>, T, double>;
    const auto number = static_cast<Common>(b);
    return map<T>(a.array(), [&](T x) { return static_cast<std::uint8_t>(holds(static_cast<Common>(x), number)); });
  });
}

}  // namespace

Array eq(const Tensor& a, const Tensor& b) {
  return compare("eq", a, b, std::equal_to<>());
}
Array eq(const Tensor& a, double b) {
  return compare(a, b, std::equal_to<>());
}

Array ne(const Tensor& a, const Tensor& b) {
  return compare("ne", a, b, std::not_equal_to<>());
}
Array ne(const Tensor& a, double b) {
  return compare(a, b, std::not_equal_to<>());
}

Array lt(const Tensor& a, const Tensor& b) {
  return compare("lt", a, b, std::less<>());
}
Array lt(const Tensor& a, double b) {
  return compare(a, b, std::less<>());
}

Array le(const Tensor& a, const Tensor& b) {
  return compare("le", a, b, std::less_equal<>());
}
Array le(const Tensor& a, double b) {
  return compare(a, b, std::less_equal<>());
}

Array gt(const Tensor& a, const Tensor& b) {
  return compare("gt", a, b, std::greater<>());
}
Array gt(const Tensor& a, double b) {
  return compare(a, b, std::greater<>());
}

Array ge(const Tensor& a, const Tensor& b) {
  return compare("ge", a, b, std::greater_equal<>());
}
Array ge(const Tensor& a, double b) {
  return compare(a, b, std::greater_equal<>());
}

}  // namespace tapestry
