#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/profile_log.hpp>
#include <tapestry/core/text_table.hpp>

namespace tapestry::detail {
namespace {

using Row = std::vector<std::string>;

std::string milliseconds(std::int64_t ns) {
  return fmt::format("{:.2f}", static_cast<double>(ns) / 1e6);
}

std::string share(std::int64_t ns, std::int64_t elapsed_ns) {
  return fmt::format("{:.1f} %",
                     100 * static_cast<double>(ns) / static_cast<double>(std::max<std::int64_t>(elapsed_ns, 1)));
}

/// In 1e9 per second; empty if the count is 0.
std::string rate(std::int64_t count, std::int64_t ns) {
  return count == 0 || ns == 0 ? "" : fmt::format("{:.1f}", static_cast<double>(count) / static_cast<double>(ns));
}

void add_to(ProfileEntry& sum, const ProfileEntry& term) {
  sum.calls += term.calls;
  sum.total_ns += term.total_ns;
  sum.self_ns += term.self_ns;
  sum.bytes += term.bytes;
  sum.flops += term.flops;
}

/// The entries of a map by descending self time.
template <class Key, class Sums, class SelfTime>
std::vector<std::pair<Key, Sums>> by_time(const std::map<Key, Sums>& sums, const SelfTime& self_ns) {
  std::vector<std::pair<Key, Sums>> sorted(sums.begin(), sums.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const auto& a, const auto& b) { return self_ns(a.second) > self_ns(b.second); });
  return sorted;
}

std::string operator_table(const std::vector<ProfileEntry>& entries, std::int64_t elapsed_ns) {
  std::map<std::pair<std::string, ProfilePass>, ProfileEntry> operators;
  std::int64_t covered_ns = 0;
  for (const ProfileEntry& entry : entries) {
    add_to(operators[{entry.name, entry.pass}], entry);
    covered_ns += entry.self_ns;
  }
  std::vector<Row> rows = {{"operator", "pass", "calls", "total ms", "self ms", "share", "mean ms", "GB/s", "GFLOP/s"}};
  for (const auto& [key, sums] : by_time(operators, [](const ProfileEntry& entry) { return entry.self_ns; })) {
    rows.push_back({key.first, std::string(to_string(key.second)), std::to_string(sums.calls),
                    milliseconds(sums.total_ns), milliseconds(sums.self_ns), share(sums.self_ns, elapsed_ns),
                    fmt::format("{:.3f}", static_cast<double>(sums.total_ns) / 1e6 / static_cast<double>(sums.calls)),
                    rate(sums.bytes, sums.total_ns), rate(sums.flops, sums.total_ns)});
  }
  const auto add_line = [&](const char* name, std::int64_t ns) {
    rows.push_back({name, "", "", "", milliseconds(ns), share(ns, elapsed_ns), "", "", ""});
  };
  add_line("(all of these)", covered_ns);
  add_line("(outside of these)", elapsed_ns - covered_ns);
  return text_table(rows);
}

std::string layer_table(const std::vector<ProfileEntry>& entries, std::int64_t elapsed_ns) {
  struct Passes {
    ProfileEntry forward, backward;
  };
  std::map<std::string, Passes> layers;
  for (const ProfileEntry& entry : entries) {
    if (entry.pass == ProfilePass::none) continue;
    Passes& passes = layers[entry.layer];
    add_to(entry.pass == ProfilePass::forward ? passes.forward : passes.backward, entry);
  }
  const auto self_ns = [](const Passes& passes) { return passes.forward.self_ns + passes.backward.self_ns; };
  std::vector<Row> rows = {{"layer", "forward ms", "GFLOP/s", "backward ms", "GFLOP/s", "share"}};
  for (const auto& [layer, passes] : by_time(layers, self_ns)) {
    const auto& [forward, backward] = passes;
    rows.push_back({layer.empty() ? "(no layer)" : layer, milliseconds(forward.self_ns),
                    rate(forward.flops, forward.self_ns), milliseconds(backward.self_ns),
                    rate(backward.flops, backward.self_ns), share(self_ns(passes), elapsed_ns)});
  }
  return text_table(rows);
}

}  // namespace

std::string profile_table(const std::vector<ProfileEntry>& entries, std::int64_t elapsed_ns) {
  return operator_table(entries, elapsed_ns) + "\n" + layer_table(entries, elapsed_ns);
}

}  // namespace tapestry::detail
