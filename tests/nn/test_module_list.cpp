#include <stdexcept>

#include <tapestry/core/error.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module_list.hpp>
#include <tapestry/nn/sequential.hpp>

#include "core/generate.hpp"

namespace test_module_list {

using namespace tapestry;
using namespace tapestry::testing;

TEST_CASE("a module list holds modules of any class in order and names them by number") {
  nn::ModuleList list;
  list.append(nn::Linear({.in_features = 2, .out_features = 3}));
  list.append(nn::ReLU());
  nn::Linear& last = list.append(nn::Linear({.in_features = 3, .out_features = 4}));
  REQUIRE(list.size() == 3);
  REQUIRE(&list[2] == &last);
  REQUIRE_THROWS_AS(list[3], std::out_of_range);
  REQUIRE(list.named_parameters()[0].name == "0.weight");
  REQUIRE(list.named_parameters()[3].name == "2.bias");
  Tensor y = Generator(1).reals({5, 2}).to(DType::f32);
  for (nn::Module* module : list) y = (*module)(y);
  REQUIRE(y.shape() == Shape{5, 4});
}

TEST_CASE("a module list of one class returns members of that class and survives a move") {
  nn::ModuleList<nn::Linear> list;
  for (std::int64_t i = 1; i < 4; ++i) list.append(nn::Linear({.in_features = i, .out_features = i + 1}));
  const nn::ModuleList<nn::Linear> moved = std::move(list);
  REQUIRE(moved.size() == 3);
  REQUIRE(moved[1].weight().shape() == Shape{3, 2});
  REQUIRE(moved.parameters().size() == 6);
  REQUIRE(moved.children()[2].first == "2");
}

}  // namespace test_module_list
