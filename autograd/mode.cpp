#include <utility>

#include <tapestry/autograd/mode.hpp>

namespace tapestry {
namespace {

struct Mode {
  bool grad = true;
  bool anomaly = false;
  bool lazy = true;
};

Mode& mode() {
  thread_local Mode current;
  return current;
}

}  // namespace

bool grad_enabled() {
  return mode().grad;
}
bool anomaly_enabled() {
  return mode().anomaly;
}
bool lazy_enabled() {
  return mode().lazy;
}

GradMode::GradMode(bool enabled) : previous_(std::exchange(mode().grad, enabled)) {}
GradMode::~GradMode() {
  mode().grad = previous_;
}

AnomalyGuard::AnomalyGuard() : previous_(std::exchange(mode().anomaly, true)) {}
AnomalyGuard::~AnomalyGuard() {
  mode().anomaly = previous_;
}

EagerGuard::EagerGuard() : previous_(std::exchange(mode().lazy, false)) {}
EagerGuard::~EagerGuard() {
  mode().lazy = previous_;
}

}  // namespace tapestry
