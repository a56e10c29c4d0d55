// Single images in channels_last memory.
#pragma once

#include <tapestry/core/array.hpp>

namespace tapestry::data {

/// An image (C, H, W) in channels_last memory: itself if it already is, otherwise a copy made on the calling thread
/// (`Array::contiguous` would start more threads inside a loader's worker).
Array to_channels_last(const Array& image);

}  // namespace tapestry::data
