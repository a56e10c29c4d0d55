// Whether operators are recorded and how closely they are watched: per thread, and only for as long as a guard lives.
#pragma once

namespace tapestry {

/// True when operators on this thread are recorded.
bool grad_enabled();
/// True when operators on this thread are checked for NaN and infinity.
bool anomaly_enabled();
/// True when operators on this thread may leave their results to be computed when they are read.
bool lazy_enabled();

/// Sets whether operators are recorded on this thread, until it goes out of scope (by an exception, too).
class GradMode {
 public:
  [[nodiscard]] explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

/// Nothing is recorded while it lives.
class NoGradGuard : GradMode {
 public:
  [[nodiscard]] NoGradGuard() : GradMode(false) {}
};

/// While it lives, the first operator whose result, or whose gradient, holds a NaN or an infinity throws a GradError
/// that names it. Every result is read once more: for finding a fault, not for training.
class AnomalyGuard {
 public:
  [[nodiscard]] AnomalyGuard();
  ~AnomalyGuard();
  AnomalyGuard(const AnomalyGuard&) = delete;
  AnomalyGuard& operator=(const AnomalyGuard&) = delete;

 private:
  bool previous_;
};

/// Computes the result of every operator on this thread at once, for its lifetime: slower, with the same bits.
class EagerGuard {
 public:
  [[nodiscard]] EagerGuard();
  ~EagerGuard();
  EagerGuard(const EagerGuard&) = delete;
  EagerGuard& operator=(const EagerGuard&) = delete;

 private:
  bool previous_;
};

}  // namespace tapestry
