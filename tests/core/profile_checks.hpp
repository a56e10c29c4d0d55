// Helpers for the tests of the profiler.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <tapestry/core/profiler.hpp>

#include "catch.hpp"

namespace tapestry::testing {

/// A clock that advances by one nanosecond per reading.
inline Profiler::Clock ticking_clock() {
  return [now = std::int64_t{0}]() mutable { return now++; };
}

/// The entries of a name in a pass, one per layer.
inline std::vector<ProfileEntry> entries_of(const Profiler& profiler, const std::string& name, ProfilePass pass) {
  std::vector<ProfileEntry> found;
  for (const ProfileEntry& entry : profiler.entries()) {
    if (entry.name == name && entry.pass == pass) found.push_back(entry);
  }
  return found;
}

/// The only entry of a name in a pass.
inline ProfileEntry entry_of(const Profiler& profiler, const std::string& name, ProfilePass pass) {
  const auto found = entries_of(profiler, name, pass);
  INFO(name << " " << to_string(pass));
  REQUIRE(found.size() == 1);
  return found.front();
}

/// "name pass layer" of every entry, in alphabetical order.
inline std::vector<std::string> labels_of(const Profiler& profiler) {
  std::vector<std::string> labels;
  for (const ProfileEntry& entry : profiler.entries()) {
    labels.push_back(entry.name + " " + std::string(to_string(entry.pass)) + " " + entry.layer);
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

}  // namespace tapestry::testing
