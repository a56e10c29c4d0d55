// The trace file, read back as JSON.
#include <cmath>
#include <cstdint>
#include <fstream>

#include <nlohmann/json.hpp>

#include <tapestry/core/array.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/core/profile_span.hpp>
#include <tapestry/core/profiler.hpp>

#include "catch.hpp"
#include "core/profile_checks.hpp"
#include "data/temporary_folder.hpp"

namespace test_profile_trace {

using namespace tapestry;
using namespace tapestry::testing;
using detail::LayerScope;
using detail::ProfileSpan;
using nlohmann::json;

namespace {

json trace_of(const Profiler& profiler) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "trace.json").string();
  profiler.write_trace(path);
  return json::parse(std::ifstream(path));
}

std::vector<json> events_of(const json& trace, const std::string& phase) {
  std::vector<json> found;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

}  // namespace

TEST_CASE("a trace contains every run with its layer and operands and times in microseconds") {
  std::int64_t now = 5000;
  const Profiler profiler([&] { return now; });
  now += 250;
  {
    const ProfileScope scope("forward \"pass\"");
    now += 1000;
    const LayerScope layer("conv");
    ProfileSpan span("conv2d");
    span.add_input(DType::f32, {2, 3});
    span.add_input(DType::i64, {4});
    now += 2125;
    span.add_output(DType::f64, {});
    span.complete(77);
  }
  const json trace = trace_of(profiler);
  REQUIRE(trace.at("displayTimeUnit") == "ms");
  REQUIRE(trace.at("otherData").at("events_left_out") == 0);
  const auto runs = events_of(trace, "X");
  REQUIRE(runs.size() == 2);
  REQUIRE(runs[0] == json{{"name", "conv2d"},
                          {"cat", "forward"},
                          {"ph", "X"},
                          {"ts", 1.25},
                          {"dur", 2.125},
                          {"pid", 1},
                          {"tid", 1},
                          {"args",
                           {{"layer", "conv"},
                            {"inputs", {"f32[2, 3]", "i64[4]"}},
                            {"outputs", {"f64[]"}},
                            {"bytes", 24 + 32 + 8},
                            {"flops", 77}}}});
  REQUIRE(runs[1].at("name") == "forward \"pass\"");
  REQUIRE(runs[1].at("cat") == "scope");
  REQUIRE(runs[1].at("ts") == 0.25);
  REQUIRE(runs[1].at("dur") == 3.125);
}

TEST_CASE("the counter of a trace follows the memory of the arrays") {
  const Profiler profiler(ticking_clock());
  { const ProfileScope scope("before"); }
  const Array held = Array::zeros({1 << 20});
  { const ProfileScope scope("after"); }
  const auto counts = events_of(trace_of(profiler), "C");
  REQUIRE(counts.size() == 2);
  const auto live = [&](std::size_t i) { return counts[i].at("args").at("arrays").get<std::int64_t>(); };
  REQUIRE(live(1) - live(0) >= held.bytes());
}

TEST_CASE("the runs of a trace nest by the real clock") {
  const Profiler profiler;
  for (int i = 0; i < 20; ++i) {
    const ProfileScope outer("outer");
    for (int j = 0; j < 3; ++j) {
      const ProfileScope middle("middle");
      const ProfileScope inner("inner");
    }
  }
  const auto runs = events_of(trace_of(profiler), "X");
  REQUIRE(runs.size() == 20 * 7);
  // In whole nanoseconds: the text keeps all digits.
  const auto ns = [](const json& event, const char* field) {
    return std::llround(event.at(field).get<double>() * 1000);
  };
  for (const json& a : runs) {
    for (const json& b : runs) {
      const auto begin_a = ns(a, "ts"), end_a = begin_a + ns(a, "dur");
      const auto begin_b = ns(b, "ts"), end_b = begin_b + ns(b, "dur");
      const bool apart = end_a <= begin_b || end_b <= begin_a;
      const bool nested = (begin_a <= begin_b && end_b <= end_a) || (begin_b <= begin_a && end_a <= end_b);
      if (!apart && !nested) FAIL(a << " crosses " << b);
    }
  }
}

TEST_CASE("a trace keeps the first runs and reports how many it omitted while the totals include all") {
  const Profiler profiler(ticking_clock());
  for (std::int64_t i = 0; i < Profiler::max_trace_events; ++i) const ProfileScope scope("kept");
  for (int i = 0; i < 5; ++i) const ProfileScope scope("left out");
  const json trace = trace_of(profiler);
  const auto runs = events_of(trace, "X");
  REQUIRE(std::ssize(runs) == Profiler::max_trace_events);
  REQUIRE(runs.back().at("name") == "kept");
  REQUIRE(trace.at("otherData").at("events_left_out") == 5);
  REQUIRE(entry_of(profiler, "left out", ProfilePass::none).calls == 5);
}

TEST_CASE("a name that is not valid UTF-8 does not break the trace") {
  const Profiler profiler(ticking_clock());
  { const ProfileScope scope("a\xff"); }
  REQUIRE(events_of(trace_of(profiler), "X").front().at("name") == "a\xEF\xBF\xBD");
}

TEST_CASE("a trace that cannot be written names the path and leaves no files behind") {
  const Profiler profiler(ticking_clock());
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "nowhere" / "trace.json").string();
  REQUIRE_THROWS_MATCHES(
      profiler.write_trace(path), IoError,
      Catch::Matchers::Message(path + ": cannot create a temporary file beside it: No such file or directory"));
  REQUIRE(std::filesystem::is_empty(folder.path()));
}

}  // namespace test_profile_trace
