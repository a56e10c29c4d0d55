// An undefined array throws wherever it would need memory.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>

#include "catch.hpp"

namespace test_undefined_array {

using namespace tapestry;

TEST_CASE("an undefined array has a shape and no value") {
  REQUIRE(Array().shape() == Shape{});
  REQUIRE(Array().dtype() == DType::f32);

  Array none;
  Array some = Array::zeros({1});
  const std::vector<std::pair<std::string, std::function<void()>>> uses = {
      {"item", [&] { (void)none.item(); }},
      {"at", [&] { (void)none.at({}); }},
      {"at of an index", [&] { (void)none.at({0}); }},
      {"data", [&] { (void)none.data<float>(); }},
      {"mutable_data", [&] { (void)none.mutable_data<float>(); }},
      {"to_vector", [&] { (void)none.to_vector<float>(); }},
      {"reshape", [&] { (void)none.reshape({1}); }},
      {"reshape to its shape", [&] { (void)none.reshape(Shape{}); }},
      {"slice", [&] { (void)none.slice(0, 1); }},
      {"contiguous", [&] { (void)none.contiguous(); }},
      {"contiguous in another format", [&] { (void)none.contiguous(MemoryFormat::channels_last); }},
      {"to", [&] { (void)none.to(DType::f64); }},
      {"to its dtype", [&] { (void)none.to(DType::f32); }},
      {"clone", [&] { (void)none.clone(); }},
      {"fill", [&] { none.fill(1); }},
      {"copy_from", [&] { none.copy_from(Array::scalar(1)); }},
      {"copy_from of an undefined one", [&] { some.copy_from(none); }},
      {"empty_like", [&] { (void)Array::empty_like(none); }},
      {"version", [&] { (void)none.version(); }},
  };
  for (const auto& [name, use] : uses) {
    INFO(name);
    REQUIRE_THROWS_AS(use(), ValueError);
    REQUIRE_THROWS_WITH(use(), "array: an undefined array has no value");
  }
}

}  // namespace test_undefined_array
