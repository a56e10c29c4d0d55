#include "report.hpp"

#include <cerrno>
#include <cstring>
#include <iostream>

#include <fmt/format.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/image.hpp>
#include <tapestry/viz/curves.hpp>
#include <tapestry/viz/image_grid.hpp>

#include "images.hpp"

using namespace tapestry;

namespace {

void write_curves(const std::filesystem::path& path, const std::vector<EpochScores>& epochs) {
  viz::Panel loss = {.y_label = "loss",
                     .series = {{.name = "train", .x = {}, .y = {}}, {.name = "test", .x = {}, .y = {}}}};
  viz::Panel accuracy = loss;
  accuracy.y_label = "accuracy";
  const auto add = [](viz::Series& series, std::size_t epoch, double y) {
    series.x.push_back(static_cast<double>(epoch + 1));
    series.y.push_back(y);
  };
  for (std::size_t epoch = 0; epoch < epochs.size(); ++epoch) {
    add(loss.series[0], epoch, epochs[epoch].train.loss);
    add(loss.series[1], epoch, epochs[epoch].test.loss);
    add(accuracy.series[0], epoch, epochs[epoch].train.accuracy);
    add(accuracy.series[1], epoch, epochs[epoch].test.accuracy);
  }
  viz::write_curves(path, "train_cifar10", {loss, accuracy});
}

/// Test images with what the network takes them for: green when it is right, else red with the truth in brackets.
Array predictions(nn::Module& model, const data::Dataset& test) {
  constexpr std::int64_t count = 32;
  constexpr data::Colour right = {0, 120, 40};
  constexpr data::Colour wrong = {190, 20, 20};
  const NoGradGuard no_grad;
  model.eval();
  const auto names = test.class_names();
  const auto name = [&](std::int64_t label) {
    const auto at = static_cast<std::size_t>(label);
    return at < names.size() ? names[at] : std::to_string(label);
  };
  std::vector<Array> images;
  viz::ImageGridOptions options;
  for (std::int64_t i = 0; i < std::min(count, test.size()); ++i) {
    const auto [image, label] = test.get(i);
    const std::int64_t predicted = predicted_classes(model(network_input(image)).array()).front();
    images.push_back(image);
    options.captions.push_back(predicted == label
                                   ? viz::Caption{name(predicted), right}
                                   : viz::Caption{fmt::format("{} ({})", name(predicted), name(label)), wrong});
  }
  return viz::image_grid(images, options);
}

/// The weight of the first convolution.
Array first_filters(const nn::Module& model) {
  for (const Tensor& parameter : model.parameters()) {
    if (parameter.rank() == 4) return parameter.array();
  }
  throw ValueError("the network has no convolution");
}

template <class Draw>
void try_to_draw(const std::filesystem::path& path, const Draw& draw) {
  try {
    draw(path);
  } catch (const Error& error) {
    std::cerr << "no " << path.string() << ": " << error.what() << "\n";
  }
}

}  // namespace

MetricsFile::MetricsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  file_ << "epoch,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second,seconds\n" << std::flush;
  if (!file_) throw IoError(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(errno)));
}

void MetricsFile::add(std::int64_t epoch, const EpochScores& scores) {
  const auto& [train, test] = scores;
  file_ << fmt::format("{},{:.6f},{:.4f},{:.6f},{:.4f},{:.1f},{:.2f}\n", epoch, train.loss, train.accuracy, test.loss,
                       test.accuracy, static_cast<double>(train.images) / train.seconds, train.seconds + test.seconds)
        << std::flush;
  if (!file_) throw IoError(fmt::format("{}: cannot be written: {}", path_.string(), std::strerror(errno)));
}

void write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs, nn::Module& model,
                    const data::Dataset& test) {
  try_to_draw(out / "curves.png", [&](const auto& path) { write_curves(path, epochs); });
  try_to_draw(out / "predictions.png", [&](const auto& path) { data::write_png(path, predictions(model, test)); });
  try_to_draw(out / "filters.png",
              [&](const auto& path) { data::write_png(path, viz::filters_grid(first_filters(model))); });
}
