#include <cstdint>
#include <string>
#include <type_traits>

#include <tapestry/core/array.hpp>
#include <tapestry/core/required.hpp>

#include "catch.hpp"

namespace test_required {

using namespace tapestry;

namespace {

struct Options {
  Required<std::int64_t> channels;
  std::int64_t stride = 1;
};

static_assert(!std::is_constructible_v<Required<std::int64_t>, std::string>);

// What a required field must not be initialized from fails with a sentence: tests/structure/compile_errors.sh.
static_assert(std::is_convertible_v<int, Required<std::int64_t>>);
static_assert(std::is_convertible_v<std::size_t, Required<std::int64_t>>);
static_assert(std::is_convertible_v<Required<std::int64_t>&, Required<std::int64_t>>);
static_assert(std::is_convertible_v<const Required<int>&, Required<std::int64_t>>);
// Floating-point numbers are initialized from integers and from floating-point numbers that are not wider.
static_assert(std::is_convertible_v<int, Required<double>>);
static_assert(std::is_convertible_v<float, Required<double>>);
static_assert(std::is_convertible_v<bool, Required<bool>>);

/// A value with several numbers.
struct Sizes {
  std::int64_t height, width;
};
struct Window {
  Required<Sizes> size;
};
template <class T>
concept TakesNumbers = requires {
  Window{.size = {T{1}, T{7}}};
};
static_assert(TakesNumbers<int> && TakesNumbers<std::int64_t>);
static_assert(!TakesNumbers<double> && !TakesNumbers<float>);
static_assert(!std::is_constructible_v<Required<Sizes>, int, int, int>);
static_assert(!std::is_constructible_v<Required<std::string>, const char*, const char*>);

}  // namespace

TEST_CASE("a required field stores its value") {
  const Options options = {.channels = 3, .stride = 2};
  const std::int64_t channels = options.channels;
  REQUIRE(channels == 3);
  REQUIRE(options.channels.get() == 3);
  REQUIRE(options.stride == 2);

  const Required<std::string> text = "by conversion";
  REQUIRE(text.get() == "by conversion");
  const Window window = {.size = {1, 7}};
  REQUIRE(window.size.get().width == 7);
  const Required<Shape> shape = {4, 5, 6};
  REQUIRE(shape.get() == Shape{4, 5, 6});
}

}  // namespace test_required
