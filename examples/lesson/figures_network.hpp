// A small network for 32 x 32 images that several lessons examine; it trains in half a minute.
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

/// Images (N, 3, H, W) → logits (N, 10): a 7×7 convolution, whose filters are large enough to view, four 3×3
/// convolutions that halve the size twice, global average pooling and a linear head.
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

/// The training or test images in `folder` (`data::open_dataset`), or generated shapes if `folder` is empty.
std::unique_ptr<tapestry::data::Dataset> lesson_images(const std::string& folder, tapestry::data::Split split);

/// The names of the network's ten classes: those of the images, and numbers where they have none.
std::vector<std::string> class_names(const tapestry::data::Dataset& images);

/// Normalizes pictures u8 (3, H, W) of equal size and stacks them into a network's input (N, 3, H, W).
tapestry::Array network_input(const std::vector<tapestry::Array>& pictures);
/// Converts sample `index` of a network's input to a picture, u8 (3, H, W).
tapestry::Array network_picture(const tapestry::Array& inputs, std::int64_t index = 0);

/// How `train_on` trains.
struct TrainOptions {
  std::int64_t steps = 400;
  std::int64_t batch_size = 64;
  std::int64_t enlarge = 1;  ///< factor by which images are enlarged for the network
};

/// Trains with AdamW and a one-cycle learning rate, and shows the progress. `after_step` receives the mean loss and the
/// accuracy of each step.
void train_on(tapestry::nn::Module& model, const tapestry::data::Dataset& images, const TrainOptions& options,
              const std::function<void(double loss, double accuracy)>& after_step = {});

/// The trained network: loads the weights that an earlier lesson saved in the output folder, or else trains the network
/// and saves them there. With `quick` it trains for a third of the steps.
std::unique_ptr<FiguresNetwork> trained_network(Lesson& lesson, const std::string& folder, bool quick);

/// The predicted class of each image of a data set.
std::vector<std::int64_t> predictions(tapestry::nn::Module& model, const tapestry::data::Dataset& images);
