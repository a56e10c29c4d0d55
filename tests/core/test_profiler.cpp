// The totals of the profiler with a clock that the tests control: sums, nesting, layers, threads, tables.
#include <optional>
#include <stdexcept>
#include <thread>

#include <tapestry/core/profile_span.hpp>
#include <tapestry/core/profiler.hpp>

#include "catch.hpp"
#include "core/profile_checks.hpp"

namespace test_profiler {

using namespace tapestry;
using namespace tapestry::testing;
using detail::LayerScope;
using detail::ProfileSpan;

namespace {

/// A profiler whose clock advances only by `advance`.
class TimedProfiler {
 public:
  Profiler& profiler() { return profiler_; }
  void advance(std::int64_t ns) { now_ += ns; }
  /// A complete run of an operator.
  void run(std::string_view name, std::int64_t ns) {
    ProfileSpan span(name);
    advance(ns);
    span.complete();
  }

 private:
  std::int64_t now_ = 1000;
  Profiler profiler_{[this] { return now_; }};
};

}  // namespace

TEST_CASE("runs are totaled by name and nested time is counted once") {
  TimedProfiler timed;
  for (const std::int64_t ns : {3, 5}) {
    const ProfileScope scope("step");
    timed.advance(ns);
    {
      ProfileSpan outer("outer");
      timed.advance(10);
      timed.run("inner", 100);
      timed.run("inner", 200);
      outer.complete();
    }
    timed.advance(1000);
  }
  const auto step = entry_of(timed.profiler(), "step", ProfilePass::none);
  REQUIRE(step.calls == 2);
  REQUIRE(step.total_ns == 2 * 1310 + 8);
  REQUIRE(step.self_ns == 2 * 1000 + 8);
  const auto outer = entry_of(timed.profiler(), "outer", ProfilePass::forward);
  REQUIRE(outer.calls == 2);
  REQUIRE(outer.total_ns == 620);
  REQUIRE(outer.self_ns == 20);
  const auto inner = entry_of(timed.profiler(), "inner", ProfilePass::forward);
  REQUIRE(inner.calls == 4);
  REQUIRE(inner.total_ns == 600);
  REQUIRE(inner.self_ns == 600);
}

TEST_CASE("bytes count defined inputs and outputs only") {
  TimedProfiler timed;
  for (int i = 0; i < 2; ++i) {
    ProfileSpan span("op");
    REQUIRE(span.is_on());
    span.add_input(DType::f64, {3, 5});
    span.add_input(DType::u8, {7});
    span.add_output(DType::f32, {2, 0});
    span.add_output(DType::f32, {});
    span.complete(1234);
  }
  const auto entry = entry_of(timed.profiler(), "op", ProfilePass::forward);
  REQUIRE(entry.bytes == 2 * (120 + 7 + 0 + 4));
  REQUIRE(entry.flops == 2 * 1234);
}

TEST_CASE("a run that throws is not counted and its nested runs belong to the enclosing run") {
  TimedProfiler timed;
  {
    ProfileSpan outer("outer");
    timed.advance(1);
    const auto fail = [&] {
      const ProfileSpan failing("failing");
      timed.advance(10);
      timed.run("inner", 100);
      throw std::runtime_error("no");
    };
    REQUIRE_THROWS_AS(fail(), std::runtime_error);
    outer.complete();
  }
  REQUIRE(labels_of(timed.profiler()) == std::vector<std::string>{"inner forward ", "outer forward "});
  REQUIRE(entry_of(timed.profiler(), "outer", ProfilePass::forward).total_ns == 111);
  REQUIRE(entry_of(timed.profiler(), "outer", ProfilePass::forward).self_ns == 11);
}

TEST_CASE("runs belong to the layer that runs them and a backward to the layer of its forward") {
  TimedProfiler timed;
  detail::LayerPath of_conv;
  const auto forward = [&](bool fails) {
    const LayerScope block("layer1");
    timed.run("relu", 1);
    const LayerScope alone("");
    const LayerScope conv("conv");
    of_conv = detail::current_layer();
    timed.run("conv2d", 1);
    if (fails) throw std::runtime_error("no");
  };
  forward(false);
  REQUIRE_THROWS_AS(forward(true), std::runtime_error);
  REQUIRE(detail::current_layer() == nullptr);
  timed.run("loss", 1);
  {
    ProfileSpan backward("conv2d", of_conv);
    timed.run("conv_transpose2d", 1);
    REQUIRE(detail::current_layer() == of_conv);
    backward.complete();
  }
  timed.run("loss", 1);
  REQUIRE(labels_of(timed.profiler()) ==
          std::vector<std::string>{"backward of conv2d backward layer1.conv", "conv2d forward layer1.conv",
                                   "conv_transpose2d backward layer1.conv", "loss forward ", "relu forward layer1"});
}

TEST_CASE("without a profiler a span is off and there is no layer") {
  const LayerScope layer("layer1");
  ProfileSpan span("op");
  REQUIRE_FALSE(span.is_on());
  span.add_input(DType::f32, {2});
  span.complete();
  REQUIRE(detail::current_layer() == nullptr);
}

TEST_CASE("runs that start before or end after the profiler are not counted") {
  std::optional<ProfileScope> early("early");
  const Profiler outer(ticking_clock());
  early.reset();
  REQUIRE(outer.entries().empty());
  {
    const Profiler inner(ticking_clock());
    const ProfileScope seen("inner");
    REQUIRE(inner.entries().empty());
  }
  REQUIRE(outer.entries().empty());
  { const ProfileScope scope("outer"); }
  REQUIRE(labels_of(outer) == std::vector<std::string>{"outer  "});
}

TEST_CASE("every thread has its own profiler") {
  const Profiler here(ticking_clock());
  std::vector<std::string> there;
  std::thread other([&] {
    { const ProfileScope unseen("before"); }
    const Profiler profiler(ticking_clock());
    for (int i = 0; i < 3; ++i) const ProfileScope scope("there");
    there = labels_of(profiler);
  });
  for (int i = 0; i < 3; ++i) const ProfileScope scope("here");
  other.join();
  REQUIRE(there == std::vector<std::string>{"there  "});
  REQUIRE(labels_of(here) == std::vector<std::string>{"here  "});
}

TEST_CASE("the tables are aligned and sorted by time and report uncovered time") {
  TimedProfiler timed;
  constexpr std::int64_t ms = 1'000'000;
  detail::LayerPath path;
  {
    const LayerScope layer("layer1");
    const LayerScope conv("conv");
    path = detail::current_layer();
    for (int i = 0; i < 2; ++i) {
      ProfileSpan span("conv2d");
      span.add_input(DType::f32, {1000, 1000});
      timed.advance(10 * ms);
      span.complete(500 * ms);
    }
  }
  timed.run("loss", 5 * ms);
  {
    ProfileSpan span("conv2d", path);
    timed.run("conv_transpose2d", 50 * ms);
    timed.advance(ms / 2);
    span.complete();
  }
  {
    const ProfileScope scope("optimizer step");
    timed.advance(4 * ms + ms / 2);
  }
  timed.advance(20 * ms);
  REQUIRE(timed.profiler().table() ==
          "operator                pass  calls  total ms  self ms   share  mean ms  GB/s  GFLOP/s\n"
          "conv_transpose2d    backward      1     50.00    50.00  50.0 %   50.000\n"
          "conv2d               forward      2     20.00    20.00  20.0 %   10.000   0.4     50.0\n"
          "loss                 forward      1      5.00     5.00   5.0 %    5.000\n"
          "optimizer step                    1      4.50     4.50   4.5 %    4.500\n"
          "backward of conv2d  backward      1     50.50     0.50   0.5 %   50.500\n"
          "(all of these)                                   80.00  80.0 %\n"
          "(outside of these)                               20.00  20.0 %\n"
          "\n"
          "layer        forward ms  GFLOP/s  backward ms  GFLOP/s   share\n"
          "layer1.conv       20.00     50.0        50.50           70.5 %\n"
          "(no layer)         5.00                  0.00            5.0 %\n");
}

TEST_CASE("an empty table has headings") {
  TimedProfiler timed;
  REQUIRE(timed.profiler().table() ==
          "operator            pass  calls  total ms  self ms  share  mean ms  GB/s  GFLOP/s\n"
          "(all of these)                                0.00  0.0 %\n"
          "(outside of these)                            0.00  0.0 %\n"
          "\n"
          "layer  forward ms  GFLOP/s  backward ms  GFLOP/s  share\n");
}

}  // namespace test_profiler
