#include "report.hpp"

#include <algorithm>
#include <iostream>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tapestry/autograd/mode.hpp>
#include <tapestry/core/atomic_file.hpp>
#include <tapestry/core/error.hpp>
#include <tapestry/data/image/image.hpp>
#include <tapestry/viz/confusion_matrix.hpp>
#include <tapestry/viz/curves.hpp>
#include <tapestry/viz/image_grid.hpp>

#include "images.hpp"

using namespace tapestry;

namespace {

constexpr const char* curves_name = "curves.png";
constexpr const char* confusion_name = "confusion.png";
constexpr const char* predictions_name = "predictions.png";
constexpr const char* filters_name = "filters.png";

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

Array confusions(const Evaluation& tested, const data::Dataset& test) {
  auto names = test.class_names();
  // The network may have more outputs than the data set has classes.
  for (const auto* classes : {&tested.labels, &tested.predicted}) {
    for (const std::int64_t one : *classes) {
      while (one >= std::ssize(names)) names.push_back(std::to_string(names.size()));
    }
  }
  const auto array = [](const auto& classes) { return Array::from({std::ssize(classes)}, classes); };
  return viz::confusion_matrix(viz::confusion_counts(array(tested.labels), array(tested.predicted), std::ssize(names)),
                               names);
}

/// Test images with the predicted class: green if correct, otherwise red with the true class in parentheses.
Array predictions(nn::Module& model, const data::Dataset& test) {
  constexpr std::int64_t count = 32;
  constexpr data::Color right = {0, 120, 40};
  constexpr data::Color wrong = {190, 20, 20};
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

}  // namespace

std::vector<std::string> metrics_columns() {
  return {"epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "images_per_second", "seconds"};
}

std::vector<std::string> metrics_row(std::int64_t epoch, const EpochScores& scores) {
  const auto& [train, test] = scores;
  return {std::to_string(epoch),
          fmt::format("{:.6f}", train.loss),
          fmt::format("{:.4f}", train.accuracy),
          fmt::format("{:.6f}", test.loss),
          fmt::format("{:.4f}", test.accuracy),
          fmt::format("{:.1f}", static_cast<double>(train.images) / train.seconds),
          fmt::format("{:.2f}", train.seconds + test.seconds)};
}

void write_metrics(const std::string& path, const std::vector<EpochScores>& epochs) {
  std::string text = fmt::format("{}\n", fmt::join(metrics_columns(), ","));
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    text += fmt::format("{}\n", fmt::join(metrics_row(static_cast<std::int64_t>(i) + 1, epochs[i]), ","));
  }
  replace_file(path, {std::as_bytes(std::span(text))});
}

void remove_pictures(const std::filesystem::path& out) {
  for (const char* name : {curves_name, confusion_name, predictions_name, filters_name}) {
    std::filesystem::remove(out / name);
  }
}

std::vector<Picture> write_pictures(const std::filesystem::path& out, const std::vector<EpochScores>& epochs,
                                    const Evaluation& tested, nn::Module& model, const data::Dataset& test) {
  std::vector<Picture> pictures;
  const auto draw = [&](const char* name, const char* caption, const auto& write) {
    const std::filesystem::path path = out / name;
    try {
      write(path);
      pictures.push_back({path, caption});
    } catch (const Error& error) {
      std::cerr << "no " << path.string() << ": " << error.what() << "\n";
    }
  };
  draw(curves_name, "Loss and accuracy by epoch.", [&](const auto& path) { write_curves(path, epochs); });
  draw(confusion_name,
       "Number of test images of each class predicted as each class; correct predictions are blue, wrong ones red.",
       [&](const auto& path) { data::write_png(path, confusions(tested, test)); });
  draw(predictions_name,
       "Predictions for the first test images; for wrong predictions, the true class is in parentheses.",
       [&](const auto& path) { data::write_png(path, predictions(model, test)); });
  draw(filters_name, "Weights of the first convolution.",
       [&](const auto& path) { data::write_png(path, viz::filters_grid(first_filters(model))); });
  return pictures;
}
