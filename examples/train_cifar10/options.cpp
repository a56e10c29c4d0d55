#include "options.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <system_error>

#include <CLI/CLI.hpp>

namespace {

const CLI::Validator positive_rate(
    [](const std::string& text) {
      double rate = 0;
      const bool good = CLI::detail::lexical_cast(text, rate) && std::isfinite(rate) && rate > 0;
      return good ? std::string() : "must be a number above 0, got " + text;
    },
    "RATE");

// Of type std::uint64_t alone, "-1" would pass as the largest seed.
const CLI::Validator seed_number(
    [](const std::string& text) {
      std::uint64_t seed = 0;
      const char* end = text.data() + text.size();
      const auto [stopped, error] = std::from_chars(text.data(), end, seed);
      const bool good = error == std::errc() && stopped == end;
      return good ? std::string() : "must be a whole number from 0 to 18446744073709551615, got " + text;
    },
    "SEED");

void declare(CLI::App& app, Options& options) {
  constexpr std::int64_t many = std::int64_t{1} << 40;
  app.add_option(
         "--data", options.data,
         "Folder of the CIFAR-10 binaries, or with train/ and test/ of a folder of images per class; without it "
         "the program draws its own images")
      ->check(CLI::ExistingDirectory);
  app.add_option("--model", options.model, "The network")
      ->check(CLI::IsMember({"small_cnn", "resnet20"}))
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "Times through the training images")
      ->check(CLI::Range(std::int64_t{1}, many))
      ->capture_default_str();
  app.add_option("--batch-size", options.batch_size, "Images in a step")
      ->check(CLI::Range(std::int64_t{1}, many))
      ->capture_default_str();
  app.add_option("--lr", options.lr, "Highest learning rate (default 0.05 for sgd, 0.001 for adamw)")
      ->check(positive_rate);
  app.add_option("--optimizer", options.optimizer, "The update rule")
      ->check(CLI::IsMember({"sgd", "adamw"}))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of first weights, order, crops and dropout")
      ->check(seed_number)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads to compute with (default: one per core)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--out", options.out, "Folder for weights, metrics and pictures")->capture_default_str();
  app.add_option("--max-steps", options.max_steps, "Stop after so many steps")
      ->check(CLI::Range(std::int64_t{1}, many));
  app.add_option("--evaluate", options.evaluate, "Measure these weights (a .safetensors file) instead of training")
      ->check(CLI::ExistingFile);
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  CLI::App app("Trains a convolutional network on CIFAR-10, or on images that it draws.", "train_cifar10");
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    std::exit(0);
  } catch (const CLI::ParseError& error) {
    std::cerr << "train_cifar10: " << error.what() << " (--help lists the options)\n";
    std::exit(2);
  }
  return options;
}
