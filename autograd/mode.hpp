// Modes of the calling thread (recording, anomaly detection, lazy evaluation), each set by a guard for its lifetime.
#pragma once

#include <utility>

namespace tapestry {

namespace detail {

/// Replaces a value of the calling thread, which `current` returns, for its lifetime.
template <class Value, Value& (*current)()>
class ThreadValueGuard {
 public:
  [[nodiscard]] explicit ThreadValueGuard(Value value) : previous_(std::exchange(current(), std::move(value))) {}
  ~ThreadValueGuard() { current() = std::move(previous_); }
  ThreadValueGuard(const ThreadValueGuard&) = delete;
  ThreadValueGuard& operator=(const ThreadValueGuard&) = delete;

 private:
  Value previous_;
};

bool& grad_mode();
bool& anomaly_mode();
bool& lazy_mode();

}  // namespace detail

/// True when operators on this thread are recorded.
bool grad_enabled();
/// True when operators on this thread are checked for NaN and infinity.
bool anomaly_enabled();
/// True when operators on this thread may defer their results until they are read.
bool lazy_enabled();

/// Enables or disables recording on this thread for its lifetime.
class GradMode : detail::ThreadValueGuard<bool, detail::grad_mode> {
 public:
  [[nodiscard]] explicit GradMode(bool enabled) : ThreadValueGuard(enabled) {}
};

/// Disables recording for its lifetime.
class NoGradGuard : GradMode {
 public:
  [[nodiscard]] NoGradGuard() : GradMode(false) {}
};

/// For its lifetime, the first operator whose result or gradient contains a NaN or an infinity throws a GradError that
/// names it. Every result is read once more: meant for debugging, not for training.
class AnomalyGuard : detail::ThreadValueGuard<bool, detail::anomaly_mode> {
 public:
  [[nodiscard]] AnomalyGuard() : ThreadValueGuard(true) {}
};

/// Computes the result of every operator on this thread at once, for its lifetime: slower, with the same bits.
class EagerGuard : detail::ThreadValueGuard<bool, detail::lazy_mode> {
 public:
  [[nodiscard]] EagerGuard() : ThreadValueGuard(false) {}
};

}  // namespace tapestry
