// Vectorized exponentials of whole rows.
#pragma once

#include <cstdint>

namespace tapestry::kernels {

/// Σ e^{x[i] − largest}, in double precision throughout.
template <class T>
double exp_sum(std::int64_t size, const T* x, double largest);

/// out[i] = e^{x[i] − largest}; returns their sum. `out` may be `x`.
template <class T>
double exp_row(std::int64_t size, const T* x, T largest, T* out);

}  // namespace tapestry::kernels
