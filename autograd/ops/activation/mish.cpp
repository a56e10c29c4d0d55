#include <tapestry/autograd/ops/activation/activation.hpp>
#include <tapestry/autograd/ops/activation/detail/bounded.hpp>
#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/ops/detail/vector_elementwise.hpp>
#include <tapestry/autograd/record.hpp>

namespace tapestry {
namespace {

/// min(x, 20): beyond that tanh(ln(1 + eˣ)) is 1 to the last bit.
constexpr auto at_most_20 = [](auto x) { return x > 20 ? decltype(x){20} : x; };
/// max(x, −10⁶): below that the exponential is 0, and an infinite x would lead to 0 · ∞.
constexpr auto not_infinite = [](auto x) { return x < -1e6F ? decltype(x){-1e6F} : x; };

struct Mish {
  static constexpr std::string_view name = "mish";
  SavedTensor x_;

  // With e = eˣ and n = e · (e + 2): tanh(ln(1 + e)) = n / (n + 2)
  Array forward(const Tensor& x) {
    x_ = SavedTensor(x);
    return detail::map_through(name, x, detail::exp_in_vectors, at_most_20, [](auto value, auto e) {
      const auto n = e * (e + 2);
      return not_infinite(value) * (n / (n + 2));
    });
  }

  // With t = tanh(ln(1 + e)): t + x · (1 − t²) · e / (1 + e), where 1 − t² = 4 · (1 + e)² / (n + 2)²
  Array backward(const Array& gradient) const {
    return detail::map_through(name, gradient, x_.array(), detail::exp_in_vectors, at_most_20,
                               [](auto g, auto x, auto e) {
                                 const auto n = e * (e + 2);
                                 const auto d = 1 / (n + 2);
                                 return g * (n * d + at_most_20(not_infinite(x)) * (4 * (1 + e) * d * (e * d)));
                               });
  }
  Tensor backward(const Tensor& gradient) const {
    const Tensor x = detail::bounded(x_.tensor(), 1e6);
    const Tensor t = tanh(softplus(x));
    return gradient * (t + x * ((1 - t * t) * sigmoid(x)));
  }
};

}  // namespace

Tensor mish(const Tensor& x) {
  return record(Mish{}, x);
}

}  // namespace tapestry
