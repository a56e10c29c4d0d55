#include <tapestry/autograd/mode.hpp>

namespace tapestry {

bool& detail::grad_mode() {
  thread_local bool is_enabled = true;
  return is_enabled;
}

bool& detail::anomaly_mode() {
  thread_local bool is_enabled = false;
  return is_enabled;
}

bool& detail::lazy_mode() {
  thread_local bool is_enabled = true;
  return is_enabled;
}

bool grad_enabled() {
  return detail::grad_mode();
}

bool anomaly_enabled() {
  return detail::anomaly_mode();
}

bool lazy_enabled() {
  return detail::lazy_mode();
}

}  // namespace tapestry
