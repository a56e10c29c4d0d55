// The records of a profiler and its open runs.
#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <tapestry/core/dtype.hpp>
#include <tapestry/core/profile_span.hpp>
#include <tapestry/core/profiler.hpp>
#include <tapestry/core/shape.hpp>

namespace tapestry::detail {

/// An input or output of a run, without its memory.
struct ProfileOperand {
  DType dtype;
  Shape shape;
};

/// The description of a run.
struct ProfileFacts {
  std::vector<ProfileOperand> inputs, outputs;
  std::int64_t bytes = 0;
  std::int64_t flops = 0;
};

class ProfileLog {
 public:
  using Key = std::tuple<std::string, ProfilePass, std::string>;
  using Entries = std::map<Key, ProfileEntry>;
  /// A run for the trace.
  struct Event {
    const ProfileEntry* entry;
    std::int64_t begin_ns, end_ns;
    std::int64_t live_bytes;  ///< of all arrays, at its end
    ProfileFacts facts;
  };
  /// The place that a run belongs to.
  struct Place {
    ProfilePass pass = ProfilePass::forward;
    LayerPath layer;
  };

  explicit ProfileLog(Profiler::Clock clock);

  /// Begins a run nested in the open one. Runs nested in it belong to `place`.
  void open(std::string name, ProfilePass pass, Place place);
  /// Resumes a run that was counted before.
  void reopen(std::string name, ProfilePass pass, Place place);
  void add_input(DType dtype, const Shape& shape);
  void add_output(DType dtype, const Shape& shape);
  /// Marks the open run as complete.
  void complete(std::int64_t flops);
  /// Ends the open run and counts it if it is complete.
  void close();

  const Place& place() const { return place_; }
  void set_layer(LayerPath layer) { place_.layer = std::move(layer); }

  const Entries& entries() const { return entries_; }
  const std::vector<Event>& events() const { return events_; }
  /// The number of runs not kept for the trace.
  std::int64_t events_left_out() const { return events_left_out_; }
  /// Nanoseconds since the profiler started.
  std::int64_t elapsed() const { return clock_() - begin_; }

 private:
  struct Run {
    std::string name;
    ProfilePass pass;
    Place outer;
    std::int64_t begin_ns;
    std::int64_t within_ns = 0;  ///< of nested runs
    bool is_complete = false;
    bool is_rest = false;  ///< of a run that was counted before
    ProfileFacts facts = {};
  };
  /// True until the trace is full.
  bool is_tracing() const { return std::ssize(events_) < Profiler::max_trace_events; }
  void count(Run& run, std::int64_t end_ns);

  Profiler::Clock clock_;
  std::int64_t begin_;
  Place place_;
  std::vector<Run> open_;
  Entries entries_;
  std::vector<Event> events_;
  std::int64_t events_left_out_ = 0;
};

/// The log of this thread's profiler; null when there is none.
ProfileLog* active_log();

/// The two tables of `Profiler::table`.
std::string profile_table(const std::vector<ProfileEntry>& entries, std::int64_t elapsed_ns);
/// The contents of `Profiler::write_trace`.
std::string profile_trace(const ProfileLog& log);

}  // namespace tapestry::detail
