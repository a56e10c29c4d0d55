// Accessors of temporary modules and summaries do not return dangling references.
#include <type_traits>
#include <utility>

#include <tapestry/nn/inspect/summary.hpp>
#include <tapestry/nn/sequential.hpp>

#include "catch.hpp"

namespace test_lifetimes {

using namespace tapestry;

namespace {

template <class T>
concept GivesChildren = requires(T&& module) {
  std::forward<T>(module).children();
};
static_assert(GivesChildren<nn::Sequential&> && GivesChildren<const nn::Sequential&>);
static_assert(!GivesChildren<nn::Sequential>);

using nn::Summary;
static_assert(std::is_same_v<decltype(std::declval<Summary>().total()), nn::SummaryRow>);
static_assert(std::is_same_v<decltype(std::declval<const Summary&>().total()), const nn::SummaryRow&>);

}  // namespace

TEST_CASE("the total of a temporary summary may be bound to a reference") {
  Summary summary;
  summary.rows.emplace_back().name = "net";
  const nn::SummaryRow& total = std::move(summary).total();
  summary.rows.clear();
  REQUIRE(total.name == "net");
}

}  // namespace test_lifetimes
