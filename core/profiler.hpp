// The profiler: times the operators that a thread runs and the named parts of a program.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tapestry {

namespace detail {
class ProfileLog;
}

/// The part of a training step that a run belongs to. Operators that run inside the backward of another belong to the
/// backward pass; `none` is for `ProfileScope`s.
enum class ProfilePass : std::uint8_t { none, forward, backward };

/// "" for none.
std::string_view to_string(ProfilePass pass);

/// Totals over all runs with the same name, layer and pass.
struct ProfileEntry {
  std::string name;  ///< of the operator (prefixed by "backward of " in the backward pass) or of the scope
  ProfilePass pass = ProfilePass::none;
  std::string layer;          ///< the path of the module whose forward ran it, such as "layer1.0.conv1"; or empty
  std::int64_t calls = 0;     ///< completed runs
  std::int64_t total_ns = 0;  ///< nanoseconds
  std::int64_t self_ns = 0;   ///< nanoseconds not spent in nested runs; the entries do not overlap
  std::int64_t bytes = 0;     ///< of the input and output arrays, each counted once
  std::int64_t flops = 0;     ///< 2 · multiply-adds of the definition, padding included; 0 if unknown
};

/// For its lifetime, times every operator, forward and backward, and every `ProfileScope` of its thread:
///
///     Profiler profiler;
///     train(model);
///     std::cout << profiler.table();
///     profiler.write_trace("trace.json");
///
/// A nested profiler replaces the outer one for its lifetime; it must outlive the scopes opened under it. An operator
/// that throws is not counted. Bytes are those of an operator's inputs and output, or of the incoming and outgoing
/// gradients of its backward, each counted once: saved values and scratch memory are excluded, and a reshape appears to
/// move the memory that it shares. The overhead is one or two microseconds per run; without a profiler, one test of a
/// pointer.
class Profiler {
 public:
  /// Nanoseconds since an arbitrary point in time; never decreases.
  using Clock = std::function<std::int64_t()>;
  /// The trace keeps the first runs, about a hundred steps of a small network; the totals include all runs.
  static constexpr std::int64_t max_trace_events = std::int64_t{1} << 15;

  /// Uses the system's steady clock.
  [[nodiscard]] Profiler();
  /// Uses a given clock.
  [[nodiscard]] explicit Profiler(Clock clock);
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  /// The totals so far, by name, pass and layer.
  std::vector<ProfileEntry> entries() const;
  /// Two tables, sorted by self time; percentages are of the time since the profiler started. The first has a line per
  /// operator and pass, with GB/s and GFLOP/s over its total time, and ends with the covered and uncovered time. The
  /// second has a line per layer, excluding nested layers, with GFLOP/s over its self time.
  std::string table() const;
  /// Writes the first runs in the Chrome trace event format, for chrome://tracing or https://ui.perfetto.dev. Every run
  /// has its layer, operands, bytes and flops; the live bytes of all arrays are a counter. Throws an IoError with the
  /// path when it cannot be written; see `replace_file`.
  void write_trace(const std::string& path) const;

 private:
  std::unique_ptr<detail::ProfileLog> log_;
  detail::ProfileLog* previous_;
};

/// Names a part of the program, such as "data loading", in the tables and the trace of a profiler, for its lifetime.
class ProfileScope {
 public:
  [[nodiscard]] explicit ProfileScope(std::string_view name);
  ~ProfileScope();
  ProfileScope(const ProfileScope&) = delete;
  ProfileScope& operator=(const ProfileScope&) = delete;

 private:
  detail::ProfileLog* log_;
};

}  // namespace tapestry
