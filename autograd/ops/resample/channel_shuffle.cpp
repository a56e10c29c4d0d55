#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tapestry/autograd/ops/checks.hpp>
#include <tapestry/autograd/ops/resample/resampling.hpp>
#include <tapestry/autograd/record.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/kernels/indexing/strided_copy.hpp>

namespace tapestry {
namespace {

/// Linear; the inverse is a shuffle with C / groups groups.
struct ChannelShuffle {
  static constexpr std::string_view name = "channel_shuffle";
  std::int64_t groups_;
  std::int64_t per_group_ = 0;

  Array forward(const Tensor& x) {
    per_group_ = x.size(1) / groups_;
    const Array& in = x.array();
    Array out = Array::empty_like(in);
    const auto stride = in.strides();
    std::vector<kernels::CopyLoop> loops = {{x.size(0), stride[0], stride[0]},
                                            {groups_, stride[1] * per_group_, stride[1]},
                                            {per_group_, stride[1], stride[1] * groups_},
                                            {x.size(2), stride[2], stride[2]},
                                            {x.size(3), stride[3], stride[3]}};
    visit_dtype(x.dtype(),
                [&]<class T>() { kernels::strided_copy(std::move(loops), in.data<T>(), out.mutable_data<T>()); });
    return out;
  }
  Tensor backward(const Tensor& gradient) const {
    return per_group_ == 0 ? gradient : channel_shuffle(gradient, per_group_);
  }
};

}  // namespace

Tensor channel_shuffle(const Tensor& x, std::int64_t groups) {
  check_positive(ChannelShuffle::name, "groups", groups);
  detail::check_rank(ChannelShuffle::name, "an input (N, C, H, W)", x, 4);
  if (x.size(1) % groups != 0) {
    throw ShapeError(fmt::format("{}: groups {} does not divide the {} channels of {}", ChannelShuffle::name, groups,
                                 x.size(1), to_string(x.shape())));
  }
  return record(ChannelShuffle{.groups_ = groups}, x);
}

}  // namespace tapestry
