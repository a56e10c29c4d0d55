// Times functions alternately, so that disturbances affect all of them.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <vector>

namespace tapestry::benchmarks {

/// The median seconds of a run of each contestant, over at least nine rounds and at least 0.4 s in total.
inline std::vector<double> median_seconds(const std::vector<std::function<void()>>& contestants) {
  constexpr std::size_t least_rounds = 9;
  constexpr double least_total = 0.4;
  std::vector<std::vector<double>> seconds(contestants.size());
  double total = 0;
  while (seconds.front().size() < least_rounds || total < least_total) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      const auto start = std::chrono::steady_clock::now();
      contestants[i]();
      const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
      seconds[i].push_back(elapsed.count());
      total += elapsed.count();
    }
  }
  std::vector<double> medians;
  for (auto& all : seconds) {
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2));
    medians.push_back(all[all.size() / 2]);
  }
  return medians;
}

}  // namespace tapestry::benchmarks
