#include <sstream>

#include <tapestry/autograd/ops/arithmetic/arithmetic.hpp>
#include <tapestry/autograd/tensor.hpp>

#include "catch.hpp"

namespace test_print {

using namespace tapestry;

namespace {

std::string text_of(const Tensor& tensor) {
  std::ostringstream out;
  out << tensor;
  return out.str();
}

}  // namespace

TEST_CASE("tensors are printed like arrays and say whether they require a gradient") {
  Tensor x = Array::from<double>({2, 2}, {1, 2, 3, 4});
  REQUIRE(text_of(x) ==
          "tensor([[1., 2.],\n"
          "        [3., 4.]], dtype=f64)");
  x.set_requires_grad();
  REQUIRE(text_of(x) ==
          "tensor([[1., 2.],\n"
          "        [3., 4.]], dtype=f64, requires_grad=true)");
  REQUIRE(text_of(x * 0.5) ==
          "tensor([[0.5000, 1.0000],\n"
          "        [1.5000, 2.0000]], dtype=f64, requires_grad=true)");
  REQUIRE(text_of(Array::scalar(7)) == "tensor(7.)");
  REQUIRE(text_of({}) == "tensor(undefined)");
}

}  // namespace test_print
