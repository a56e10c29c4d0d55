#include <tapestry/kernels/conv/conv2d_reference.hpp>
#include <tapestry/kernels/runtime/parallel.hpp>

namespace tapestry::kernels::reference {
namespace {

/// Offset of pixel (row, column) of image n, at the first of its channels.
struct Image {
  std::int64_t height, width, channels;
  std::int64_t at(std::int64_t n, std::int64_t row, std::int64_t column) const {
    return ((n * height + row) * width + column) * channels;
  }
  bool contains(std::int64_t row, std::int64_t column) const {
    return row >= 0 && row < height && column >= 0 && column < width;
  }
};

Image input_image(const Conv2dGeometry& g) {
  return {g.in_height, g.in_width, g.in_channels};
}
Image output_image(const Conv2dGeometry& g) {
  return {g.out_height, g.out_width, g.out_channels};
}

std::int64_t weight_at(const Conv2dGeometry& g, std::int64_t k, std::int64_t c, std::int64_t i, std::int64_t j) {
  return ((k * (g.in_channels / g.groups) + c) * g.kernel_height + i) * g.kernel_width + j;
}

template <class T>
double product(T a, T b) {
  return static_cast<double>(a) * static_cast<double>(b);
}

}  // namespace

template <class T>
void forward(const Conv2dGeometry& g, const T* x, const T* weight, const T* bias, T* y) {
  const Image in = input_image(g);
  const Image out = output_image(g);
  const std::int64_t in_group = g.in_channels / g.groups;
  const std::int64_t out_group = g.out_channels / g.groups;
  parallel_for(g.batch * g.out_height, [&](std::int64_t image_row, int) {
    const std::int64_t n = image_row / g.out_height;
    const std::int64_t row = image_row % g.out_height;
    for (std::int64_t column = 0; column < g.out_width; ++column) {
      for (std::int64_t k = 0; k < g.out_channels; ++k) {
        double sum = bias == nullptr ? 0 : static_cast<double>(bias[k]);
        for (std::int64_t i = 0; i < g.kernel_height; ++i) {
          for (std::int64_t j = 0; j < g.kernel_width; ++j) {
            const std::int64_t in_row = row * g.stride_height - g.pad_top + i * g.dilation_height;
            const std::int64_t in_column = column * g.stride_width - g.pad_left + j * g.dilation_width;
            if (!in.contains(in_row, in_column)) continue;
            const T* pixel = x + in.at(n, in_row, in_column) + k / out_group * in_group;
            for (std::int64_t c = 0; c < in_group; ++c) sum += product(pixel[c], weight[weight_at(g, k, c, i, j)]);
          }
        }
        y[out.at(n, row, column) + k] = static_cast<T>(sum);
      }
    }
  });
}

template <class T>
void input_gradient(const Conv2dGeometry& g, const T* dy, const T* weight, const T* bias, T* dx) {
  const Image in = input_image(g);
  const Image out = output_image(g);
  const std::int64_t in_group = g.in_channels / g.groups;
  const std::int64_t out_group = g.out_channels / g.groups;
  parallel_for(g.batch * g.in_height, [&](std::int64_t image_row, int) {
    const std::int64_t n = image_row / g.in_height;
    const std::int64_t row = image_row % g.in_height;
    for (std::int64_t column = 0; column < g.in_width; ++column) {
      for (std::int64_t c = 0; c < g.in_channels; ++c) {
        double sum = bias == nullptr ? 0 : static_cast<double>(bias[c]);
        for (std::int64_t i = 0; i < g.kernel_height; ++i) {
          for (std::int64_t j = 0; j < g.kernel_width; ++j) {
            const std::int64_t strided_row = row + g.pad_top - i * g.dilation_height;
            const std::int64_t strided_column = column + g.pad_left - j * g.dilation_width;
            if (strided_row % g.stride_height != 0 || strided_column % g.stride_width != 0) continue;
            const std::int64_t out_row = strided_row / g.stride_height;
            const std::int64_t out_column = strided_column / g.stride_width;
            if (!out.contains(out_row, out_column)) continue;
            const std::int64_t first = c / in_group * out_group;
            const T* pixel = dy + out.at(n, out_row, out_column);
            for (std::int64_t k = first; k < first + out_group; ++k) {
              sum += product(pixel[k], weight[weight_at(g, k, c % in_group, i, j)]);
            }
          }
        }
        dx[in.at(n, row, column) + c] = static_cast<T>(sum);
      }
    }
  });
}

template <class T>
void weight_gradient(const Conv2dGeometry& g, const T* x, const T* dy, T* dweight) {
  const Image in = input_image(g);
  const Image out = output_image(g);
  const std::int64_t in_group = g.in_channels / g.groups;
  const std::int64_t out_group = g.out_channels / g.groups;
  parallel_for(g.out_channels * in_group, [&](std::int64_t channel_pair, int) {
    const std::int64_t k = channel_pair / in_group;
    const std::int64_t c = channel_pair % in_group;
    for (std::int64_t i = 0; i < g.kernel_height; ++i) {
      for (std::int64_t j = 0; j < g.kernel_width; ++j) {
        double sum = 0;
        for (std::int64_t n = 0; n < g.batch; ++n) {
          for (std::int64_t row = 0; row < g.out_height; ++row) {
            for (std::int64_t column = 0; column < g.out_width; ++column) {
              const std::int64_t in_row = row * g.stride_height - g.pad_top + i * g.dilation_height;
              const std::int64_t in_column = column * g.stride_width - g.pad_left + j * g.dilation_width;
              if (!in.contains(in_row, in_column)) continue;
              sum += product(x[in.at(n, in_row, in_column) + k / out_group * in_group + c],
                             dy[out.at(n, row, column) + k]);
            }
          }
        }
        dweight[weight_at(g, k, c, i, j)] = static_cast<T>(sum);
      }
    }
  });
}

template void forward(const Conv2dGeometry&, const float*, const float*, const float*, float*);
template void forward(const Conv2dGeometry&, const double*, const double*, const double*, double*);
template void input_gradient(const Conv2dGeometry&, const float*, const float*, const float*, float*);
template void input_gradient(const Conv2dGeometry&, const double*, const double*, const double*, double*);
template void weight_gradient(const Conv2dGeometry&, const float*, const float*, float*);
template void weight_gradient(const Conv2dGeometry&, const double*, const double*, double*);

}  // namespace tapestry::kernels::reference
