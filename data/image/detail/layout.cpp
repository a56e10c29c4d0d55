#include <cstdint>

#include <tapestry/core/dtype.hpp>
#include <tapestry/data/image/detail/layout.hpp>

namespace tapestry::data {

Array to_channels_last(const Array& image) {
  if (image.format() == MemoryFormat::channels_last) return image;
  Array result = Array::empty(image.shape(), image.dtype(), MemoryFormat::channels_last);
  const std::int64_t channels = image.size(0);
  const std::int64_t pixels = image.size(1) * image.size(2);
  visit_dtype(image.dtype(), [&]<class T>() {
    const T* in = image.data<T>();
    T* out = result.mutable_data<T>();
    for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
      for (std::int64_t channel = 0; channel < channels; ++channel) *out++ = in[channel * pixels + pixel];
    }
  });
  return result;
}

}  // namespace tapestry::data
