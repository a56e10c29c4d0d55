// A small network for images of 32 x 32, trained in half a minute, which several lessons look into.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <tapestry/data/dataset.hpp>
#include <tapestry/nn/layers/activation.hpp>
#include <tapestry/nn/layers/batch_norm2d.hpp>
#include <tapestry/nn/layers/conv2d.hpp>
#include <tapestry/nn/layers/linear.hpp>
#include <tapestry/nn/module.hpp>

#include "lesson/lesson.hpp"

/// Images (N, 3, H, W) → logits (N, 10): a 7×7 convolution, whose filters are large enough to look at, four of 3×3 that
/// halve the size twice, global average pooling and a linear head.
class FiguresNetwork : public tapestry::nn::Module {
 public:
  FiguresNetwork();
  tapestry::Tensor forward(const tapestry::Tensor& x) const override;

  /// The name of the last layer before pooling.
  static constexpr const char* last_layer = "relu5";

 private:
  tapestry::nn::Conv2d &conv1_, &conv2_, &conv3_, &conv4_, &conv5_;
  tapestry::nn::BatchNorm2d &norm1_, &norm2_, &norm3_, &norm4_, &norm5_;
  tapestry::nn::ReLU &relu1_, &relu2_, &relu3_, &relu4_, &relu5_;
  tapestry::nn::Linear& head_;
};

/// The images to learn from or to measure with: those of a folder (`data::open_dataset`), or drawn figures when
/// `folder` is empty.
std::unique_ptr<tapestry::data::Dataset> lesson_images(const std::string& folder, tapestry::data::Split split);

/// A network's input (N, 3, H, W), with mean 0 and deviation 1 or so, of pictures u8 (3, H, W) of one size.
tapestry::Array network_input(const std::vector<tapestry::Array>& pictures);
/// A picture, u8 (3, H, W), of sample `index` of a network's input.
tapestry::Array network_picture(const tapestry::Array& inputs, std::int64_t index = 0);

/// How `train_on` trains.
struct TrainOptions {
  std::int64_t steps = 400;
  std::int64_t batch_size = 64;
  std::int64_t enlarge = 1;  ///< how many times larger the network sees the images
};

/// Trains by AdamW with a one-cycle rate and shows the progress. `after_step`, if there is one, is given the mean loss
/// of the step and the share of its images that the network got right.
void train_on(tapestry::nn::Module& model, const tapestry::data::Dataset& images, const TrainOptions& options,
              const std::function<void(double loss, double accuracy)>& after_step = {});

/// The network with trained weights: those that an earlier lesson left in the folder of pictures, or else it is trained
/// and leaves them there. `quick` trains a third as long.
std::unique_ptr<FiguresNetwork> trained_network(Lesson& lesson, const std::string& folder, bool quick);

/// The class that a network sees in each image of a data set.
std::vector<std::int64_t> predictions(tapestry::nn::Module& model, const tapestry::data::Dataset& images);
