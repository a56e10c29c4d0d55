#include <cstdint>
#include <string>
#include <type_traits>

#include <tapestry/core/required.hpp>

#include "catch.hpp"

using namespace tapestry;

namespace {

struct Options {
  Required<std::int64_t> channels;
  std::int64_t stride = 1;
};

/// True when an Options can be made with the stride alone.
template <class T>
concept DefaultsChannels = requires {
  T{.stride = 2};
};
template <class T>
concept TakesChannels = requires {
  T{.channels = 2};
};

struct Optional {
  std::int64_t channels = 0;
  std::int64_t stride = 1;
};

static_assert(!std::is_default_constructible_v<Required<int>>);
static_assert(!std::is_default_constructible_v<Options>);
static_assert(!DefaultsChannels<Options>);
static_assert(TakesChannels<Options>);
// The concept is one that an aggregate without a required field meets.
static_assert(DefaultsChannels<Optional>);
static_assert(!std::is_constructible_v<Required<std::int64_t>, std::string>);

}  // namespace

TEST_CASE("a required field takes its value and gives it back") {
  const Options options = {.channels = 3, .stride = 2};
  const std::int64_t channels = options.channels;
  REQUIRE(channels == 3);
  REQUIRE(options.channels.get() == 3);
  REQUIRE(options.stride == 2);

  const Required<std::string> text = "by conversion";
  REQUIRE(text.get() == "by conversion");
}
