// The trace event format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#include <algorithm>

#include <nlohmann/json.hpp>

#include <tapestry/core/profile_log.hpp>

namespace tapestry::detail {
namespace {

using nlohmann::ordered_json;

double microseconds(std::int64_t ns) {
  return static_cast<double>(ns) / 1000;
}

ordered_json texts_of(const std::vector<ProfileOperand>& operands) {
  ordered_json texts = ordered_json::array();
  for (const auto& [dtype, shape] : operands) texts.push_back(std::string(to_string(dtype)) + to_string(shape));
  return texts;
}

ordered_json run_event(const ProfileLog::Event& event) {
  const auto& [entry, begin_ns, end_ns, live_bytes, facts] = event;
  return {{"name", entry->name},
          {"cat", entry->pass == ProfilePass::none ? "scope" : to_string(entry->pass)},
          {"ph", "X"},
          {"ts", microseconds(begin_ns)},
          {"dur", microseconds(end_ns - begin_ns)},
          {"pid", 1},
          {"tid", 1},
          {"args",
           {{"layer", entry->layer},
            {"inputs", texts_of(facts.inputs)},
            {"outputs", texts_of(facts.outputs)},
            {"bytes", facts.bytes},
            {"flops", facts.flops}}}};
}

ordered_json memory_event(const ProfileLog::Event& event) {
  return {{"name", "live bytes"},
          {"ph", "C"},
          {"ts", microseconds(event.end_ns)},
          {"pid", 1},
          {"args", {{"arrays", event.live_bytes}}}};
}

}  // namespace

std::string profile_trace(const ProfileLog& log) {
  ordered_json events = ordered_json::array();
  for (const ProfileLog::Event& event : log.events()) {
    events.push_back(run_event(event));
    events.push_back(memory_event(event));
  }
  const ordered_json trace = {{"traceEvents", std::move(events)},
                              {"displayTimeUnit", "ms"},
                              {"otherData", {{"events_left_out", log.events_left_out()}}}};
  // Invalid UTF-8 in a name is replaced, because an error after hours of work would lose the trace.
  return trace.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace tapestry::detail
