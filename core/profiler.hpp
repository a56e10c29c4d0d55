// Where the time goes: the operators that a thread runs, and the parts of a program that are named, timed and summed.
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

/// The part of a training step that a run belongs to. What the backward of one operator runs of others belongs to the
/// backward pass; `none` is for the scopes of a program.
enum class ProfilePass : std::uint8_t { none, forward, backward };

/// "" for none.
std::string_view to_string(ProfilePass pass);

/// The sums over all runs of one name in one layer and pass.
struct ProfileEntry {
  std::string name;  ///< of the operator, "backward of " before it where its gradient was computed, or of the scope
  ProfilePass pass = ProfilePass::none;
  std::string layer;          ///< the path of the module whose forward ran it, such as "layer1.0.conv1"; or empty
  std::int64_t calls = 0;     ///< runs that came to their end
  std::int64_t total_ns = 0;  ///< nanoseconds
  std::int64_t self_ns = 0;   ///< those outside the runs within it: over all entries no moment counts twice
  std::int64_t bytes = 0;     ///< of the arrays that went in and came out, each once
  std::int64_t flops = 0;     ///< 2 · multiply-adds of the definition, padding included; 0 where it knows none
};

/// While it lives, times every operator, forward and backward, and every `ProfileScope` of its thread:
///
///     Profiler profiler;
///     train(model);
///     std::cout << profiler.table();
///     profiler.write_trace("trace.json");
///
/// A profiler that begins while another lives takes over until it ends; it must outlive the scopes begun under it. An
/// operator that throws is not counted. Bytes are those of an operator's inputs and output, for a backward of the
/// gradients that it is given and gives, each once: what it saved and its scratch memory are left out, and a reshape
/// seems to move what it shares. A run costs one or two microseconds more; without a profiler an operator tests a
/// pointer.
class Profiler {
 public:
  /// Nanoseconds since some moment; never falls.
  using Clock = std::function<std::int64_t()>;
  /// The trace keeps the first runs, some hundred steps of a small network; the sums have all of them.
  static constexpr std::int64_t max_trace_events = std::int64_t{1} << 15;

  /// By the steady clock of the machine.
  [[nodiscard]] Profiler();
  /// By a clock of one's own.
  [[nodiscard]] explicit Profiler(Clock clock);
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  /// The sums so far, by name, pass and layer.
  std::vector<ProfileEntry> entries() const;
  /// Two tables, sorted by own time; shares are of the time since the profiler began. The first has a line per operator
  /// and pass, with GB/s and GFLOP/s over its total time, and ends with what is covered and what is not. The second has
  /// a line per layer, without the layers within it, with GFLOP/s over its own time.
  std::string table() const;
  /// Writes the first runs in the Chrome trace event format, for chrome://tracing or https://ui.perfetto.dev. Every run
  /// has its layer, operands, bytes and flops; the live bytes of all arrays are a counter. Throws an IoError that names
  /// the path when it cannot be written; see `replace_file`.
  void write_trace(const std::string& path) const;

 private:
  std::unique_ptr<detail::ProfileLog> log_;
  detail::ProfileLog* previous_;
};

/// Names what the program does while it lives, as "data loading", in the table and the trace of a profiler.
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
