// Color maps for numbers from 0 to 1.
#pragma once

#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::viz {

/// From dark violet through blue and green to yellow, with uniformly increasing brightness: matplotlib's "viridis".
/// Numbers outside [0, 1] are clamped, NaN counts as 0.
data::Color viridis(double share);

/// From blue through green and yellow to red: the reversed "Spectral" of ColorBrewer (Brewer, 2003). Numbers outside
/// [0, 1] are clamped, NaN counts as 0.
data::Color spectral(double share);

}  // namespace tapestry::viz
