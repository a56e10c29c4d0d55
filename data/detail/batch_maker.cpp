#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <tapestry/core/error.hpp>
#include <tapestry/core/random.hpp>
#include <tapestry/data/detail/batch_maker.hpp>
#include <tapestry/data/image/detail/layout.hpp>

namespace tapestry::data {
namespace {

// Far from the stream numbers of layers, which count up from 0: the same stream and seed would give the same numbers.
constexpr std::uint64_t order_stream = 0x6C6F61646572'0001;
constexpr std::uint64_t transform_stream = 0x6C6F61646572'0002;

void check_image(const Array& image, std::int64_t index) {
  if (!image.defined() || image.rank() != 3) {
    throw ShapeError(fmt::format("loader: expected an image (C, H, W), got {} (sample {})", to_string(image), index));
  }
  if (image.dtype() != DType::u8 && image.dtype() != DType::f32) {
    throw DTypeError(
        fmt::format("loader: expected an image of u8 or f32, got {} (sample {})", to_string(image), index));
  }
}

/// Writes an image as f32 in channels_last order.
void write_image(const Array& image, float* out) {
  const Array ordered = to_channels_last(image);
  if (ordered.dtype() == DType::f32) {
    std::copy_n(ordered.data<float>(), ordered.numel(), out);
    return;
  }
  const auto* bytes = ordered.data<std::uint8_t>();
  std::transform(bytes, bytes + ordered.numel(), out,
                 [](std::uint8_t value) { return static_cast<float>(value) / 255.0F; });
}

}  // namespace

std::int64_t count_batches(std::int64_t samples, const LoaderOptions& options) {
  const std::int64_t size = options.batch_size;
  const bool incomplete = samples % size != 0;
  return samples / size + (incomplete && !options.drop_last ? 1 : 0);
}

BatchMaker::BatchMaker(const Dataset& dataset, LoaderOptions options, std::int64_t epoch)
    : dataset_(&dataset), options_(std::move(options)), epoch_(epoch), size_(dataset.size()) {
  if (options_.shuffle) {
    order_ = RandomStream{.seed = options_.seed, .stream = order_stream, .step = static_cast<std::uint64_t>(epoch)}
                 .permutation(size_);
  }
}

std::int64_t BatchMaker::sample_index(std::int64_t position) const {
  return order_.defined() ? order_.data<std::int64_t>()[position] : position;
}

Sample BatchMaker::transformed(std::int64_t index) const {
  Sample sample = dataset_->get(index);
  if (options_.transform) {
    const auto words =
        Philox(options_.seed, transform_stream, static_cast<std::uint64_t>(epoch_))(static_cast<std::uint64_t>(index));
    RandomStream random{.seed = std::uint64_t{words[0]} << 32 | words[1],
                        .stream = std::uint64_t{words[2]} << 32 | words[3]};
    sample.image = options_.transform(sample.image, random);
  }
  check_image(sample.image, index);
  return sample;
}

Batch BatchMaker::operator()(std::int64_t number) const {
  const std::int64_t first = number * options_.batch_size;
  const std::int64_t count = std::min<std::int64_t>(options_.batch_size, size_ - first);
  Batch batch;
  Shape shape;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t index = sample_index(first + i);
    const Sample sample = transformed(index);
    if (i == 0) {
      shape = sample.image.shape();
      batch.images = Array::empty({count, shape[0], shape[1], shape[2]}, DType::f32, MemoryFormat::channels_last);
      batch.labels = Array::empty({count}, DType::i64);
    } else if (sample.image.shape() != shape) {
      throw ShapeError(fmt::format("loader: expected images of the same shape, got {} (sample {}) and {} (sample {})",
                                   to_string(shape), sample_index(first), to_string(sample.image.shape()), index));
    }
    write_image(sample.image, batch.images.mutable_data<float>() + i * shape.numel());
    batch.labels.mutable_data<std::int64_t>()[i] = sample.label;
  }
  return batch;
}

}  // namespace tapestry::data
