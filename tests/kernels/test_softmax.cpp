#include <cmath>
#include <cstdint>
#include <vector>

#include <tapestry/kernels/reduction/softmax.hpp>

#include "core/generate.hpp"

namespace test_softmax {

using namespace tapestry;
using namespace tapestry::testing;
using kernels::MiddleAxis;

namespace {

/// A call of each kernel on f64, with two operands and a result.
using Kernel = void (*)(const MiddleAxis&, const double*, const double*, double*);

void softmax(const MiddleAxis& axis, const double* x, const double*, double* y) {
  kernels::softmax(axis, x, y);
}
void log_softmax(const MiddleAxis& axis, const double* x, const double*, double* y) {
  kernels::log_softmax(axis, x, y);
}
void softmax_gradient(const MiddleAxis& axis, const double* y, const double* dy, double* dx) {
  kernels::softmax_gradient(axis, y, dy, dx);
}
void log_softmax_gradient(const MiddleAxis& axis, const double* y, const double* dy, double* dx) {
  kernels::log_softmax_gradient(axis, y, dy, dx);
}

/// The definition of each kernel for a row of `a` and `b`.
std::vector<double> row_plainly(Kernel kernel, const MiddleAxis& axis, const double* a, const double* b) {
  long double powers = 0, products = 0, sum = 0;
  for (std::int64_t i = 0; i < axis.size; ++i) {
    powers += std::exp(static_cast<long double>(a[i * axis.inner]));
    products += static_cast<long double>(a[i * axis.inner]) * b[i * axis.inner];
    sum += b[i * axis.inner];
  }
  std::vector<double> result;
  for (std::int64_t i = 0; i < axis.size; ++i) {
    const long double x = a[i * axis.inner], dy = b[i * axis.inner];
    if (kernel == softmax) result.push_back(static_cast<double>(std::exp(x) / powers));
    if (kernel == log_softmax) result.push_back(static_cast<double>(x - std::log(powers)));
    if (kernel == softmax_gradient) result.push_back(static_cast<double>(x * (dy - products)));
    if (kernel == log_softmax_gradient) result.push_back(static_cast<double>(dy - std::exp(x) * sum));
  }
  return result;
}

}  // namespace

TEST_CASE("softmax and log_softmax and their gradients match plain loops for rows in any layout") {
  Generator random(1);
  for (const Kernel kernel : {softmax, log_softmax, softmax_gradient, log_softmax_gradient}) {
    for (const std::int64_t inner : {1, 2, 17, 64, 65, 150}) {
      for (const std::int64_t size : {1, 7, 8, 21}) {
        const MiddleAxis axis = {.outer = 3, .size = size, .inner = inner};
        const Array a = random.reals({3, size, inner}, -3, 3), b = random.reals({3, size, inner});
        std::vector<double> got(static_cast<std::size_t>(a.numel()));
        kernel(axis, a.data<double>(), b.data<double>(), got.data());
        for (std::int64_t row = 0; row < 3 * inner; ++row) {
          const std::int64_t first = row / inner * size * inner + row % inner;
          const auto wanted = row_plainly(kernel, axis, a.data<double>() + first, b.data<double>() + first);
          for (std::int64_t i = 0; i < size; ++i) {
            INFO("inner " << inner << ", size " << size << ", element " << i << " of row " << row);
            // Sums of 21 products up to 3, times factors up to 21: 21 · 3 · 21 · 2⁻⁵³ = 1.5e-13.
            REQUIRE(std::abs(got[static_cast<std::size_t>(first + i * inner)] - wanted[static_cast<std::size_t>(i)]) <=
                    1.5e-13);
          }
        }
      }
    }
  }
}

TEST_CASE("softmax of an empty axis or of no rows writes nothing") {
  double untouched = 7;
  for (const MiddleAxis axis : {MiddleAxis{3, 0, 2}, MiddleAxis{0, 3, 2}, MiddleAxis{0, 3, 1}}) {
    kernels::softmax(axis, &untouched, &untouched);
    kernels::log_softmax_gradient(axis, &untouched, &untouched, &untouched);
  }
  REQUIRE(untouched == 7);
}

}  // namespace test_softmax
