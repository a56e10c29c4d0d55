#include <utility>

#include <tapestry/core/allocator.hpp>
#include <tapestry/core/profile_log.hpp>

namespace tapestry::detail {

ProfileLog::ProfileLog(Profiler::Clock clock) : clock_(std::move(clock)), begin_(clock_()) {}

void ProfileLog::open(std::string name, ProfilePass pass, Place place) {
  Run& run = open_.emplace_back(Run{.name = std::move(name), .pass = pass, .outer = place_, .begin_ns = 0});
  place_ = std::move(place);
  run.begin_ns = elapsed();
}

void ProfileLog::reopen(std::string name, ProfilePass pass, Place place) {
  open(std::move(name), pass, std::move(place));
  open_.back().is_rest = true;
  open_.back().is_complete = true;
}

void ProfileLog::add_input(DType dtype, const Shape& shape) {
  ProfileFacts& facts = open_.back().facts;
  facts.bytes += shape.numel() * item_size(dtype);
  if (is_tracing()) facts.inputs.push_back({dtype, shape});
}

void ProfileLog::add_output(DType dtype, const Shape& shape) {
  ProfileFacts& facts = open_.back().facts;
  facts.bytes += shape.numel() * item_size(dtype);
  if (is_tracing()) facts.outputs.push_back({dtype, shape});
}

void ProfileLog::complete(std::int64_t flops) {
  open_.back().facts.flops = flops;
  open_.back().is_complete = true;
}

void ProfileLog::close() {
  const std::int64_t end_ns = elapsed();
  Run run = std::move(open_.back());
  open_.pop_back();
  // The nested runs of a run that is not counted belong to the enclosing run.
  if (!open_.empty()) open_.back().within_ns += run.is_complete ? end_ns - run.begin_ns : run.within_ns;
  if (run.is_complete) count(run, end_ns);
  place_ = std::move(run.outer);
}

void ProfileLog::count(Run& run, std::int64_t end_ns) {
  const std::string layer = place_.layer ? *place_.layer : "";
  const auto [place, is_new] = entries_.try_emplace({run.name, run.pass, layer});
  ProfileEntry& entry = place->second;
  if (is_new) entry = {.name = run.name, .pass = run.pass, .layer = layer};
  const std::int64_t total_ns = end_ns - run.begin_ns;
  if (!run.is_rest) ++entry.calls;
  entry.total_ns += total_ns;
  entry.self_ns += total_ns - run.within_ns;
  entry.bytes += run.facts.bytes;
  entry.flops += run.facts.flops;
  if (!is_tracing()) {
    ++events_left_out_;
    return;
  }
  events_.push_back({.entry = &entry,
                     .begin_ns = run.begin_ns,
                     .end_ns = end_ns,
                     .live_bytes = Allocator::instance().statistics().live_bytes,
                     .facts = std::move(run.facts)});
}

}  // namespace tapestry::detail
