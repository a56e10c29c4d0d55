#include <utility>

#include <tapestry/core/profile_log.hpp>

namespace tapestry::detail {

LayerPath current_layer() {
  const ProfileLog* log = active_log();
  return log == nullptr ? nullptr : log->place().layer;
}

ProfileOrigin ProfileOrigin::here(std::string_view name) {
  const ProfileLog* log = active_log();
  if (log == nullptr) return {.name = name, .layer = nullptr};
  return {.name = name, .pass = log->place().pass, .layer = log->place().layer};
}

ProfileSpan::ProfileSpan(std::string_view name) : log_(active_log()) {
  if (log_ != nullptr) log_->open(std::string(name), log_->place().pass, log_->place());
}

ProfileSpan::ProfileSpan(std::string_view name, const LayerPath& layer) : log_(active_log()) {
  if (log_ == nullptr) return;
  log_->open("backward of " + std::string(name), ProfilePass::backward, {ProfilePass::backward, layer});
}

ProfileSpan::ProfileSpan(const ProfileOrigin& origin) : log_(active_log()) {
  if (log_ != nullptr) log_->reopen(std::string(origin.name), origin.pass, {origin.pass, origin.layer});
}

ProfileSpan::~ProfileSpan() {
  if (log_ != nullptr) log_->close();
}

void ProfileSpan::add_input(DType dtype, const Shape& shape) {
  if (log_ != nullptr) log_->add_input(dtype, shape);
}
void ProfileSpan::add_output(DType dtype, const Shape& shape) {
  if (log_ != nullptr) log_->add_output(dtype, shape);
}
void ProfileSpan::complete(std::int64_t flops) {
  if (log_ != nullptr) log_->complete(flops);
}

LayerScope::LayerScope(std::string_view name) : log_(name.empty() ? nullptr : active_log()) {
  if (log_ == nullptr) return;
  outer_ = log_->place().layer;
  log_->set_layer(std::make_shared<const std::string>(outer_ ? *outer_ + "." + std::string(name) : std::string(name)));
}

LayerScope::~LayerScope() {
  if (log_ != nullptr) log_->set_layer(std::move(outer_));
}

}  // namespace tapestry::detail
