#include <utility>

#include <tapestry/autograd/mode.hpp>

namespace tapestry {
namespace {

struct Mode {
  bool grad = true;
  bool anomaly = false;
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

GradMode::GradMode(bool enabled) : previous_(std::exchange(mode().grad, enabled)) {}
GradMode::~GradMode() {
  mode().grad = previous_;
}

AnomalyGuard::AnomalyGuard() : previous_(std::exchange(mode().anomaly, true)) {}
AnomalyGuard::~AnomalyGuard() {
  mode().anomaly = previous_;
}

}  // namespace tapestry
