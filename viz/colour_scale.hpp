// Scales of colours for numbers from 0 to 1.
#pragma once

#include <tapestry/data/drawing/draw.hpp>

namespace tapestry::viz {

/// From dark violet through blue and green to yellow, evenly brighter: matplotlib's "viridis". Numbers outside of [0,
/// 1] count as its ends, NaN as 0.
data::Colour viridis(double share);

/// From blue through green and yellow to red: the reversed "Spectral" of ColorBrewer (Brewer, 2003). Numbers outside of
/// [0, 1] count as its ends, NaN as 0.
data::Colour spectral(double share);

}  // namespace tapestry::viz
