// Modes of the calling thread (recording, anomaly detection, lazy evaluation), each set by a guard for its lifetime.
#pragma once

namespace tapestry {

/// True when operators on this thread are recorded.
bool grad_enabled();
/// True when operators on this thread are checked for NaN and infinity.
bool anomaly_enabled();
/// True when operators on this thread may defer their results until they are read.
bool lazy_enabled();

/// Enables or disables recording on this thread for its lifetime.
class GradMode {
 public:
  [[nodiscard]] explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

/// Disables recording for its lifetime.
class NoGradGuard : GradMode {
 public:
  [[nodiscard]] NoGradGuard() : GradMode(false) {}
};

/// For its lifetime, the first operator whose result or gradient contains a NaN or an infinity throws a GradError that
/// names it. Every result is read once more: meant for debugging, not for training.
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
