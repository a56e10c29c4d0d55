// Sums that are gathered into a row, in double precision where there are many terms.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace tapestry::kernels {

/// Sums of more terms are computed in double precision: added up in f32, a million equal terms are off by a percent.
inline constexpr std::int64_t many_terms = 32;

/// Writes `size` sums of up to `terms` terms to `out`: calls `add(sums)`, which adds all terms to the zeros at `sums`,
/// a pointer to doubles if there are many terms, else `out`.
template <class T, class Add>
void gather_sums(std::int64_t terms, std::int64_t size, T* out, const Add& add) {
  if (std::is_same_v<T, double> || terms <= many_terms) {
    std::fill_n(out, size, T{0});
    add(out);
    return;
  }
  std::vector<double> sums(static_cast<std::size_t>(size));
  add(sums.data());
  std::transform(sums.begin(), sums.end(), out, [](double sum) { return static_cast<T>(sum); });
}

/// Adds `size` sums to totals and clears them.
template <class T>
void move_sums(std::int64_t size, T* sums, double* totals) {
  for (std::int64_t i = 0; i < size; ++i) totals[i] += static_cast<double>(sums[i]);
  std::fill_n(sums, size, T{0});
}

}  // namespace tapestry::kernels
