#include <chrono>
#include <span>
#include <utility>

#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/profile_log.hpp>
#include <tapestry/core/profiler.hpp>

namespace tapestry {
namespace {

detail::ProfileLog*& active() {
  thread_local detail::ProfileLog* log = nullptr;
  return log;
}

std::int64_t steady_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

detail::ProfileLog* detail::active_log() {
  return active();
}

std::string_view to_string(ProfilePass pass) {
  switch (pass) {
    case ProfilePass::none:
      return "";
    case ProfilePass::forward:
      return "forward";
    case ProfilePass::backward:
      return "backward";
  }
  return "";
}

Profiler::Profiler() : Profiler(steady_ns) {}

Profiler::Profiler(Clock clock)
    : log_(std::make_unique<detail::ProfileLog>(std::move(clock))), previous_(std::exchange(active(), log_.get())) {}

Profiler::~Profiler() {
  active() = previous_;
}

std::vector<ProfileEntry> Profiler::entries() const {
  std::vector<ProfileEntry> result;
  for (const auto& [key, entry] : log_->entries()) result.push_back(entry);
  return result;
}

std::string Profiler::table() const {
  return detail::profile_table(entries(), log_->elapsed());
}

void Profiler::write_trace(const std::string& path) const {
  const std::string text = detail::profile_trace(*log_);
  replace_file(path, {std::as_bytes(std::span(text))});
}

ProfileScope::ProfileScope(std::string_view name) : log_(detail::active_log()) {
  if (log_ != nullptr) log_->open(std::string(name), ProfilePass::none, log_->place());
}

ProfileScope::~ProfileScope() {
  if (log_ == nullptr) return;
  log_->complete(0);
  log_->close();
}

}  // namespace tapestry
