#include "options.hpp"

#include <charconv>
#include <cmath>
#include <iostream>
#include <limits>
#include <optional>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <tapestry/models/image_classifier.hpp>

namespace {

/// Parses the entire text as a number.
template <class Number>
std::optional<Number> parse(const std::string& text) {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stopped == end ? std::optional(number) : std::nullopt;
}

CLI::Validator positive_rate() {
  return {[](const std::string& text) {
            const auto rate = parse<double>(text);
            const bool good = rate && std::isfinite(*rate) && *rate > 0;
            return good ? std::string() : "must be a number above 0, got " + text;
          },
          "RATE"};
}

// CLI11 would parse "-1" as the largest unsigned number.
CLI::Validator whole_number(std::uint64_t least, std::uint64_t most) {
  return {[least, most](const std::string& text) {
            const auto number = parse<std::uint64_t>(text);
            const bool good = number && *number >= least && *number <= most;
            return good ? std::string()
                        : fmt::format("must be a whole number from {} to {}, got {}", least, most, text);
          },
          "NUMBER"};
}

void declare(CLI::App& app, Options& options) {
  constexpr std::uint64_t many = std::uint64_t{1} << 40;
  app.add_option("--data", options.data,
                 "Folder with the CIFAR-10 binaries, or with train/ and test/, each with a folder of images per class "
                 "(default: generated images of shapes)")
      ->check(CLI::ExistingDirectory);
  app.add_option("--model", options.model, "Network architecture")
      ->check(CLI::IsMember(tapestry::models::image_classifier_names()))
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "Number of passes over the training images")
      ->check(whole_number(1, many))
      ->capture_default_str();
  app.add_option("--batch-size", options.batch_size, "Images per step")
      ->check(whole_number(1, many))
      ->capture_default_str();
  app.add_option("--lr", options.lr, "Maximum learning rate (default: 0.03 for sgd, 0.001 for adamw)")
      ->check(positive_rate());
  app.add_option("--optimizer", options.optimizer, "Optimizer")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of initial weights, data order, augmentation and dropout")
      ->check(whole_number(0, std::numeric_limits<std::uint64_t>::max()))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Number of threads (default: one per core)")
      ->check(whole_number(1, 1024));
  app.add_option("--out", options.out, "Output folder for weights, metrics, pictures and report")
      ->capture_default_str();
  app.add_option("--max-steps", options.max_steps, "Stop after this many steps")->check(whole_number(1, many));
  app.add_option("--evaluate", options.evaluate, "Evaluate these weights (a .safetensors file) instead of training")
      ->check(CLI::ExistingFile);
  app.add_flag("--summary", options.summary,
               "Print the layers with their shapes, parameters and operations instead of training");
  app.add_flag("--profile", options.profile, "Print the time spent in each operator and layer");
  app.add_option("--trace", options.trace, "Write a trace of the first steps to this file, for chrome://tracing");
}

}  // namespace

double highest_lr(const Options& options) {
  return options.lr.value_or(options.optimizer == "adamw" ? 0.001 : 0.03);
}

std::string name_of_data(const Options& options) {
  return options.data.empty() ? "generated shapes" : options.data.string();
}

CommandLine parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a convolutional network on CIFAR-10 or on generated images.", "train_cifar10");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return {.options = options, .exit_code = 0};
  } catch (const CLI::ParseError& error) {
    std::cerr << "train_cifar10: " << error.what() << " (--help lists the options)\n";
    return {.options = options, .exit_code = 2};
  }
  return {.options = options, .exit_code = std::nullopt};
}
