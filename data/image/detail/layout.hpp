// Single images in channels_last memory.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// An image (C, H, W) in channels_last memory: itself when it is already, else a copy made on the calling
/// thread alone (`Array::contiguous` shares the work out, which inside a loader's worker would start more
/// threads).
Array to_channels_last(const Array& image);

}  // namespace tapestry::data
