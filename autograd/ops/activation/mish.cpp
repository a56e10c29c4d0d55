#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

/// min(x, 20): beyond that tanh(ln(1 + eˣ)) is 1 to the last bit.
constexpr auto bounded = [](auto x) { return x > 20 ? decltype(x){20} : x; };

struct Mish {
  static constexpr std::string_view name = "mish";
  SavedTensor x_;

  // With e = eˣ and n = e · (e + 2): tanh(ln(1 + e)) = n / (n + 2)
  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(name, x, detail::exp_in_vectors, bounded, [](auto value, auto e) {
      const auto n = e * (e + 2);
      return value * (n / (n + 2));
    });
  }

  // With t = tanh(ln(1 + e)): t + x · (1 − t²) · e / (1 + e), where 1 − t² = 4 · (1 + e)² / (n + 2)²
  Array backward(const Array& gradient) const {
    return detail::map_through(name, gradient, x_.array(), detail::exp_in_vectors, bounded, [](auto g, auto x, auto e) {
      const auto n = e * (e + 2);
      const auto d = 1 / (n + 2);
      return g * (n * d + x * (4 * (1 + e) * d * (e * d)));
    });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = x_.tensor();
    const Tensor t = tanh(softplus(x));
    return gradient * (t + x * ((1 - t * t) * sigmoid(x)));
  }
};

}  // namespace

Tensor mish(const Tensor& x) {
  return record(Mish{}, x);
}

}  // namespace tapestry
